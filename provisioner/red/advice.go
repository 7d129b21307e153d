package red

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"plumbline/provisioner/red/estimate"
	"plumbline/provisioner/red/exact"
)

// Wish is what is wanted of a classic histogram.
type Wish struct {
	Error  float64 // largest relative error that a percentile may have
	Series int     // most series that the histogram may have in all; 0 for no limit
}

// Advice is a proposal of bounds for a classic histogram, from the durations of
// a run.
type Advice struct {
	Wanted    float64          `json:"wanted_error"`
	Promised  float64          `json:"promised_error"` // the smallest that the budget allows, at least the wanted one
	Bounds    estimate.Buckets `json:"bounds"`         // seconds
	Targets   int              `json:"targets"`        // percentiles of routes that it was made for
	SeriesSet int              `json:"label_sets"`     // of route, method and status that the run had
	Series    int              `json:"series"`         // of all of them
	Present   *Layout          `json:"present,omitempty"`
	Proposed  Layout           `json:"proposed"`
}

// Layout is what a choice of bounds says about the percentiles of this run.
type Layout struct {
	Bounds estimate.Buckets `json:"bounds"`
	Series int              `json:"series"`
	Worst  float64          `json:"worst_error"` // that it made, over the targets
	Where  string           `json:"where"`       // it made it
	Allows float64          `json:"allows"`      // the largest that its buckets would have allowed
}

// beside is how many series a label set has besides its bounds: the infinite
// bucket, the count and the sum.
const beside = 3

// target is a percentile of a route that bounds are to tell.
type target struct {
	route string
	q     float64
	value float64 // seconds
	of    exact.Durations
}

// targets are the percentiles that the run has enough requests for.
func targets(run *exact.Run) []target {
	var all []target
	for _, route := range append([]string{""}, run.Routes()...) {
		d := exact.DurationsOf(run.Select(route, nil))
		for _, q := range exact.Quantiles() {
			if d.Tells(q) {
				all = append(all, target{route, q, d.At(q).Seconds(), d})
			}
		}
	}
	return all
}

// advise proposes bounds. It fails if the budget does not even allow two.
func advise(run *exact.Run, w Wish, present estimate.Buckets) (*Advice, error) {
	all := targets(run)
	if len(all) == 0 {
		return nil, fmt.Errorf("too few requests to propose bounds from")
	}
	a := &Advice{Wanted: w.Error, Targets: len(all), SeriesSet: labelSets(run)}
	most := math.MaxInt
	if w.Series > 0 {
		if most = w.Series/a.SeriesSet - beside; most < 2 {
			return nil, fmt.Errorf("%s for %s of route, method and status: a classic histogram takes at least %d",
				things(w.Series, "series"), things(a.SeriesSet, "combination"), a.SeriesSet*(beside+2))
		}
	}
	a.Promised, a.Bounds = affordable(all, w.Error, most)
	a.Proposed = layout(a.Bounds, all, a.SeriesSet)
	a.Series = a.Proposed.Series
	if len(present) > 0 {
		now := layout(present, all, a.SeriesSet)
		a.Present = &now
	}
	return a, nil
}

// affordable returns the bounds for the wanted error, or for the smallest error
// that so many bounds allow.
func affordable(all []target, wanted float64, most int) (float64, estimate.Buckets) {
	bounds := fewest(all, wanted)
	if len(bounds) <= most {
		return wanted, bounds
	}
	low, high := wanted, wanted
	for len(fewest(all, high)) > most {
		low, high = high, 2*high
	}
	for range 40 {
		if middle := (low + high) / 2; len(fewest(all, middle)) > most {
			low = middle
		} else {
			high = middle
		}
	}
	return high, fewest(all, high)
}

// fewest returns the smallest set of bounds with which no answer for a target
// can be off by more than a share of it. For a value v that needs a bound from
// v·(1−share) to just below v, and one from v to v·(1+share): the answer lies
// between the two. To hit all of these intervals with the fewest points, take
// them by their upper ends and put a point into each that has none yet.
func fewest(all []target, share float64) estimate.Buckets {
	type interval struct{ low, high float64 }
	var wanted []interval
	for _, t := range all {
		if share < 1 {
			wanted = append(wanted, interval{t.value * (1 - share), t.value * (1 - 1e-9)})
		}
		wanted = append(wanted, interval{t.value, t.value * (1 + share)})
	}
	slices.SortFunc(wanted, func(a, b interval) int {
		switch {
		case a.high < b.high:
			return -1
		case a.high > b.high:
			return 1
		}
		return 0
	})
	var bounds estimate.Buckets
	for i := 0; i < len(wanted); {
		common := wanted[i]
		for i++; i < len(wanted) && wanted[i].low <= common.high; i++ {
			common.low = max(common.low, wanted[i].low)
		}
		bounds = append(bounds, roundest(common.low, common.high))
	}
	return bounds
}

// roundest is the number from low to high that is written with the fewest
// digits.
func roundest(low, high float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(high)))
	for range 17 {
		if n := math.Floor(high/unit) * unit; n >= low {
			// As it is written: a sum of units may be off in its last digit.
			_, _ = fmt.Sscanf(written(n), "%g", &n)
			if n >= low && n <= high {
				return n
			}
		}
		unit /= 10
	}
	return high
}

// written is a bound as a configuration has it.
func written(bound float64) string { return fmt.Sprintf("%.12g", bound) }

// layout works out what bounds say about the targets.
func layout(bounds estimate.Buckets, all []target, sets int) Layout {
	l := Layout{Bounds: bounds, Series: sets * (len(bounds) + beside)}
	for _, t := range all {
		got := bounds.Fill(t.of).Linear(t.q)
		if off := math.Abs(got-t.value) / t.value; off > l.Worst {
			l.Worst, l.Where = off, percent(t.q)+" of "+named(t.route)
		}
		l.Allows = max(l.Allows, bounds.Bound(t.of, t.q, t.q).Worst(t.of.At(t.q)))
	}
	return l
}

// labelSets counts the combinations of labels that the run's requests have.
func labelSets(run *exact.Run) int {
	type labels struct {
		route, method string
		status        int
	}
	seen := map[labels]bool{}
	for _, q := range run.Requests {
		seen[labels{q.Route, q.Method, q.Status}] = true
	}
	return len(seen)
}

// Words says the advice in sentences.
func (a *Advice) Words() []string {
	var bounds []string
	for _, b := range a.Bounds {
		bounds = append(bounds, written(b))
	}
	first := fmt.Sprintf("%d bounds promise every percentile of this run to within %.1f %%: %s (seconds).", len(a.Bounds), 100*a.Promised, strings.Join(bounds, ", "))
	if a.Promised > a.Wanted {
		first = fmt.Sprintf("Within the budget, %.1f %% cannot be promised. ", 100*a.Wanted) + first
	}
	said := []string{first,
		fmt.Sprintf("They cost %s: %s of route, method and status, each with %d bounds, the infinite one, a count and a sum.", things(a.Series, "series"), things(a.SeriesSet, "combination"), len(a.Bounds)),
		fmt.Sprintf("Of this very run they would have been off by %.1f %% at most (%s), of %s that had enough requests.", 100*a.Proposed.Worst, a.Proposed.Where, things(a.Targets, "percentile")),
	}
	if p := a.Present; p != nil {
		said = append(said, fmt.Sprintf("The present %d bounds cost %s and were off by %.0f %% at most (%s); they allow up to %.0f %%.",
			len(p.Bounds), things(p.Series, "series"), 100*p.Worst, p.Where, 100*p.Allows))
	}
	return append(said, "The bounds fit this run. Another one, with other durations, they may fit less well.")
}
