package promql

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/promql/parser"

	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Every panel with a counterpart has its questions, which Prometheus can read;
// they are golden files, so none changes unnoticed.
func TestQueriesAreGolden(t *testing.T) {
	in := In{Range: "15m", Step: "1m", Only: map[string]string{telemetry.FieldRoute: "/datasets"}}
	for _, d := range dashboards.All() {
		var text strings.Builder
		for _, p := range d.Panels {
			queries, err := Queries(p, in)
			if err != nil {
				t.Error(err)
			}
			if (len(queries) == 0) == p.Source.Counterpart() {
				t.Errorf("%s: %d questions, counterpart %v", p.ID, len(queries), p.Source.Counterpart())
			}
			for _, q := range queries {
				if _, err := parser.NewParser(parser.Options{}).ParseExpr(q.Expr); err != nil {
					t.Errorf("%s: %s: %v", p.ID, q.Expr, err)
				}
				if q.Unit == dashboards.UnitNanoseconds {
					t.Errorf("%s: %s in nanoseconds", p.ID, q.Label)
				}
				how := "over time"
				if q.Instant {
					how = "at the end"
				}
				fmt.Fprintf(&text, "# %s: %s, %s, %s\n%s\n", p.ID, q.Label, q.Unit, how, q.Expr)
			}
		}
		golden := filepath.Join("testdata", d.ID+".promql")
		if *update {
			if err := os.WriteFile(golden, []byte(text.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), text.String()); diff != "" {
			t.Errorf("%s: go test ./dashboards/promql -update (-want +got):\n%s", d.ID, diff)
		}
	}
}

func TestQueriesSayWhatThePanelSays(t *testing.T) {
	status := func(c dashboards.Condition) []dashboards.Condition { return []dashboards.Condition{c} }
	histogram := dashboards.Series{Metric: "m", Form: dashboards.Histogram, Labels: map[string]string{telemetry.FieldStatus: "code", telemetry.FieldRoute: "route"}}
	bucket := func(above, below int64) dashboards.Condition {
		return dashboards.Between(telemetry.FieldEventDuration, above, below)
	}
	for proves, row := range map[string]struct {
		where   []dashboards.Condition
		measure dashboards.Measure
		by      string
		want    string // or, if it begins with an exclamation mark, of the error
	}{
		"a count":                         {nil, dashboards.Count("n"), "", `sum(increase(m_count{job=~"demo-app"}[15m]))`},
		"a rate by a label":               {nil, dashboards.Rate("n"), telemetry.FieldRoute, `sum by (route) (rate(m_count{job=~"demo-app"}[15m]))`},
		"none of some values":             {status(dashboards.NoneOf(telemetry.FieldRoute, "/a", "/b.c")), dashboards.Rate("n"), "", `sum(rate(m_count{job=~"demo-app",route!~"/a|/b\\.c"}[15m]))`},
		"a value at all":                  {status(dashboards.Has(telemetry.FieldRoute)), dashboards.Rate("n"), "", `sum(rate(m_count{job=~"demo-app",route!=""}[15m]))`},
		"statuses of one class":           {status(dashboards.Between(telemetry.FieldStatus, 200, 300)), dashboards.Rate("n"), "", `sum(rate(m_count{job=~"demo-app",code=~"2.."}[15m]))`},
		"statuses from one on":            {status(dashboards.AtLeast(telemetry.FieldStatus, 500)), dashboards.Rate("n"), "", `sum(rate(m_count{job=~"demo-app",code=~"[5-9].."}[15m]))`},
		"statuses that are no class":      {status(dashboards.AtLeast(telemetry.FieldStatus, 429)), dashboards.Rate("n"), "", "!429 to 1000 are no whole hundreds"},
		"durations over a bound":          {status(bucket(250e6+1, 0)), dashboards.Rate("n"), "", `sum(rate(m_count{job=~"demo-app"}[15m])) - sum(rate(m_bucket{job=~"demo-app",le="0.25"}[15m]))`},
		"durations up to one":             {status(bucket(0, 1e9+1)), dashboards.Rate("n"), "", `sum(rate(m_bucket{job=~"demo-app",le=~"1|1\\.0"}[15m]))`},
		"durations between bounds":        {status(bucket(100e6+1, 250e6+1)), dashboards.Rate("n"), "", `sum(rate(m_bucket{job=~"demo-app",le="0.25"}[15m])) - sum(rate(m_bucket{job=~"demo-app",le="0.1"}[15m]))`},
		"durations between no bounds":     {status(bucket(123, 0)), dashboards.Rate("n"), "", "!122 ns is no bound"},
		"a share, 0 without a part":       {nil, dashboards.Ratio("r", dashboards.AtLeast(telemetry.FieldStatus, 500)), "", `((sum(rate(m_count{job=~"demo-app",code=~"[5-9].."}[15m]))) or 0 * (sum(rate(m_count{job=~"demo-app"}[15m])))) / ((sum(rate(m_count{job=~"demo-app"}[15m]))) > 0)`},
		"a percentile, of the native":     {nil, dashboards.Percentile("p", telemetry.FieldEventDuration, 0.999), telemetry.FieldRoute, `histogram_quantile(0.999, sum by (route) (rate(m{job=~"demo-app"}[15m])))`},
		"a mean":                          {nil, dashboards.Mean("p", telemetry.FieldEventDuration, dashboards.UnitNanoseconds), "", `histogram_avg(sum(rate(m{job=~"demo-app"}[15m])))`},
		"a percentile of what is cut off": {status(bucket(250e6+1, 0)), dashboards.Percentile("p", telemetry.FieldEventDuration, 0.9), "", "!only their count is known"},
		"a percentile of something else":  {nil, dashboards.Percentile("p", telemetry.FieldResponseBytes, 0.9), "", "!the histogram is not of"},
		"the largest, which nobody kept":  {nil, dashboards.Max("p", telemetry.FieldEventDuration, dashboards.UnitNanoseconds), "", "!no max of a histogram"},
		"a group that is in no label":     {nil, dashboards.Count("n"), telemetry.FieldUserName, "!no label for user.name"},
		"a condition that is in no label": {status(dashboards.Has(telemetry.FieldUserName)), dashboards.Count("n"), "", "!no label for user.name"},
	} {
		p := dashboards.Panel{ID: "x", Kind: dashboards.Stat, Measures: []dashboards.Measure{row.measure}, By: dashboards.Breakdown{Field: row.by},
			Source: dashboards.Source{Where: row.where, Series: histogram}}
		queries, err := Queries(p, In{Range: "15m"})
		if fault, refused := strings.CutPrefix(row.want, "!"); refused {
			if err == nil || !strings.Contains(err.Error(), fault) {
				t.Errorf("%s: %v, want %s", proves, err, fault)
			}
			continue
		}
		if err != nil || len(queries) != 1 || queries[0].Expr != row.want || !queries[0].Instant {
			t.Errorf("%s: %v\n got %+v\nwant %s", proves, err, queries, row.want)
		}
	}
}

func TestAScopeIsAskedAbout(t *testing.T) {
	from := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	got := Of(dashboards.Scope{From: from, To: from.Add(time.Minute), RunID: "r", Only: map[string]string{telemetry.FieldRoute: "/users/{id}"}})
	want := In{Range: "60s", Step: "15s", Only: map[string]string{telemetry.FieldRoute: `/users/\{id\}`}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
