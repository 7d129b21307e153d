package beats

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/demo-app/telemetry"
)

func TestFilebeatSettings(t *testing.T) {
	config := load(t, "filebeat.yml")
	for _, row := range []struct{ proves, path, want string }{
		{"the input is the one that every version reads", "filebeat.inputs.0.type", "filestream"},
		{"offsets survive a restart", "filebeat.inputs.0.id", "demo-app"},
		{"the lines are demo-app's", "filebeat.inputs.0.paths.0", "${DEMO_APP_LOGS}"},
		{"the scanner does not wait for 1024 bytes", "filebeat.inputs.0.prospector.scanner.fingerprint.enabled", "false"},
		{"the address comes from outside", "output.elasticsearch.hosts.0", "${ES_URL}"},
		{"the key comes from outside", "output.elasticsearch.api_key", "${FILEBEAT_API_KEY}"},
		{"the authority comes from outside", "output.elasticsearch.ssl.certificate_authorities.0", "${ES_CA}"},
		{"a refused line is kept", "output.elasticsearch.non_indexable_policy.dead_letter_index.index", telemetry.StreamApp},
		{"templates are the provisioner's", "setup.template.enabled", "false"},
		{"lifecycle is the provisioner's", "setup.ilm.enabled", "false"},
		{"counters can be asked for", "http.enabled", "true"},
		{"but from this machine only", "http.host", "127.0.0.1"},
		{"the log goes to the runner", "logging.to_stderr", "true"},
	} {
		t.Run(row.proves, func(t *testing.T) {
			if got := config.text(row.path); got != row.want {
				t.Errorf("%s: got %q, want %q", row.path, got, row.want)
			}
		})
	}
	if _, present := config["filebeat.inputs.0.file_identity.native"]; !present {
		t.Error("a file is not known by its inode: one smaller than 1024 bytes would stay unread from 9.0 on")
	}
}

func TestFilebeatEnvironmentIsTheContract(t *testing.T) {
	want := map[string]string{
		"ES_URL": "", "ES_CA": "", "FILEBEAT_API_KEY": "", "DEMO_APP_LOGS": "", "FILEBEAT_STATS_PORT": "5066",
	}
	if diff := cmp.Diff(want, load(t, "filebeat.yml").environment()); diff != "" {
		t.Errorf("variables and defaults (-want +got):\n%s", diff)
	}
}

func TestFilebeatStreams(t *testing.T) {
	config := load(t, "filebeat.yml")
	index, processors := config.text("output.elasticsearch.index"), config.list("processors")
	for _, row := range []struct{ proves, dataset, want string }{
		{"an access line has its own stream", telemetry.DatasetAccess, telemetry.StreamAccess},
		{"an application line goes to the application's", telemetry.DatasetApp, telemetry.StreamApp},
		{"a line of an unknown dataset is not lost", "icat.new", telemetry.StreamApp},
		{"a line without a dataset is not lost", "", telemetry.StreamApp},
	} {
		t.Run(row.proves, func(t *testing.T) {
			if got := stream(index, processors, row.dataset); got != row.want {
				t.Errorf("stream: got %q, want %q", got, row.want)
			}
		})
	}
}

func TestFilebeatProcessorsKeepTheirOrder(t *testing.T) {
	var got []string
	for _, processor := range load(t, "filebeat.yml").list("processors") {
		name, _, _ := strings.Cut(processor.paths()[0], ".")
		got = append(got, name)
	}
	// The time of reading and the id of a line without identity are taken before
	// decoding, the id of a line with identity after it.
	want := []string{"drop_fields", "convert", "fingerprint", "decode_json_fields", "else", "add_fields", "add_fields", "if", "if"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("processors (-want +got):\n%s", diff)
	}
}

func TestFilebeatFieldsAreTheVocabulary(t *testing.T) {
	processors := load(t, "filebeat.yml").list("processors")
	read, anonymous, decode, identity := processors[1], processors[2], processors[3], processors[4]

	if got, want := read.text("convert.fields.0.from"), telemetry.FieldTimestamp; got != want {
		t.Errorf("time of reading is taken from %q, want %q", got, want)
	}
	if got, want := read.text("convert.fields.0.to"), telemetry.FieldEventCreated; got != want {
		t.Errorf("time of reading is kept in %q, want %q", got, want)
	}
	want := []string{"log.file.path", "log.offset", telemetry.FieldMessage}
	if diff := cmp.Diff(want, anonymous.texts("fingerprint.fields")); diff != "" {
		t.Errorf("id of a line without identity (-want +got):\n%s", diff)
	}
	want = []string{telemetry.FieldServiceName, telemetry.FieldEventID}
	const short = "else.0.fingerprint."
	if diff := cmp.Diff(want, identity.texts(short+"fields")); diff != "" {
		t.Errorf("id of a line whose event has an id of its own kind (-want +got):\n%s", diff)
	}
	for _, field := range want {
		if got := identity.text(short + "when.regexp." + field); got != "." {
			t.Errorf("%s may be no text: the fingerprint of anything else drops the line (condition %q)", field, got)
		}
	}
	if got, want := identity.text("if.regexp."+telemetry.FieldEventID), "^[0-9a-f]{32}$"; got != want {
		t.Errorf("an id that is unique everywhere is %q, want %q", got, want)
	}
	if got := identity.text("then.0.convert.fields.0.from"); got != telemetry.FieldEventID {
		t.Errorf("the id of a line whose event has one that is unique everywhere is %q", got)
	}
	for what, got := range map[string]string{
		"without identity": anonymous.text("fingerprint.target_field"), "of a short id": identity.text(short + "target_field"),
		"of a unique id": identity.text("then.0.convert.fields.0.to"),
	} {
		if got != "@metadata._id" {
			t.Errorf("the id of a line %s goes to %q: only @metadata._id makes a resend a 409", what, got)
		}
	}
	for _, option := range []string{"overwrite_keys", "expand_keys", "add_error_key"} {
		if got := decode.text("decode_json_fields." + option); got != "true" {
			t.Errorf("decode_json_fields.%s: got %q, want true", option, got)
		}
	}
	if target, present := decode["decode_json_fields.target"]; !present || target != "" {
		t.Errorf("lines are decoded to %v, want the top level", target)
	}
}

func TestFilebeatShipsAtOnce(t *testing.T) {
	config := load(t, "filebeat.yml")
	wait := func(path string) time.Duration {
		d, err := time.ParseDuration(config.text(path))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		return d
	}
	// What a line can wait for inside Filebeat; indexing and a refresh come on top,
	// and the whole is to stay below half a second.
	if got := wait("filebeat.inputs.0.backoff.max") + wait("queue.mem.flush.timeout"); got > 150*time.Millisecond {
		t.Errorf("a line waits %v, want at most 150ms", got)
	}
	if got := wait("filebeat.inputs.0.prospector.scanner.check_interval"); got > time.Second {
		t.Errorf("a new file waits %v, want at most 1s", got)
	}
	if got, want := config.text("queue.mem.flush.min_events"), config.text("output.elasticsearch.bulk_max_size"); got != want {
		t.Errorf("a full batch is %s events, a full request %s", got, want)
	}
}
