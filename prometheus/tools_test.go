package prometheus

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline/dashboards/grafana"
	"plumbline/dashboards/grafana/panels"
	"plumbline/demo-app/telemetry"
)

// The tests from here on run real programs. The test of the whole loop builds
// them and sets these two, each a directory; `make test` runs it.
const (
	toolsVariable = "PLUMBLINE_PROMETHEUS" // prometheus, promtool, alertmanager, amtool
	ownVariable   = "PLUMBLINE_BIN"        // demo-app, loadgen, provisioner
)

// program is the path of a built program.
func program(t *testing.T, variable, name string) string {
	t.Helper()
	dir := os.Getenv(variable)
	if dir == "" {
		t.Skip(variable + " is not set; make test sets it")
	}
	return filepath.Join(dir, name)
}

// check runs one of Prometheus' tools to a good end.
func check(t *testing.T, stdin io.Reader, tool string, args ...string) {
	t.Helper()
	if out, err := run(t, stdin, tool, args...); err != nil {
		t.Errorf("%s %s: %v\n%s", tool, strings.Join(args, " "), err, out)
	}
}

func run(t *testing.T, stdin io.Reader, tool string, args ...string) ([]byte, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t, toolsVariable, tool), args...)
	cmd.Stdin = stdin
	return cmd.CombinedOutput()
}

