package beats

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// strangers are the settings of a profile that filebeat.yml does not have: merged
// over it, they would be one more way in which the profiles differ.
func strangers(profile, config settings) []string {
	var found []string
	for _, path := range profile.paths() {
		if _, known := config[path]; !known {
			found = append(found, path)
		}
	}
	return found
}

func TestProfilesChangeOnlyWhatFilebeatYmlSays(t *testing.T) {
	config := load(t, "filebeat.yml")
	for _, name := range []string{"fast", "balanced"} {
		if got := strangers(load(t, "profiles/"+name+".yml"), config); len(got) > 0 {
			t.Errorf("%s: filebeat.yml does not have %v", name, got)
		}
	}
	if got := strangers(parse(t, "{queue.mem.events: 1, queue.mem.page: 2}"), config); !slices.Equal(got, []string{"queue.mem.page"}) {
		t.Errorf("a setting of a profile alone is not found: %v", got)
	}
}

func TestProfilesAreWhatTheirNamesSay(t *testing.T) {
	if got := load(t, "profiles/fast.yml").paths(); len(got) > 0 {
		t.Errorf("fast is filebeat.yml as it is, and its profile changes %v", got)
	}
	balanced := load(t, "profiles/balanced.yml")
	// Elastic's preset of that name, and filestream's own waits.
	want := map[string]string{
		"filebeat.inputs.0.prospector.scanner.check_interval": "10s", "filebeat.inputs.0.backoff.init": "2s", "filebeat.inputs.0.backoff.max": "10s",
		"queue.mem.events": "3200", "queue.mem.flush.min_events": "1600", "queue.mem.flush.timeout": "10s",
		"output.elasticsearch.worker": "1", "output.elasticsearch.bulk_max_size": "1600", "output.elasticsearch.compression_level": "1",
	}
	got := map[string]string{}
	for _, path := range balanced.paths() {
		got[path] = balanced.text(path)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("balanced: got %v, want %v", got, want)
	}
}

// TestProfilesAreReadByFilebeat asks a real Filebeat, PLUMBLINE_FILEBEAT, what it
// makes of each way to run: filebeat.yml, a profile, and what containers add.
func TestProfilesAreReadByFilebeat(t *testing.T) {
	program := os.Getenv("PLUMBLINE_FILEBEAT")
	if program == "" {
		t.Skip("PLUMBLINE_FILEBEAT names no Filebeat")
	}
	ca := filepath.Join(t.TempDir(), "ca.crt") // only its path is looked at
	for _, row := range []struct{ profile, over, wait, flush, compression string }{
		{"fast", "", "100ms", "25ms", "0"},
		{"balanced", "", "10s", "10s", "1"},
		{"fast", "filebeat-docker.yml", "100ms", "25ms", "0"},
		{"balanced", "filebeat-docker.yml", "10s", "10s", "1"},
		{"balanced", "../k8s/base/beats/filebeat-containers.yml", "10s", "10s", "1"},
	} {
		t.Run(row.profile+" "+row.over, func(t *testing.T) {
			args := []string{"export", "config", "--strict.perms=false", "--path.home", t.TempDir()}
			for _, file := range []string{"filebeat.yml", "profiles/" + row.profile + ".yml", row.over} {
				if file == "" {
					continue
				}
				path, err := filepath.Abs(file)
				if err != nil {
					t.Fatal(err)
				}
				args = append(args, "-c", path)
			}
			command := exec.CommandContext(t.Context(), program, args...)
			command.Env = append(os.Environ(), "ES_URL=https://127.0.0.1:9200", "ES_CA="+ca, "FILEBEAT_API_KEY=a:b", "DEMO_APP_LOGS=/nowhere/*.json")
			text, err := command.Output()
			if err != nil {
				t.Fatalf("%v: %s", err, text)
			}
			got := parse(t, string(text))
			for path, want := range map[string]string{
				"filebeat.inputs.0.backoff.max": row.wait, "queue.mem.flush.timeout": row.flush, "output.elasticsearch.compression_level": row.compression,
				"filebeat.inputs.0.id": "demo-app", "output.elasticsearch.backoff.max": "5s",
			} {
				if got.text(path) != want {
					t.Errorf("%s is %q, want %q", path, got.text(path), want)
				}
			}
			if parsers := got.text("filebeat.inputs.0.parsers.0.container.stream"); (parsers == "") != (row.over == "") {
				t.Errorf("parsers of containers: %q", parsers)
			}
		})
	}
}
