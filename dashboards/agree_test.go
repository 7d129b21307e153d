package dashboards_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
)

// decoded is the recorded answer to a panel.
func decoded(t *testing.T, id string) (dashboards.Panel, dashboards.Result) {
	t.Helper()
	panels := everyPanel()
	i := slices.IndexFunc(panels, func(p dashboards.Panel) bool { return p.ID == id })
	if i < 0 {
		t.Fatalf("no panel %s", id)
	}
	p := panels[i]
	got, err := p.Decode(answer(t, p))
	if err != nil {
		t.Fatal(err)
	}
	return p, got
}

// Every panel of a real node's answers over the seeded run agrees with what
// was sent; and when the truth is another by one request, just the panels that
// show that request differ.
func TestAgreeWithTruth(t *testing.T) {
	first := func(route string, status int) func(int, *seedDoc) bool {
		found := false
		return func(_ int, d *seedDoc) bool {
			hit := !found && d.route == route && d.status == status
			found = found || hit
			return hit
		}
	}
	access := requestPanels()
	with := func(more ...string) []string { return inOrder(append(more, access...)) }
	tests := []struct {
		name   string
		edit   func() func(int, *seedDoc) bool
		differ []string
	}{
		{"the truth as it was sent", func() func(int, *seedDoc) bool {
			return func(int, *seedDoc) bool { return true }
		}, nil},
		{"one request more in Elasticsearch than was sent", func() func(int, *seedDoc) bool {
			hit := first("/datasets", 200)
			return func(i int, d *seedDoc) bool { return !hit(i, d) }
		}, access},
		{"one status 500 that was sent as 200", func() func(int, *seedDoc) bool {
			hit := first("/investigations", 500)
			return func(i int, d *seedDoc) bool {
				if hit(i, d) {
					d.status = 200
				}
				return true
			}
		}, []string{"error-ratio", "request-rate", "error-ratio-over-time", "requests-by-status", "requests-by-route", "route-rate", "route-statuses",
			"slo-availability-left", "slo-latency-left", "slo-failed", "slo-availability-burn", "slo-latency-burn", "slo-by-route"}},
		{"one status 404 that was sent as 400, the same class", func() func(int, *seedDoc) bool {
			hit := first("/investigations/{id}", 404)
			return func(i int, d *seedDoc) bool {
				if hit(i, d) {
					d.status = 400
				}
				return true
			}
		}, []string{"requests-by-status", "route-rate", "route-statuses"}},
		{"one request counted under another route", func() func(int, *seedDoc) bool {
			hit := first("/users/{id}", 200)
			return func(i int, d *seedDoc) bool {
				if hit(i, d) {
					d.route = "/datasets"
				}
				return true
			}
		}, []string{"slowest-routes", "requests-by-route", "slo-by-route"}},
		{"a route that was never sent", func() func(int, *seedDoc) bool {
			return func(_ int, d *seedDoc) bool { return d.route != "/datafiles/count" }
		}, with("slo-slow")},
		{"durations that were sent twice as long", func() func(int, *seedDoc) bool {
			return func(_ int, d *seedDoc) bool { d.duration *= 2; return true }
		}, []string{"duration-p99", "duration", "slowest-routes", "duration-bands", "requests-by-route", "slowest-requests",
			"route-duration", "route-bands", "route-slowest", "slo-latency-left", "slo-slow", "slo-latency-burn"}},
		{"probes, which panels leave out", func() func(int, *seedDoc) bool {
			return func(_ int, d *seedDoc) bool {
				if d.route == "/healthz" {
					d.status = 200
				}
				return true
			}
		}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			truth := seedTruth(tt.edit())
			var differ []string
			for _, p := range everyPanel() {
				_, got := decoded(t, p.ID)
				a := p.Agree(got, truth)
				switch a.Outcome {
				case dashboards.Held:
				case dashboards.NotJudged: // TestWhatIsNotJudged names them
				case dashboards.Differs:
					differ = append(differ, p.ID)
					if a.Got == "" || a.Want == "" || len(a.Differences) == 0 {
						t.Errorf("%s differs and does not say in what: %+v", p.ID, a)
					}
				default:
					t.Errorf("%s is %s: %s", p.ID, a.Outcome, a.Compared)
				}
			}
			if diff := cmp.Diff(tt.differ, differ); diff != "" {
				t.Errorf("panels that differ (-want +got):\n%s", diff)
			}
		})
	}
}

// requestPanels are those that show each request of the run once.
func requestPanels() []string {
	return []string{"requests", "error-ratio", "duration-p99", "request-rate", "error-ratio-over-time",
		"duration", "requests-by-status", "slowest-routes", "duration-bands", "requests-by-route", "slowest-requests",
		"route-rate", "route-duration", "route-bands", "route-statuses", "route-slowest",
		"slo-availability-left", "slo-latency-left", "slo-availability-burn", "slo-latency-burn", "slo-by-route", "truth-logged", "truth-rates"}
}

// inOrder puts panels in the order of the dashboards.
func inOrder(ids []string) (sorted []string) {
	for _, p := range everyPanel() {
		if slices.Contains(ids, p.ID) {
			sorted = append(sorted, p.ID)
		}
	}
	return sorted
}

