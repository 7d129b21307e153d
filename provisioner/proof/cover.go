package proof

import (
	"time"

	"plumbline/provisioner/proof/raw"
)

const (
	// late is how long after the time of its line a request may be counted: no time at
	// all, but for a process that does not get to run in between.
	late = 5 * time.Second
	// skew is by how much the clocks of Prometheus and of the service may differ.
	skew = time.Second
	// early is by how much the start of a process may be told too early.
	early = time.Second
)

// span is the time after from and up to to.
type span struct{ from, to time.Time }

func (s span) holds(t time.Time) bool { return t.After(s.from) && !t.After(s.to) }

// cover is which lines the counters of the service hold between the first scrape and
// the last of a range: those that ended in sure, and perhaps those in most. What
// ended in a gap a restart may have taken along.
type cover struct {
	sure, most span
	gaps       []span
}

// covered says what the scrapes of all instances tell about a range; false if one
// was not scraped in it, or none.
func covered(targets map[string]raw.Looks, in span) (c cover, ok bool) {
	for _, all := range targets {
		looks := all.In(in.from, in.to)
		if len(looks) == 0 {
			return c, false
		}
		first, last := looks[0], looks[len(looks)-1]
		// What an instance counted that began in the range was not there before.
		sure, most := span{first.Process.Add(early), last.At.Add(-late)}, span{in.from, last.At.Add(last.Took + skew)}
		if !first.Process.After(in.from) {
			sure.from = first.At.Add(first.Took + skew)
			// A series that began before the first scrape has counted since then.
			most.from = sooner(in.from, first.At.Add(-late))
		}
		for i, next := range looks[1:] {
			if !looks[i].Same(next) {
				c.gaps = append(c.gaps, span{looks[i].At.Add(-late), next.Process.Add(early + skew)})
			}
		}
		if !ok {
			c.sure, c.most, ok = sure, most, true
			continue
		}
		c.sure = span{later(c.sure.from, sure.from), sooner(c.sure.to, sure.to)}
		c.most = span{sooner(c.most.from, most.from), later(c.most.to, most.to)}
	}
	return c, ok
}

// divide tells the lines that were counted for certain from those that may have been.
func (c cover) divide(some []line) (f found) {
	for _, l := range some {
		sure := c.sure.holds(l.ended)
		for _, gap := range c.gaps {
			sure = sure && !gap.holds(l.ended)
		}
		if sure {
			f.sure = append(f.sure, l)
		} else {
			f.perhaps = append(f.perhaps, l)
		}
	}
	return f
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func sooner(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
