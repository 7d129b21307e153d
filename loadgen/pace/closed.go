package pace

import (
	"container/heap"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"time"
)

// MaxUsers limits a closed run.
const MaxUsers = 100_000

// ClosedNote is what a report of a closed run has to say.
const ClosedNote = `Closed model: each user waits for an answer before asking again, so a slow target
is asked less. What users would have sent meanwhile is missing, and their waiting
with it (coordinated omission): these percentiles are better than what they would
have seen. Compare with an open run at the rate that was reached.`

// glance is how long until a closed run looks again whether a user is free.
const glance = 250 * time.Microsecond

// Closed is the closed model, for comparison: a number of users, each of whom
// asks, waits for the answer, thinks and asks again. It is no Pace, because the
// target decides when requests are due; that is what it hides. Its methods may
// be called concurrently.
type Closed struct {
	length time.Duration
	start  time.Time
	think  func() time.Duration
	taken  atomic.Uint64

	mu   sync.Mutex
	free durations // when each user who is not waiting will ask
}

// NewClosed lets users ask from the start of the run on, for length. think says
// how long one thinks after an answer; nil for not at all.
func NewClosed(users int, length time.Duration, start time.Time, think func() time.Duration) (*Closed, error) {
	if users < 1 || users > MaxUsers {
		return nil, fmt.Errorf("closed %d: must be 1 to %d users", users, MaxUsers)
	}
	if err := checkDuration("duration", length); err != nil {
		return nil, err
	}
	if think == nil {
		think = func() time.Duration { return 0 }
	}
	return &Closed{length: length, start: start, think: think, free: make(durations, users)}, nil
}

// Length is how long users go on asking.
func (c *Closed) Length() time.Duration { return c.length }

// Planned is how many requests were asked for.
func (c *Closed) Planned() uint64 { return c.taken.Load() }

// Ended hears of the end of every request.
func (c *Closed) Ended() {
	now := time.Since(c.start)
	c.mu.Lock()
	defer c.mu.Unlock()
	heap.Push(&c.free, now+c.think())
}

// Moments is read as a Governor's is.
func (c *Closed) Moments() iter.Seq2[time.Duration, bool] {
	return func(yield func(time.Duration, bool) bool) {
		for {
			now := max(0, time.Since(c.start))
			if now >= c.length {
				return
			}
			due, asks := c.ask(now)
			if asks {
				c.taken.Add(1)
			} else {
				due = min(now+glance, c.length)
			}
			if !yield(due, asks) {
				return
			}
		}
	}
}

// ask takes a user who is ready, if there is one, and says since when: a request
// is due when its user has finished thinking.
func (c *Closed) ask(now time.Duration) (due time.Duration, asks bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.free) == 0 || c.free[0] > now {
		return 0, false
	}
	return heap.Pop(&c.free).(time.Duration), true
}

// durations is a heap, the least first.
type durations []time.Duration

func (d durations) Len() int           { return len(d) }
func (d durations) Less(i, j int) bool { return d[i] < d[j] }
func (d durations) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }
func (d *durations) Push(x any)        { *d = append(*d, x.(time.Duration)) }
func (d *durations) Pop() any {
	last := len(*d) - 1
	x := (*d)[last]
	*d = (*d)[:last]
	return x
}
