package grafana

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	board "plumbline/dashboards/grafana"
	"plumbline/provisioner/elastic"
)

// setup is the whole of it, with an Elasticsearch that wants a key.
func setup(t *testing.T, c Config) Setup {
	t.Helper()
	file := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return Setup{Config: c, Prometheus: "http://prometheus:9090", Within: 5 * time.Second, Elasticsearch: elastic.Config{
		URL: "https://elasticsearch:9200", KeyFile: file("reader.key", "id:secret\n"), CAFile: file("ca.crt", "-----BEGIN CERTIFICATE-----\n"),
	}}
}

func run(t *testing.T, s Setup) (said []elastic.Done, err error) {
	t.Helper()
	steps, err := s.Steps()
	if err != nil {
		t.Fatal(err)
	}
	return elastic.RunSteps(t.Context(), steps, io.Discard, false)
}

func TestSetupPutsAllAndCanBeRunAgain(t *testing.T) {
	f, c := start(t)
	f.starting = 2
	done, err := run(t, setup(t, c))
	if err != nil {
		t.Fatal(err)
	}
	var notes []string
	for _, d := range done {
		notes = append(notes, d.Name+": "+d.Note)
	}
	want := []string{
		"grafana: 13.0.1", "Prometheus (Plumbline): Successfully queried the API.", "Access lines (Plumbline): Successfully queried the API.",
		"dashboard: " + c.URL + "/d/plumbline-red/red",
	}
	if diff := cmp.Diff(want, notes); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{board.Elasticsearch, board.Prometheus}, f.uids()); diff != "" {
		t.Error(diff)
	}
	lines := f.sources[board.Elasticsearch]
	if lines.SecureJSONData["httpHeaderValue1"] != "ApiKey aWQ6c2VjcmV0" || !strings.HasPrefix(lines.SecureJSONData["tlsCACert"], "-----BEGIN") || lines.Access != "proxy" {
		t.Errorf("Elasticsearch: %+v", lines)
	}
	if text, _ := json.Marshal(lines.JSONData); strings.Contains(string(text), "aWQ6") {
		t.Errorf("the key is where Grafana gives it to every viewer: %s", text)
	}

	again, err := run(t, setup(t, c))
	if err != nil || !strings.HasPrefix(again[1].Note, "renewed") || f.sources[board.Prometheus].Version != 2 {
		t.Errorf("run again: %v, %+v, version %d", err, again, f.sources[board.Prometheus].Version)
	}
}

// An exemplar's trace id becomes a question for the access line that has it.
func TestExemplarsLeadToTheirLines(t *testing.T) {
	destinations := prometheus("http://prometheus:9090").Settings["exemplarTraceIdDestinations"].([]map[string]any)
	if len(destinations) != 1 || destinations[0]["name"] != "trace_id" {
		t.Fatalf("%v", destinations)
	}
	link := strings.ReplaceAll(destinations[0]["url"].(string), "${__value.raw}", "4bf92f3577b34da6")
	u, err := url.Parse(link)
	if err != nil || u.Path != "/explore" {
		t.Fatalf("%s: %v", link, err)
	}
	var panes map[string]struct {
		Datasource string
		Queries    []struct{ Query, TimeField string }
	}
	if err := json.Unmarshal([]byte(u.Query().Get("panes")), &panes); err != nil {
		t.Fatal(err)
	}
	if p := panes["lines"]; p.Datasource != board.Elasticsearch || len(p.Queries) != 1 || p.Queries[0].Query != `trace.id:"4bf92f3577b34da6"` || p.Queries[0].TimeField != "@timestamp" {
		t.Errorf("%+v", p)
	}
}

func TestWhatGoesWrongIsSaid(t *testing.T) {
	for _, row := range []struct {
		proves string
		bend   func(f *fake, s *Setup)
		says   string
	}{
		{"a source that does not answer", func(f *fake, _ *Setup) { f.ill[board.Elasticsearch] = "Health check failed: 401" }, "data source plumbline-elasticsearch does not answer it: 400 Health check failed: 401"},
		{"a source that a file provides", func(f *fake, _ *Setup) { f.sources[board.Prometheus] = source{UID: board.Prometheus, ReadOnly: true} }, "comes from a file there"},
		{"a wrong password", func(_ *fake, s *Setup) { _ = os.WriteFile(s.PasswordFile, []byte("other"), 0o600) }, "data source plumbline-prometheus: 401"},
		{"a Grafana that does not come up", func(f *fake, s *Setup) { f.starting, s.Within = 1000, 100*time.Millisecond }, "waited 100ms: grafana at"},
		{"a dashboard that comes back without its panels", func(f *fake, _ *Setup) { f.drops = true }, "has 0 panels there, want 9"},
	} {
		f, c := start(t)
		s := setup(t, c)
		row.bend(f, &s)
		_, err := run(t, s)
		if err == nil || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: %v, want %q", row.proves, err, row.says)
		}
		if text := fmt.Sprint(err); strings.Contains(text, password) || strings.Contains(text, "aWQ6") {
			t.Errorf("%s: a secret is told: %s", row.proves, text)
		}
	}
}

func TestBadInputIsRefused(t *testing.T) {
	_, c := start(t)
	for proves, bend := range map[string]func(s *Setup){
		"no URL":                    func(s *Setup) { s.URL = "localhost:3000" },
		"a password in the address": func(s *Setup) { s.URL = "http://admin:s3cr3t@host" },
		"no password":               func(s *Setup) { s.PasswordFile += ".no" },
		"an empty password":         func(s *Setup) { s.PasswordFile = os.DevNull },
		"a key that is none":        func(s *Setup) { s.Elasticsearch.KeyFile = s.PasswordFile },
		"no certificate":            func(s *Setup) { s.CAFile = s.PasswordFile },
	} {
		s := setup(t, c)
		bend(&s)
		if _, err := s.Steps(); err == nil || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", proves, err)
		}
	}
}
