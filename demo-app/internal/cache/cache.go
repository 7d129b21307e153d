// Package cache keeps encoded answers of the catalogue for a few seconds, in
// this process or in a Redis that several servers share, and sees to it that of
// many who ask the same at once only one asks the catalogue. What an answer is,
// who may have it and which write spoils it is left to the caller.
package cache

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/singleflight"

	"plumbline/demo-app/icat"
)

const (
	defaultLifetime = 5 * time.Second
	defaultDeadline = 10 * time.Second
	defaultMaxBytes = 64 << 20
	// maxAnswer is the largest answer worth keeping, in bytes: a rare giant
	// would displace hundreds of others, and take its time over the network.
	maxAnswer = 1 << 20
)

// Key names an answer: what was asked, and by whom if rights have a say in the
// answer. Invalidate forgets a whole Group at once; groups are few and ours,
// never a client's text.
type Key struct{ Group, User, Text string }

// name is short, and tells nothing to who can read Redis.
func (k Key) name() string {
	h := sha256.New()
	for _, part := range []string{k.Group, k.User, k.Text} {
		h.Write(binary.AppendUvarint(nil, uint64(len(part)))) // or ("a", "bc") would be ("ab", "c")
		h.Write([]byte(part))
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// Options are what both caches need.
type Options struct {
	Lifetime time.Duration         // of an answer; 0 means 5 s
	Deadline time.Duration         // of a load, whoever waits for it; 0 means 10 s
	MaxBytes int                   // bound of a cache in this process; 0 means 64 MiB. Redis has a bound of its own
	Metrics  prometheus.Registerer // where the metrics go; nil keeps them to the cache
}

func (o Options) withDefaults() Options {
	if o.Lifetime == 0 {
		o.Lifetime = defaultLifetime
	}
	if o.Deadline == 0 {
		o.Deadline = defaultDeadline
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.Metrics == nil {
		o.Metrics = prometheus.NewRegistry()
	}
	return o
}

// load makes an answer.
type load func(context.Context) ([]byte, error)

// shelf is where answers lie. Each lies there with the state of its group from
// before it was loaded, and counts only while the group is in that state: so an
// answer whose load was overtaken by a write is never given out.
type shelf interface {
	// get returns the answer, nil if there is none that counts, and the state
	// of its group.
	get(ctx context.Context, name, group string) (answer []byte, state string, err error)
	// fill loads the answer and lays it down; a shelf that several servers share
	// lets one of them load. It always has an answer if load has one.
	fill(ctx context.Context, name, group, state string, l load) ([]byte, error)
	// invalidate gives the group a new state; flush does so for all groups.
	invalidate(ctx context.Context, group string) error
	flush(ctx context.Context) error
	close() error
}

// Cache keeps answers for a short while. Its methods may be called from any
// goroutine.
type Cache struct {
	shelf    shelf
	deadline time.Duration
	requests requests
	flights  singleflight.Group
	changes  atomic.Uint64 // stands for a group's state while the shelf is lost
}

// Do returns the answer to key: a kept one (hit), or what load returns. Of all
// calls for a key at the same time one loads, in this process and also among
// the servers that share a Redis; its load goes on when its caller leaves, and
// ends by the deadline in Options. Errors are returned to all who wait, and not
// kept; so is a panic, which goes on in each of them. A call whose own ctx ends
// returns an icat.Error. The answer is shared: do not change it. A lost Redis is
// never an error here.
func (c *Cache) Do(ctx context.Context, key Key, load func(context.Context) ([]byte, error)) (answer []byte, hit bool, err error) {
	name := key.name()
	answer, state, lost := c.shelf.get(ctx, name, key.Group)
	switch {
	case ctx.Err() != nil:
		return nil, false, over(ctx)
	case answer != nil:
		c.requests.hit.Inc()
		return answer, true, nil
	}
	flight := name + state
	if lost != nil {
		flight = name + "lost " + strconv.FormatUint(c.changes.Load(), 10)
	}
	loaded := false
	guarded := func(ctx context.Context) ([]byte, error) {
		loaded = true
		return guard(ctx, load)
	}
	result := c.flights.DoChan(flight, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.deadline)
		defer cancel()
		if lost != nil {
			return guarded(ctx)
		}
		return c.shelf.fill(ctx, name, key.Group, state, guarded)
	})
	select {
	case <-ctx.Done():
		return nil, false, over(ctx)
	case r := <-result:
		switch {
		case lost != nil:
			c.requests.failed.Inc()
		case loaded:
			c.requests.miss.Inc()
		default:
			c.requests.shared.Inc()
		}
		if p, ok := errors.AsType[*panicked](r.Err); ok {
			panic(p)
		}
		if r.Err != nil {
			return nil, false, r.Err
		}
		return r.Val.([]byte), false, nil
	}
}

// over says that the time of the call's own request ended.
func over(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return icat.Wrap(icat.Timeout, "the answer took too long", ctx.Err())
	}
	return icat.Wrap(icat.ClientClosed, "the client left before an answer", ctx.Err())
}

// Invalidate forgets the answers of a group; call it after a write is
// committed. If Redis cannot be told, the answers it has live on until their
// lifetime ends: the error is for the log.
func (c *Cache) Invalidate(ctx context.Context, group string) error {
	c.changes.Add(1)
	if err := c.shelf.invalidate(ctx, group); err != nil {
		return fmt.Errorf("invalidate %s: %w", group, err)
	}
	return nil
}

// Flush forgets all answers; UNAVAILABLE if Redis cannot be told.
func (c *Cache) Flush(ctx context.Context) error {
	c.changes.Add(1)
	if err := c.shelf.flush(ctx); err != nil {
		return icat.Wrap(icat.Unavailable, "the cache cannot be reached", fmt.Errorf("flush cache: %w", err))
	}
	return nil
}

// Close ends what the cache does in the background. It is of no use afterwards.
func (c *Cache) Close() error { return c.shelf.close() }

// panicked carries a panic of a load to those who wait for it, where it goes on.
// In the load's own goroutine it would end the process.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic in a load: %v\n\n%s", p.value, p.stack) }

// guard loads; a panic becomes an error, and no answer an empty one.
func guard(ctx context.Context, load load) (answer []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &panicked{r, debug.Stack()}
		}
	}()
	answer, err = load(ctx)
	if answer == nil {
		answer = []byte{}
	}
	return answer, err
}

// keepable says whether an answer may be laid down. One that came after its
// deadline could outlive the memory that its group has changed.
func keepable(ctx context.Context, answer []byte, err error) bool {
	return err == nil && ctx.Err() == nil && len(answer) <= maxAnswer
}
