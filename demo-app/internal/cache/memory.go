package cache

import (
	"context"
	"strconv"
	"sync"

	"github.com/maypok86/otter/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// memory keeps answers in this process. Otter, since it is bounded by weight,
// shows a written entry at once and can be stopped; ristretto may drop or delay
// a write, golang-lru counts entries only.
type memory struct {
	answers *otter.Cache[string, kept]

	mu      sync.RWMutex
	changes uint64            // counts invalidations
	all     string            // the state that every group had at the last flush
	groups  map[string]string // states of those that changed since
}

type kept struct {
	state  string
	answer []byte
}

// NewMemory returns an empty cache in this process. It panics if its metrics
// are registered already.
func NewMemory(o Options) *Cache {
	o = o.withDefaults()
	metrics := promauto.With(o.Metrics)
	evictions := metrics.NewCounter(prometheus.CounterOpts{Name: "icat_cache_evictions_total", Help: "Answers that gave way to others."})
	answers := otter.Must(&otter.Options[string, kept]{
		MaximumWeight:    uint64(o.MaxBytes),
		Weigher:          func(name string, k kept) uint32 { return uint32(len(name) + len(k.answer)) },
		ExpiryCalculator: otter.ExpiryWriting[string, kept](o.Lifetime),
		OnAtomicDeletion: func(e otter.DeletionEvent[string, kept]) {
			if e.Cause == otter.CauseOverflow {
				evictions.Inc()
			}
		},
	})
	metrics.NewGaugeFunc(prometheus.GaugeOpts{Name: "icat_cache_entries", Help: "Answers that are kept."},
		func() float64 { return float64(answers.EstimatedSize()) })
	metrics.NewGaugeFunc(prometheus.GaugeOpts{Name: "icat_cache_bytes", Help: "Bytes of the answers that are kept, and of their names."},
		func() float64 { return float64(answers.WeightedSize()) })
	return &Cache{
		shelf:    &memory{answers: answers, groups: map[string]string{}},
		deadline: o.Deadline,
		requests: newRequests(o.Metrics),
	}
}

func (m *memory) get(_ context.Context, name, group string) ([]byte, string, error) {
	state := m.state(group)
	k, ok := m.answers.GetIfPresent(name)
	if !ok || k.state != state {
		return nil, state, nil
	}
	return k.answer, state, nil
}

func (m *memory) fill(ctx context.Context, name, group, state string, l load) ([]byte, error) {
	// Another load may have ended between get and here.
	if k, ok := m.answers.GetIfPresent(name); ok && k.state == state {
		return k.answer, nil
	}
	answer, err := l(ctx)
	if keepable(ctx, answer, err) && m.state(group) == state { // or it would displace a newer one
		m.answers.Set(name, kept{state, answer})
	}
	return answer, err
}

func (m *memory) state(group string) string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if state, ok := m.groups[group]; ok {
		return state
	}
	return m.all
}

func (m *memory) invalidate(_ context.Context, group string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changes++
	m.groups[group] = strconv.FormatUint(m.changes, 10)
	return nil
}

func (m *memory) flush(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changes++
	m.all = strconv.FormatUint(m.changes, 10)
	clear(m.groups)
	m.answers.InvalidateAll()
	return nil
}

func (m *memory) close() error {
	m.answers.StopAllGoroutines()
	return nil
}
