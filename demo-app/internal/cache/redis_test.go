package cache

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"plumbline/demo-app/icat"
)

func TestTwoServersLoadOnce(t *testing.T) {
	server, client := startRedis(t)
	one, two := patient(NewRedis(client, Options{})), patient(NewRedis(connect(t, server), Options{}))
	if loads := stampede(t, one.Do, two.Do); loads != 1 {
		t.Errorf("%d loads, want 1", loads)
	}
	if err := two.Invalidate(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	expect(t, "after the other's Invalidate", ask(t, one, Key{Text: "popular"}, says("new")), "new")
	expect(t, "at the other", ask(t, two, Key{Text: "popular"}, says("newer")), "new*")
	if err := one.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	expect(t, "after the other's Flush", ask(t, two, Key{Text: "popular"}, says("newer")), "newer")
}

// looks counts a client's pipelines.
type looks struct {
	n    atomic.Int64
	many chan struct{} // closed at the third
}

func (l *looks) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (l *looks) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }
func (l *looks) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, commands []redis.Cmder) error {
		if len(commands) == 2 && l.n.Add(1) == 3 {
			close(l.many)
		}
		return next(ctx, commands)
	}
}

func TestASecondServerWaitsForTheFirst(t *testing.T) {
	server, client := startRedis(t)
	second := connect(t, server)
	looking := &looks{many: make(chan struct{})}
	second.AddHook(looking)
	metrics := prometheus.NewRegistry()
	one, two := patient(NewRedis(client, Options{})), patient(NewRedis(second, Options{Metrics: metrics}))
	begun, release := make(chan struct{}), make(chan struct{})
	var both sync.WaitGroup
	both.Go(func() {
		one.Do(t.Context(), Key{}, func(context.Context) ([]byte, error) {
			close(begun)
			<-release
			return []byte("first's"), nil
		})
	})
	<-begun
	both.Go(func() {
		answer, _, err := two.Do(t.Context(), Key{}, says("second's"))
		if err != nil || string(answer) != "first's" {
			t.Errorf("the second got %q, %v", answer, err)
		}
	})
	<-looking.many
	close(release)
	both.Wait()
	if diff := cmp.Diff(map[string]float64{"shared": 1}, results(t, metrics)); diff != "" {
		t.Errorf("the second's results (-want +got):\n%s", diff)
	}
}

func TestAServerThatDiedHoldingTheLockDoesNotStopOthers(t *testing.T) {
	_, client := startRedis(t)
	c := patient(NewRedis(client, Options{}))
	client.Set(t.Context(), lockPrefix+Key{}.name(), "", 50*time.Millisecond)
	expect(t, "after the lock's end", ask(t, c, Key{}, says("answer")), "answer")
	expect(t, "then", ask(t, c, Key{}, says("another")), "answer*")
}

func TestWhatLiesInRedisEndsByItselfAndTellsLittle(t *testing.T) {
	_, client := startRedis(t)
	c := patient(NewRedis(client, Options{}))
	c.Invalidate(t.Context(), "users")
	c.Flush(t.Context())
	ask(t, c, Key{"users", "Karen482", "where=secret"}, says("answer"))
	got := map[string]time.Duration{}
	for _, key := range client.Keys(t.Context(), "*").Val() {
		if strings.Contains(key, "Karen482") || strings.Contains(key, "secret") {
			t.Errorf("key %s tells who asked what", key)
		}
		kind := strings.TrimSuffix(key, Key{"users", "Karen482", "where=secret"}.name())
		got[kind] = client.TTL(t.Context(), key).Val().Round(5 * time.Second)
	}
	want := map[string]time.Duration{answerPrefix: 5 * time.Second, statePrefix + "users": 75 * time.Second, stateOfAll: 75 * time.Second}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("keys and lifetimes (-want +got):\n%s", diff)
	}
}

