package limit

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"plumbline/demo-app/icat"
)

func limit(maximum int, wait time.Duration) *Limit {
	return New(Options{Max: maximum, Wait: wait, Registerer: prometheus.NewRegistry()})
}

func code(err error) icat.Code {
	if err == nil {
		return ""
	}
	return icat.AsError(err).Code
}

func TestTheOneTooManyIsRefusedAndASlotIsUsedAgain(t *testing.T) {
	registry := prometheus.NewRegistry()
	l := New(Options{Max: 2, Registerer: registry})
	first, err := l.Enter(t.Context(), "/datasets")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Enter(t.Context(), "/users"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Enter(t.Context(), "/datasets"); code(err) != icat.Unavailable {
		t.Errorf("the third of two: %v", err)
	}
	if probe, err := l.Enter(t.Context(), "/readyz"); err != nil {
		t.Errorf("a probe: %v", err)
	} else {
		probe.Leave() // must not free a slot that it never took
	}
	if _, err := l.Enter(t.Context(), "/datasets"); code(err) != icat.Unavailable {
		t.Errorf("after a probe left: %v", err)
	}
	first.Leave()
	if _, err := l.Enter(t.Context(), "/datasets"); err != nil {
		t.Errorf("after one left: %v", err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	if f := families[0]; f.GetName() != MetricRejected || f.GetMetric()[0].GetCounter().GetValue() != 2 {
		t.Errorf("counted %v, want 2", f)
	}
}

func TestNoLimit(t *testing.T) {
	l := limit(0, time.Hour)
	for range 10_000 {
		if _, err := l.Enter(t.Context(), "/datasets"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWaitingForATurn(t *testing.T) {
	for name, row := range map[string]struct {
		freed, patience time.Duration // 0: never
		leaves          bool
		want            icat.Code
		after           time.Duration
	}{
		"a turn that comes in time is taken":       {freed: 30 * time.Millisecond, after: 30 * time.Millisecond},
		"a turn that comes too late is refused":    {freed: 200 * time.Millisecond, want: icat.Unavailable, after: 100 * time.Millisecond},
		"a request's own deadline ends the wait":   {patience: 40 * time.Millisecond, want: icat.Timeout, after: 40 * time.Millisecond},
		"a client that leaves ends the wait":       {leaves: true, want: icat.ClientClosed, after: 50 * time.Millisecond},
		"a turn that never comes ends as the wait": {want: icat.Unavailable, after: 100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := limit(1, 100*time.Millisecond)
				holder, err := l.Enter(t.Context(), "/datasets")
				if err != nil {
					t.Fatal(err)
				}
				ctx, leave := context.WithCancel(t.Context())
				defer leave()
				if row.patience > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, row.patience)
					defer cancel()
				}
				if row.freed > 0 {
					time.AfterFunc(row.freed, holder.Leave)
				}
				if row.leaves {
					time.AfterFunc(50*time.Millisecond, leave)
				}
				began := time.Now()
				_, err = l.Enter(ctx, "/datasets")
				if got := code(err); got != row.want || time.Since(began) != row.after {
					t.Errorf("%q after %s, want %q after %s", got, time.Since(began), row.want, row.after)
				}
				time.Sleep(time.Second) // let the holder leave
			})
		})
	}
}

func TestAQueueHasAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limit(1, time.Second)
		if _, err := l.Enter(t.Context(), "/datasets"); err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = l.Enter(t.Context(), "/datasets") }()
		synctest.Wait()
		began := time.Now()
		if _, err := l.Enter(t.Context(), "/datasets"); code(err) != icat.Unavailable || time.Since(began) != 0 {
			t.Errorf("behind a full queue: %v after %s, want a refusal at once", err, time.Since(began))
		}
		time.Sleep(2 * time.Second)
	})
}

// However many come, never more than Max are inside.
func TestNeverMoreThanMax(t *testing.T) {
	l := limit(3, time.Second)
	var mu sync.Mutex
	inside, most := 0, 0
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			pass, err := l.Enter(t.Context(), "/datasets")
			if err != nil {
				return
			}
			mu.Lock()
			inside++
			most = max(most, inside)
			mu.Unlock()
			mu.Lock()
			inside--
			mu.Unlock()
			pass.Leave()
		})
	}
	wg.Wait()
	if most == 0 || most > 3 {
		t.Errorf("%d were inside at a time, want 1 to 3", most)
	}
	if !l.slots.TryAcquire(3) {
		t.Error("slots were lost")
	}
}

func BenchmarkEnter(b *testing.B) {
	for name, maximum := range map[string]int{"limited": 256, "unlimited": 0} {
		b.Run(name, func(b *testing.B) {
			l := limit(maximum, 0)
			b.ReportAllocs()
			for b.Loop() {
				pass, err := l.Enter(b.Context(), "/datasets/{id}")
				if err != nil {
					b.Fatal(err)
				}
				pass.Leave()
			}
		})
	}
}
