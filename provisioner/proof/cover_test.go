package proof

import (
	"testing"
	"time"

	"plumbline/provisioner/proof/raw"
)

func sec(s float64) time.Time {
	return time.Unix(1_800_000_000, 0).Add(time.Duration(s * float64(time.Second)))
}

func looks(process float64, at ...float64) (l raw.Looks) {
	for _, s := range at {
		l = append(l, raw.Look{At: sec(s), Took: 100 * time.Millisecond, Process: sec(process)})
	}
	return l
}

// Which lines the counters hold between scrapes: for certain, perhaps, not at all.
func TestCover(t *testing.T) {
	steady := map[string]raw.Looks{"a": looks(-100, 0, 5, 10, 15, 20, 25, 30)}
	for _, row := range []struct {
		proves        string
		targets       map[string]raw.Looks
		from, to      float64
		sure, perhaps []float64
		not           []float64
	}{
		{"quiet edges", steady, -.001, 30, []float64{2, 24}, []float64{-4, .5, 26, 31}, []float64{-6, 32}},
		{"what began before its first scrape", steady, -3, 30, []float64{2}, []float64{-2}, []float64{-6}},
		{"a process that began in the range", map[string]raw.Looks{"a": looks(2, 5, 10, 15)}, 0, 15, []float64{4, 9}, []float64{1, 2.5, 11}, []float64{-1}},
		{"a restart takes along what was not scraped", map[string]raw.Looks{"a": append(looks(-100, 0, 5, 10), looks(13, 15, 20, 25)...)}, -.001, 25, []float64{4, 16, 19}, []float64{6, 12, 14}, nil},
		{"of two instances the narrower", map[string]raw.Looks{"a": looks(-100, 0, 10, 20), "b": looks(-100, 2, 12, 18)}, -.001, 20, []float64{4, 12}, []float64{1, 14, 20.5}, nil},
	} {
		c, ok := covered(row.targets, span{sec(row.from), sec(row.to)})
		if !ok {
			t.Errorf("%s: not covered", row.proves)
		}
		for _, s := range row.sure {
			if f := c.divide([]line{{ended: sec(s)}}); len(f.sure) != 1 {
				t.Errorf("%s: a line at %v is not sure: %+v", row.proves, s, c)
			}
		}
		for _, s := range row.perhaps {
			if f := c.divide([]line{{ended: sec(s)}}); len(f.perhaps) != 1 || !c.most.holds(sec(s)) {
				t.Errorf("%s: a line at %v is not one that may be counted: %+v", row.proves, s, c)
			}
		}
		for _, s := range row.not {
			if c.most.holds(sec(s)) {
				t.Errorf("%s: a line at %v may be counted: %+v", row.proves, s, c)
			}
		}
	}
	if _, ok := covered(steady, span{sec(1), sec(4)}); ok {
		t.Error("a range without a scrape is covered")
	}
	if _, ok := covered(nil, span{sec(0), sec(4)}); ok {
		t.Error("no target is covered")
	}
}

// A range begins and ends with a scrape.
func TestFrame(t *testing.T) {
	for _, row := range []struct {
		proves     string
		targets    map[string]raw.Looks
		begin, end float64
		from, to   float64
	}{
		{"the scrapes next to it", map[string]raw.Looks{"a": looks(-1000, 0, 5, 10, 15, 20)}, 6, 12, 4.999, 15},
		{"of each instance", map[string]raw.Looks{"a": looks(-1000, 0, 5, 10, 15, 20), "b": looks(-1000, 3, 8, 13, 18)}, 6, 12, 2.999, 15},
		{"a process that has only just begun", map[string]raw.Looks{"a": looks(3, 9, 14, 19)}, 6, 12, 2, 14},
		{"nothing was scraped", nil, 6, 12, 6, 12},
	} {
		w := &watch{targets: row.targets}
		w.frame(sec(row.begin), sec(row.end))
		if got, want := w.scope, (span{sec(row.from), sec(row.to)}); !got.From.Equal(want.from) || !got.To.Equal(want.to) {
			t.Errorf("%s: %s to %s, want %s to %s", row.proves, clock(got.From), clock(got.To), clock(want.from), clock(want.to))
		}
	}
}