func TestAgreeWithAlteredAnswer(t *testing.T) {
	scale := func(cell *dashboards.Cell, by float64) {
		v := *cell.Value * by
		cell.Value = &v
	}
	tests := []struct {
		name, panel string
		alter       func(r *dashboards.Result)
		want        dashboards.Outcome
		what        string // of the first difference
	}{
		{"no document", "requests", func(r *dashboards.Result) { *r = dashboards.Result{} }, dashboards.Empty, ""},
		{"a route missing", "requests-by-route", func(r *dashboards.Result) { r.Rows = r.Rows[1:] },
			dashboards.Differs, "route /investigations/{id} documents"},
		{"a route twice", "requests-by-route", func(r *dashboards.Result) { r.Rows = append(r.Rows, r.Rows[0]) },
			dashboards.Differs, "route /investigations/{id} listed"},
		{"a route that is not listed", "requests-by-route", func(r *dashboards.Result) { r.Other = 1 },
			dashboards.Differs, "documents in groups not listed"},
		{"a time bucket lost", "request-rate", func(r *dashboards.Result) { r.Rows[1].Points[0] = r.Rows[1].Points[0][1:] },
			dashboards.Differs, "status class 2xx Requests per second documents of time buckets"},
		{"an error moved out of its time bucket", "error-ratio-over-time", func(r *dashboards.Result) {
			for i := range r.Rows[0].Points[0] {
				r.Rows[0].Points[0][i].Part = 0
			}
		}, dashboards.Differs, "Error ratio numerators of time buckets"},
		{"a rate drawn in another unit", "requests-by-route", func(r *dashboards.Result) { scale(&r.Rows[0].Cells[1], 60) },
			dashboards.Differs, "route /investigations/{id} Rate"},
		{"a ratio drawn as percent", "error-ratio", func(r *dashboards.Result) { scale(&r.Rows[0].Cells[0], 100) },
			dashboards.Differs, "Error ratio"},
		{"a p99 3 percent off, several ranks", "duration-p99", func(r *dashboards.Result) { scale(&r.Rows[0].Cells[0], 1.03) },
			dashboards.Differs, "p99"},
		{"a p99 without a value", "duration-p99", func(r *dashboards.Result) { r.Rows[0].Cells[0].Value = nil },
			dashboards.Differs, "p99"},
		{"a p50 a few nanoseconds off, within the recorder's digits", "duration", func(r *dashboards.Result) {
			scale(&r.Rows[0].Cells[0], 1.000001)
		}, dashboards.Held, ""},
		{"time buckets of percentiles in another unit", "duration", func(r *dashboards.Result) {
			for i := range r.Rows[0].Points[1] {
				if r.Rows[0].Points[1][i].Value != nil {
					scale(&r.Rows[0].Points[1][i], 3)
				}
			}
		}, dashboards.Differs, "p95 in a time bucket"},
		{"one time bucket's p50 above everything", "duration", func(r *dashboards.Result) { scale(&r.Rows[0].Points[0][3], 1000) },
			dashboards.Differs, "p50 in a time bucket"},
		{"a largest lag one nanosecond off", "lag-max", func(r *dashboards.Result) {
			v := *r.Rows[0].Cells[0].Value + 1
			r.Rows[0].Cells[0].Value = &v
		}, dashboards.Differs, "Worst lag"},
		{"the time bucket of the largest lag lost its value", "pipeline-lag", func(r *dashboards.Result) {
			for i := range r.Rows[0].Points[3] {
				v := 1.0
				r.Rows[0].Points[3][i].Value = &v
			}
		}, dashboards.Differs, "max largest time bucket"},
	}
	truth := seedTruth(nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, got := decoded(t, tt.panel)
			tt.alter(&got)
			a := p.Agree(got, truth)
			what := ""
			if len(a.Differences) > 0 {
				what = a.Differences[0].What
			}
			if a.Outcome != tt.want || what != tt.what {
				t.Errorf("got %s in %q, want %s in %q: %+v", a.Outcome, what, tt.want, tt.what, a.Differences)
			}
		})
	}
}

func TestNotJudged(t *testing.T) {
	p, got := decoded(t, "requests-by-status")
	p.Measures = []dashboards.Measure{dashboards.Percentile("p99", "event.duration", 0.99)}
	byStatus := p.Agree(got, seedTruth(nil))

	p, got = decoded(t, "requests")
	p.Source.Stream = "logs-other-default"
	otherStream := p.Agree(got, seedTruth(nil))

	p, _ = decoded(t, "pipeline-lag")
	noLag := p.Agree(dashboards.Result{}, &dashboards.Truth{})

	for name, tt := range map[string]struct {
		got  dashboards.Agreement
		says string
	}{
		"durations by status are not in the truth": {byStatus, "no durations by Status"},
		"a stream that the truth does not cover":   {otherStream, "logs-other-default"},
		"a run that nobody watched has no lag":     {noLag, "no document"},
	} {
		if tt.got.Outcome != dashboards.NotJudged || !strings.Contains(tt.got.Compared, tt.says) {
			t.Errorf("%s: got %s (%s), want not judged (%s)", name, tt.got.Outcome, tt.got.Compared, tt.says)
		}
	}
}

// Elasticsearch may hold nothing although requests were sent: that is neither
// agreement nor a mere difference.
func TestEmptyIsItsOwnOutcome(t *testing.T) {
	var truth dashboards.Truth
	truth.Request("/datasets", 200)
	truth.Durations("/datasets", 200).Add(time.Millisecond)
	truth.Lag(dashboards.LagDoc{Count: 1, Max: time.Second})
	for _, p := range everyPanel() {
		want := dashboards.Empty
		switch {
		case p.ID == "slo-failed" || p.ID == "slo-slow": // the truth knows of none
			want = dashboards.Held
		case p.Quiet != "" && p.Source.Stream != telemetry.StreamLag: // and the truth does not know otherwise
			want = dashboards.NotJudged
		}
		if a := p.Agree(dashboards.Result{}, &truth); a.Outcome != want {
			t.Errorf("%s: got %s, want %s", p.ID, a.Outcome, want)
		}
	}
}
