// Package report turns attempts into figures: counts and percentiles at the end
// of a run or from a ledger, and the progress of a run under way. It keeps
// histograms and counters, never the attempts, and judges nothing but whether
// an answer had the status that its journey expected.
package report

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"plumbline/loadgen/ledger"
)

// Histogram limits: values are kept to 3 significant digits.
const (
	lowest  = int64(time.Microsecond)
	highest = int64(time.Hour)
	digits  = 3
)

// Recorder counts attempts as they end. It is safe for concurrent use.
type Recorder struct {
	mu       sync.Mutex
	header   ledger.Header
	all      tally
	service  *hdrhistogram.Histogram // from the sending
	journeys map[string]*tally
	routes   map[route]*tally
	lastSent time.Duration
	course   timeline
}

type route struct{ method, template string }

// tally counts some of the attempts.
type tally struct {
	sent, unexpected uint64
	outcomes         map[ledger.Outcome]uint64
	statuses         map[int]uint64
	latency          *hdrhistogram.Histogram // from the scheduled time; nil for none
}

func newTally(timed bool) *tally {
	t := &tally{outcomes: map[ledger.Outcome]uint64{}, statuses: map[int]uint64{}}
	if timed {
		t.latency = newHistogram()
	}
	return t
}

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(lowest, highest, digits) }

// NewRecorder starts the figures of a run.
func NewRecorder(h ledger.Header) *Recorder {
	return &Recorder{header: h, all: *newTally(true), service: newHistogram(), journeys: map[string]*tally{}, routes: map[route]*tally{}, course: timeline{width: time.Second}}
}

// Add counts an attempt that has ended.
func (r *Recorder) Add(a ledger.Attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all.add(a)
	if waited(a) {
		record(r.service, a.Service)
	}
	r.course.add(a)
	r.lastSent = max(r.lastSent, a.Sent)
	of(r.journeys, a.Journey, false).add(a)
	of(r.routes, route{a.Method, a.Route}, true).add(a)
}

func of[K comparable](tallies map[K]*tally, key K, timed bool) *tally {
	t, ok := tallies[key]
	if !ok {
		t = newTally(timed)
		tallies[key] = t
	}
	return t
}

func (t *tally) add(a ledger.Attempt) {
	t.outcomes[a.Outcome]++
	if a.Outcome != ledger.Dropped {
		t.sent++
	}
	if a.Status != 0 {
		t.statuses[a.Status]++
	}
	if a.Unexpected() {
		t.unexpected++
	}
	if t.latency != nil && waited(a) {
		record(t.latency, a.Latency)
	}
}

// noAnswer counts what was sent and not answered.
func (t *tally) noAnswer() uint64 { return t.sent - t.outcomes[ledger.Answered] }

// waited reports whether somebody waited on a connection for the end of a: a
// quick refusal would flatter the percentiles, a timeout belongs in them.
func waited(a ledger.Attempt) bool {
	return a.Outcome == ledger.Answered || a.Outcome == ledger.Timeout || a.Outcome == ledger.Reset
}

func record(h *hdrhistogram.Histogram, d time.Duration) {
	_ = h.RecordValue(min(max(int64(d), 0), highest)) // within the limits it always succeeds
}

// Snapshot is the state of a run under way.
type Snapshot struct {
	Ended      uint64 // attempts that were sent and have ended
	Unexpected uint64
	NoAnswer   uint64
	Dropped    uint64
	P99        time.Duration // from the scheduled time
}

// Snapshot returns the present counts.
func (r *Recorder) Snapshot() Snapshot {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Snapshot{
		Ended: r.all.sent, Unexpected: r.all.unexpected, NoAnswer: r.all.noAnswer(), Dropped: r.all.outcomes[ledger.Dropped],
		P99: time.Duration(r.all.latency.ValueAtQuantile(99)),
	}
}
