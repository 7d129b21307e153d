package cache

import (
	"context"
	"errors"
	"fmt"
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
	"plumbline/demo-app/internal/parts"
)

// each runs f on both caches; simulated says that time is.
func each(t *testing.T, f func(t *testing.T, c *Cache, metrics *prometheus.Registry, simulated bool)) {
	t.Run("memory", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			metrics := prometheus.NewRegistry()
			c := NewMemory(Options{Metrics: metrics})
			defer c.Close()
			f(t, c, metrics, true)
		})
	})
	t.Run("Redis", func(t *testing.T) {
		_, client := startRedis(t)
		metrics := prometheus.NewRegistry()
		f(t, patient(NewRedis(client, Options{Metrics: metrics})), metrics, false)
	})
}

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

// patient makes a cache wait for a slow machine as well.
func patient(c *Cache) *Cache {
	r := c.shelf.(*remote)
	r.lockLife, r.breaker.patience = time.Minute, time.Minute
	return c
}

// says is a load that answers text.
func says(text string) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) { return []byte(text), nil }
}

// ask returns what Do answers, with an asterisk if it was a hit.
func ask(t *testing.T, c *Cache, key Key, load func(context.Context) ([]byte, error)) string {
	t.Helper()
	answer, hit, err := c.Do(t.Context(), key, load)
	if err != nil {
		t.Fatal(err)
	}
	if hit {
		return string(answer) + "*"
	}
	return string(answer)
}

func expect(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

// results returns icat_cache_requests_total by result.
func results(t *testing.T, metrics *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "icat_cache_requests_total" && m.GetCounter().GetValue() > 0 {
				got[m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue()
			}
		}
	}
	return got
}

func TestAnAnswerIsKeptForWhoAskedForIt(t *testing.T) {
	each(t, func(t *testing.T, c *Cache, metrics *prometheus.Registry, _ bool) {
		key := Key{"users", "Karen482", "?limit=1"}
		expect(t, "first", ask(t, c, key, says("karen's")), "karen's")
		expect(t, "second", ask(t, c, key, says("another")), "karen's*")
		for _, other := range []Key{
			{"datasets", "Karen482", "?limit=1"}, {"users", "root", "?limit=1"}, {"users", "Karen482", "?limit=2"},
			{"user", "sKaren482", "?limit=1"}, {"users", "Karen482?", "limit=1"}, {},
		} {
			expect(t, fmt.Sprintf("%+v", other), ask(t, c, other, says("other")), "other")
		}
		if diff := cmp.Diff(map[string]float64{"hit": 1, "miss": 7}, results(t, metrics)); diff != "" {
			t.Errorf("results (-want +got):\n%s", diff)
		}
	})
}

func TestNoAnswerIsKeptLikeAnyOther(t *testing.T) {
	each(t, func(t *testing.T, c *Cache, _ *prometheus.Registry, _ bool) {
		for _, want := range []string{"", "*"} {
			expect(t, "an empty answer", ask(t, c, Key{}, func(context.Context) ([]byte, error) { return nil, nil }), want)
		}
	})
}

func TestGiantsAreNotKept(t *testing.T) {
	each(t, func(t *testing.T, c *Cache, _ *prometheus.Registry, _ bool) {
		for size, mark := range map[int]string{maxAnswer: "*", maxAnswer + 1: ""} {
			text, key := strings.Repeat("x", size), Key{Text: fmt.Sprint(size)}
			ask(t, c, key, says(text))
			if got := ask(t, c, key, says(text)); got != text+mark {
				t.Errorf("%d bytes: %d came back, want the mark %q", size, len(got), mark)
			}
		}
	})
}

func TestErrorsAndPanicsAreNotKept(t *testing.T) {
	each(t, func(t *testing.T, c *Cache, _ *prometheus.Registry, _ bool) {
		wrong := errors.New("wrong")
		if _, _, err := c.Do(t.Context(), Key{}, func(context.Context) ([]byte, error) { return []byte("half"), wrong }); !errors.Is(err, wrong) {
			t.Errorf("got %v, want the load's error", err)
		}
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, "burst") || !strings.Contains(got, "cache_test.go") {
					t.Errorf("got %q, want the load's panic and its stack", got)
				}
			}()
			c.Do(t.Context(), Key{}, func(context.Context) ([]byte, error) { panic("burst") })
		}()
		expect(t, "after both", ask(t, c, Key{}, says("right")), "right")
	})
}

