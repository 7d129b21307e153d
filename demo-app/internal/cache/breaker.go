package cache

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

const (
	defaultPatience = 250 * time.Millisecond // for one exchange with Redis
	pause           = time.Second            // for which a lost Redis is left alone
)

// errNotAsked says that Redis was left alone.
var errNotAsked = errors.New("redis was lost a moment ago")

// breaker spares requests the wait for a Redis that is lost: after a failure it
// is left alone for a pause, then one call tries it for all.
type breaker struct {
	patience time.Duration
	until    atomic.Int64 // ns since 1970 of the pause's end; 0 while all is well
}

// do runs an exchange with Redis within patience, or returns errNotAsked.
func (b *breaker) do(ctx context.Context, exchange func(context.Context) error) error {
	if until := b.until.Load(); until != 0 {
		now := time.Now()
		if now.UnixNano() < until || !b.until.CompareAndSwap(until, now.Add(pause).UnixNano()) {
			return errNotAsked
		}
	}
	limit, cancel := context.WithTimeout(ctx, b.patience)
	defer cancel()
	err := exchange(limit)
	switch {
	case err == nil:
		b.until.Store(0)
	case ctx.Err() == nil: // or it is the caller who left
		b.until.Store(time.Now().Add(pause).UnixNano())
	}
	return err
}
