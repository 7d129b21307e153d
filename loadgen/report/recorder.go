// Package report turns attempts into figures: counts and percentiles at the end
// of a run or from a ledger, and the progress of a run under way. It keeps
// histograms and counters, never the attempts, and judges nothing but whether
// an answer had the status that its journey expected.
package report

import (
	"slices"
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
	latency  *hdrhistogram.Histogram // from the scheduled time
	service  *hdrhistogram.Histogram // from the sending
	steps    map[step]*tally
	routes   map[route]*hdrhistogram.Histogram // latency
	lastSent time.Duration
	course   timeline
}

type route struct{ method, template string }

// step is the smallest part of a run that has figures of its own. One look-up
// for each attempt is enough: sums are made when somebody asks.
type step struct {
	journey string
	route
}

// tally counts some of the attempts.
type tally struct {
	unexpected uint64
	outcomes   counts
	statuses   map[int]uint64
	latency    *hdrhistogram.Histogram // of the whole route
}

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(lowest, highest, digits) }

// NewRecorder starts the figures of a run.
func NewRecorder(h ledger.Header) *Recorder {
	return &Recorder{header: h, latency: newHistogram(), service: newHistogram(),
		steps: map[step]*tally{}, routes: map[route]*hdrhistogram.Histogram{}, course: timeline{width: time.Second}}
}

// Add counts an attempt that has ended.
func (r *Recorder) Add(a ledger.Attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := step{a.Journey, route{a.Method, a.Route}}
	t, ok := r.steps[key]
	if !ok {
		t = r.open(key)
	}
	t.add(&a)
	if waited(&a) {
		record(r.latency, a.Latency)
		record(r.service, a.Service)
	}
	r.course.add(&a)
	r.lastSent = max(r.lastSent, a.Sent)
}

func (r *Recorder) open(key step) *tally {
	t := &tally{statuses: map[int]uint64{}, latency: r.routes[key.route]}
	if t.latency == nil {
		t.latency = newHistogram()
		r.routes[key.route] = t.latency
	}
	r.steps[key] = t
	return t
}

func (t *tally) add(a *ledger.Attempt) {
	t.outcomes[place(a.Outcome)]++
	if a.Status != 0 {
		t.statuses[a.Status]++
	}
	if a.Unexpected() {
		t.unexpected++
	}
	if waited(a) {
		record(t.latency, a.Latency)
	}
}

// sums adds the steps up by what key says of them. It needs the lock.
func sums[K comparable](r *Recorder, key func(step) K) map[K]*tally {
	all := map[K]*tally{}
	for s, t := range r.steps {
		sum, ok := all[key(s)]
		if !ok {
			sum = &tally{statuses: map[int]uint64{}, latency: t.latency}
			all[key(s)] = sum
		}
		sum.unexpected += t.unexpected
		for i, n := range t.outcomes {
			sum.outcomes[i] += n
		}
		for status, n := range t.statuses {
			sum.statuses[status] += n
		}
	}
	return all
}

// total is the sum of all steps, with the latency of all. It needs the lock.
func (r *Recorder) total() tally {
	all := tally{statuses: map[int]uint64{}}
	if sum, ok := sums(r, func(step) struct{} { return struct{}{} })[struct{}{}]; ok {
		all = *sum
	}
	all.latency = r.latency
	return all
}

// sent counts all that did not stay here.
func (t *tally) sent() (n uint64) {
	for _, count := range t.outcomes {
		n += count
	}
	return n - t.outcomes.of(ledger.Dropped)
}

// noAnswer counts what was sent and not answered.
func (t *tally) noAnswer() uint64 { return t.sent() - t.outcomes.of(ledger.Answered) }

const kinds = 6 // of outcomes

func inOrder() [kinds]ledger.Outcome {
	return [kinds]ledger.Outcome{ledger.Answered, ledger.Timeout, ledger.Reset, ledger.Refused, ledger.Dropped, ledger.Unfinished}
}

// counts has a number for each kind of outcome.
type counts [kinds]uint64

func place(o ledger.Outcome) int {
	all := inOrder()
	return slices.Index(all[:], o)
}

func (c *counts) of(o ledger.Outcome) uint64 { return c[place(o)] }

// byName leaves out what did not happen.
func (c *counts) byName() map[ledger.Outcome]uint64 {
	named := map[ledger.Outcome]uint64{}
	for i, n := range c {
		if n > 0 {
			named[inOrder()[i]] = n
		}
	}
	return named
}

// waited reports whether somebody waited on a connection for the end of a: a
// quick refusal would flatter the percentiles, a timeout belongs in them.
func waited(a *ledger.Attempt) bool {
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
	all := r.total()
	return Snapshot{
		Ended: all.sent(), Unexpected: all.unexpected, NoAnswer: all.noAnswer(), Dropped: all.outcomes.of(ledger.Dropped),
		P99: time.Duration(r.latency.ValueAtQuantile(99)),
	}
}
