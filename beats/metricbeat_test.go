package beats

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plumbline/demo-app/telemetry"
)

func TestMetricbeatStreams(t *testing.T) {
	config := load(t, "metricbeat.yml")
	got := map[string]string{}
	for _, module := range config.list("metricbeat.modules") {
		name := module.text("module") + "." + module.text("metricsets.0")
		if enabled := module.text("enabled"); enabled != "" {
			name = strings.Trim(enabled, "${}")
		}
		if more := module.texts("metricsets"); len(more) != 1 {
			t.Errorf("%s: %d metricsets share one stream", name, len(more))
		}
		if period := module.text("period"); period != "5s" {
			t.Errorf("%s: asked every %q, want 5s", name, period)
		}
		got[name] = stream(config.text("output.elasticsearch.index"), module.list("processors"), "")
	}
	want := map[string]string{
		"prometheus.collector": telemetry.StreamPrometheus,
		"BOARD_METRICS:false":  telemetry.StreamOwn,
		"CANARY_METRICS:false": telemetry.StreamOwn,
		"system.cpu":           telemetry.StreamCPU,
		"system.memory":        telemetry.StreamMemory,
		"system.process":       telemetry.StreamProcess,
		"beat.stats":           telemetry.StreamBeats,
		"http.json":            telemetry.StreamQueue,
		"beat.state":           telemetry.StreamBeatState,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("streams by metricset (-want +got):\n%s", diff)
	}
}

func TestMetricbeatEnvironmentIsTheContract(t *testing.T) {
	got := load(t, "metricbeat.yml").environment()
	want := map[string]string{
		"ES_URL": "", "ES_CA": "", "METRICBEAT_API_KEY": "", "DEMO_APP_METRICS_URL": "",
		"BOARD_METRICS": "false", "BOARD_METRICS_URL": "", "CANARY_METRICS": "false", "CANARY_METRICS_URL": "",
		"FILEBEAT_STATS_PORT": "5066", "METRICBEAT_STATS_PORT": "5067",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("variables and defaults (-want +got):\n%s", diff)
	}
}

func TestMetricbeatSettings(t *testing.T) {
	config := load(t, "metricbeat.yml")
	for _, row := range []struct{ proves, path, want string }{
		{"the first values are those of the start", "metricbeat.max_start_delay", "0s"},
		{"the key comes from outside", "output.elasticsearch.api_key", "${METRICBEAT_API_KEY}"},
		{"the authority comes from outside", "output.elasticsearch.ssl.certificate_authorities.0", "${ES_CA}"},
		{"templates are the provisioner's", "setup.template.enabled", "false"},
		{"lifecycle is the provisioner's", "setup.ilm.enabled", "false"},
		{"counters can be asked for", "http.enabled", "true"},
		{"but from this machine only", "http.host", "127.0.0.1"},
	} {
		t.Run(row.proves, func(t *testing.T) {
			if got := config.text(row.path); got != row.want {
				t.Errorf("%s: got %q, want %q", row.path, got, row.want)
			}
		})
	}
	if last := config.list("processors"); len(last) == 0 || len(last[len(last)-1].under("add_id")) == 0 {
		t.Error("no document has an id: a data stream refuses it, and a batch sent again counts twice")
	}
}

func TestMetricbeatAsksBothBeats(t *testing.T) {
	filebeat, metricbeat := load(t, "filebeat.yml"), load(t, "metricbeat.yml")
	var want []string
	for _, config := range []settings{filebeat, metricbeat} {
		want = append(want, "http://"+config.text("http.host")+":"+config.text("http.port"))
	}
	for _, module := range metricbeat.list("metricbeat.modules") {
		if module.text("module") != "beat" {
			continue
		}
		if diff := cmp.Diff(want, module.texts("hosts")); diff != "" {
			t.Errorf("beat %s (-want +got):\n%s", module.text("metricsets.0"), diff)
		}
	}
}

func TestMetricbeatWatchesTheStackAlone(t *testing.T) {
	var pattern string
	for _, module := range load(t, "metricbeat.yml").list("metricbeat.modules") {
		if module.text("metricsets.0") == "process" {
			pattern = module.text("processes.0")
		}
	}
	processes := regexp.MustCompile(pattern)
	for _, row := range []struct {
		name string
		want bool
	}{
		{"demo-app", true}, {"loadgen", true}, {"provisioner", true}, {"stack", true},
		{"filebeat", true}, {"metricbeat", true}, {"java", true},
		{"bash", false}, {"javac", false}, {"demo-app-2", false}, {"", false},
	} {
		if got := processes.MatchString(row.name); got != row.want {
			t.Errorf("process %q is watched: %v, want %v", row.name, got, row.want)
		}
	}
}
