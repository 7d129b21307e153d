// Package red holds the usual sources of RED metrics (rate, errors, duration)
// against what really happened in a load run: access lines aggregated by
// Elasticsearch, the counters that Metricbeat ships there, and Prometheus with
// classic and with native histograms.
//
// Each source is asked as a dashboard would ask it, and each is judged by what
// its method promises: counts to be exact, percentiles to lie where package
// estimate says they must. A source that cannot say anything is reported as
// missing, never as zero. What the sources cost, how late they are, and why an
// answer is off, is in the report, too.
//
// The truth is package exact's; talking to Elasticsearch and Prometheus that of
// packages elastic and promql.
package red

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"plumbline/provisioner/elastic"
	"plumbline/provisioner/red/estimate"
	"plumbline/provisioner/red/exact"
)

// Source is one way to know rate, errors and duration of a run.
type Source interface {
	Name() string
	// Parts are the processes that it lives on: those that do nothing else, and
	// those that it shares.
	Parts() (own, shared []string)
	// Measure asks for a run. An error is a source that says nothing; its text
	// tells why.
	Measure(ctx context.Context, run *exact.Run, p Patience) (*Measurement, error)
}

// Patience is how long a source may take to have the whole run.
type Patience struct {
	Within time.Duration
	Told   func(string) // is told what is waited for; nil for nobody
}

func (p Patience) say(text string) {
	if p.Told != nil {
		p.Told(text)
	}
}

// poll is how often a source is asked again.
const poll = 500 * time.Millisecond

// Measurement is what a source says about a run.
type Measurement struct {
	Told     map[string]Told // by route; "" is all together
	Coverage *Coverage       // of a source that scrapes; else nil
	Cost     Cost
}

// Told is what a source says about a route.
type Told struct {
	Requests  float64            // counted, without any extrapolation
	Errors    float64            // of these
	Histogram estimate.Histogram // empty for a source without buckets
	Shown     Shown
	Method    estimate.Method // how the percentiles were told
	Rate      *Rate           // how the rate was told; nil if from all requests

	Off, ErrorsOff Off // of what is shown
}

// Off is how many requests may be lacking from what a source shows, or may be
// too many in it, for reasons that the report names.
type Off struct {
	Blind float64 `json:"blind"` // ended when nobody looked any more before a restart
	Born  float64 `json:"born"`  // counted before the first scrape of their series: increase does not see them
	Hid   float64 `json:"hid"`   // counted before a restart that increase takes for none
	Back  float64 `json:"back"`  // made up by extrapolation in place of the born
	Added float64 `json:"added"` // made up by extrapolation besides
}

// Lost is how many may be lacking.
func (o Off) Lost() float64 { return o.Blind + o.Born + o.Hid }

// Made is how many were made up. Their durations are those of others.
func (o Off) Made() float64 { return o.Back + o.Added }

// Shown is what a dashboard on this source shows.
type Shown struct {
	Requests  float64
	Errors    float64
	Rate      float64         // per second, over the time of the run; NaN for none
	Quantiles []time.Duration // of exact.Quantiles
}

// missing reports that an index does not exist (yet).
func missing(err error) bool { return errors.Is(err, &elastic.Error{Status: http.StatusNotFound}) }

// sleep waits for d, or returns the context's error if that ends first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// duration is a time of float seconds or nanoseconds, to the nanosecond.
func duration(value float64, unit time.Duration) time.Duration {
	return time.Duration(value*float64(unit) + .5)
}

// percent names a quantile: p50, p99.9.
func percent(q float64) string { return fmt.Sprintf("p%.4g", 100*q) }
