package pace

import (
	"math"
	"sort"
	"time"
)

// stretch is a part of a run in which the rate goes evenly from one value to
// another, so that the count is a parabola, or a straight line.
type stretch struct {
	begin, length float64 // seconds
	from, to      float64 // requests per second
	before        float64 // requests until begin
}

func (s stretch) slope() float64 { return (s.to - s.from) / s.length }

func (s stretch) count(t float64) float64 { return s.from*t + s.slope()*t*t/2 }

// when solves from*t + slope*t²/2 = n. This form of the solution loses no digits
// however small the slope is.
func (s stretch) when(n float64) float64 {
	switch {
	case n <= 0:
		return 0
	case s.from == s.to:
		return n / s.from
	}
	return 2 * n / (s.from + math.Sqrt(max(0, s.from*s.from+2*s.slope()*n)))
}

// line is a rate made of stretches: constant, ramp, steps and spike.
type line struct {
	spec      string
	stretches []stretch
	sum       float64
}

func newLine(spec string) *line { return &line{spec: spec} }

// then appends a stretch; one that takes no time is left out.
func (l *line) then(length time.Duration, from, to float64) *line {
	if length <= 0 {
		return l
	}
	s := stretch{length: length.Seconds(), from: from, to: to, before: l.sum}
	if n := len(l.stretches); n > 0 {
		s.begin = l.stretches[n-1].begin + l.stretches[n-1].length
	}
	l.stretches = append(l.stretches, s)
	l.sum = snap(l.sum + s.count(s.length))
	return l
}

func (l *line) String() string { return l.spec }

func (l *line) total() float64 { return l.sum }

func (l *line) count(t float64) float64 {
	s := l.last(func(s stretch) bool { return s.begin <= t })
	return s.before + s.count(min(t-s.begin, s.length))
}

func (l *line) when(n float64) float64 {
	s := l.last(func(s stretch) bool { return s.before <= n })
	return s.begin + s.when(n-s.before)
}

func (l *line) rate(t float64) float64 {
	s := l.last(func(s stretch) bool { return s.begin <= t })
	return s.from + s.slope()*(t-s.begin)
}

// last returns the last stretch that holds, of an order in which all that do
// come first; the first if none does.
func (l *line) last(holds func(stretch) bool) stretch {
	n := sort.Search(len(l.stretches), func(i int) bool { return !holds(l.stretches[i]) })
	return l.stretches[max(0, n-1)]
}
