// Package pace says when requests are due: pure arithmetic over a schedule,
// without a clock. Waiting for the moment, and what to do when the target is
// slow, is package attack's; a pace never hears of it.
//
// A schedule is an iter.Seq of due times since the start of the run, ascending.
// Others than the constant one are further functions that return such a Seq.
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
)

// Constant is an even pace: request k (from 0) is due at k/Rate seconds. Each
// time is computed from k, so rounding never adds up.
type Constant struct {
	Rate     float64 // requests per second
	Duration time.Duration
}

// Validate reports a rate or duration that makes no run.
func (c Constant) Validate() error {
	switch {
	case math.IsNaN(c.Rate) || c.Rate < MinRate:
		return fmt.Errorf("rate %v: must be at least %v requests per second", c.Rate, MinRate)
	case c.Rate > MaxRate:
		return fmt.Errorf("rate %v: must be at most %.0f requests per second", c.Rate, MaxRate)
	case c.Duration <= 0:
		return fmt.Errorf("duration %v: must be above 0", c.Duration)
	case c.Duration > MaxDuration:
		return fmt.Errorf("duration %v: must be at most %v", c.Duration, MaxDuration)
	}
	return nil
}

// Due is when request k is due, to the nanosecond.
func (c Constant) Due(k uint64) time.Duration {
	return time.Duration(math.Round(float64(k) / c.Rate * float64(time.Second)))
}

// Count is the number of requests that are due before Duration is over.
func (c Constant) Count() uint64 {
	n := uint64(c.Rate * c.Duration.Seconds())
	for n > 0 && c.Due(n-1) >= c.Duration {
		n--
	}
	for c.Due(n) < c.Duration {
		n++
	}
	return n
}

// Arrivals returns the due times of all Count requests.
func (c Constant) Arrivals() iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		for k := range c.Count() {
			if !yield(c.Due(k)) {
				return
			}
		}
	}
}
