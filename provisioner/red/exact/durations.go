package exact

import (
	"math"
	"slices"
	"time"
)

// Quantiles are those that are compared.
func Quantiles() []float64 { return []float64{.5, .9, .95, .99, .999} }

// Durations are the durations of some requests, ascending.
type Durations []time.Duration

// DurationsOf returns the durations of requests.
func DurationsOf(requests []Request) Durations {
	d := make(Durations, len(requests))
	for i, q := range requests {
		d[i] = q.Took
	}
	slices.Sort(d)
	return d
}

// At is the quantile q by nearest rank: the smallest duration that at least the
// share q of all durations does not exceed. It is one of the durations; 0 if
// there are none.
func (d Durations) At(q float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	rank := int(math.Ceil(q * float64(len(d))))
	return d[min(max(rank, 1), len(d))-1]
}

// AtMost counts the durations that do not exceed a bound in seconds. They are
// compared as a histogram of the application compares them.
func (d Durations) AtMost(seconds float64) uint64 {
	i, _ := slices.BinarySearchFunc(d, seconds, func(took time.Duration, bound float64) int {
		if took.Seconds() <= bound {
			return -1
		}
		return 1
	})
	return uint64(i)
}

// Tells reports whether there are enough durations for the quantile q to be
// another value than the largest.
func (d Durations) Tells(q float64) bool { return float64(len(d))*(1-q) >= 1 }
