package jobs

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"plumbline/demo-app/telemetry"
)

const (
	// maxSilence bounds how long a worker leaves an unreachable queue alone.
	maxSilence = 5 * time.Second
	// claimTimeout gives up a queue that says nothing at all, not even that it
	// is gone. What was claimed without a word is due again after its lease.
	claimTimeout = 5 * time.Second
)

var errStopping = errors.New("the worker stops")

// Run works on the queue until ctx ends, then gives the jobs at hand the Drain
// time to finish and returns the others to the queue. It goes on through an
// unreachable queue.
func (s *Service) Run(ctx context.Context) error {
	// Jobs outlive ctx by the Drain time.
	work, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	release := context.AfterFunc(ctx, func() {
		time.AfterFunc(s.o.Drain, func() { stop(errStopping) })
	})
	defer release()
	var workers sync.WaitGroup
	for range s.o.Workers {
		workers.Go(func() { s.loop(ctx, work) })
	}
	workers.Wait()
	return nil
}

// loop takes one job after the other until ctx ends.
func (s *Service) loop(ctx, work context.Context) {
	for failures := 0; ctx.Err() == nil; {
		limit, done := context.WithTimeout(ctx, claimTimeout)
		c, err := s.o.Queue.Claim(limit, s.o.Lease)
		if err != nil && !errors.Is(err, ErrEmpty) {
			err = unreachable(limit, err)
		}
		done()
		switch {
		case err == nil:
			if failures > 0 {
				s.o.Log.Info().Msg("download queue reached again")
			}
			failures = 0
			s.attempt(work, c)
		case errors.Is(err, ErrEmpty):
			failures = 0
			s.pause(ctx, s.o.Poll)
		case ctx.Err() == nil:
			failures++
			if failures == 1 { // and not at every attempt of every worker
				failure(s.o.Log.Error(), err, telemetry.Identity{}).Msg("download queue cannot be reached")
			}
			s.pause(ctx, min(s.backoff(failures), maxSilence))
		}
	}
}

// pause waits for d, for a job put in by this process, or for the end of ctx.
func (s *Service) pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.wake:
	case <-ctx.Done():
	}
}

// backoff doubles from Backoff to 100 times that, and takes off up to half at
// random, so that what failed together does not come back together.
func (s *Service) backoff(attempt int) time.Duration {
	d := s.o.Backoff
	for i := 1; i < attempt && d < 100*s.o.Backoff; i++ {
		d *= 2
	}
	d = min(d, 100*s.o.Backoff)
	return d - rand.N(d/2+1)
}
