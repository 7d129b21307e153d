package red

import (
	"sort"
	"time"

	"plumbline/provisioner/red/exact"
)

// Clocks that differ by more than farthest are not looked for; what is found is
// right to within a step.
const (
	farthest = 2 * time.Minute
	step     = tolerance
)

// cover chooses the scrapes that enclose a run. The clocks of scraper and
// application may differ, and nobody has to be asked by how much: the counts
// tell. A scrape that has counted n requests was after the end of the n-th and
// before that of the next. If the clocks as they are do not explain every count,
// the smallest differences that do are looked for, and their middle is taken. If
// none does, because somebody else asked, too, the clocks are believed.
func cover(scrapes []Scrape, run *exact.Run) (*Coverage, error) {
	if c := explained(scrapes, run, 0); c != nil {
		return c, nil
	}
	for ahead := time.Duration(step); ahead <= farthest; ahead += step {
		for _, sign := range []time.Duration{1, -1} {
			least := sign * ahead
			if explained(scrapes, run, least) == nil {
				continue
			}
			most := least
			for explained(scrapes, run, most+sign*step) != nil {
				most += sign * step
			}
			return coverAt(scrapes, run, (least+most)/2, (most-least).Abs()/2+tolerance)
		}
	}
	return coverAt(scrapes, run, 0, tolerance)
}

// explained is the coverage with clocks that differ by so much, if that explains
// every count; else nil.
func explained(scrapes []Scrape, run *exact.Run, ahead time.Duration) *Coverage {
	c, err := coverAt(scrapes, run, ahead, tolerance)
	if err != nil || !c.explains(run.Requests) {
		return nil
	}
	return c
}

// explains reports that every scrape has counted just the requests that had
// ended by then in its process.
func (c *Coverage) explains(requests []exact.Request) bool {
	// until counts the requests that ended up to a moment.
	until := func(at time.Time) float64 {
		return float64(sort.Search(len(requests), func(i int) bool { return requests[i].Ended.After(at) }))
	}
	life := 0
	base, from, fromLatest := 0.0, 0.0, 0.0 // requests counted, and ended, before this life: the latter between the two
	if c.Lives[0].From != nil {
		base = c.Begin().Total
	}
	for i, s := range c.Scrapes {
		if i > 0 && !c.Scrapes[i-1].sameProcess(s) {
			life++
			if s.Process.After(s.over().Add(tolerance)) || s.Process.Add(early).Before(c.Scrapes[i-1].begun.Add(-tolerance)) {
				return false // not between the two
			}
			base, from, fromLatest = 0, until(s.Process.Add(-tolerance)), until(s.Process.Add(early+tolerance))
		}
		least := until(s.begun.Add(-tolerance)) - fromLatest
		most := until(s.over().Add(tolerance)) - from
		if n := s.Total - base; n < least || n > most {
			return false
		}
	}
	return life == c.Restarts()
}
