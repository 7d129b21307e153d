package telemetry

import (
	"maps"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// Route observes the requests of one route. Each series is looked up once, not
// per request; routes, methods and statuses are all bounded.
type Route struct {
	Template  string
	durations *prometheus.HistogramVec
	size      prometheus.Observer
	series    table[answer, *redSeries]
}

// answer is what tells a route's series apart.
type answer struct {
	method string
	status int
}

type redSeries struct {
	duration prometheus.Observer
	exemplar atomic.Int64 // Unix second of the last one
}

// Route returns the observer of the route template, for instance "/users/{id}".
func (m *Metrics) Route(template string) *Route {
	return &Route{Template: template, durations: m.durations, size: m.sizes.WithLabelValues(template)}
}

// Observe counts the answer of a. Once a second each series takes the trace id
// along as an exemplar, so that a slow bucket leads to a trace.
func (r *Route) Observe(a *Access) {
	key := answer{a.Method, a.Status}
	s, ok := r.series.get(key)
	if !ok {
		s = r.series.add(key, r.open)
	}
	seconds, now := a.Duration.Seconds(), a.Ended.Unix()
	if last := s.exemplar.Load(); now > last && s.exemplar.CompareAndSwap(last, now) {
		s.duration.(prometheus.ExemplarObserver).ObserveWithExemplar(seconds, prometheus.Labels{LabelExemplarTrace: a.TraceID})
	} else {
		s.duration.Observe(seconds)
	}
	r.size.Observe(float64(a.Bytes))
}

// open looks a series up. Statuses that HTTP does not have share one.
func (r *Route) open(key answer) (answer, *redSeries) {
	key.method = Method(key.method)
	status := Other
	if key.status < 100 || key.status > 599 {
		key.status = 0
	} else {
		status = strconv.Itoa(key.status)
	}
	return key, &redSeries{duration: r.durations.WithLabelValues(r.Template, key.method, status)}
}

// table is a map that is read without a lock and copied when it grows.
type table[K comparable, V any] struct {
	mu   sync.Mutex // held to grow
	rows atomic.Pointer[map[K]V]
}

func (t *table[K, V]) get(key K) (V, bool) {
	rows := t.rows.Load()
	if rows == nil {
		var none V
		return none, false
	}
	v, ok := (*rows)[key]
	return v, ok
}

// add returns the row of the key that open makes of the one asked for, and
// keeps it. Two keys that open folds into one share a row.
func (t *table[K, V]) add(key K, open func(K) (K, V)) V {
	t.mu.Lock()
	defer t.mu.Unlock()
	folded, made := open(key)
	if v, ok := t.get(folded); ok {
		return v
	}
	grown := map[K]V{folded: made}
	if rows := t.rows.Load(); rows != nil {
		maps.Copy(grown, *rows)
	}
	t.rows.Store(&grown)
	return made
}

func (t *table[K, V]) len() int {
	if rows := t.rows.Load(); rows != nil {
		return len(*rows)
	}
	return 0
}
