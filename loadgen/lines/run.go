package lines

import (
	"context"
	"iter"
	"sync"
	"time"

	"plumbline/loadgen/ledger"
)

const (
	tick       = 5 * time.Millisecond // lines due within it leave together: to wake costs more than to make some
	chunkBytes = 128 << 10            // of one write, unless a single line is longer
	maxWaiting = 64 << 20             // bytes that wait for a slow output; beyond, lines are dropped
)

// Options says what a run needs. All fields must be set.
type Options struct {
	Maker   *Maker
	Output  Output
	Ledger  *ledger.Writer
	Timeout time.Duration // how long a blocked output is waited for at the end
	Tally   *Tally        // counts what became of each line
}

// Shipment is one run's lines on their way to the output. The schedule is one
// goroutine's and the writing another's, so that a slow output does not delay
// the schedule: lines wait in memory, and what exceeds it is dropped.
type Shipment struct {
	Options
	start time.Time
	wake  chan struct{} // there are lines to be written; closed after the last

	mu        sync.Mutex // over the rest
	waiting   batch
	writing   batch // of the writer, but for what of it is abandoned
	position  position
	abandoned bool
}

// batch is lines in a row.
type batch struct {
	text    []byte
	ends    []int
	entries []entry
}

type entry struct {
	seq  uint64
	due  time.Duration
	kind Kind
}

func (b *batch) reset() { b.text, b.ends, b.entries = b.text[:0], b.ends[:0], b.entries[:0] }

// position is how far the writer is in its batch: lines before first have
// ended, those before last are in the ledger as sent.
type position struct {
	first, last int
	sent        time.Duration
}

// NewShipment returns a run that has not begun.
func NewShipment(o Options) *Shipment {
	return &Shipment{Options: o, wake: make(chan struct{}, 1)}
}

// Run writes one line per arrival, counted from start, and returns when all
// have ended. A cancelled ctx ends the schedule, not the lines that wait, and is
// no error. The error is the ledger's.
func (s *Shipment) Run(ctx context.Context, start time.Time, arrivals iter.Seq[time.Duration]) error {
	s.start = start
	written := make(chan struct{})
	go func() {
		defer close(written)
		s.write()
	}()
	broken := s.schedule(ctx, arrivals)
	close(s.wake)
	s.drain(written)
	if broken == nil {
		broken = s.Ledger.Err()
	}
	return broken
}

// schedule makes each line when it is due. After a wait of a tick at least, all
// lines that are due by then are made at once.
func (s *Shipment) schedule(ctx context.Context, arrivals iter.Seq[time.Duration]) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	now := time.Since(s.start)
	seq, made := uint64(0), 0
	for due := range arrivals {
		if due > now || made >= chunkBytes {
			s.signal()
			made = 0
			if err := s.Ledger.Err(); err != nil {
				return err
			}
			if ctx.Err() != nil {
				return nil
			}
		}
		if due > now {
			timer.Reset(time.Until(s.start.Add(max(due, now+tick))))
			select {
			case <-ctx.Done():
				return nil
			case <-timer.C:
			}
			now = time.Since(s.start)
		}
		seq++
		n, err := s.add(entry{seq: seq, due: due})
		if err != nil {
			return err
		}
		made += n
	}
	return nil
}

// signal tells the writer that lines wait.
func (s *Shipment) signal() {
	select {
	case s.wake <- struct{}{}:
	default: // it has not yet heard of the previous one
	}
}

// add makes a line and lets it wait for the writer, or drops it. It returns the
// line's length.
func (s *Shipment) add(e entry) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.waiting.text)
	if before >= maxWaiting {
		return 0, s.drop(e)
	}
	b := &s.waiting
	b.text, e.kind = s.Maker.Append(b.text, e.seq, s.start.Add(e.due))
	b.ends = append(b.ends, len(b.text))
	b.entries = append(b.entries, e)
	return len(b.text) - before, nil
}

func (s *Shipment) drop(e entry) error {
	e.kind = s.Maker.Kind(e.seq)
	a := s.attempt(e)
	a.Outcome = ledger.Dropped
	s.Tally.end(a, 0)
	return s.Ledger.Done(a)
}

// attempt is a line as the ledger has it.
func (s *Shipment) attempt(e entry) ledger.Attempt {
	return ledger.Attempt{Seq: e.seq, Scheduled: e.due, Journey: string(e.kind), Method: Method, Route: string(s.Maker.Format)}
}

// drain waits for the writer. When the output takes nothing for the timeout, lines
// under way end as that and those behind them are dropped: a pipe that
// nobody reads is an outcome too.
func (s *Shipment) drain(written <-chan struct{}) {
	patience := s.Timeout + time.Second // a socket gives up by itself before
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for ended := s.Tally.Ended(); ; {
		select {
		case <-written:
			return
		case <-timer.C:
		}
		if now := s.Tally.Ended(); now > ended {
			ended = now
			timer.Reset(patience)
			continue
		}
		s.abandon()
		return
	}
}

func (s *Shipment) abandon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.abandoned = true
	s.end(s.position.last-s.position.first, ledger.Timeout, time.Since(s.start), errBlocked)
	for _, rest := range [][]entry{s.writing.entries[s.position.first:], s.waiting.entries} {
		for _, e := range rest {
			if s.drop(e) != nil {
				return
			}
		}
	}
}
