package report

import (
	"cmp"
	"maps"
	"slices"

	"github.com/HdrHistogram/hdrhistogram-go"

	"plumbline/loadgen/ledger"
)

// Figures are those of a run under way, taken at one moment. Only attempts that
// have ended count.
type Figures struct {
	Sent       uint64 // all but the dropped
	Unexpected uint64
	NoAnswer   uint64
	Outcomes   map[ledger.Outcome]uint64
	Statuses   map[int]uint64
	Journeys   []Journey // the most used first
	Latency    Waits     // from the scheduled time
	Service    Waits     // from the sending
}

// Figures returns the present ones. It costs those who Add no more than the time
// of copying two histograms (about 0.4 MB).
func (r *Recorder) Figures() Figures {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.total()
	return Figures{
		Sent: all.sent(), Unexpected: all.unexpected, NoAnswer: all.noAnswer(),
		Outcomes: all.outcomes.byName(), Statuses: all.statuses, Journeys: r.byJourney(),
		Latency: Waits{r.latency.Export()}, Service: Waits{r.service.Export()},
	}
}

// RouteFigures are those of one route of a run under way; only attempts that
// have ended count.
type RouteFigures struct {
	Method, Route string
	Unexpected    uint64
	Outcomes      map[ledger.Outcome]uint64
	Statuses      map[int]uint64
	Latency       Waits // from the scheduled time
}

// Routes returns the present ones of the routes that are wanted, by route and
// method. Those who Add wait for the copy of one histogram at a time: the routes
// are not all of one moment.
func (r *Recorder) Routes(wanted func(method, route string) bool) []RouteFigures {
	r.mu.Lock()
	keys := slices.Collect(maps.Keys(r.routes))
	r.mu.Unlock()
	slices.SortFunc(keys, func(a, b route) int {
		return cmp.Or(cmp.Compare(a.template, b.template), cmp.Compare(a.method, b.method))
	})
	var all []RouteFigures
	for _, key := range keys {
		if wanted(key.method, key.template) {
			all = append(all, r.route(key))
		}
	}
	return all
}

func (r *Recorder) route(key route) RouteFigures {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := sums(r, func(s step) route { return s.route })[key]
	return RouteFigures{
		Method: key.method, Route: key.template, Unexpected: t.unexpected,
		Outcomes: t.outcomes.byName(), Statuses: t.statuses, Latency: Waits{t.latency.Export()},
	}
}

// byJourney needs the lock.
func (r *Recorder) byJourney() []Journey {
	var all []Journey
	for name, t := range sums(r, func(s step) string { return s.journey }) {
		all = append(all, Journey{name, t.sent(), t.unexpected, t.noAnswer(), t.outcomes.of(ledger.Dropped)})
	}
	slices.SortFunc(all, func(a, b Journey) int { return cmp.Or(cmp.Compare(b.Sent, a.Sent), cmp.Compare(a.Name, b.Name)) })
	return all
}

// Waits is a distribution of latencies that does not change any more.
type Waits struct{ counts *hdrhistogram.Snapshot }

// Percentiles sums them up.
func (w Waits) Percentiles() Percentiles {
	if w.counts == nil {
		return Percentiles{}
	}
	return percentiles(hdrhistogram.Import(w.counts))
}

// Since returns what has come since an earlier state of the same distribution;
// the zero Waits is the beginning.
func (w Waits) Since(earlier Waits) Waits {
	if earlier.counts == nil || w.counts == nil {
		return w
	}
	difference := *w.counts
	difference.Counts = slices.Clone(w.counts.Counts)
	for i, n := range earlier.counts.Counts {
		difference.Counts[i] -= n
	}
	return Waits{&difference}
}
