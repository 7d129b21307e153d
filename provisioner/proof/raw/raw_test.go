package raw

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"plumbline/provisioner/promql"
	"plumbline/provisioner/red/estimate"
)

func second(s float64) time.Time {
	return time.Unix(1_800_000_000, 0).Add(time.Duration(s * float64(time.Second)))
}

// scraped is a series of pairs of seconds and values.
func scraped(pairs ...float64) (s Series) {
	for i := 0; i < len(pairs); i += 2 {
		s.Points = append(s.Points, Point{At: second(pairs[i]), Value: pairs[i+1]})
	}
	s.mark()
	return s
}

// looked are scrapes of one process that began at a second.
func looked(process float64, at ...float64) (l Looks) {
	for _, s := range at {
		l = append(l, Look{At: second(s), Took: time.Millisecond, Process: second(process)})
	}
	return l
}

// What increase says is Prometheus' own rule: promql/functions.go, extrapolatedRate.
func TestGrowth(t *testing.T) {
	one := looked(-3600, 0, 5, 10, 15)
	two := append(looked(-3600, 0, 5), looked(7, 10, 15)...)
	for _, row := range []struct {
		proves   string
		looks    Looks
		series   Series
		from, to float64
		want     Growth
		shown    float64
	}{
		{"a scrape at the beginning of a range is not in it", one, scraped(0, 3, 5, 4, 10, 9, 15, 9), 0, 15, Growth{Seen: 5, Added: 2.5}, 7.5},
		{"an end that is near is reached", one, scraped(0, 10, 5, 20, 10, 30), -2, 13, Growth{Seen: 20, Added: 10}, 30},
		{"one that is far is not: half an interval", one, scraped(0, 10, 5, 20, 10, 30), -20, 40, Growth{Seen: 20, Added: 10}, 30},
		{"and nothing below zero", one, scraped(0, 1, 5, 11, 10, 21), -5, 10, Growth{Seen: 20, Added: 1}, 21},
		{"from scrape to scrape next to nothing is made up", one, scraped(0, 10, 5, 20, 10, 30), -.001, 10, Growth{Seen: 20, Added: .002}, 20.002},
		{"a fall is a new beginning", two, scraped(0, 5, 5, 8, 10, 2, 15, 4), -.001, 15, Growth{Seen: 7, Added: .0005}, 7.0005},
		{"a restart that does not show", two, scraped(0, 1, 5, 2, 10, 4, 15, 4), -.001, 15, Growth{Seen: 3, Hid: 2, Added: .0002}, 3.0002},
		{"a series that begins with a value", one, scraped(10, 6, 15, 8), -.001, 15, Growth{Seen: 2, Born: 6, Added: 1}, 3},
		{"one whose zero is known", one, scraped(8, 0, 10, 6, 15, 8), -.001, 15, Growth{Seen: 8}, 8},
		{"one whose zero is told after its first value", one, scraped(5, 1, 5.2, 0, 10, 3, 15, 3), -.001, 15, Growth{Seen: 3, Born: 1, Twice: 1, Added: .5}, 3.5},
		{"one of a process that began in the range", looked(-1, 0, 5), scraped(0, 4, 5, 6), -2, 5, Growth{Seen: 2, Born: 4, Added: .8}, 2.8},
	} {
		g, told, err := row.series.Grown(second(row.from), second(row.to), row.looks)
		if err != nil || !told {
			t.Errorf("%s: %v, %v", row.proves, told, err)
		}
		if diff := cmp.Diff(row.want, g, cmpopts.EquateApprox(0, 1e-4)); diff != "" {
			t.Errorf("%s: %s", row.proves, diff)
		}
		if math.Abs(g.Shown()-row.shown) > 1e-3 {
			t.Errorf("%s: shown %v, want %v", row.proves, g.Shown(), row.shown)
		}
	}
	g, told, err := scraped(10, 4).Grown(second(0), second(20), one)
	if told || err != nil || g.Counted() != 4 {
		t.Errorf("one sample: %+v, %v, %v; want no increase, and 4 counted", g, told, err)
	}
	if _, told, _ := scraped(10, 4).Grown(second(10), second(20), one); told {
		t.Error("a sample at the beginning of a range is not in it")
	}
}

func TestNativeHistogramsGrow(t *testing.T) {
	sample := func(at float64, counts ...float64) promql.Sample {
		h := &promql.Histogram{}
		for i, n := range counts {
			h.Count += n
			if n > 0 {
				h.Buckets = append(h.Buckets, promql.Bucket{Lower: math.Exp2(float64(i)), Upper: math.Exp2(float64(i + 1)), Count: n})
			}
		}
		return promql.Sample{Labels: map[string]string{"a": "b"}, At: second(at), Native: h}
	}
	all := Of([]promql.Sample{sample(0, 1, 1), sample(5, 1, 3), sample(10, 2), sample(15, 2, 0, 4)})
	if len(all) != 1 {
		t.Fatalf("%d series, want one", len(all))
	}
	g, told, err := all[0].Grown(second(-.001), second(15), nil)
	if err != nil || !told || g.Seen != 8 {
		t.Fatalf("%+v, %v, %v; want 8 seen: 2, after a reset 2, and 4", g, told, err)
	}
	got := map[float64]float64{}
	for _, r := range g.Scaled().Ranges {
		got[r.Lower] = math.Round(r.Count*100) / 100
	}
	if diff := cmp.Diff(map[float64]float64{1: 2, 2: 2, 4: 4}, got); diff != "" {
		t.Error(diff)
	}
	for proves, row := range map[string]struct {
		second promql.Sample
		fell   bool
	}{
		"every bucket grew": {sample(5, 1, 3, 1), false}, "one fell, and others grew more": {sample(5, 3, 0, 1), true}, "the count fell": {sample(5, 1), true},
	} {
		points := Of([]promql.Sample{sample(0, 1, 1), row.second})[0].Points
		if fell := points[1].fell; fell != row.fell {
			t.Errorf("%s: a reset %v, want %v", proves, fell, row.fell)
		}
	}
	if s := g.Scaled().Schema; s != estimate.Schema(0) {
		t.Errorf("schema %v, want 0", s)
	}
}

func TestGauges(t *testing.T) {
	s := scraped(0, 9, 5, 1, 10, 3, 15, 2)
	for name, row := range map[string]struct {
		f    func(from, to time.Time) (float64, bool)
		want float64
	}{"max": {s.Max, 3}, "last": {s.Last, 2}, "mean": {s.Mean, 2}} {
		if v, any := row.f(second(0), second(15)); v != row.want || !any {
			t.Errorf("%s: %v, %v, want %v: the first sample is not in the range", name, v, any, row.want)
		}
		if _, any := row.f(second(15), second(20)); any {
			t.Errorf("%s of nothing", name)
		}
	}
}
