// Package estimate knows how the usual ways to store durations tell a quantile
// of them, and how far off each may be: not by experience, but by what it has
// thrown away. A classic histogram knows how many durations lay between two
// bounds and nothing of where between; a native one likewise, with bounds in a
// fixed ratio; a t-digest knows means of neighbours; an HDR histogram the first
// digits.
//
// From that follows, for any durations, an interval in which the method's
// answer must lie. Outside of it is no bad luck but a broken promise.
package estimate

import (
	"fmt"
	"math"
	"strings"
	"time"

	"plumbline/provisioner/red/exact"
)

// Method is a way to tell quantiles.
type Method interface {
	// Bound is where the method's answer must lie for a quantile of d of which it
	// is known only that it is from low to high; the two are the same unless the
	// method did not get to see all of the durations.
	Bound(d exact.Durations, low, high float64) Bound
	// String says what the method keeps, in a few words.
	String() string
}

// Bound is the interval in which an answer must lie, and why.
type Bound struct {
	Low  time.Duration `json:"low_ns"`
	High time.Duration `json:"high_ns"`
	Why  Why           `json:"why"`
	// Of a bucket: its bounds in seconds. Upper is +Inf for the last.
	Lower float64 `json:"-"`
	Upper float64 `json:"-"`
	Rank  float64 `json:"rank,omitempty"` // of a digest: by how much the rank may be off
}

// Why is what limits an answer.
type Why string

const (
	Bucket  Why = "bucket"  // it lies between two bounds of a classic histogram
	Beyond  Why = "beyond"  // it lies beyond the last bound
	Factor  Why = "factor"  // it lies in a native bucket
	Ranks   Why = "ranks"   // neighbours were merged into their mean
	Digits  Why = "digits"  // only the first digits are kept
	Nothing Why = "nothing" // there are no durations
)

// Holds reports that an answer lies in the interval, to the nanosecond that its
// rounding may cost.
func (b Bound) Holds(answer time.Duration) bool {
	return answer >= b.Low-time.Nanosecond && answer <= b.High+time.Nanosecond
}

// Worst is the largest relative error that the interval allows against a value.
func (b Bound) Worst(exact time.Duration) float64 {
	if exact <= 0 {
		return 0
	}
	return max(float64(b.High-exact), float64(exact-b.Low)) / float64(exact)
}

// Slack widens the rank of a quantile q by the shares of observations that a
// source may lack and that it may have made up: wherever these lie, its quantile
// is one of all observations from low to high.
func Slack(q, lost, added float64) (low, high float64) {
	low = q - q*lost - (1-q)*added
	high = q + (1-q)*lost + q*added
	return max(low, 0), min(high, 1)
}

// seconds is a duration of a number of seconds, which may be infinite.
func seconds(s float64) time.Duration {
	if s*1e9 >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(math.Round(s * 1e9))
}

// spoken writes bounds in seconds for a reader.
func spoken(bounds []float64) string {
	var words []string
	for _, b := range bounds {
		words = append(words, fmt.Sprintf("%g", b))
	}
	return strings.Join(words, ", ")
}
