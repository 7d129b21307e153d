package red

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"plumbline/provisioner/red/estimate"
	"plumbline/provisioner/red/exact"
)

// drawn is a run of one route whose durations are drawn.
func drawn(n int, draw func() float64) *exact.Run {
	run := &exact.Run{}
	for range n {
		run.Requests = append(run.Requests, exact.Request{Route: "/a", Status: 200, Took: time.Duration(draw() * 1e9)})
	}
	return run
}

func TestProposedBoundsKeepWhatTheyPromise(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	for name, draw := range map[string]func() float64{
		"even":       func() float64 { return .01 + random.Float64() },
		"heavy tail": func() float64 { return .004 * math.Exp(2.2*random.NormFloat64()) },
		"bimodal":    func() float64 { return []float64{.003, .5}[random.IntN(2)] + .001*random.Float64() },
		"one value":  func() float64 { return .25 },
	} {
		run := drawn(3000, draw)
		for _, share := range []float64{.01, .1, .5, 1} {
			a, err := advise(run, Wish{Error: share}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.IsSorted(a.Bounds) || len(a.Bounds) == 0 || a.Proposed.Worst > share+1e-9 || a.Proposed.Allows > share+1e-6 {
				t.Errorf("%s within %v: %v allows %v and made %v", name, share, a.Bounds, a.Proposed.Allows, a.Proposed.Worst)
			}
			if want := a.SeriesSet * (len(a.Bounds) + beside); a.Series != want || a.SeriesSet != 1 {
				t.Errorf("%s: %d series of %d sets, want %d", name, a.Series, a.SeriesSet, want)
			}
		}
	}
}

// With one bound less, some target is no longer told within the share: tried
// with every choice from a fine grid.
func TestProposedBoundsAreTheFewest(t *testing.T) {
	targets := []target{{value: .1}, {value: .12}, {value: .3}}
	const share = .25
	bounds := fewest(targets, share)
	var grid []float64
	for v := .05; v < .5; v *= 1.03 {
		grid = append(grid, v)
	}
	enough := func(some []float64) bool {
		for _, t := range targets {
			if !slices.ContainsFunc(some, func(b float64) bool { return b >= t.value*(1-share) && b < t.value }) ||
				!slices.ContainsFunc(some, func(b float64) bool { return b >= t.value && b <= t.value*(1+share) }) {
				return false
			}
		}
		return true
	}
	if !enough(bounds) {
		t.Fatalf("%v do not do", bounds)
	}
	var try func(chosen []float64, from, left int) []float64
	try = func(chosen []float64, from, left int) []float64 {
		if left == 0 {
			if enough(chosen) {
				return chosen
			}
			return nil
		}
		for i := from; i < len(grid); i++ {
			if found := try(append(chosen, grid[i]), i+1, left-1); found != nil {
				return found
			}
		}
		return nil
	}
	if fewer := try(nil, 0, len(bounds)-1); fewer != nil {
		t.Errorf("%v do, with one bound less than %v", fewer, bounds)
	}
}

func TestABudgetIsKept(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 4))
	run := drawn(3000, func() float64 { return .004 * math.Exp(2*random.NormFloat64()) })
	a, err := advise(run, Wish{Error: .01, Series: 8}, estimate.Buckets{.1, 1})
	if err != nil {
		t.Fatal(err)
	}
	if a.Series > 8 || a.Promised <= a.Wanted || a.Proposed.Worst > a.Promised+1e-9 || a.Present == nil {
		t.Errorf("%+v", a)
	}
	if less, err := advise(run, Wish{Error: a.Promised * .98, Series: 0}, nil); err != nil || less.Series <= 8 {
		t.Errorf("%v would have been promised with %d series, %v", a.Promised*.98, less.Series, err)
	}
	if _, err := advise(run, Wish{Error: .1, Series: 4}, nil); err == nil {
		t.Error("four series are too few for any histogram with two bounds")
	}
	if _, err := advise(drawn(1, func() float64 { return 1 }), Wish{Error: .1}, nil); err == nil {
		t.Error("nothing can be proposed from one request")
	}
}

func TestRoundest(t *testing.T) {
	for _, row := range []struct{ low, high, want float64 }{
		{.09, .13, .1}, {.23, .27, .25}, {.231, .239, .235}, {1.9, 2.1, 2}, {.0004, .00041, .0004}, {95, 105, 100}, {.3, .3, .3},
	} {
		if got := roundest(row.low, row.high); got < row.low || got > row.high || len(written(got)) > len(written(row.want)) {
			t.Errorf("from %v to %v: %v, want one as short as %v", row.low, row.high, got, row.want)
		}
	}
}
