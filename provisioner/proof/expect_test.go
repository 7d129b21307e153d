package proof

import (
	"math"
	"strconv"
	"testing"
	"time"

	"plumbline/dashboards"
	"plumbline/dashboards/grafana/panels"
	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/promql"
	"plumbline/provisioner/proof/raw"
	"plumbline/provisioner/red/estimate"
)

// Where a quantile of a hundred durations, 10 to 1000 ms, may lie.
func TestBound(t *testing.T) {
	some := func(n int) (all []line) {
		for i := range n {
			all = append(all, line{took: time.Duration(i+1) * 10 * time.Millisecond})
		}
		return all
	}
	buckets := estimate.Buckets{.1, .25, .5, 1, 2.5}
	for _, row := range []struct {
		proves string
		method estimate.Method
		q      float64
		found  found
		off    float64
		want   interval
	}{
		{"the bucket of the rank", buckets, .4, found{sure: some(100)}, 0, interval{.25, .5}},
		{"and that of its neighbour where it is the last of its bucket", buckets, .5, found{sure: some(100)}, 0, interval{.25, 1}},
		{"a native bucket", estimate.Schema(3), .4, found{sure: some(100)}, 0, interval{math.Exp2(-11. / 8), math.Exp2(-10. / 8)}},
		{"made up requests move the rank", buckets, .4, found{sure: some(100)}, 20, interval{.1, 1}},
		{"and so do those that may not be counted", buckets, .4, found{sure: some(80), perhaps: some(20)}, 0, interval{0, .5}},
		{"above all that there is nothing is known", buckets, .99, found{sure: some(100)}, 2, interval{.5, math.Inf(1)}},
		{"nor below", buckets, .01, found{sure: some(100)}, 2, interval{0, .1}},
	} {
		got := bound(row.method, row.q, row.found, row.off)
		if got == nil || math.Abs(got.low-row.want.low) > 1e-6 || got.high != row.want.high && math.Abs(got.high-row.want.high) > 1e-6 {
			t.Errorf("%s: %v, want %v", row.proves, got, row.want)
		}
	}
	if got := bound(buckets, .5, found{}, 0); got != nil {
		t.Errorf("of nothing: %v", got)
	}
}

// A share lies between the shares of the least and the most that there may be.
func TestShare(t *testing.T) {
	burn := dashboards.Burn("b", dashboards.Condition{}, .01)
	all := tally{told: true, shown: 100, judged: true, lines: interval{98, 100}, over: 2}
	part := tally{told: true, shown: 10, judged: true, lines: interval{9, 10}, over: 1, under: 1}
	for _, row := range []struct {
		proves    string
		m         dashboards.Measure
		part, all tally
		value     float64
		truth     interval
	}{
		{"a ratio", dashboards.Ratio("r", dashboards.Condition{}), part, all, .1, interval{8. / 102, 11. / 98}},
		{"a burn rate", burn, part, all, 10, interval{800. / 102, 1100. / 98}},
		{"what is left of a budget", dashboards.Left("l", dashboards.Condition{}, .01), part, all, -9, interval{1 - 1100./98, 1 - 800./102}},
		{"no series of the part", burn, tally{judged: true}, all, 0, interval{0, 0}},
	} {
		e := share(row.m, row.part, row.all)
		if e.value == nil || !e.value.holds(row.value) || e.truth == nil || !row.truth.holds(e.truth.low) || !row.truth.holds(e.truth.high) || !e.truth.holds(row.truth.low) || !e.truth.holds(row.truth.high) {
			t.Errorf("%s: %v, %v; want %v, %v", row.proves, e.value, e.truth, row.value, row.truth)
		}
	}
	if e := share(burn, part, tally{told: true}); e.value != nil {
		t.Errorf("a share of nothing: %v", *e.value)
	}
}

// One request took four seconds before the window, and one a millisecond in it. increase
// draws the counter of all back to where the window begins, and that of the lower buckets not
// below zero: so p99 is told from a bucket in which nothing was, and the lines allow that.
func TestAClassicQuantileMayBeWhereNothingWas(t *testing.T) {
	of := dashboards.RED().Panels[0].Source
	w := &watch{targets: map[string]raw.Looks{"a": looks(-100, 0, 5, 10, 15, 20)}, series: map[string][]raw.Series{}, at: panels.At{}}
	var samples []promql.Sample
	for _, bound := range append(telemetry.DurationBounds(), math.Inf(1)) {
		le := strconv.FormatFloat(bound, 'f', -1, 64)
		if bound > 10 {
			le = "+Inf"
		}
		for i, at := range []float64{0, 5, 10, 15, 20} {
			n := 0.0
			if bound > 4 {
				n++
			}
			if i > 0 {
				n++
			}
			samples = append(samples, promql.Sample{Labels: map[string]string{"le": le, "instance": "a", telemetry.LabelRoute: "/a", telemetry.LabelStatus: "200"}, At: sec(at), Value: n})
		}
	}
	w.series[of.Series.Metric+`_bucket{job=~"demo-app"}`] = raw.Of(samples)
	w.lines.of = map[kind][]line{{"/a", "GET", "200"}: {{sec(3), time.Millisecond}}}
	e, err := w.classic(t.Context(), of.Series.Metric, .99, pick{source: of, where: of.Where}, span{sec(-4), sec(20)})
	if err != nil || e.value == nil || e.value.low < 2.5 || e.truth == nil || !e.truth.holds(e.value.high) {
		t.Errorf("%v, %v, %v; want a value over 2.5 s that the lines allow", e.value, e.truth, err)
	}
}
