package estimate

import (
	"fmt"
	"math"

	"plumbline/provisioner/red/exact"
)

// Schema is the resolution of a native histogram: its bounds are the powers of
// 2^(2^-Schema).
type Schema int

// Explicit stands for the bounds of a classic histogram, and for none at all.
const Explicit = Schema(math.MaxInt)

// Limits of the schemas that there are.
const (
	coarsest = Schema(-4)
	finest   = Schema(8)
)

// Factor is the ratio of a bound to the next.
func (s Schema) Factor() float64 { return math.Exp2(math.Exp2(-float64(s))) }

// Error is the largest relative error of a quantile: the answer and the truth
// lie in one bucket, at worst at its two ends.
func (s Schema) Error() float64 { return s.Factor() - 1 }

// Around returns the bounds of the bucket that a number of seconds falls into.
func (s Schema) Around(v float64) (lower, upper float64) {
	if v <= 0 {
		return 0, 0
	}
	steps := math.Exp2(float64(s))
	i := math.Ceil(math.Log2(v) * steps)
	// The logarithm's last digit must not decide on which side of a bound it is.
	for v <= math.Exp2((i-1)/steps) {
		i--
	}
	for v > math.Exp2(i/steps) {
		i++
	}
	return math.Exp2((i - 1) / steps), math.Exp2(i / steps)
}

// schemaOf tells the resolution by the bounds of a bucket.
func schemaOf(ranges []Range) Schema {
	for _, r := range ranges {
		if r.Lower <= 0 {
			continue // the bucket around zero has no ratio
		}
		s := Schema(math.Round(-math.Log2(math.Log2(r.Upper / r.Lower))))
		return min(max(s, coarsest), finest)
	}
	return Explicit
}

// Fill counts durations in a native histogram.
func (s Schema) Fill(d exact.Durations) Histogram {
	h := Histogram{Count: float64(len(d)), Schema: s}
	for _, took := range d {
		lower, upper := s.Around(took.Seconds())
		if last := len(h.Ranges) - 1; last >= 0 && h.Ranges[last].Upper == upper {
			h.Ranges[last].Count++
		} else {
			h.Ranges = append(h.Ranges, Range{lower, upper, 1})
		}
	}
	return h
}

// Bound is the bucket that the quantile lies in.
func (s Schema) Bound(d exact.Durations, low, high float64) Bound {
	if len(d) == 0 || s == Explicit {
		return Bound{Why: Nothing}
	}
	lower, _ := s.Around(d.At(low).Seconds())
	_, upper := s.Around(d.At(high).Seconds())
	return Bound{Low: seconds(lower), High: seconds(upper), Why: Factor, Lower: lower, Upper: upper}
}

func (s Schema) String() string {
	if s == Explicit {
		return "a native histogram without a bucket"
	}
	return fmt.Sprintf("bounds in a ratio of %.4f (schema %d)", s.Factor(), int(s))
}
