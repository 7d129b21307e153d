package estimate

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"

	"plumbline/provisioner/red/exact"
)

// Range is a bucket: Count observations above Lower and at most Upper, in
// seconds.
type Range struct {
	Lower float64 `json:"lower"`
	Upper float64 `json:"upper"`
	Count float64 `json:"count"`
}

// Histogram is what a histogram holds, classic or native. A classic one has all
// its buckets, the last with an infinite bound; a native one those that were hit.
type Histogram struct {
	Ranges []Range // ascending, without overlap
	Count  float64
	Schema Schema // of a native one; Explicit of a classic one
}

// Classic makes a histogram of how many observations did not exceed each bound,
// and of how many there were.
func Classic(bounds Buckets, atMost []float64, count float64) Histogram {
	h := Histogram{Count: count, Schema: Explicit}
	lower, below := 0.0, 0.0
	for i, upper := range bounds {
		h.Ranges = append(h.Ranges, Range{lower, upper, atMost[i] - below})
		lower, below = upper, atMost[i]
	}
	h.Ranges = append(h.Ranges, Range{lower, math.Inf(1), count - below})
	return h
}

// Native makes a histogram of buckets in a fixed ratio.
func Native(ranges []Range, count float64) Histogram {
	return Histogram{Ranges: ranges, Count: count, Schema: schemaOf(ranges)}
}

// Bounds are the finite bounds of a classic histogram.
func (h Histogram) Bounds() Buckets {
	var bounds Buckets
	for _, r := range h.Ranges {
		if !math.IsInf(r.Upper, 1) {
			bounds = append(bounds, r.Upper)
		}
	}
	return bounds
}

// Minus takes away what an earlier state of the same histogram held.
func (h Histogram) Minus(earlier Histogram) (Histogram, error) {
	if len(earlier.Ranges) == 0 {
		return h, nil
	}
	earlier.Ranges = slices.Clone(earlier.Ranges)
	for i := range earlier.Ranges {
		earlier.Ranges[i].Count *= -1
	}
	earlier.Count *= -1
	return h.Plus(earlier)
}

// Plus adds another histogram of the same bounds, or a native one of any
// resolution: the coarser one wins.
func (h Histogram) Plus(other Histogram) (Histogram, error) {
	switch {
	case len(other.Ranges) == 0:
		return h, nil
	case len(h.Ranges) == 0:
		return other, nil
	case (h.Schema == Explicit) != (other.Schema == Explicit):
		return h, errors.New("one histogram is classic and the other native")
	case h.Schema == Explicit && !slices.Equal(h.Bounds(), other.Bounds()):
		return h, fmt.Errorf("histograms of other bounds: %s and %s", spoken(h.Bounds()), spoken(other.Bounds()))
	}
	sum := Histogram{Count: h.Count + other.Count, Schema: min(h.Schema, other.Schema)}
	for _, r := range append(slices.Clone(h.Ranges), other.Ranges...) {
		sum.add(r)
	}
	slices.SortFunc(sum.Ranges, func(a, b Range) int { return cmp.Compare(a.Upper, b.Upper) })
	return sum, nil
}

// add adds a bucket to the one that it lies in.
func (h *Histogram) add(r Range) {
	if h.Schema != Explicit && r.Lower > 0 {
		r.Lower, r.Upper = h.Schema.Around(math.Sqrt(r.Lower) * math.Sqrt(r.Upper)) // of its middle, where no digit is in doubt
	}
	const digits = 1e-9
	i := slices.IndexFunc(h.Ranges, func(in Range) bool {
		return r.Upper == in.Upper || math.Abs(r.Upper-in.Upper) <= digits*in.Upper
	})
	if i < 0 {
		h.Ranges = append(h.Ranges, r)
		return
	}
	h.Ranges[i].Count += r.Count
}

// Linear is the quantile q in seconds as histogram_quantile of Prometheus tells
// it from a classic histogram: on a straight line through the bucket that it
// falls into; the last finite bound if it falls beyond. NaN if it is empty.
func (h Histogram) Linear(q float64) float64 {
	i, share := h.find(q)
	if i < 0 {
		return math.NaN()
	}
	if r := h.Ranges[i]; !math.IsInf(r.Upper, 1) {
		return r.Lower + (r.Upper-r.Lower)*share
	}
	return h.Ranges[i].Lower
}

// Exponential is the same for a native histogram, whose quantiles lie on an
// exponential curve.
func (h Histogram) Exponential(q float64) float64 {
	i, share := h.find(q)
	if i < 0 {
		return math.NaN()
	}
	if r := h.Ranges[i]; r.Lower > 0 {
		return r.Lower * math.Pow(r.Upper/r.Lower, share)
	}
	return h.Ranges[i].Upper * share
}

// find returns the bucket that a quantile falls into, and how far; -1 if there
// is none.
func (h Histogram) find(q float64) (i int, share float64) {
	if h.Count <= 0 || len(h.Ranges) == 0 {
		return -1, 0
	}
	rank := q * h.Count
	upTo := make([]float64, len(h.Ranges))
	sum := 0.0
	for i, r := range h.Ranges {
		sum += r.Count
		upTo[i] = sum
	}
	i = min(sort.Search(len(upTo), func(i int) bool { return upTo[i] >= rank }), len(upTo)-1)
	if h.Ranges[i].Count == 0 {
		return i, 0
	}
	return i, (rank - (upTo[i] - h.Ranges[i].Count)) / h.Ranges[i].Count
}

// Wrong is a bucket that holds another number of observations than it must.
type Wrong struct {
	Range
	Least, Most uint64 // that it must hold
}

// Check holds a histogram against the durations it has counted for certain, and
// those that it may have counted besides. It returns the buckets that are wrong.
func (h Histogram) Check(certain, perhaps exact.Durations) []Wrong {
	var wrong []Wrong
	for _, r := range h.Ranges {
		least, more := between(certain, r), between(perhaps, r)
		if r.Count < float64(least) || r.Count > float64(least+more) {
			wrong = append(wrong, Wrong{r, least, least + more})
		}
	}
	if h.Count < float64(len(certain)) || h.Count > float64(len(certain)+len(perhaps)) {
		wrong = append(wrong, Wrong{Range{0, math.Inf(1), h.Count}, uint64(len(certain)), uint64(len(certain) + len(perhaps))})
	}
	return wrong
}

func between(d exact.Durations, r Range) uint64 {
	atMost := uint64(len(d))
	if !math.IsInf(r.Upper, 1) {
		atMost = d.AtMost(r.Upper)
	}
	if r.Lower <= 0 {
		return atMost
	}
	return atMost - d.AtMost(r.Lower)
}