func TestALostRedisIsAMissAndComesBack(t *testing.T) {
	server, client := startRedis(t)
	metrics := prometheus.NewRegistry()
	c := patient(NewRedis(client, Options{Metrics: metrics}))
	got := ask(t, c, Key{}, func(context.Context) ([]byte, error) { return []byte("answer"), server.Kill() })
	expect(t, "killed during the load", got, "answer")
	expect(t, "killed", ask(t, c, Key{}, says("again")), "again")
	if loads := stampede(t, c.Do); loads == 0 {
		t.Error("nothing was loaded without Redis")
	}
	if err := c.Invalidate(t.Context(), "users"); err == nil || strings.Contains(err.Error(), server.Password()) {
		t.Errorf("Invalidate without Redis: %v", err)
	}
	if err := c.Flush(t.Context()); icat.AsError(err).Code != icat.Unavailable {
		t.Errorf("Flush without Redis: %v", err)
	}
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for client.Ping(ctx).Err() != nil && ctx.Err() == nil { // after many failed dials the client tries but once a second
	}
	passPause(c)
	client.Del(t.Context(), lockPrefix+Key{}.name()) // what the kill left behind ends by itself, after 2 s
	expect(t, "back", ask(t, c, Key{}, says("fresh")), "fresh")
	expect(t, "and kept", ask(t, c, Key{}, says("another")), "fresh*")
	want := map[string]float64{"miss": 2, "hit": 1, "error": 101}
	if diff := cmp.Diff(want, results(t, metrics)); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

// passPause lets the pause of a lost Redis be over.
func passPause(c *Cache) {
	b := &c.shelf.(*remote).breaker
	if b.until.Load() != 0 {
		b.until.Store(1)
	}
}

// TestASilentRedisIsGivenUp talks to a server that accepts and never answers.
// Without patience it would not end.
func TestASilentRedisIsGivenUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var dialled atomic.Int64
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			dialled.Add(1)
			go io.Copy(io.Discard, conn)
		}
	}()
	client := redis.NewClient(&redis.Options{Addr: l.Addr().String(), ReadTimeout: -1, ContextTimeoutEnabled: true, MaxRetries: -1})
	defer client.Close()
	c := NewRedis(client, Options{})
	ask(t, c, Key{}, says("answer"))
	before := dialled.Load()
	for range 10 {
		ask(t, c, Key{}, says("answer"))
	}
	if got := dialled.Load(); before == 0 || got > before+1 {
		t.Errorf("Redis was tried %d times, then %d times by 10 calls", before, got-before)
	}
}

func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := breaker{patience: defaultPatience}
		tried := 0
		call := func(ctx context.Context, err error) error {
			return b.do(ctx, func(context.Context) error { tried++; return err })
		}
		lost := errors.New("lost")
		left, cancel := context.WithCancel(t.Context())
		cancel()
		for i, step := range []struct {
			name  string
			after time.Duration
			ctx   context.Context
			err   error
			want  error
			tried int
		}{
			{"all is well", 0, t.Context(), nil, nil, 1},
			{"a caller who leaves proves nothing", 0, left, context.Canceled, context.Canceled, 2},
			{"so Redis is asked", 0, t.Context(), lost, lost, 3},
			{"lost: left alone", 0, t.Context(), nil, errNotAsked, 3},
			{"still left alone", pause - 1, t.Context(), nil, errNotAsked, 3},
			{"tried after the pause", 1, t.Context(), lost, lost, 4},
			{"still lost: left alone", 0, t.Context(), nil, errNotAsked, 4},
			{"tried again, and back", pause, t.Context(), nil, nil, 5},
			{"all is well again", 0, t.Context(), nil, nil, 6},
		} {
			time.Sleep(step.after)
			if err := call(step.ctx, step.err); err != step.want || tried != step.tried {
				t.Errorf("%d %s: got %v and %d tries, want %v and %d", i, step.name, err, tried, step.want, step.tried)
			}
		}
	})
}

func TestAfterThePauseOneTriesForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := breaker{patience: defaultPatience}
		b.until.Store(time.Now().UnixNano())
		var tried atomic.Int64
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				b.do(t.Context(), func(ctx context.Context) error {
					tried.Add(1)
					<-ctx.Done() // silent until patience ends
					return ctx.Err()
				})
			})
		}
		all.Wait()
		if got := tried.Load(); got != 1 {
			t.Errorf("%d tried, want 1", got)
		}
	})
}

func TestConnectRefusesWithoutShowing(t *testing.T) {
	for _, url := range []string{"", "redis://:hush@host:port", "redis://:hu/sh@host", "redis://:hush%zz@host", "http://:hush@host", "redis://:hush@host/zero", "redis://:hush@host?hush=1"} {
		client, err := Connect(url)
		if err == nil {
			client.Close()
			t.Errorf("%s is accepted", url)
		} else if strings.Contains(err.Error(), "hu") {
			t.Errorf("%s: the error shows it: %v", url, err)
		}
	}
	for _, url := range []string{"redis://localhost", "redis://user:hush@localhost:6380/3", "rediss://:hush@localhost"} {
		client, err := Connect(url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if got, want := client.Options().TLSConfig != nil, strings.HasPrefix(url, "rediss"); got != want {
			t.Errorf("%s: TLS %v", url, got)
		}
		client.Close()
	}
}
