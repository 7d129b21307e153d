package pace

import (
	"fmt"
	"math"
	"time"
)

// sine is a day in minutes: mean + amplitude*sin(2πt/period). It begins at the
// mean and rises.
//
//	 .-.     .-.      mean + amplitude
//	/   \   /   \
//	     '-'     '-'  mean - amplitude
type sine struct {
	mean, amplitude float64 // requests per second; amplitude <= mean
	period          float64 // seconds
	sum             float64
}

func newSine(mean, amplitude float64, period, length time.Duration) *sine {
	s := &sine{mean: mean, amplitude: amplitude, period: period.Seconds()}
	s.sum = snap(s.count(length.Seconds()))
	return s
}

func (s *sine) String() string {
	return fmt.Sprintf("sine:amplitude=%v,period=%v", s.amplitude, nanoseconds(s.period))
}

func (s *sine) total() float64 { return s.sum }

func (s *sine) rate(t float64) float64 {
	return s.mean + s.amplitude*math.Sin(2*math.Pi*t/s.period)
}

// count is the integral of rate; 1-cos(2x) is written as 2sin²(x), which keeps its
// digits near 0.
func (s *sine) count(t float64) float64 {
	turn := math.Sin(math.Pi * t / s.period)
	return s.mean*t + s.amplitude*s.period/math.Pi*turn*turn
}

// when takes off whole periods, each of which holds mean*period, and finds the
// rest by Newton's method, held between bounds: where the rate nears 0 it would
// jump out of the period.
func (s *sine) when(n float64) float64 {
	whole := math.Floor(n / (s.mean * s.period))
	rest := n - whole*s.mean*s.period
	low, high := 0.0, s.period
	t := min(rest/s.mean, high)
	for range 100 {
		excess := s.count(t) - rest
		if excess > 0 {
			high = t
		} else {
			low = t
		}
		next := t - excess/s.rate(t)
		if !(next >= low && next <= high) { // also if it is no number
			next = (low + high) / 2
		}
		if math.Abs(next-t) <= 1e-11 { // seconds: a hundredth of what a due time can tell
			t = next
			break
		}
		t = next
	}
	return whole*s.period + t
}
