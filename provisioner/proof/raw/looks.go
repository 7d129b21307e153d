package raw

import (
	"sort"
	"time"
)

// Look is one scrape of a target.
type Look struct {
	At      time.Time     // when it began: the time of its samples
	Took    time.Duration // the counters were read within this time
	Process time.Time     // when the process began that was read
}

// Looks are the scrapes of one target, in order.
type Looks []Look

// jitter is by how much the start of one process may be told differently: it is the
// kernel's boot time, in whole seconds, and the ticks since.
const jitter = 1500 * time.Millisecond

// Same reports that two scrapes read one process.
func (l Look) Same(next Look) bool { return next.Process.Sub(l.Process).Abs() <= jitter }

// In are the scrapes later than from and not later than to.
func (l Looks) In(from, to time.Time) Looks { return l[l.after(from):l.after(to)] }

// after is how many scrapes are not later than t.
func (l Looks) after(t time.Time) int {
	return sort.Search(len(l), func(i int) bool { return l[i].At.After(t) })
}

// at reports a scrape at a moment. A sample at another one is the zero that
// Prometheus writes where a counter says that it was created.
func (l Looks) at(t time.Time) bool {
	i := l.after(t)
	return i > 0 && l[i-1].At.Equal(t)
}

// restarted reports that another process was read at the second moment.
func (l Looks) restarted(first, second time.Time) bool {
	before, after := l.after(first)-1, l.after(second.Add(-time.Millisecond))
	return before >= 0 && after < len(l) && !l[before].Same(l[after])
}

// begins reports that a series whose first sample after from is at a moment began
// in between: an earlier scrape of that time, or the process before, had none of it.
func (l Looks) begins(at, from time.Time) bool {
	i := l.after(from)
	return i < len(l) && (l[i].At.Before(at) || l[i].At.Equal(at) && l[i].Process.After(from))
}
