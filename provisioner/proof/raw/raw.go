// Package raw is what a time series holds, sample by sample, and what the functions
// of PromQL make of it by their definition: increase and rate with their
// extrapolation, the largest, last and mean value, quantiles of histograms. What a
// panel shows can so be held against the samples behind it; and the samples, by what
// was counted between them and nothing else, against what happened.
package raw

import (
	"maps"
	"slices"
	"strings"
	"time"

	"plumbline/provisioner/promql"
	"plumbline/provisioner/red/estimate"
)

// Series is one time series.
type Series struct {
	Labels map[string]string
	Points []Point // in the order of time
}

// Point is one sample: of a native histogram, its count is the value.
type Point struct {
	At     time.Time
	Value  float64
	Native *estimate.Histogram

	fell bool // since the sample before: a counter was reset
}

// Of puts samples together by their series.
func Of(samples []promql.Sample) []Series {
	var all []Series
	at := map[string]int{}
	for _, s := range samples {
		name := key(s.Labels)
		i, known := at[name]
		if !known {
			i = len(all)
			at[name] = i
			all = append(all, Series{Labels: s.Labels})
		}
		p := Point{At: s.At, Value: s.Value}
		if s.Native != nil {
			var ranges []estimate.Range
			for _, b := range s.Native.Buckets {
				ranges = append(ranges, estimate.Range{Lower: b.Lower, Upper: b.Upper, Count: b.Count})
			}
			h := estimate.Native(ranges, s.Native.Count)
			p.Value, p.Native = h.Count, &h
		}
		all[i].Points = append(all[i].Points, p)
	}
	for _, s := range all {
		s.mark()
	}
	return all
}

// mark finds where a counter was reset.
func (s Series) mark() {
	for i := 1; i < len(s.Points); i++ {
		s.Points[i].fell = s.Points[i].fellSince(s.Points[i-1])
	}
}

func key(labels map[string]string) string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		words = append(words, name, labels[name])
	}
	return strings.Join(words, "\n")
}

// in are the points later than from and not later than to, as a range selector
// takes them.
func (s Series) in(from, to time.Time) []Point {
	after := func(p Point, t time.Time) int {
		if p.At.After(t) {
			return 1
		}
		return -1
	}
	i, _ := slices.BinarySearchFunc(s.Points, from, after)
	j, _ := slices.BinarySearchFunc(s.Points, to, after)
	return s.Points[i:j]
}

// Max is the largest value, as max_over_time has it; false without a sample.
func (s Series) Max(from, to time.Time) (v float64, any bool) {
	for _, p := range s.in(from, to) {
		if !any || p.Value > v {
			v, any = p.Value, true
		}
	}
	return v, any
}

// Last is the latest value, as last_over_time has it; false without a sample.
func (s Series) Last(from, to time.Time) (v float64, any bool) {
	points := s.in(from, to)
	if len(points) == 0 {
		return 0, false
	}
	return points[len(points)-1].Value, true
}

// Mean is the mean of the values, as avg_over_time has it; false without a sample.
func (s Series) Mean(from, to time.Time) (v float64, any bool) {
	points := s.in(from, to)
	if len(points) == 0 {
		return 0, false
	}
	for _, p := range points {
		v += p.Value
	}
	return v / float64(len(points)), true
}
