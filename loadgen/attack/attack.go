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
	"iter"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"plumbline/loadgen/journey"
	"plumbline/loadgen/ledger"
)

// Options says what an attack needs. All fields must be set.
type Options struct {
	Target      *url.URL // base URL
	RunID       string
	UserAgent   string
	Timeout     time.Duration // for each request, from sending to the end of the answer
	MaxInFlight int           // arrivals beyond are dropped
	Steps       *journey.Source
	Ledger      *ledger.Writer
	Observe     func(ledger.Attempt) // hears of every ended attempt; called concurrently
}

// Attacker sends one run's requests.
type Attacker struct {
	Options
	engine   *engine
	inFlight atomic.Int64
}

// New returns an attacker with its own connections.
func New(o Options) *Attacker {
	return &Attacker{Options: o, engine: newEngine(o)}
}

// InFlight is the number of requests that were sent and have not ended.
func (a *Attacker) InFlight() int { return int(a.inFlight.Load()) }

// Run sends one request per arrival, counted from start, and returns when all
// have ended. A cancelled ctx ends the schedule, not the requests in flight, and
// is no error: the ledger shows what was sent. The error is the ledger's.
func (a *Attacker) Run(ctx context.Context, start time.Time, arrivals iter.Seq[time.Duration]) error {
	defer a.engine.close()
	var group sync.WaitGroup
	defer group.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	seq := uint64(0)
	for due := range arrivals {
		if !sleepUntil(ctx, timer, start.Add(due)) {
			return nil
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
		group.Go(func() {
			answer := a.engine.do(attempt.Seq, request)
			attempt.Service = time.Since(sent)
			attempt.Latency = attempt.Sent - attempt.Scheduled + attempt.Service
			attempt.Outcome, attempt.Status = answer.outcome, answer.status
			a.inFlight.Add(-1)
			_ = a.end(request, attempt, answer.body) // the ledger gives the same error to the next Send
		})
	}
	group.Wait()
	return a.Ledger.Err()
}

func (a *Attacker) end(request journey.Request, attempt ledger.Attempt, body []byte) error {
	err := a.Ledger.Done(attempt)
	a.Steps.Done(request, attempt.Status, body)
	a.Observe(attempt)
	return err
}

// sleepUntil reports whether the time came before ctx was cancelled.
func sleepUntil(ctx context.Context, timer *time.Timer, at time.Time) bool {
	wait := time.Until(at)
	if wait <= 0 {
		return ctx.Err() == nil
	}
	timer.Reset(wait)
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// Preflight asks the target's /readyz once, outside the run, and returns the
// status: a target that answers anything can be loaded. The request carries no
// run identity.
func Preflight(ctx context.Context, target *url.URL, userAgent string, limit time.Duration) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.JoinPath("readyz").String(), nil)
	if err != nil {
		return 0, err
	}
	request.Header.Set("User-Agent", userAgent)
	transport := newTransport(1, limit)
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}
