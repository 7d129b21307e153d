// Package limit bounds how many requests are answered at a time. Beyond that a
// request waits a moment for its turn and is then refused, so that an overload
// costs the refused ones an answer and not everybody theirs. Answering the
// refused is left to rest.
package limit

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/semaphore"

	"plumbline/demo-app/icat"
	"plumbline/demo-app/telemetry"
)

// MetricRejected counts the requests that were refused.
const MetricRejected = "icat_limit_rejected_total"

// Options are what a Limit works with.
type Options struct {
	Max        int           // requests in flight; 0 for no limit
	Wait       time.Duration // for a turn; 0 refuses at once. As many as Max may wait
	Registerer prometheus.Registerer
}

// Limit is a bound on the requests in flight.
type Limit struct {
	slots    *semaphore.Weighted // nil: no limit
	wait     time.Duration
	waiting  atomic.Int64
	most     int64 // that may wait
	rejected prometheus.Counter
}

// New returns a limit that nobody has used yet.
func New(o Options) *Limit {
	l := &Limit{
		wait: o.Wait, most: int64(o.Max),
		rejected: prometheus.NewCounter(prometheus.CounterOpts{Name: MetricRejected, Help: "Requests refused because too many were in flight."}),
	}
	if o.Max > 0 {
		l.slots = semaphore.NewWeighted(int64(o.Max))
	}
	o.Registerer.MustRegister(l.rejected)
	return l
}

// Pass is leave to answer a request. Its zero value is that of a request that
// takes no slot.
type Pass struct{ slots *semaphore.Weighted }

// Enter takes a slot for a request of the route template, or returns
// UNAVAILABLE when there is none in time. Probes and scrapers take none: an
// overloaded server is still to be seen.
func (l *Limit) Enter(ctx context.Context, route string) (Pass, error) {
	if l.slots == nil || slices.Contains(telemetry.OperationalRoutes(), route) {
		return Pass{}, nil
	}
	if l.slots.TryAcquire(1) || l.queue(ctx) {
		return Pass{l.slots}, nil
	}
	switch err := ctx.Err(); {
	case errors.Is(err, context.Canceled):
		return Pass{}, icat.Wrap(icat.ClientClosed, "the client left before its turn", err)
	case err != nil:
		return Pass{}, icat.Wrap(icat.Timeout, "the request's turn did not come in time", err)
	}
	l.rejected.Inc()
	return Pass{}, icat.Errorf(icat.Unavailable, "too many requests in flight")
}

// queue waits for a slot, unless too many do already.
func (l *Limit) queue(ctx context.Context) bool {
	if l.wait == 0 {
		return false
	}
	defer l.waiting.Add(-1)
	if l.waiting.Add(1) > l.most {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, l.wait)
	defer cancel()
	return l.slots.Acquire(ctx, 1) == nil
}

// Leave gives the slot back.
func (p Pass) Leave() {
	if p.slots != nil {
		p.slots.Release(1)
	}
}
