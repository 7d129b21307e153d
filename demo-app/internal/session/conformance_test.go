package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"plumbline/demo-app/icat"
	"plumbline/demo-app/internal/parts"
)

// startRedis starts a server and returns it with a client of it.
func startRedis(t *testing.T) (*parts.KeyValue, *redis.Client) {
	t.Helper()
	server, err := parts.Redis(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Stop() })
	return server, connect(t, server)
}

// connect returns another client of the server.
func connect(t *testing.T, server *parts.KeyValue) *redis.Client {
	t.Helper()
	client := server.Client()
	t.Cleanup(func() { client.Close() })
	return client
}

// patient returns a keeper that waits for a slow machine.
func patient(client *redis.Client, o Options) *Redis {
	r := NewRedis(client, o)
	r.patience = time.Minute
	return r
}

// reporter is what conforms needs of a test.
type reporter interface {
	Helper()
	Context() context.Context
	Errorf(string, ...any)
	Fatalf(string, ...any)
}

// state is what the metrics say.
type state struct{ Open, Opened, Logout, Expired, Displaced float64 }

func stateOf(t reporter, metrics prometheus.Gatherer) state {
	t.Helper()
	families, err := metrics.Gather()
	if err != nil {
		t.Fatalf("gather: %v", err)
	}
	var s state
	for _, f := range families {
		for _, m := range f.GetMetric() {
			switch f.GetName() {
			case "icat_sessions_open":
				s.Open = m.GetGauge().GetValue()
			case "icat_sessions_opened_total":
				s.Opened = m.GetCounter().GetValue()
			case "icat_sessions_ended_total":
				*map[string]*float64{"logout": &s.Logout, "expired": &s.Expired, "displaced": &s.Displaced}[m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue()
			}
		}
	}
	return s
}

// conforms proves that a keeper behaves as every keeper must. It uses up the
// lifetime of sessions by calling pass.
func conforms(t reporter, metrics *prometheus.Registry, k Keeper, lifetime time.Duration, pass func(time.Duration)) {
	ctx := t.Context()
	opened := func(username string) icat.Session {
		t.Helper()
		before := icat.At(time.Now().Add(lifetime))
		session, err := k.Open(ctx, username)
		if err != nil {
			t.Fatalf("Open: %v", err)
		}
		if session.Username != username || session.ID == "" || session.Expires.Time().Before(before.Time()) {
			t.Fatalf("Open(%s) = %+v", username, session)
		}
		return session
	}
	expect := func(want state) {
		t.Helper()
		if diff := cmp.Diff(want, stateOf(t, metrics)); diff != "" {
			t.Errorf("metrics (-want +got):\n%s", diff)
		}
	}
	isUnknown := func(what string, err error) {
		t.Helper()
		if e, ok := errors.AsType[*icat.Error](err); !ok || e.Code.Status() != http.StatusForbidden || e.Code != icat.BadSession {
			t.Errorf("%s: got %v, want BadSession", what, err)
		}
	}
	_, err := k.Get(ctx, "00000000-0000-4000-8000-000000000000")
	isUnknown("Get of an id that never was", err)
	_, err = k.Refresh(ctx, "")
	isUnknown("Refresh of no id", err)
	isUnknown("Close of hostile text", k.Close(ctx, "*\r\nFLUSHALL\r\n"))

	a, b := opened("Karen482"), opened("a name with spaces")
	if a.ID == b.ID {
		t.Fatalf("two sessions share the id %s", a.ID)
	}
	for _, want := range []icat.Session{a, b} {
		got, err := k.Get(ctx, want.ID)
		if err != nil || got != want {
			t.Errorf("Get = %+v, %v, want %+v", got, err, want)
		}
	}
	expect(state{Open: 2, Opened: 2})

	if err := k.Close(ctx, a.ID); err != nil {
		t.Errorf("Close: %v", err)
	}
	isUnknown("second Close", k.Close(ctx, a.ID))
	_, err = k.Get(ctx, a.ID)
	isUnknown("Get after Close", err)
	_, err = k.Refresh(ctx, a.ID)
	isUnknown("Refresh after Close", err)
	expect(state{Open: 1, Opened: 2, Logout: 1})

	c := opened("c")
	pass(lifetime * 3 / 5)
	refreshed, err := k.Refresh(ctx, b.ID)
	if err != nil || refreshed.ID != b.ID || refreshed.Username != b.Username || refreshed.Expires.Time().Before(b.Expires.Time()) {
		t.Errorf("Refresh of %+v = %+v, %v", b, refreshed, err)
	}
	pass(lifetime * 3 / 5)
	_, err = k.Get(ctx, c.ID)
	isUnknown("Get after its lifetime", err)
	_, err = k.Refresh(ctx, c.ID)
	isUnknown("Refresh after its lifetime", err)
	if got, err := k.Get(ctx, b.ID); err != nil || got != refreshed {
		t.Errorf("the refreshed session is %+v, %v, want %+v", got, err, refreshed)
	}

	d := opened("d")
	opened("e")
	expect(state{Open: 3, Opened: 5, Logout: 1, Expired: 1})
	opened("f")
	expect(state{Open: 3, Opened: 6, Logout: 1, Expired: 1, Displaced: 1})
	_, err = k.Get(ctx, b.ID)
	isUnknown("Get of the one nearest to its end, displaced by the fourth", err)
	if _, err := k.Get(ctx, d.ID); err != nil {
		t.Errorf("a younger one is gone as well: %v", err)
	}
}

func TestMemoryConforms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		metrics := prometheus.NewRegistry()
		k := NewMemory(Options{Max: 3, Metrics: metrics})
		conforms(t, metrics, k, icat.SessionLifetime, time.Sleep)
		if len(k.byID) != k.byEnd.Len() {
			t.Errorf("%d sessions, %d in the order of their ends", len(k.byID), k.byEnd.Len())
		}
	})
}

