// Package pace says when requests are due: pure arithmetic over a schedule,
// without a clock. Waiting for the moment, and what to do when the target is
// slow, is package attack's; a pace never hears of it.
//
// A shape is a rate over time, with two questions that it answers exactly: how
// many requests fall into the first t seconds, and its inverse, when request k
// is due. Each due time is worked out from k alone, so rounding never adds up,
// and any stretch of a run holds as many requests as the rate's integral says,
// give or take one. Poisson arrivals put random distances, drawn from a seed, in
// place of the whole numbers k.
//
// Two kinds of run are not known beforehand and so are no Pace: a Governor lets
// a person turn the rate up and down while the run goes, and Closed asks as fast
// as answers come.
package pace

import (
	"fmt"
	"iter"
	"math"
	"time"
)

// Limits that tell a typing error from a wish.
const (
	MaxRate     = 1e6                // requests per second
	MinRate     = 1e-3               // one request in about a quarter of an hour
	MaxDuration = 7 * 24 * time.Hour //
	MaxRandom   = 5e8                // requests of a random schedule: they are counted one by one, in a few seconds
)

// Pace is a schedule that is known before the run.
type Pace interface {
	// Arrivals returns the due times since the start of the run, ascending. It
	// may be read several times and gives the same each time.
	Arrivals() iter.Seq[time.Duration]

	// Count is how many arrivals there are.
	Count() uint64

	// Length is how long the run takes. Every arrival is due before.
	Length() time.Duration

	// Rate is the wanted rate at a moment, in requests per second.
	Rate(at time.Duration) float64

	// String is the specification from which Parse makes this pace again, given
	// the same rate, duration and seed.
	String() string
}

// curve is a rate over time, in seconds from 0 to its length.
type curve interface {
	total() float64          // arrivals in all
	count(t float64) float64 // arrivals up to t
	when(n float64) float64  // the latest t with count(t) = n, for 0 <= n < total
	rate(t float64) float64  // per second
	String() string          //
}

// schedule is a curve with marks on it: wherever the count reaches a mark, a
// request is due.
type schedule struct {
	curve
	length time.Duration
	marks  iter.Seq[float64] // ascending, without end
	size   func() uint64
}

func newSchedule(c curve, length time.Duration) *schedule {
	s := &schedule{curve: c, length: length, marks: even}
	n := uint64(math.Ceil(c.total()))
	for n > 0 && s.due(float64(n-1)) >= length {
		n--
	}
	s.size = func() uint64 { return n }
	return s
}

// even puts the marks at 0, 1, 2, ….
func even(yield func(float64) bool) {
	for k := 0.0; yield(k); k++ {
	}
}

func (s *schedule) due(n float64) time.Duration {
	if n >= s.total() {
		return s.length
	}
	return nanoseconds(s.when(n))
}

func (s *schedule) Arrivals() iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		for n := range s.marks {
			if due := s.due(n); due >= s.length || !yield(due) {
				return
			}
		}
	}
}

func (s *schedule) Count() uint64 { return s.size() }

func (s *schedule) Length() time.Duration { return s.length }

func (s *schedule) Rate(at time.Duration) float64 {
	if at < 0 || at >= s.length {
		return 0
	}
	return s.rate(at.Seconds())
}

func nanoseconds(seconds float64) time.Duration {
	return time.Duration(math.Round(seconds * float64(time.Second)))
}

// snap takes a count that is a whole number but for rounding as that number.
func snap(n float64) float64 {
	if whole := math.Round(n); whole > 0 && math.Abs(n-whole) <= 1e-9+n*1e-14 {
		return whole
	}
	return n
}

func checkRate(name string, rate float64) error {
	switch {
	case math.IsNaN(rate) || rate < MinRate:
		return fmt.Errorf("%s %v: must be at least %v requests per second", name, rate, MinRate)
	case rate > MaxRate:
		return fmt.Errorf("%s %v: must be at most %.0f requests per second", name, rate, MaxRate)
	}
	return nil
}

func checkDuration(name string, d time.Duration) error {
	switch {
	case d <= 0:
		return fmt.Errorf("%s %v: must be above 0", name, d)
	case d > MaxDuration:
		return fmt.Errorf("%s %v: must be at most %v", name, d, MaxDuration)
	}
	return nil
}
