package grafana

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/grafana/grafana-openapi-client-go/models"

	"plumbline/cli"
	"plumbline/dashboards"
	board "plumbline/dashboards/grafana"
	"plumbline/provisioner/elastic"
	"plumbline/provisioner/grafana/grafanafake"
)

const (
	password    = "a-password-of-this-test"
	certificate = "-----BEGIN CERTIFICATE-----\n"
	lines       = "plumbline-logs-icat-access" // the data source of the access lines
)

// start serves a fake, and returns it with what a caller needs.
func start(t *testing.T, o grafanafake.Options) (*grafanafake.Grafana, Config) {
	t.Helper()
	o.Admin, o.Password = "admin", password
	g, err := grafanafake.New(o)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(g)
	t.Cleanup(s.Close)
	return g, Config{URL: s.URL, User: "admin", PasswordFile: file(t, "admin.password", password+"\n")}
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// setup is the whole of it, with an Elasticsearch that wants a key.
func setup(t *testing.T, c Config) Setup {
	t.Helper()
	return Setup{Config: c, Prometheus: "http://prometheus:9090", Within: 5 * time.Second, Elasticsearch: elastic.Config{
		URL: "https://elasticsearch:9200", KeyFile: file(t, "reader.key", "id:secret\n"), CAFile: file(t, "ca.crt", certificate),
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

func notes(done []elastic.Done) []string {
	var all []string
	for _, d := range done {
		all = append(all, d.Name+": "+d.Note)
	}
	return all
}

// report is what the command says when it has done the same to everything, and
// what of the folder.
func report(c Config, what, folder string) []string {
	all := []string{"grafana: 13.2.3", "Plumbline: Prometheus: " + what + ": Successfully queried the Prometheus API."}
	for _, stream := range board.Streams() {
		all = append(all, "Plumbline: "+stream+": "+what+": Elasticsearch data source is healthy.")
	}
	return append(all,
		"alert rules: prometheus: "+what+": 1 rules", "alert rules: access lines: "+what+": 3 rules", "folder: "+folder+": Plumbline",
		fmt.Sprintf("dashboards: %d %s: %s/d/plumbline-red/plumbline-service-red", len(dashboards.All()), what, c.URL))
}

func TestSetupPutsAllAndLeavesItAloneThen(t *testing.T) {
	g, c := start(t, grafanafake.Options{Starting: 2})
	first, err := run(t, setup(t, c))
	if err != nil {
		t.Fatal(err)
	}
	again, err := run(t, setup(t, c))
	if err != nil {
		t.Fatal(err)
	}
	said := func(what string) []string { return report(c, what, what) }
	if diff := cmp.Diff(said("added"), notes(first)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(said("unchanged"), notes(again)); diff != "" {
		t.Error(diff)
	}
	if refused := g.Refusals(); refused != nil {
		t.Errorf("refused: %q", refused)
	}
	stored := g.Sources()[lines]
	if stored.SecureJSONData["httpHeaderValue1"] != "ApiKey aWQ6c2VjcmV0" || !strings.HasPrefix(stored.SecureJSONData["tlsCACert"], "-----BEGIN") || stored.Access != "proxy" {
		t.Errorf("Elasticsearch: %+v", stored)
	}
	if text, _ := json.Marshal(stored.JSONData); strings.Contains(string(text), "aWQ6") {
		t.Errorf("the key is where Grafana gives it to every viewer: %s", text)
	}
	if v := g.Dashboards()["plumbline-red"].Model["version"]; v != 1.0 || stored.Version != 1 {
		t.Errorf("the second run wrote: dashboard version %v, data source version %d", v, stored.Version)
	}
}

// Whatever somebody changed or took away, another run has it as it was.
func TestSetupMends(t *testing.T) {
	g, c := start(t, grafanafake.Options{})
	if _, err := run(t, setup(t, c)); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		bend func(g *grafanafake.Grafana)
		says string
	}{
		"a data source with another address": {func(g *grafanafake.Grafana) {
			g.EditSource(board.Prometheus, func(s *grafanafake.Source) { s.URL = "http://elsewhere:9090" })
		}, "Plumbline: Prometheus: mended (url): Successfully queried the Prometheus API."},
		"a secret that is not there": {func(g *grafanafake.Grafana) {
			g.EditSource(lines, func(s *grafanafake.Source) { s.SecureJSONData = nil })
		}, "Plumbline: logs-icat.access-default: mended (secureJsonData.httpHeaderValue1, secureJsonData.tlsCACert): Elasticsearch data source is healthy."},
		"a key that has been replaced": {func(g *grafanafake.Grafana) { g.Break(lines, "401 Unauthorized", true) },
			"Plumbline: logs-icat.access-default: mended (its answer): Elasticsearch data source is healthy."},
		"a dashboard that was edited": {func(g *grafanafake.Grafana) {
			g.EditDashboard("plumbline-red", func(m map[string]any) { m["refresh"] = "1m" })
		}, "1 mended, 8 unchanged"},
		"a dashboard that was removed": {func(g *grafanafake.Grafana) { g.RemoveDashboard("plumbline-red") }, "1 added, 8 unchanged"},
		"a rule that was muted": {func(g *grafanafake.Grafana) {
			g.EditRule("plumbline-lines-late", func(r *models.ProvisionedAlertRule) { r.IsPaused = true })
		}, "alert rules: access lines: mended: 3 rules"},
	} {
		t.Run(name, func(t *testing.T) {
			row.bend(g)
			done, err := run(t, setup(t, c))
			if err != nil || !strings.Contains(strings.Join(notes(done), "\n"), row.says) {
				t.Errorf("%v, said %q, want %q", err, notes(done), row.says)
			}
			again, err := run(t, setup(t, c))
			if err != nil || strings.Contains(strings.Join(notes(again), "\n"), "mended") || strings.Contains(strings.Join(notes(again), "\n"), "added") {
				t.Errorf("not mended: %v, said %q", err, notes(again))
			}
			if refused := g.Refusals(); refused != nil {
				t.Errorf("refused: %q", refused)
			}
		})
	}
}

func TestStrayDashboardsAreNamed(t *testing.T) {
	g, c := start(t, grafanafake.Options{})
	if _, err := run(t, setup(t, c)); err != nil {
		t.Fatal(err)
	}
	model := g.Dashboards()["plumbline-red"].Model
	copied := map[string]any{}
	for name, value := range model {
		copied[name] = value
	}
	delete(copied, "id")
	delete(copied, "version")
	copied["uid"], copied["title"] = "a-copy", "A copy of mine"
	client, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(copied)
	if _, _, err := client.EnsureDashboard(t.Context(), text); err != nil {
		t.Fatal(err)
	}
	done, err := run(t, setup(t, c))
	if note := done[len(done)-1].Note; err != nil || !strings.HasSuffix(note, "in the same folder, and none of ours: A copy of mine") {
		t.Errorf("%v: %s", err, note)
	}
}

// An exemplar's trace id becomes a question for the access line that has it.
func TestExemplarsLeadToTheirLines(t *testing.T) {
	destinations := metrics("http://prometheus:9090").Settings["exemplarTraceIdDestinations"].([]any)
	first := destinations[0].(map[string]any)
	if len(destinations) != 1 || first["name"] != "trace_id" {
		t.Fatalf("%v", destinations)
	}
	link := strings.ReplaceAll(first["url"].(string), "${__value.raw}", "4bf92f3577b34da6")
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
	if p := panes["lines"]; p.Datasource != "plumbline-logs-icat-all" || len(p.Queries) != 1 || p.Queries[0].Query != `trace.id:"4bf92f3577b34da6"` || p.Queries[0].TimeField != "@timestamp" {
		t.Errorf("%+v", p)
	}
}

func TestWhatGoesWrongIsSaid(t *testing.T) {
	for _, row := range []struct {
		proves  string
		options grafanafake.Options
		bend    func(g *grafanafake.Grafana, s *Setup)
		says    string
		hint    string
	}{
		{"a source that does not answer", grafanafake.Options{}, func(g *grafanafake.Grafana, _ *Setup) {
			g.Break(lines, "Health check failed: 401", false)
		},
			"data source " + lines + " does not answer it: 400 Health check failed: 401", ""},
		{"a wrong password", grafanafake.Options{}, func(_ *grafanafake.Grafana, s *Setup) { s.PasswordFile = file(t, "other", "other") },
			"data source plumbline-prometheus: 401: it does not know this user", "-password-file"},
		{"a user who may only look", grafanafake.Options{Viewer: "viewer", ViewerPassword: password}, func(_ *grafanafake.Grafana, s *Setup) { s.User = "viewer" },
			"data source plumbline-prometheus: 403: this user may not do that", "administrator"},
		{"a Grafana that does not come up", grafanafake.Options{Starting: 1000}, func(_ *grafanafake.Grafana, s *Setup) { s.Within = 100 * time.Millisecond },
			"waited 100ms: grafana at", ""},
		{"no Grafana", grafanafake.Options{}, func(_ *grafanafake.Grafana, s *Setup) { s.URL, s.Within = "http://127.0.0.1:1", 100*time.Millisecond },
			"connection refused", "is Grafana running there?"},
		{"one that is too old, without a wait", grafanafake.Options{Version: "9.5.21"}, func(_ *grafanafake.Grafana, s *Setup) { s.Within = time.Hour },
			"its version is 9.5.21, want 10 or newer", ".env"},
		{"one that is none", grafanafake.Options{Version: "dev"}, func(_ *grafanafake.Grafana, s *Setup) { s.Within = time.Hour },
			`its version is "dev"`, ".env"},
	} {
		g, c := start(t, row.options)
		s := setup(t, c)
		row.bend(g, &s)
		_, err := run(t, s)
		if err == nil || !strings.Contains(err.Error(), row.says) || strings.Contains(err.Error(), "\n") || !strings.Contains(cli.Hint(err), row.hint) {
			t.Errorf("%s: %v, hint %q; want %q, hint %q", row.proves, err, cli.Hint(err), row.says, row.hint)
			continue
		}
		if strings.Contains(err.Error(), password) || strings.Contains(err.Error(), "aWQ6") {
			t.Errorf("%s: a secret is told: %s", row.proves, err)
		}
	}
}

func TestAVersionThatIsToComeIsTold(t *testing.T) {
	_, c := start(t, grafanafake.Options{Version: "14.0.0"})
	done, err := run(t, setup(t, c))
	if err != nil || done[0].Note != "14.0.0, newer than what this was written for (13)" {
		t.Errorf("%v: %+v", err, done)
	}
}

func TestBadInputIsRefused(t *testing.T) {
	_, c := start(t, grafanafake.Options{})
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
