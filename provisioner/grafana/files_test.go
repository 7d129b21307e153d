package grafana

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	board "plumbline/dashboards/grafana"
	"plumbline/provisioner/grafana/grafanafake"
)

var update = flag.Bool("update", false, "write the files for Grafana anew")

const rendered = "../../" + Rendered

// The files that are shipped are those that would be written now, and no others.
func TestFilesAreShipped(t *testing.T) {
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, f := range files {
		want[f.Path] = string(f.Text)
	}
	if *update {
		if err := os.RemoveAll(rendered); err != nil {
			t.Fatal(err)
		}
		lay(t, rendered)
	}
	got := map[string]string{}
	err = fs.WalkDir(os.DirFS(rendered), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(rendered, path))
		got[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("go test ./provisioner/grafana -update (-want +got):\n%s", diff)
	}
}

// lay writes the files into a directory.
func lay(t *testing.T, dir string) {
	t.Helper()
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		path := filepath.Join(dir, f.Path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// root is a file system as a container with Grafana has it.
func root(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	lay(t, filepath.Join(dir, grafanafake.Provisioning))
	for path, text := range map[string]string{FileCA: certificate, FileAuthorization: "ApiKey aWQ6c2VjcmV0\n"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func environment(name string) (string, bool) {
	value, set := map[string]string{EnvPrometheus: "http://prometheus:9090", EnvElasticsearch: "https://elasticsearch:9200"}[name]
	return value, set
}

// What the files put into a Grafana is what the API would: the command finds all
// of it as it should be, and writes nothing.
func TestFilesAndAPIAgree(t *testing.T) {
	g, c := start(t, grafanafake.Options{})
	if err := g.Provision(root(t), environment); err != nil {
		t.Fatal(err)
	}
	done, err := run(t, setup(t, c))
	if err != nil {
		t.Fatal(err)
	}
	want := report(c, "from a file", "unchanged")
	if diff := cmp.Diff(want, notes(done)); diff != "" {
		t.Error(diff)
	}
	if refused := g.Refusals(); refused != nil {
		t.Errorf("refused: %q", refused)
	}
	stored := g.Sources()[lines]
	if stored.SecureJSONData["httpHeaderValue1"] != "ApiKey aWQ6c2VjcmV0" || !strings.HasPrefix(stored.SecureJSONData["tlsCACert"], "-----BEGIN") {
		t.Errorf("secrets from files: %v", stored.SecureJSONData)
	}
	link := g.Sources()[board.Prometheus].JSONData["exemplarTraceIdDestinations"].([]any)[0].(map[string]any)["url"].(string)
	if !strings.Contains(link, "${__value.raw}") {
		t.Errorf("the exemplar's link has lost its variable: %s", link)
	}
}

// A file that is not what the command would write is told, and not written over.
func TestAnOldFileIsTold(t *testing.T) {
	for name, row := range map[string]struct {
		path, old, new string
		says           string
	}{
		"a data source": {"datasources/plumbline.yaml", "timeInterval: 5s", "timeInterval: 15s", "data source plumbline-prometheus comes from a file there, which differs in jsonData"},
		"a rule":        {"alerting/plumbline.yaml", "14.4", "6", "alert rule plumbline-lines-availability comes from a file there, which differs"},
		"a dashboard":   {"dashboards/plumbline-red.json", `"refresh": "10s"`, `"refresh": "5s"`, "dashboard plumbline-red comes from the file plumbline-red.json there, which differs"},
	} {
		t.Run(name, func(t *testing.T) {
			g, c := start(t, grafanafake.Options{})
			dir := root(t)
			path := filepath.Join(dir, grafanafake.Provisioning, row.path)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, bytes.ReplaceAll(text, []byte(row.old), []byte(row.new)), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := g.Provision(dir, environment); err != nil {
				t.Fatal(err)
			}
			if _, err := run(t, setup(t, c)); err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("%v, want %q", err, row.says)
			}
			if refused := g.Refusals(); refused != nil {
				t.Errorf("and it was tried: %q", refused)
			}
		})
	}
}

// No secret stands in a file, and no dollar sign that Grafana would take for one
// of its variables.
func TestFilesHoldNoSecret(t *testing.T) {
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		for _, word := range []string{"ApiKey ", "BEGIN CERTIFICATE", "password"} {
			if bytes.Contains(f.Text, []byte(word)) {
				t.Errorf("%s has %q", f.Path, word)
			}
		}
	}
	for _, g := range Groups(true) {
		for _, r := range g.Rules {
			for name, text := range r.Annotations {
				if strings.Contains(text, "$") {
					t.Errorf("%s: %s has a variable: %s", r.UID, name, text)
				}
			}
			if len(r.UID) > 40 || r.Annotations["summary"] == "" || r.Annotations["action"] == "" || r.Labels["severity"] == "" {
				t.Errorf("%s lacks something: %+v", r.UID, r)
			}
		}
	}
}
