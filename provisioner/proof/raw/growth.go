package raw

import (
	"slices"
	"time"

	"plumbline/provisioner/red/estimate"
)

// Growth is by how much a counter grew between the first sample and the last of a
// range, and what increase and rate make of that.
type Growth struct {
	Seen  float64 // between samples; one that fell began again at 0
	Added float64 // made up for the time before the first sample and after the last

	// What increase does not see, or sees twice.
	Born  float64 // counted before the first sample, by a series that began in the range
	Hid   float64 // counted before a restart that does not show as a fall
	Twice float64 // the zero of a birth was told after the first value

	// Of a native histogram: what is in Seen.
	Native estimate.Histogram
}

// Shown is what increase says.
func (g Growth) Shown() float64 { return g.Seen + g.Added }

// Counted is what was really counted.
func (g Growth) Counted() float64 { return g.Seen + g.Born + g.Hid - g.Twice }

// Over is how much of Shown was never counted.
func (g Growth) Over() float64 { return g.Added + g.Twice }

// Under is how much was counted and is not in Shown.
func (g Growth) Under() float64 { return g.Born + g.Hid }

// Grown is the growth of a counter after from and up to to; false if there are no
// two samples, and then increase says nothing, though Born may not be 0. Looks are
// the scrapes of what the counter is of, if they are known.
func (s Series) Grown(from, to time.Time, looks Looks) (g Growth, told bool, err error) {
	points := s.in(from, to)
	if len(points) == 0 {
		return g, false, nil
	}
	first, last := points[0], points[len(points)-1]
	if looks.begins(first.At, from) {
		g.Born = first.Value
	}
	for i, p := range points[1:] {
		before := points[i]
		fell, restarted := p.fell, looks.restarted(before.At, p.At)
		switch {
		case fell && p.Value == 0 && !restarted && len(looks) > 0 && !looks.at(p.At):
			g.Twice += before.Value
		case !fell && restarted:
			g.Hid += before.Value
		}
		if g.Seen += p.Value; !fell {
			g.Seen -= before.Value
		}
	}
	if len(points) < 2 {
		return g, false, nil
	}
	if g.Native, err = grownNative(points); err != nil {
		return g, false, err
	}
	g.Added = g.Seen * (factor(first, last, len(points), g.Seen, from, to) - 1)
	return g, true, nil
}

// fellSince reports that a counter was reset: it fell, or a bucket did.
func (p Point) fellSince(before Point) bool {
	if p.Value < before.Value {
		return true
	}
	if p.Native == nil || before.Native == nil {
		return false
	}
	if len(p.Native.Ranges) > 0 && len(before.Native.Ranges) > 0 && p.Native.Schema > before.Native.Schema {
		return true // it became finer
	}
	grown, err := p.Native.Minus(*before.Native)
	return err == nil && slices.ContainsFunc(grown.Ranges, func(r estimate.Range) bool { return r.Count < 0 })
}

// grownNative is what was added to a native histogram from its first sample to its
// last; empty where the samples are of none.
func grownNative(points []Point) (sum estimate.Histogram, err error) {
	first, last := points[0].Native, points[len(points)-1].Native
	if first == nil || last == nil {
		return sum, nil
	}
	sum, err = last.Minus(*first)
	for i, p := range points[1:] {
		if before := points[i]; err == nil && p.fell {
			sum, err = sum.Plus(*before.Native)
		}
	}
	return sum, err
}

// factor is by how much increase multiplies what it saw. It draws the line through
// the samples on to the ends of the range; by half the usual distance of samples
// only, where the end is further away than a tenth more than that; and never back to
// below zero.
func factor(first, last Point, n int, seen float64, from, to time.Time) float64 {
	const near = 1.1
	span := last.At.Sub(first.At).Seconds()
	mean := span / float64(n-1)
	start, end := first.At.Sub(from).Seconds(), to.Sub(last.At).Seconds()
	if start >= near*mean {
		start = mean / 2
	}
	if end >= near*mean {
		end = mean / 2
	}
	if seen > 0 {
		start = min(start, span*first.Value/seen)
	}
	return (span + start + end) / span
}

// Scaled are the observations of a native histogram that increase says there were.
func (g Growth) Scaled() estimate.Histogram {
	if g.Seen == 0 {
		return estimate.Histogram{}
	}
	by := g.Shown() / g.Seen
	h := estimate.Histogram{Count: g.Native.Count * by, Schema: g.Native.Schema}
	for _, r := range g.Native.Ranges {
		if r.Count *= by; r.Count > 0 {
			h.Ranges = append(h.Ranges, r)
		}
	}
	return h
}