func TestInvalidateForgetsAGroupAndFlushAll(t *testing.T) {
	each(t, func(t *testing.T, c *Cache, _ *prometheus.Registry, _ bool) {
		a, b := Key{Group: "a"}, Key{Group: "b"}
		ask(t, c, a, says("a1"))
		ask(t, c, b, says("b1"))
		if err := c.Invalidate(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		expect(t, "the group", ask(t, c, a, says("a2")), "a2")
		expect(t, "another", ask(t, c, b, says("b2")), "b1*")
		for range 2 {
			if err := c.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		expect(t, "flushed", ask(t, c, a, says("a3")), "a3")
		expect(t, "flushed", ask(t, c, b, says("b3")), "b3")
		expect(t, "kept again", ask(t, c, a, says("a4")), "a3*")
	})
}

// overtaken returns what is answered after a write and after the end of a load
// that had begun before it. Meanwhile happens between write and end.
func overtaken(t *testing.T, c *Cache, meanwhile func()) string {
	if err := c.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	begun, written := make(chan struct{}), make(chan struct{})
	var old sync.WaitGroup
	old.Go(func() {
		c.Do(t.Context(), Key{Group: "a"}, func(context.Context) ([]byte, error) {
			close(begun)
			<-written
			return []byte("old"), nil
		})
	})
	<-begun
	if err := c.Invalidate(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	meanwhile()
	close(written)
	old.Wait()
	return ask(t, c, Key{Group: "a"}, says("newer"))
}

// stubborn is a shelf that knows of no writes.
type stubborn struct{ shelf }

func (stubborn) invalidate(context.Context, string) error { return nil }

func TestALoadFromBeforeAWriteIsNotGivenOutAfterIt(t *testing.T) {
	each(t, func(t *testing.T, c *Cache, _ *prometheus.Registry, simulated bool) {
		expect(t, "after the write", overtaken(t, c, func() {}), "newer")
		if simulated { // in Redis it would wait for the lock
			expect(t, "when others asked meanwhile", overtaken(t, c, func() {
				expect(t, "meanwhile", ask(t, c, Key{Group: "a"}, says("new")), "new")
			}), "new*")
		}
		c.shelf = stubborn{c.shelf}
		expect(t, "without knowing of the write", overtaken(t, c, func() {}), "old*")
	})
}

// stampede lets 100 ask at once and returns how often was loaded.
func stampede(t *testing.T, caches ...func(context.Context, Key, func(context.Context) ([]byte, error)) ([]byte, bool, error)) int64 {
	var loads, asked atomic.Int64
	all := make(chan struct{})
	var crowd sync.WaitGroup
	for i := range 100 {
		crowd.Go(func() {
			if asked.Add(1) == 100 {
				close(all)
			}
			answer, _, err := caches[i%len(caches)](t.Context(), Key{Text: "popular"}, func(context.Context) ([]byte, error) {
				<-all
				loads.Add(1)
				return []byte("answer"), nil
			})
			if err != nil || string(answer) != "answer" {
				t.Errorf("got %q, %v", answer, err)
			}
		})
	}
	crowd.Wait()
	return loads.Load()
}

func TestOfAStampedeOneLoads(t *testing.T) {
	each(t, func(t *testing.T, c *Cache, metrics *prometheus.Registry, _ bool) {
		if loads := stampede(t, c.Do); loads != 1 {
			t.Errorf("%d loads, want 1", loads)
		}
		got := results(t, metrics)
		if got["miss"] != 1 || got["miss"]+got["shared"]+got["hit"] != 100 {
			t.Errorf("results %v, want 1 miss of 100", got)
		}
	})
	t.Run("and the check can fail", func(t *testing.T) {
		naive := func(ctx context.Context, _ Key, load func(context.Context) ([]byte, error)) ([]byte, bool, error) {
			answer, err := load(ctx)
			return answer, false, err
		}
		if loads := stampede(t, naive); loads != 100 {
			t.Errorf("%d loads without a cache, want 100", loads)
		}
	})
}

func TestWhoLeavesDoesNotEndTheLoad(t *testing.T) {
	each(t, func(t *testing.T, c *Cache, _ *prometheus.Registry, _ bool) {
		ctx, leave := context.WithCancel(t.Context())
		begun, release := make(chan struct{}), make(chan struct{})
		var first sync.WaitGroup
		first.Go(func() {
			_, _, err := c.Do(ctx, Key{}, func(ctx context.Context) ([]byte, error) {
				close(begun)
				<-release
				return []byte("answer"), ctx.Err()
			})
			if e, ok := errors.AsType[*icat.Error](err); !ok || e.Code != icat.ClientClosed || !errors.Is(err, context.Canceled) {
				t.Errorf("who left got %v", err)
			}
		})
		<-begun
		leave()
		first.Wait()
		close(release)
		got := ask(t, c, Key{}, func(context.Context) ([]byte, error) { return nil, errors.New("loaded again") })
		expect(t, "who came later", strings.TrimSuffix(got, "*"), "answer")
	})
}

func TestALoadHasADeadlineOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewMemory(Options{Deadline: 3 * time.Second})
		defer c.Close()
		start := time.Now()
		_, _, err := c.Do(t.Context(), Key{}, func(ctx context.Context) ([]byte, error) {
			<-ctx.Done()
			return []byte("too late"), nil
		})
		if err != nil || time.Since(start) != 3*time.Second {
			t.Errorf("ended after %v: %v", time.Since(start), err)
		}
		expect(t, "what came too late is not kept", ask(t, c, Key{}, says("fresh")), "fresh")

		hurried, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _, err = c.Do(hurried, Key{Text: "slow"}, func(ctx context.Context) ([]byte, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		if e, ok := errors.AsType[*icat.Error](err); !ok || e.Code != icat.Timeout {
			t.Errorf("a request whose time ran out got %v", err)
		}
		time.Sleep(3 * time.Second) // the load ends
	})
}

func BenchmarkHit(b *testing.B) {
	server, err := parts.Redis(b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { server.Stop() })
	client, err := Connect(server.URL())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { client.Close() })
	for name, c := range map[string]*Cache{"memory": NewMemory(Options{Lifetime: time.Hour}), "Redis": NewRedis(client, Options{Lifetime: time.Hour})} {
		b.Run(name, func(b *testing.B) {
			defer c.Close()
			key, load := Key{"datasets", "Karen482", "where=x&limit=50"}, says(strings.Repeat("x", 4096))
			c.Do(b.Context(), key, load)
			b.ReportAllocs()
			for b.Loop() {
				if _, hit, err := c.Do(b.Context(), key, load); !hit || err != nil {
					b.Fatal(hit, err)
				}
			}
		})
	}
}
