package cache

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	answerPrefix = "icat:cache:answer:" // + name: the group's state, a newline, the answer
	statePrefix  = "icat:cache:state:"  // + group: a random word, or nothing for a group that has not changed lately
	stateOfAll   = "icat:cache:state"   // the same for all groups at once
	lockPrefix   = "icat:cache:lock:"   // + name: somebody loads

	defaultLockLife = 2 * time.Second
	lockPoll        = 10 * time.Millisecond
)

// remote keeps answers in a Redis that several servers may share.
type remote struct {
	client    *redis.Client
	lifetime  time.Duration
	stateLife time.Duration // longer than any answer from before the state can come to live
	lockLife  time.Duration // how long others wait for the server that loads: if it died, or takes longer, they load themselves
	breaker   breaker
}

// NewRedis returns a cache of the answers that are in Redis. It does not connect
// yet. It panics if its metrics are registered already.
func NewRedis(client *redis.Client, o Options) *Cache {
	o = o.withDefaults()
	return &Cache{
		shelf: &remote{
			client:    client,
			lifetime:  o.Lifetime,
			stateLife: o.Deadline + o.Lifetime + time.Minute,
			lockLife:  defaultLockLife,
			breaker:   breaker{patience: defaultPatience},
		},
		deadline: o.Deadline,
		requests: newRequests(o.Metrics),
	}
}

func (r *remote) get(ctx context.Context, name, group string) (answer []byte, state string, err error) {
	err = r.breaker.do(ctx, func(ctx context.Context) error {
		found, err := r.client.MGet(ctx, stateOfAll, statePrefix+group, answerPrefix+name).Result()
		if err == nil {
			answer, state = read(found)
		}
		return err
	})
	return answer, state, err
}

// read makes sense of the values of stateOfAll, a group's state and an answer.
func read(found []any) (answer []byte, state string) {
	all, _ := found[0].(string) // nil if there is none
	group, _ := found[1].(string)
	state = all + "." + group
	kept, _ := found[2].(string)
	if text, ok := strings.CutPrefix(kept, state+"\n"); ok {
		answer = []byte(text)
	}
	return answer, state
}

// fill loads when it holds the lock, or waits for the answer of who holds it.
// Whoever gets the lock looks once more, since the answer may just have been
// laid down.
func (r *remote) fill(ctx context.Context, name, group, _ string, l load) ([]byte, error) {
	patience := time.After(r.lockLife)
	for {
		answer, state, locked, err := r.enter(ctx, name, group)
		switch {
		case err != nil:
			return l(ctx)
		case locked && answer == nil:
			answer, err := l(ctx)
			r.leave(ctx, name, state, answer, keepable(ctx, answer, err))
			return answer, err
		case locked:
			r.leave(ctx, name, state, nil, false)
			return answer, nil
		case answer != nil:
			return answer, nil
		}
		select {
		case <-ctx.Done():
			return nil, over(ctx)
		case <-patience:
			return l(ctx)
		case <-time.After(lockPoll):
		}
	}
}

// enter tries to get the lock, and then looks at the shelf.
func (r *remote) enter(ctx context.Context, name, group string) (answer []byte, state string, locked bool, err error) {
	err = r.breaker.do(ctx, func(ctx context.Context) error {
		var lock *redis.BoolCmd
		var found *redis.SliceCmd
		_, err := r.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			lock = p.SetNX(ctx, lockPrefix+name, "", r.lockLife)
			found = p.MGet(ctx, stateOfAll, statePrefix+group, answerPrefix+name)
			return nil
		})
		if err == nil {
			locked = lock.Val()
			answer, state = read(found.Val())
		}
		return err
	})
	return answer, state, locked, err
}

// leave lays an answer down and gives the lock back, or only the latter. If the
// load took longer than the lock lives, it is another's: then one more server
// loads, which does no harm. So does a failure here.
func (r *remote) leave(ctx context.Context, name, state string, answer []byte, keep bool) {
	r.breaker.do(context.WithoutCancel(ctx), func(ctx context.Context) error {
		_, err := r.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			if keep {
				p.Set(ctx, answerPrefix+name, state+"\n"+string(answer), r.lifetime)
			}
			p.Del(ctx, lockPrefix+name)
			return nil
		})
		return err
	})
}

func (r *remote) invalidate(ctx context.Context, group string) error {
	return r.change(ctx, statePrefix+group)
}

func (r *remote) flush(ctx context.Context) error { return r.change(ctx, stateOfAll) }

// change sets a state that never was, so that a Redis that came back empty
// cannot arrive at an old one again. It goes through although the client may
// have left, and although Redis was lost a moment ago: the write it follows has
// happened.
func (r *remote) change(ctx context.Context, key string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.breaker.patience)
	defer cancel()
	return r.client.Set(ctx, key, rand.Text(), r.stateLife).Err()
}

// close leaves the client to its owner.
func (r *remote) close() error { return nil }
