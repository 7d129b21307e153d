package estimate

import (
	"fmt"
	"math"
	"sort"

	"plumbline/provisioner/red/exact"
)

// Buckets are the upper bounds of a classic histogram, in seconds, ascending,
// without the last, which is infinite.
type Buckets []float64

// Fill counts durations in a classic histogram.
func (b Buckets) Fill(d exact.Durations) Histogram {
	atMost := make([]float64, len(b))
	for i, bound := range b {
		atMost[i] = float64(d.AtMost(bound))
	}
	return Classic(b, atMost, float64(len(d)))
}

// Bound is the bucket that the quantile lies in.
func (b Buckets) Bound(d exact.Durations, low, high float64) Bound {
	if len(d) == 0 || len(b) == 0 {
		return Bound{Why: Nothing}
	}
	lower, _ := b.around(d.At(low).Seconds())
	last, upper := b.around(d.At(high).Seconds())
	out := Bound{Low: seconds(lower), High: seconds(upper), Why: Bucket, Lower: lower, Upper: upper}
	if math.IsInf(upper, 1) {
		// There the answer is the last finite bound.
		out.Why, out.High = Beyond, seconds(last)
		out.Low = min(out.Low, out.High)
	}
	return out
}

// around returns the bounds of the bucket that a number of seconds falls into.
func (b Buckets) around(s float64) (lower, upper float64) {
	i := sort.SearchFloat64s(b, s)
	upper = math.Inf(1)
	if i < len(b) {
		upper = b[i]
	}
	if i > 0 {
		lower = b[i-1]
	}
	return lower, upper
}

func (b Buckets) String() string { return fmt.Sprintf("%d bounds: %s s", len(b), spoken(b)) }
