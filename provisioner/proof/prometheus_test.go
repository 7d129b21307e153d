package proof

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/proof/raw"
)

// board is a result with something to show.
func board() dashboards.Result {
	one := 1.0
	return dashboards.Result{Documents: 1, Rows: []dashboards.Row{{Count: 1, Cells: []dashboards.Cell{{Value: &one}}}}}
}

// counterparts are all panels that ask Prometheus.
func counterparts() (all []dashboards.Panel) {
	for _, d := range dashboards.All() {
		for _, p := range d.Panels {
			if p.Source.Counterpart() {
				all = append(all, p)
			}
		}
	}
	return all
}

func counterpart(id string) dashboards.Panel {
	all := counterparts()
	return all[slices.IndexFunc(all, func(p dashboards.Panel) bool { return p.ID == id })]
}

// watched is the recording, read.
func watched(t *testing.T) (*watch, rendered) {
	t.Helper()
	tp, from := play(t)
	w, err := look(t.Context(), from, tp.scope(), func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	r, err := read()
	if err != nil {
		t.Fatal(err)
	}
	return w, r
}

func check(t *testing.T, w *watch, r rendered, p dashboards.Panel) *Check {
	t.Helper()
	c, err := prometheusPanel(t.Context(), r, p, board(), dashboards.Held, w)
	if err != nil {
		t.Fatalf("%s: %v", p.ID, err)
	}
	return c
}

// On the recorded answers of a real Prometheus every panel holds, and those about
// requests by comparison with the lines. And what is spoiled is found: in a question
// as it was rendered, and in what happened.
func TestPrometheusPanelsAreHeld(t *testing.T) {
	w, r := watched(t)
	for _, p := range counterparts() {
		c := check(t, w, r, p)
		if c.Outcome != dashboards.Held {
			t.Errorf("%s: %s, got %s: %+v", p.ID, c.Outcome, c.Got, c.Differs)
		}
		if p.Source.Stream == telemetry.StreamAccess && !strings.Contains(c.Compared, "exactly as in the lines of the run, which are the ledger's") {
			t.Errorf("%s: compared %s", p.ID, c.Compared)
		}
	}

	const operational = `/healthz|/readyz|/metrics|/version`
	for _, row := range []struct{ proves, panel, old, by, want string }{
		{"probes that are counted, too", "requests", operational, "/healthz", "want"},
		{"another job", "requests", `job=~"$job"`, `job=~"board"`, "nothing, want"},
		{"an error ratio of all requests", "error-ratio", `,http_response_status_code=~"[5-9].."`, "", "1, want"},
		{"a class of status that is another", "request-rate", `"4.."`, `"5.."`, "4xx"},
		{"a rate for a count", "requests", "increase(", "rate(", "Requests: "},
		{"a sum for an increase", "requests-by-status", "increase(", "last_over_time(", "Requests: "},
		{"the window of the whole range at each moment", "request-rate", "$__rate_interval", "$__range", "at "},
		{"p90 for p99", "duration-p99", "0.99", "0.9", "p99: "},
		{"p50 for p95, in a table", "requests-by-route", "0.95", "0.5", "p95: "},
		{"a quantile without its filter", "duration", `,http_route!~"` + operational + `"`, "", "p50 at"},
		{"another metric's buckets", "duration", telemetry.MetricDuration + "_bucket", telemetry.MetricResponseSize + "_bucket", "classic buckets at"},
		{"another metric's heatmap", "duration-bands", telemetry.MetricDuration + "_bucket", "icat_backend_operation_duration_seconds_bucket", "Requests at"},
		{"another bound", "slo-latency-left", `le="0.25"`, `le="0.1"`, "Left: "},
		{"another budget", "slo-availability-burn", "/ 0.001", "/ 0.01", "Burn rate at"},
		{"groups of another label", "requests-by-route", "sum by (http_route) (increase", "sum by (http_request_method) (increase", "there is no such group"},
		{"one group less", "slowest-routes", "topk(8", "topk(7", "nothing, want"},
		{"the fastest for the slowest", "slowest-routes", "topk(8", "bottomk(8", "nothing, want"},
		{"the least for the most", "app-memory", "max_over_time", "min_over_time", "resident at"},
		{"another counter", "canary-lost", telemetry.MetricCanaryLost, telemetry.MetricCanaryFound, "Lost: "},
		{"a counter in time", "truth-counters", operational, "/healthz", "counted at"},
	} {
		t.Run(row.proves, func(t *testing.T) {
			p := counterpart(row.panel)
			panel := r.grafana[p.ID]
			panel.Targets = slices.Clone(panel.Targets)
			changed := false
			for i := range panel.Targets {
				spoiled := strings.ReplaceAll(panel.Targets[i].Expr, row.old, row.by)
				changed = changed || spoiled != panel.Targets[i].Expr
				panel.Targets[i].Expr = spoiled
			}
			if !changed {
				t.Fatalf("%s does not ask for %s", row.panel, row.old)
			}
			spoiled := r
			spoiled.grafana = maps.Clone(r.grafana)
			spoiled.grafana[p.ID] = panel
			finds(t, check(t, w, spoiled, p), row.want)
		})
	}

	// A line of a failed request, and what it is in.
	failed := slices.IndexFunc(w.lines.kinds(), func(k kind) bool { return k.status[0] == '5' })
	if failed < 0 {
		t.Fatal("no request of the recorded run failed")
	}
	of := w.lines.kinds()[failed]
	for _, row := range []struct {
		proves, panel string
		change        func([]line) []line
		want          string
	}{
		{"a line that is lost", "requests", func(l []line) []line { return l[1:] }, "in the lines"},
		{"a line that is lost, by its status", "requests-by-status", func(l []line) []line { return l[1:] }, "of all " + of.status},
		{"a line that is lost, by its route", "slo-by-route", func(l []line) []line { return l[1:] }, "of all " + of.route},
		{"a line that is there twice", "duration-bands", func(l []line) []line { return append(slices.Clone(l), l[len(l)-1]) }, "of all +Inf"},
		{"a duration that is another", "duration-bands", func(l []line) []line {
			l = slices.Clone(l)
			l[0].took = time.Hour
			return l
		}, "of all "},
	} {
		t.Run(row.proves, func(t *testing.T) {
			other := *w
			other.lines.of = maps.Clone(w.lines.of)
			other.lines.of[of] = row.change(w.lines.of[of])
			finds(t, check(t, &other, r, counterpart(row.panel)), row.want)
		})
	}
}

// finds wants a difference that says so.
func finds(t *testing.T, c *Check, want string) {
	t.Helper()
	if c.Outcome != dashboards.Differs || !slices.ContainsFunc(c.Differs, func(d dashboards.Difference) bool { return strings.Contains(d.What, want) }) {
		t.Errorf("%s, %s: %+v, want a difference with %q", c.Outcome, c.Compared, c.Differs, want)
	}
}

// Where the lines cannot be compared, it is said and nothing is called held; and a
// panel that shows nothing is empty.
func TestWhatCannotBeComparedWithLinesIsNotHeld(t *testing.T) {
	w, r := watched(t)
	for _, row := range []struct {
		proves  string
		change  func(*watch)
		outcome dashboards.Outcome
		want    string
	}{
		{"too many lines", func(w *watch) { w.unjudged = tooManyError{}.Error() }, dashboards.NotJudged, "look at a shorter time"},
		{"no scrape", func(w *watch) { w.targets = nil }, dashboards.NotJudged, "was not scraped"},
		{"no request of which the scrapes can tell", func(w *watch) {
			restless := raw.Looks{}
			for _, l := range w.targets[slices.Sorted(maps.Keys(w.targets))[0]] {
				l.Process = l.At.Add(-time.Second)
				restless = append(restless, l)
			}
			w.targets = map[string]raw.Looks{"another": restless}
		}, dashboards.NotJudged, "of no request"},
		{"a range that is too long", func(w *watch) { w.unread = "they are too many" }, dashboards.NotJudged, "nothing: they are too many"},
		{"lines of others, too", func(w *watch) { w.lines.strays = 1 }, dashboards.Held, "as in all lines of the range"},
	} {
		other := *w
		row.change(&other)
		if c := check(t, &other, r, counterpart("requests")); c.Outcome != row.outcome || !strings.Contains(c.Compared, row.want) {
			t.Errorf("%s: %s, %s", row.proves, c.Outcome, c.Compared)
		}
	}
	c, err := prometheusPanel(t.Context(), r, counterpart("requests"), board(), dashboards.Held, nil)
	if err != nil || c.Outcome != dashboards.NotJudged {
		t.Errorf("no Prometheus: %+v, %v", c, err)
	}
}
