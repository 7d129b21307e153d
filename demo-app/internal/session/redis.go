package session

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"plumbline/demo-app/icat"
)

const (
	// A key is keyPrefix and the SHA-256 of the id: who can read Redis cannot
	// act as somebody. The value is "<ms since 1970 of its end> <username>".
	keyPrefix = "icat:session:"
	// index is a sorted set of those keys by their ends, for counting and bounding.
	// It may name a session that is gone, but misses none.
	index = "icat:sessions"
	// defaultPatience is how long a lost Redis may hold a request.
	defaultPatience = 800 * time.Millisecond
)

// Redis keeps sessions in a Redis that several servers may share. It is usable
// again as soon as Redis is.
type Redis struct {
	client   *redis.Client
	lifetime time.Duration
	max      int64
	patience time.Duration
	counters counters
}

// NewRedis returns a keeper of the sessions that are in Redis. It does not
// connect yet. It panics if its metrics are registered already.
func NewRedis(client *redis.Client, o Options) *Redis {
	o = o.withDefaults()
	r := &Redis{client: client, lifetime: o.Lifetime, max: int64(o.Max), patience: defaultPatience}
	r.counters = newCounters(o.Metrics, r.open)
	return r
}

// Open implements Keeper. The clean-up rides along, so that no server needs to
// be the one that does it.
func (r *Redis) Open(ctx context.Context, username string) (icat.Session, error) {
	limit, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	session := newSession(username, r.lifetime)
	key, end := keyOf(session.ID), session.Expires.Millis()
	var expired, size *redis.IntCmd
	_, err := r.client.TxPipelined(limit, func(p redis.Pipeliner) error {
		p.Set(limit, key, valueOf(session), r.lifetime)
		p.ZAdd(limit, index, redis.Z{Score: float64(end), Member: key})
		expired = p.ZRemRangeByScore(limit, index, "-inf", strconv.FormatInt(end-r.lifetime.Milliseconds(), 10))
		size = p.ZCard(limit, index)
		return nil
	})
	if err != nil {
		return icat.Session{}, refusal(ctx, err)
	}
	r.counters.opened.Inc()
	r.counters.expired.Add(float64(expired.Val()))
	if over := size.Val() - r.max; over > 0 {
		r.displace(limit, over) // the session is open, even if this finds Redis lost
	}
	return session, nil
}

// displace ends the n sessions that are nearest to their end.
func (r *Redis) displace(ctx context.Context, n int64) {
	oldest, err := r.client.ZPopMin(ctx, index, n).Result()
	if err != nil || len(oldest) == 0 {
		return
	}
	keys := make([]string, len(oldest))
	for i, z := range oldest {
		keys[i] = z.Member.(string)
	}
	r.counters.displaced.Add(float64(r.client.Del(ctx, keys...).Val()))
}

// Get implements Keeper.
func (r *Redis) Get(ctx context.Context, id string) (icat.Session, error) {
	limit, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	session, err := r.read(limit, id)
	if err != nil {
		return icat.Session{}, refusal(ctx, err)
	}
	return session, nil
}

// Refresh implements Keeper. Only what exists is changed: a logout meanwhile
// stays one.
func (r *Redis) Refresh(ctx context.Context, id string) (icat.Session, error) {
	limit, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	session, err := r.read(limit, id)
	if err != nil {
		return icat.Session{}, refusal(ctx, err)
	}
	session.Expires = icat.At(time.Now().Add(r.lifetime))
	key := keyOf(id)
	_, err = r.client.TxPipelined(limit, func(p redis.Pipeliner) error {
		p.SetXX(limit, key, valueOf(session), r.lifetime)
		p.ZAddXX(limit, index, redis.Z{Score: float64(session.Expires.Millis()), Member: key})
		return nil
	})
	if err != nil {
		return icat.Session{}, refusal(ctx, err)
	}
	return session, nil
}

// read returns the session with id, or redis.Nil.
func (r *Redis) read(ctx context.Context, id string) (icat.Session, error) {
	value, err := r.client.Get(ctx, keyOf(id)).Result()
	if err != nil {
		return icat.Session{}, err
	}
	end, username, _ := strings.Cut(value, " ")
	ms, err := strconv.ParseInt(end, 10, 64)
	if err != nil || username == "" {
		return icat.Session{}, icat.AsError(fmt.Errorf("read session from redis: a value of %d bytes is not ours", len(value)))
	}
	return icat.Session{ID: id, Username: username, Expires: icat.FromMillis(ms)}, nil
}

// Close implements Keeper.
func (r *Redis) Close(ctx context.Context, id string) error {
	limit, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	key := keyOf(id)
	var gone *redis.IntCmd
	_, err := r.client.TxPipelined(limit, func(p redis.Pipeliner) error {
		gone = p.Del(limit, key)
		p.ZRem(limit, index, key)
		return nil
	})
	switch {
	case err != nil:
		return refusal(ctx, err)
	case gone.Val() == 0:
		return unknown()
	}
	r.counters.logout.Inc()
	return nil
}

func (r *Redis) open() float64 {
	limit, cancel := context.WithTimeout(context.Background(), r.patience)
	defer cancel()
	n, err := r.client.ZCount(limit, index, "("+strconv.FormatInt(time.Now().UnixMilli(), 10), "+inf").Result()
	if err != nil {
		return math.NaN()
	}
	return float64(n)
}

func keyOf(id string) string {
	sum := sha256.Sum256([]byte(id))
	return keyPrefix + hex.EncodeToString(sum[:])
}

func valueOf(s icat.Session) string {
	return strconv.FormatInt(s.Expires.Millis(), 10) + " " + s.Username
}

// refusal says what err means to the client: no such session, a lost Redis, or
// a request whose own time was over first.
func refusal(ctx context.Context, err error) error {
	if e, ok := errors.AsType[*icat.Error](err); ok {
		return e
	}
	switch {
	case errors.Is(err, redis.Nil):
		return unknown()
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return icat.Wrap(icat.Timeout, "sessions took too long", err)
	default:
		return icat.Wrap(icat.Unavailable, "sessions cannot be reached", err)
	}
}
