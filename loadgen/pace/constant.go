package pace

import (
	"iter"
	"math"
	"time"
)

// Constant is an even pace: request k (from 0) is due at k/Rate seconds. It is
// also what the other shapes are drawn from: their base and their length.
type Constant struct {
	Rate     float64 // requests per second
	Duration time.Duration
}

// Validate reports a rate or duration that makes no run.
func (c Constant) Validate() error {
	if err := checkRate("rate", c.Rate); err != nil {
		return err
	}
	return checkDuration("duration", c.Duration)
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
