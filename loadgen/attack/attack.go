// Package attack sends a schedule of requests in the open model: each leaves
// when it is due, however slow the target is, and what cannot be sent because
// too many are in flight is recorded as dropped instead of being delayed. A
// request that fails is an outcome, never a reason to stop; only a ledger that
// cannot be written is.
//
// What to ask is package journey's, when is package pace's, the record is
// package ledger's and the figures are package report's.
package attack

import (
	"context"
	"crypto/x509"
	"iter"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"plumbline/loadgen/journey"
	"plumbline/loadgen/ledger"
)

// Options says what an attack needs. All fields but Roots must be set.
type Options struct {
	Target      *url.URL // base URL
	Protocol    Protocol
	Roots       *x509.CertPool // certificate authorities to trust; nil for the system's
	RunID       string
	UserAgent   string
	Timeout     time.Duration // for each request, from sending to the end of the answer
	MaxInFlight int           // arrivals beyond are dropped
	Steps       Source
	Ledger      *ledger.Writer
	Observe     func(ledger.Attempt) // hears of every ended attempt; called concurrently
}

// Source says what to ask. It hears once of the end of each request: the status
// and, if the step keeps something of it, the body; 0 if no answer came.
type Source interface {
	Next() journey.Request
	Done(r journey.Request, status int, body []byte)
}

// Attacker sends one run's requests.
type Attacker struct {
	Options
	engine   Engine
	inFlight atomic.Int64
	landed   sync.Pool // of *flight
}

// New returns an attacker with its own connections.
func New(o Options) *Attacker {
	return &Attacker{Options: o, engine: newEngine(o)}
}

// InFlight is the number of requests that were sent and have not ended.
func (a *Attacker) InFlight() int { return int(a.inFlight.Load()) }

// Due are the moments of a schedule that is known beforehand: in each, a request
// is due.
func Due(arrivals iter.Seq[time.Duration]) iter.Seq2[time.Duration, bool] {
	return func(yield func(time.Duration, bool) bool) {
		for due := range arrivals {
			if !yield(due, true) {
				return
			}
		}
	}
}

// Run waits for one moment after the other, counted from start, sends a request
// in those with true, and returns when all have ended. The moments must not be
// made to wait: what is in flight would wait with them. A cancelled ctx ends the
// schedule, not the requests in flight, and is no error: the ledger shows what
// was sent. The error is the ledger's.
func (a *Attacker) Run(ctx context.Context, start time.Time, moments iter.Seq2[time.Duration, bool]) error {
	var err error
	a.engine.Run(func() { err = a.send(ctx, start, moments) })
	if err == nil {
		err = a.Ledger.Err()
	}
	return err
}

func (a *Attacker) send(ctx context.Context, start time.Time, moments iter.Seq2[time.Duration, bool]) error {
	seq := uint64(0)
	for due, arrival := range moments {
		if !a.engine.Wait(ctx, start.Add(due)) {
			return nil
		}
		if !arrival {
			continue
		}
		seq++
		request := a.Steps.Next()
		attempt := ledger.Attempt{Seq: seq, Scheduled: due, Journey: request.Journey, Method: request.Method, Route: request.Route, Expect: request.Expect}
		if a.InFlight() >= a.MaxInFlight {
			attempt.Outcome = ledger.Dropped
			if err := a.end(request, attempt, nil); err != nil {
				return err
			}
			continue
		}
		sent := time.Now()
		attempt.Sent = sent.Sub(start)
		if err := a.Ledger.Send(attempt); err != nil {
			return err
		}
		a.inFlight.Add(1)
		f := a.take()
		f.request, f.attempt, f.sent = request, attempt, sent
		a.engine.Start(seq, request, f.ended)
	}
	return nil
}

// flight is a request under way.
type flight struct {
	request journey.Request
	attempt ledger.Attempt
	sent    time.Time
	ended   func(Answer)
}

// take returns a flight for another request: at high rates their memory would be
// most of the garbage.
func (a *Attacker) take() *flight {
	f, ok := a.landed.Get().(*flight)
	if !ok {
		f = new(flight)
		f.ended = func(answer Answer) {
			f.attempt.Service = answer.At.Sub(f.sent)
			f.attempt.Latency = f.attempt.Sent - f.attempt.Scheduled + f.attempt.Service
			f.attempt.Outcome, f.attempt.Status = answer.Outcome, answer.Status
			a.inFlight.Add(-1)
			_ = a.end(f.request, f.attempt, answer.Body) // the ledger gives the same error to the next Send
			a.landed.Put(f)
		}
	}
	return f
}

func (a *Attacker) end(request journey.Request, attempt ledger.Attempt, body []byte) error {
	err := a.Ledger.Done(attempt)
	a.Steps.Done(request, attempt.Status, body)
	a.Observe(attempt)
	return err
}

// Preflight asks the target's /readyz once, outside the run, and returns the
// status: a target that answers anything can be loaded. The request carries no
// run identity. Of the options it needs Target, Protocol, Roots, UserAgent and
// Timeout.
func Preflight(ctx context.Context, o Options) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, o.Target.JoinPath("readyz").String(), nil)
	if err != nil {
		return 0, err
	}
	request.Header.Set("User-Agent", o.UserAgent)
	transport := newTransport(o)
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}
