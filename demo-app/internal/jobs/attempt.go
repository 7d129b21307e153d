package jobs

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"go.opentelemetry.io/otel/propagation"

	"plumbline/demo-app/icat"
)

// Outcomes of an attempt, as metrics and lines name them. A notifier has more.
const (
	complete = "complete"
	failed   = "failed"   // and would be again
	dead     = "dead"     // too many attempts went wrong
	retry    = "retry"    // the next attempt comes later
	lost     = "lost"     // the job is another worker's now, or soon
	returned = "returned" // the process stops
	refused  = "refused"  // the notification, for good
)

// recordTimeout bounds one word to the queue about work that is over.
const recordTimeout = 5 * time.Second

// attempt does what is left of a job: the preparation, the notification, or one
// after the other.
func (s *Service) attempt(work context.Context, c Claim) {
	ctx := propagation.TraceContext{}.Extract(work, propagation.MapCarrier{"traceparent": c.Traceparent})
	ctx, cancel := context.WithCancelCause(ctx)
	var keeper sync.WaitGroup
	keeper.Go(func() { s.keep(ctx, cancel, c) })
	defer keeper.Wait()
	defer cancel(nil)
	ended, ok := c, true
	if !c.Status.Final() {
		ended, ok = s.preparation(ctx, c)
	}
	if ok {
		s.notification(ctx, ended)
	}
}

// keep renews the lease of c until ctx ends. It cancels ctx when the claim is
// lost, or may be because the queue was out of reach for the whole lease.
func (s *Service) keep(ctx context.Context, cancel context.CancelCauseFunc, c Claim) {
	tick := time.NewTicker(s.o.Lease / 3)
	defer tick.Stop()
	held := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		asked := time.Now()
		limit, done := context.WithTimeout(ctx, s.o.Lease/3)
		err := s.o.Queue.Renew(limit, c, s.o.Lease)
		done()
		switch {
		case err == nil:
			held = asked
		case errors.Is(err, ErrLost), time.Since(held) >= s.o.Lease:
			cancel(ErrLost)
			return
		}
	}
}

// preparation makes one attempt to prepare the download of c and records what
// came of it. It returns the ended download, and whether it has ended at all and
// the claim is still held.
func (s *Service) preparation(ctx context.Context, c Claim) (Claim, bool) {
	start := time.Now()
	var r Result
	err := guard(func() (err error) {
		if c.Attempts > s.o.MaxAttempts { // and none of them came back to say why
			return icat.Errorf(icat.Internal, "the worker was lost in each of %d attempts", s.o.MaxAttempts)
		}
		r, err = s.prepare(ctx, c.Download)
		return err
	})
	outcome := complete
	if err != nil {
		e := icat.AsError(err)
		outcome, err = s.verdict(ctx, c.Attempts, permanent(e.Code), failed), e
		switch outcome {
		case failed:
			r = s.result(icat.DownloadFailed, e.Message)
		case dead:
			r = s.result(icat.DownloadDead, e.Message)
		default:
			s.prepared(ctx, c, outcome, start, err)
			s.giveBack(ctx, c, outcome, e.Message, c.Attempts)
			return c, false
		}
	}
	if !s.tell(ctx, c, func(ctx context.Context) error { return s.o.Queue.Finish(ctx, c, r) }) {
		s.prepared(ctx, c, lost, start, err)
		return c, false
	}
	s.metrics.finished.WithLabelValues(outcome).Inc()
	s.prepared(ctx, c, outcome, start, err)
	c.Status, c.Message, c.FileCount, c.FileSize = r.Status, r.Message, r.FileCount, r.FileSize
	c.ManifestSize, c.ManifestChecksum = int64(len(r.Manifest)), r.ManifestChecksum
	c.CompleteTime, c.ExpireTime, c.Notices = r.CompleteTime, r.ExpireTime, 1
	return c, true
}

// permanent reports whether another attempt cannot turn out better.
func permanent(c icat.Code) bool {
	return c.Status() < icat.StatusClientClosed || c == icat.NotImplemented
}

// notification makes one attempt to notify who asked. Whatever comes of it, the
// download stays as it is.
func (s *Service) notification(ctx context.Context, c Claim) {
	start := time.Now()
	var outcome string
	err := guard(func() (err error) {
		if c.Notices > s.o.MaxAttempts {
			return errors.New("the worker was lost in each attempt")
		}
		outcome, err = s.o.Notifier.Notify(ctx, c.Download)
		return err
	})
	if err != nil {
		outcome = s.verdict(ctx, c.Notices, errors.Is(err, ErrRefused), refused)
	}
	s.metrics.notifications.WithLabelValues(outcome).Inc()
	s.log(ctx, c, "download-notify", outcome, start, err)
	switch outcome {
	case lost, returned, retry:
		s.giveBack(ctx, c, outcome, "", c.Notices)
	default:
		s.tell(ctx, c, func(ctx context.Context) error { return s.o.Queue.Done(ctx, c) })
	}
}

// verdict says what follows from an error of an attempt.
func (s *Service) verdict(ctx context.Context, attempts int, final bool, finally string) string {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, ErrLost):
		return lost
	case errors.Is(cause, errStopping):
		return returned
	case final:
		return finally
	case attempts >= s.o.MaxAttempts:
		return dead
	default:
		return retry
	}
}

// giveBack lets go of a job that has work left.
func (s *Service) giveBack(ctx context.Context, c Claim, outcome, message string, attempts int) {
	switch outcome {
	case returned:
		s.tell(ctx, c, func(ctx context.Context) error { return s.o.Queue.Return(ctx, c) })
	case retry:
		s.tell(ctx, c, func(ctx context.Context) error { return s.o.Queue.Retry(ctx, c, message, s.backoff(attempts)) })
	}
}

// tell gives the queue one word about a claim and reports whether it took it.
// When it did not, the lease ends by itself and the job is taken again.
func (s *Service) tell(ctx context.Context, c Claim, word func(context.Context) error) bool {
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	start := time.Now()
	err := word(limit)
	if err != nil && !errors.Is(err, ErrLost) {
		s.log(ctx, c, "download-record", lost, start, unreachable(limit, err))
	}
	return err == nil
}

// crash is a panic as an error: the job's fault, not the worker's.
type crash struct {
	value any
	stack []byte
}

func (c *crash) Error() string { return fmt.Sprintf("panic: %v", c.value) }

func guard(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &crash{p, debug.Stack()}
		}
	}()
	return do()
}
