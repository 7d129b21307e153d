package red

import (
	"fmt"
	"slices"
	"time"

	"plumbline/provisioner/red/exact"
)

// Scrape is one reading of an application's counters.
type Scrape struct {
	At      time.Time     // when it began, by the scraper's clock
	Took    time.Duration // the counters were read within this time
	Process time.Time     // when the process began that was read, by its own clock
	Total   float64       // requests counted so far

	begun  time.Time // At by the application's clock
	newest bool      // of a store that may not have it whole
	series int       // documents of requests; 0 of a store that has every scrape whole
	alive  time.Time // of a later scrape of the process, if only a piece of that is there
}

// pieceAfter reports that a scrape is just a piece of one, by an earlier one that is
// whole.
func (s Scrape) pieceAfter(whole Scrape) bool {
	return s.Process.Equal(whole.Process) && s.series < whole.series
}

// seen is when its process answered last, as far as is known.
func (s Scrape) seen() time.Time {
	if s.alive.After(s.At) {
		return s.alive
	}
	return s.At.Add(s.Took)
}

// over is when the reading had ended for certain, by the application's clock.
func (s Scrape) over() time.Time { return s.begun.Add(s.Took) }

// A process's start is told as the kernel's boot time, in whole seconds, and the
// ticks since: up to a second too early, and another second off when the clock
// was set in between.
const (
	early  = time.Second
	jitter = 1500 * time.Millisecond
)

// sameProcess reports that two successive scrapes read one process.
func (s Scrape) sameProcess(next Scrape) bool {
	return next.Process.Sub(s.Process).Abs() <= jitter && next.Total >= s.Total
}

// Life is what was counted between two scrapes of one process. Without a From
// its counters began at zero.
type Life struct {
	From *Scrape
	To   Scrape
}

// Coverage is which scrapes tell what a run added to the counters, and which of
// its requests they cannot tell.
type Coverage struct {
	Scrapes  []Scrape        // from the first that is used to the last
	Lives    []Life          // of one process after the other
	Interval time.Duration   // between scrapes, usually
	Ahead    time.Duration   // the scraper's clock, of the application's
	slack    time.Duration   // within what the two count as the same
	Unseen   []exact.Request // ended when nobody looked any more before the process was gone
	Unsure   []exact.Request // ended about the time of that last look, or of the next one's beginning
}

// Begin is the first scrape that is used.
func (c *Coverage) Begin() Scrape { return c.Scrapes[0] }

// End is the last.
func (c *Coverage) End() Scrape { return c.Scrapes[len(c.Scrapes)-1] }

// Span is the time from the first to the last.
func (c *Coverage) Span() time.Duration { return c.End().At.Sub(c.Begin().At) }

// Restarts is how often the application began anew.
func (c *Coverage) Restarts() int { return len(c.Lives) - 1 }

// uncoveredError says why the scrapes of a source do not tell about a run.
type uncoveredError struct{ why string }

func (e *uncoveredError) Error() string { return e.why }

func uncovered(format string, args ...any) error {
	return &uncoveredError{fmt.Sprintf(format, args...)}
}

// tolerance is within what two clocks count as the same. An answer's end is
// noted a moment before it is counted, and on a busy machine that takes a while.
const tolerance = 100 * time.Millisecond

// coverAt chooses the scrapes that enclose a run: the last before it and the
// first after it, with a reading of each process between. The scraper's clock
// is taken to be ahead of the application's by so much, give or take the slack.
func coverAt(scrapes []Scrape, run *exact.Run, ahead, slack time.Duration) (*Coverage, error) {
	if len(scrapes) == 0 {
		return nil, uncovered("it holds no successful scrape of the application around the run")
	}
	scrapes = slices.Clone(scrapes)
	for i := range scrapes {
		scrapes[i].begun = scrapes[i].At.Add(-ahead)
	}
	began, ended := run.Began().Add(tolerance-slack), run.Last().Add(slack)
	if over := run.Over(); over.After(ended) {
		ended = over
	}
	last := slices.IndexFunc(scrapes, func(s Scrape) bool { return s.begun.After(ended) })
	if last < 0 {
		return nil, uncovered("its last scrape, at %s, is not after the last request, at %s", clock(scrapes[len(scrapes)-1].begun), clock(run.Last()))
	}
	first, err := opening(scrapes[:last+1], began)
	if err != nil {
		return nil, err
	}
	c := &Coverage{Scrapes: scrapes[first : last+1], Interval: usual(scrapes), Ahead: ahead, slack: slack}
	c.live(began)
	c.miss(run.Requests)
	return c, nil
}

// opening is the last scrape that was over before a run began, or the first of a
// process that began later and so counted from zero.
func opening(scrapes []Scrape, began time.Time) (int, error) {
	first := -1
	for i, s := range scrapes {
		if s.over().Before(began) {
			first = i
		}
	}
	switch {
	case first >= 0:
		return first, nil
	case scrapes[0].Process.After(began):
		return 0, nil
	}
	return 0, uncovered("its first scrape, at %s, is not before the run, which began at %s: what was counted before is not known", clock(scrapes[0].begun), clock(began))
}

// live cuts the scrapes where the process changes.
func (c *Coverage) live(began time.Time) {
	life := Life{To: c.Begin()}
	if !c.Begin().Process.After(began) {
		life.From = &c.Scrapes[0]
	}
	for i, s := range c.Scrapes[1:] {
		if !c.Scrapes[i].sameProcess(s) {
			c.Lives = append(c.Lives, life)
			life = Life{}
		}
		life.To = s
	}
	c.Lives = append(c.Lives, life)
}

// miss finds the requests that ended between the last reading of a process and
// the beginning of the next.
func (c *Coverage) miss(requests []exact.Request) {
	for i, life := range c.Lives[:len(c.Lives)-1] {
		next := c.Lives[i+1].To.Process
		for _, q := range requests {
			switch {
			case q.Ended.Before(life.To.begun.Add(-c.slack)) || q.Ended.After(next.Add(early)):
			case q.Ended.After(life.To.over().Add(c.slack)) && q.Ended.Before(next):
				c.Unseen = append(c.Unseen, q)
			default:
				c.Unsure = append(c.Unsure, q)
			}
		}
	}
}

// split returns the requests of a route that the counters hold for certain, and
// those that they may hold besides.
func (c *Coverage) split(run *exact.Run, route string) (certain, perhaps []exact.Request) {
	lost := map[exact.Request]int{}
	for _, q := range append(slices.Clone(c.Unseen), c.Unsure...) {
		lost[q]++
	}
	certain = run.Select(route, func(q exact.Request) bool {
		if lost[q] == 0 {
			return true
		}
		lost[q]--
		return false
	})
	for _, q := range c.Unsure {
		if route == "" || q.Route == route {
			perhaps = append(perhaps, q)
		}
	}
	return certain, perhaps
}

// usual is the time between scrapes: the middle of all.
func usual(scrapes []Scrape) time.Duration {
	var gaps []time.Duration
	for i := 1; i < len(scrapes); i++ {
		gaps = append(gaps, scrapes[i].At.Sub(scrapes[i-1].At))
	}
	if len(gaps) == 0 {
		return 0
	}
	slices.Sort(gaps)
	return gaps[len(gaps)/2]
}

func clock(t time.Time) string { return t.UTC().Format("15:04:05.000") }