// TestRedisConforms lets time pass for Redis, which has a clock of its own, by
// shortening what is left of every session.
func TestRedisConforms(t *testing.T) {
	_, client := startRedis(t)
	metrics := prometheus.NewRegistry()
	k := patient(client, Options{Max: 3, Metrics: metrics})
	conforms(t, metrics, k, icat.SessionLifetime, func(d time.Duration) { age(t, client, d) })
}

func age(t *testing.T, client *redis.Client, d time.Duration) {
	t.Helper()
	ctx := t.Context()
	all, err := client.ZRangeWithScores(ctx, index, 0, -1).Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, z := range all {
		key := z.Member.(string)
		left, err := client.PTTL(ctx, key).Result()
		if err != nil || left <= 0 {
			t.Fatalf("a session without an end: %v, %v", left, err)
		}
		client.PExpire(ctx, key, left-d)
		client.ZAdd(ctx, index, redis.Z{Score: z.Score - float64(d.Milliseconds()), Member: key})
	}
}

// broken keepers each break one promise.
type (
	forgetful struct{ *Memory } // Refresh ends the session
	deaf      struct{ *Memory } // Close does nothing
	gullible  struct{ *Memory } // an unknown id is somebody
	eternal   struct{ *Memory } // Refresh gives no longer life
)

func (k forgetful) Refresh(ctx context.Context, id string) (icat.Session, error) {
	s, err := k.Memory.Refresh(ctx, id)
	k.Memory.Close(ctx, id)
	return s, err
}

func (k deaf) Close(context.Context, string) error { return nil }

func (k gullible) Get(ctx context.Context, id string) (icat.Session, error) {
	if s, err := k.Memory.Get(ctx, id); err == nil {
		return s, nil
	}
	return icat.Session{ID: id, Username: "root"}, nil
}

func (k eternal) Refresh(ctx context.Context, id string) (icat.Session, error) {
	return k.Memory.Get(ctx, id)
}

// complaints collects what a test would have failed with.
type complaints struct {
	*testing.T
	said []string
}

func (c *complaints) Errorf(format string, args ...any) {
	c.said = append(c.said, fmt.Sprintf(format, args...))
}
func (c *complaints) Fatalf(format string, args ...any) { c.Errorf(format, args...); panic(c) }

func TestConformanceCanFail(t *testing.T) {
	for name, breakIt := range map[string]func(*Memory) Keeper{
		"forgetful": func(m *Memory) Keeper { return forgetful{m} },
		"deaf":      func(m *Memory) Keeper { return deaf{m} },
		"gullible":  func(m *Memory) Keeper { return gullible{m} },
		"eternal":   func(m *Memory) Keeper { return eternal{m} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, metrics := &complaints{T: t}, prometheus.NewRegistry()
				defer func() {
					if r := recover(); r != nil && r != any(c) {
						panic(r)
					}
					if len(c.said) == 0 {
						t.Error("a broken keeper conforms")
					}
				}()
				conforms(c, metrics, breakIt(NewMemory(Options{Max: 3, Metrics: metrics})), icat.SessionLifetime, time.Sleep)
			})
		})
	}
}
