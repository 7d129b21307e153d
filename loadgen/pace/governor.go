package pace

import (
	"fmt"
	"iter"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// MaxFactor limits how far a Governor turns the rate up.
const MaxFactor = 1000

// horizon is how far ahead an arrival is promised. A change of the rate takes
// effect after it at the latest.
const horizon = 10 * time.Millisecond

// Governor lets somebody turn a pace up and down, and hold it, while the run
// goes. The pace's shape stays where it is in time, its rate is multiplied: a
// spike at 10 s still comes at 10 s, twice as high at factor 2. Arrivals remain
// those of an open model: they depend on the clock and the factor, never on
// answers. The run ends when the pace would have. Its methods may be called
// concurrently.
type Governor struct {
	Pace  Pace
	start time.Time
	plan  *schedule
	taken atomic.Uint64

	mu       sync.Mutex
	factor   float64
	paused   bool
	settings []setting // the one in force last; before it those that still have arrivals to give
}

// setting is a factor and since when it has been in force: at which count of the
// pace, and at which mark of the governed schedule.
type setting struct {
	count, mark float64
	factor      float64
}

// NewGovernor governs p from the start of the run on, at factor 1: as long as
// nobody turns it, the arrivals are those of p.
func NewGovernor(p Pace, start time.Time) *Governor {
	plan, ok := p.(*schedule)
	if !ok {
		plan = &schedule{curve: newTrace(p), length: p.Length(), marks: even}
	}
	return &Governor{Pace: p, start: start, plan: plan, factor: 1, settings: []setting{{factor: 1}}}
}

// SetFactor multiplies the rate from now on.
func (g *Governor) SetFactor(factor float64) error {
	if !(factor >= 0 && factor <= MaxFactor) {
		return fmt.Errorf("factor %v: must be 0 to %v", factor, MaxFactor)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.factor = factor
	g.change()
	return nil
}

// Pause holds the arrivals until Resume. What would have been due meanwhile is
// not made up for: it never becomes due.
func (g *Governor) Pause() { g.hold(true) }

// Resume ends a Pause.
func (g *Governor) Resume() { g.hold(false) }

func (g *Governor) hold(paused bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.paused = paused
	g.change()
}

// Factor returns what the rate is multiplied by, and whether it is held.
func (g *Governor) Factor() (factor float64, paused bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.factor, g.paused
}

// Rate is the wanted rate at a moment of the run by the present factor.
func (g *Governor) Rate(at time.Duration) float64 {
	factor, paused := g.Factor()
	if paused {
		return 0
	}
	return factor * g.Pace.Rate(at)
}

// Planned is how many arrivals have become due. After a whole run it is the
// number that the run has to account for.
func (g *Governor) Planned() uint64 { return g.taken.Load() }

// Moments returns, while the run goes, at which times since its start to look:
// with true an arrival is due then, with false there is nothing yet and the
// reader asks again at that time. It never waits itself and ends with the run.
func (g *Governor) Moments() iter.Seq2[time.Duration, bool] {
	return func(yield func(time.Duration, bool) bool) {
		for mark := range g.plan.marks {
			for {
				now := time.Since(g.start)
				look := min(now+horizon, g.plan.length)
				due := g.due(mark)
				if due <= look && due < g.plan.length {
					g.taken.Add(1)
					if !yield(due, true) {
						return
					}
					break
				}
				if now >= g.plan.length || !yield(look, false) {
					return
				}
			}
		}
	}
}

// due is when a mark is reached as things stand, the end if never.
func (g *Governor) due(mark float64) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.settings) > 1 && mark >= g.settings[1].mark {
		g.settings = slices.Delete(g.settings, 0, 1)
	}
	s := g.settings[0]
	if s.factor == 0 {
		return g.plan.length
	}
	return g.plan.due(s.count + (mark-s.mark)/s.factor)
}

// change puts a new setting in force.
func (g *Governor) change() {
	now := min(max(0, time.Since(g.start)), g.plan.length)
	last := g.settings[len(g.settings)-1]
	count := g.plan.count(now.Seconds())
	next := setting{count: count, mark: last.mark + last.factor*(count-last.count), factor: g.factor}
	if g.paused {
		next.factor = 0
	}
	if next.mark == last.mark { // nothing fell due under the last one
		g.settings = g.settings[:len(g.settings)-1]
	}
	g.settings = append(g.settings, next)
}

// trace is a pace as a curve: between two arrivals the count goes up evenly.
type trace struct {
	Pace
	due []time.Duration
}

func newTrace(p Pace) *trace {
	return &trace{Pace: p, due: slices.Collect(p.Arrivals())}
}

func (t *trace) total() float64 { return float64(len(t.due)) }

func (t *trace) rate(at float64) float64 { return t.Rate(nanoseconds(at)) }

func (t *trace) count(at float64) float64 {
	moment := nanoseconds(at)
	after, _ := slices.BinarySearch(t.due, moment+1) // the first that is due later
	if after == 0 {
		return 0
	}
	from, to := t.due[after-1], t.end(after)
	return float64(after-1) + float64(moment-from)/float64(to-from)
}

func (t *trace) when(n float64) float64 {
	whole, part := math.Modf(n)
	i := int(whole)
	from, to := t.due[i], t.end(i+1)
	return (from + time.Duration(math.Round(part*float64(to-from)))).Seconds()
}

// end is when arrival i is due, or the end of the run.
func (t *trace) end(i int) time.Duration {
	if i < len(t.due) {
		return t.due[i]
	}
	return t.Length()
}