// laid is a directory with the shipped configuration.
func laid(t *testing.T, a Addresses) string {
	t.Helper()
	dir := t.TempDir()
	if err := Lay(dir, a); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestToolsAcceptTheFiles(t *testing.T) {
	program(t, toolsVariable, "")
	t.Parallel()
	dir := laid(t, Addresses{Targets: []Target{{"demo-app", "127.0.0.1:8000"}}, Alertmanager: "127.0.0.1:9093", Receiver: "http://127.0.0.1:9095/alerts"})
	check(t, nil, "promtool", "check", "config", "--lint=all", "--lint-fatal", filepath.Join(dir, "prometheus.yml"))
	check(t, nil, "promtool", append([]string{"check", "rules", "--lint=all", "--lint-fatal"}, ruleFiles(t)...)...)
	check(t, nil, "amtool", "check-config", filepath.Join(dir, "alertmanager.yml"))
	tests, err := filepath.Glob("rules/tests/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	check(t, nil, "promtool", append([]string{"test", "rules"}, tests...)...)

	t.Run("and they can refuse", func(t *testing.T) {
		for name, change := range map[string][2]string{
			"prometheus.yml":   {"scrape_interval: 5s", "scrape_interval: soon"},
			"alertmanager.yml": {"receiver: page", "receiver: nobody"},
			"rules/health.yml": {"up{job!=\"loadgen\"} == 0", "up{job!=\"loadgen\" == 0"},
		} {
			path := filepath.Join(dir, name)
			whole, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, bytes.Replace(whole, []byte(change[0]), []byte(change[1]), 1), 0o600); err != nil {
				t.Fatal(err)
			}
			args := []string{"promtool", "check", "config", filepath.Join(dir, "prometheus.yml")}
			if name == "alertmanager.yml" {
				args = []string{"amtool", "check-config", path}
			}
			if out, err := run(t, nil, args[0], args[1:]...); err == nil {
				t.Errorf("%s with %q is accepted:\n%s", name, change[1], out)
			}
			if err := os.WriteFile(path, whole, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// Each page goes to one and each ticket to the other receiver.
func TestRoutes(t *testing.T) {
	program(t, toolsVariable, "")
	t.Parallel()
	for _, r := range rules(t) {
		if r.Alert == "" {
			continue
		}
		args := []string{"config", "routes", "test", "--config.file=alertmanager.yml", "--verify.receivers=" + r.Labels["severity"], "alertname=" + r.Alert}
		for name, value := range r.Labels {
			args = append(args, name+"="+value)
		}
		check(t, nil, "amtool", args...)
	}
}

// asked are the expressions of Grafana's dashboards, by panel.
func asked(t *testing.T) map[string]string {
	t.Helper()
	rendered, err := grafana.Dashboards()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	at := panels.At{From: time.Unix(0, 0), To: time.Unix(900, 0), Step: 10 * time.Second}
	for _, r := range rendered {
		d, err := panels.Read(r.Text)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range d.Panels {
			questions, err := p.Questions(at)
			if err != nil {
				t.Fatal(err)
			}
			for _, q := range questions {
				all[d.UID+" "+p.Title+" "+q.Ref] = q.Expr
			}
		}
	}
	if len(all) < 40 {
		t.Fatalf("only %d expressions", len(all))
	}
	return all
}

// TestMetrics reads what every program of ours serves: promtool finds no fault
// with it, and there is nothing in a rule that no program has.
func TestMetrics(t *testing.T) {
	program(t, toolsVariable, "")
	t.Parallel()
	s := serve(t)
	s.demoApp(t)
	s.start(t, "worker", program(t, ownVariable, "demo-app"), "worker", "-probe-addr", s.at("worker"), "-database-url", filepath.Join(s.dir, "worker.db"))
	s.start(t, "board", program(t, ownVariable, "provisioner"), "board", "-addr", s.at("board"), "-es", "http://127.0.0.1:1")
	s.start(t, "canary", program(t, ownVariable, "provisioner"), "watch", "-addr", s.at("canary"), "-target", s.url("demo-app"), "-es", "http://127.0.0.1:1")
	s.load(t)

	known := []string{"up", "ALERTS"}
	for name, about := range map[string]struct {
		path   string
		report string // a metric that shows that this is the program meant
	}{
		"demo-app": {"/metrics", "http_server_request_duration_seconds"},
		"worker":   {"/metrics", "icat_jobs_queue_depth"},
		"board":    {"/metrics", "process_cpu_seconds_total"}, // without Elasticsearch it knows no more
		"canary":   {"/metrics", "plumbline_canary_lost_total"},
		"loadgen":  {"/metrics", "loadgen_requests_sent_total"},
	} {
		text := s.get(t, name, about.path, about.report)
		check(t, strings.NewReader(text), "promtool", "check", "metrics")
		known = append(known, regexp.MustCompile(`(?m)^[a-zA-Z_:][\w:]*`).FindAllString(text, -1)...)
	}
	if out, err := run(t, strings.NewReader("# TYPE a_total counter\na_total 1\nbytes_count 1\n"), "promtool", "check", "metrics"); err == nil {
		t.Errorf("promtool finds no fault with bad metrics:\n%s", out)
	}

	known = append(known, "http_server_request_duration_seconds")        // native: not in the text form
	known = append(known, "plumbline_newest_document_timestamp_seconds") // the board's, with an Elasticsearch, and these
	known = append(known, telemetry.MetricClusterHeap, telemetry.MetricClusterHeapMax, telemetry.MetricClusterStore, telemetry.MetricClusterDocs)
	known = append(known, telemetry.MetricJobsFinished) // the worker's, once it has finished one
	for _, r := range rules(t) {
		known = append(known, r.Record)
	}
	of := map[string]string{}
	for _, r := range rules(t) {
		of[r.Record+r.name()] = r.Expr
	}
	for what, expr := range asked(t) {
		of[what] = expr
	}
	for what, expr := range of {
		for _, name := range metrics(expr) {
			if !slices.Contains(known, name) {
				t.Errorf("%s: nobody has %s", what, name)
			}
		}
	}
	t.Run("and a metric of nobody is seen", func(t *testing.T) {
		got := metrics(`sum by (job) (rate(a_total{x="b_total"}[5m])) / on (job) group_left c:d:rate5m > 14.4 * 0.001 or absent(e) and on () max(f) == 1`)
		if want := []string{"a_total", "c:d:rate5m", "e", "f"}; !slices.Equal(got, want) {
			t.Errorf("metrics %v, want %v", got, want)
		}
	})
	s.get(t, "demo-app", "/metrics", `le="0.25"} `) // the bound of the latency objective is a bucket
}

// metrics are the names of metrics in an expression: what is neither a label, nor
// a function, nor a word of the language.
func metrics(expr string) []string {
	for _, pattern := range []string{`"[^"]*"`, `\{[^}]*\}`, `\[[^\]]*\]`, `\b(by|without|on|ignoring)\s*\([^)]*\)`, `\b\w+\(`} {
		expr = regexp.MustCompile(pattern).ReplaceAllString(expr, " ")
	}
	var names []string
	for _, word := range regexp.MustCompile(`[a-zA-Z_:][\w:]*`).FindAllString(expr, -1) {
		if !slices.Contains([]string{"and", "or", "unless", "bool", "group_left", "group_right", "sum", "max", "min", "count"}, word) {
			names = append(names, word)
		}
	}
	return names
}

// get is what a program answers, once it holds a text.
func (s *servers) get(t *testing.T, name, path, holds string) string {
	t.Helper()
	var text string
	s.await(t, fmt.Sprintf("%s to answer %s with %q", name, path, holds), func() error {
		select {
		case <-s.running[name].ended:
			t.Fatalf("%s has ended: %s", name, s.running[name].ProcessState)
		default:
		}
		res, err := http.Get(s.url(name) + path)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if text = string(body); err == nil && (res.StatusCode != http.StatusOK || !strings.Contains(text, holds)) {
			err = fmt.Errorf("%s: %.300s", res.Status, text)
		}
		return err
	})
	return text
}
