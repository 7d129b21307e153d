package red

import (
	"encoding/json"
	"io"
	"math"
	"time"

	"plumbline/provisioner/arrival"
	"plumbline/provisioner/red/estimate"
	"plumbline/provisioner/red/exact"
)

// Report is the benchmark of one run. In its JSON form durations are
// nanoseconds, and what could not be told is left out.
type Report struct {
	Outcome    arrival.Outcome    `json:"outcome"`
	Summary    string             `json:"summary"`
	Hint       string             `json:"hint,omitempty"` // what to try next
	Run        string             `json:"run"`
	Target     string             `json:"target"`
	Ledger     string             `json:"ledger"`
	From       time.Time          `json:"from"`
	To         time.Time          `json:"to"`
	Judged     time.Time          `json:"judged"`
	Took       time.Duration      `json:"took_ns"`
	Join       exact.Join         `json:"join"`
	Exact      []Exact            `json:"exact"`   // all requests, then each route, the most asked first
	Sources    []Judged           `json:"sources"` // in the order in which they were named
	Properties []arrival.Property `json:"properties"`
	Reading    []string           `json:"reading"` // what it means, in sentences
	Advice     *Advice            `json:"advice,omitempty"`

	durations exact.Durations  // of all requests, for the plots
	bounds    estimate.Buckets // of the classic histogram, if any source has it
}

// Exact is the truth about a route; "" is all together.
type Exact struct {
	Route      string          `json:"route"`
	Requests   uint64          `json:"requests"`
	Errors     uint64          `json:"errors"`
	ErrorRatio float64         `json:"error_ratio"`
	Rate       float64         `json:"rate"` // per second
	Quantiles  []time.Duration `json:"quantiles_ns"`
}

// Judged is one source beside the truth.
type Judged struct {
	Name    string   `json:"name"`
	Keeps   string   `json:"keeps,omitempty"`   // what its percentiles are made of
	Missing string   `json:"missing,omitempty"` // why it says nothing
	Scrapes *Scraped `json:"scrapes,omitempty"`
	Routes  []Route  `json:"routes,omitempty"` // as Report.Exact
	Cost    Cost     `json:"cost"`
}

// Scraped is how a source's scrapes lay about the run.
type Scraped struct {
	Count    int           `json:"count"` // from the last before the run to the first after it
	Interval time.Duration `json:"interval_ns"`
	Restarts int           `json:"restarts"`
	Unseen   int           `json:"unseen"` // requests that a restart took along uncounted
	Unsure   int           `json:"unsure"` // and those that it may have taken along
	Ahead    time.Duration `json:"clock_ahead_ns"`
}

// Route is what a source says about a route, and how far off that is.
type Route struct {
	Route      string     `json:"route"`
	Counted    float64    `json:"counted"`        // requests, as its documents or counters have them
	Failed     float64    `json:"counted_errors"` // of these
	Requests   Figure     `json:"requests"`       // as a dashboard shows it, and so on
	ErrorRatio Figure     `json:"error_ratio"`
	Rate       Figure     `json:"rate"`
	RateTold   *Rate      `json:"rate_told_from,omitempty"`
	Off        Off        `json:"off"`
	ErrorsOff  Off        `json:"errors_off"`
	Quantiles  []Quantile `json:"quantiles"`
}

// Figure is a number that a dashboard shows.
type Figure struct {
	Got   *float64 `json:"got,omitempty"`   // nil: it shows nothing
	Error *float64 `json:"error,omitempty"` // relative; nil where the truth is 0 or nothing is shown
	Low   float64  `json:"low"`             // between which it has to be
	High  float64  `json:"high"`
}

// holds reports that the number is where it has to be, but for the last digits.
func (f Figure) holds() bool {
	const digits = 1e-6
	return f.Got != nil && *f.Got >= f.Low*(1-digits) && *f.Got <= f.High*(1+digits)
}

func figure(got, truth, low, high float64) Figure {
	f := Figure{Low: low, High: high}
	if !math.IsNaN(got) {
		f.Got = &got
		f.Error = relative(got, truth)
	}
	return f
}

// relative is an error as a share of the truth; nil if that is 0 and the
// answer is not.
func relative(got, truth float64) *float64 {
	off := 0.0
	switch {
	case truth != 0:
		off = (got - truth) / truth
	case got != 0:
		return nil
	}
	return &off
}

// Quantile is one percentile.
type Quantile struct {
	Q     float64        `json:"q"`
	Exact time.Duration  `json:"exact_ns"`
	Got   *time.Duration `json:"got_ns,omitempty"`
	Error *float64       `json:"error,omitempty"` // relative
	Bound estimate.Bound `json:"bound"`           // where it has to be
	Own   estimate.Bound `json:"-"`               // where it would have to be if the source had seen just the requests of the run
	Few   bool           `json:"few,omitempty"`   // so few requests that it is the slowest of them
}

// WriteJSON writes everything the report knows.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
