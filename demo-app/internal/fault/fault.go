// Package fault makes the service ill on request, so that what watches it can be
// watched: slow, failing, hanging or cut answers by route, pressure on processor
// and memory, a smaller pool, maintenance. Each fault ends by itself. Who may
// ask for one is admin's business; answering as told is rest's.
package fault

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"plumbline/demo-app/icat"
	"plumbline/demo-app/telemetry"
)

// Names of the metrics.
const (
	MetricInjected = "icat_fault_injected_total" // label kind: latency, error, hang, drop, maintenance
	MetricActive   = "icat_fault_rules"
)

// MaxRules bounds how many rules there are at a time.
const MaxRules = 64

// defaultHang ends a hang that the client does not end.
const defaultHang = time.Minute

// Options are what a Switch works with.
type Options struct {
	Registerer prometheus.Registerer
	Expired    func(Rule)     // told of a rule whose time is over, by any goroutine; nil for nobody
	Hang       time.Duration  // ends a hang that the client does not end; 0 means a minute
	Float      func() float64 // uniform in [0,1), for any number of callers; nil for chance
}

// Switch decides what befalls a request. While nothing is set, that costs one
// atomic load.
type Switch struct {
	float    func() float64
	expired  func(Rule)
	hang     time.Duration
	injected *prometheus.CounterVec
	state    atomic.Pointer[state] // nil: nothing is set

	mu sync.Mutex // held to change the state
}

// state is never changed, only replaced.
type state struct {
	rules       []*active // by id
	maintenance string    // message; "" when off
}

type active struct {
	Rule
	end *time.Timer
}

// New returns a switch with nothing set.
func New(o Options) *Switch {
	s := &Switch{
		float:   o.Float,
		expired: o.Expired,
		hang:    cmp.Or(o.Hang, defaultHang),
		injected: prometheus.NewCounterVec(prometheus.CounterOpts{Name: MetricInjected, Help: "Requests that a fault befell."},
			[]string{"kind"}),
	}
	if s.float == nil {
		s.float = rand.Float64
	}
	o.Registerer.MustRegister(s.injected, prometheus.NewGaugeFunc(
		prometheus.GaugeOpts{Name: MetricActive, Help: "Fault rules in force."},
		func() float64 { return float64(len(s.Rules())) }))
	for _, kind := range []string{"latency", "error", "hang", "drop", "maintenance"} {
		s.injected.WithLabelValues(kind) // a series that starts at 0 shows its first increase
	}
	return s
}

// Inject does to a request of the route template what the rules in force say:
// it sleeps, and then returns nil to go on or an *icat.Error to answer with;
// CONNECTION_CUT says to cut the connection in place of an answer. Of several
// rules for a route all are heeded, in the order of their ids, until one ends
// the request.
func (s *Switch) Inject(ctx context.Context, route string) error {
	now := s.state.Load()
	if now == nil {
		return nil
	}
	operational := slices.Contains(telemetry.OperationalRoutes(), route)
	if now.maintenance != "" && !operational {
		s.count("maintenance")
		return icat.Errorf(icat.Unavailable, "%s", now.maintenance)
	}
	for _, r := range now.rules {
		if r.Route == route || r.Route == EveryRoute && !operational {
			if err := s.befall(ctx, r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Switch) befall(ctx context.Context, r *active) error {
	if r.Latency != nil && (r.Latency.Share == 0 || s.float() < r.Latency.Share) {
		s.count("latency")
		if err := sleep(ctx, r.Latency.draw(s.float())); err != nil {
			return err
		}
	}
	if r.Drop == 0 && r.Hang == 0 && r.Error == nil {
		return nil
	}
	at := s.float()
	if at < r.Drop {
		s.count("drop")
		return icat.Errorf(icat.ConnectionCut, "injected fault %s: connection cut without an answer", r.ID)
	}
	if at -= r.Drop; at < r.Hang {
		s.count("hang")
		return cmp.Or[error](sleep(ctx, s.hang), icat.Errorf(icat.Timeout, "injected fault %s: hung for %s", r.ID, s.hang))
	}
	if at -= r.Hang; r.Error != nil && at < r.Error.Ratio {
		s.count("error")
		return icat.Errorf(r.Error.code(at/r.Error.Ratio), "injected fault %s", r.ID)
	}
	return nil
}

func (s *Switch) count(kind string) { s.injected.WithLabelValues(kind).Inc() }

// sleep returns nil when d is over, or why the request ended before.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return icat.Wrap(icat.Timeout, "the request took too long", ctx.Err())
	}
	return icat.Wrap(icat.ClientClosed, "the client left before an answer", ctx.Err())
}
