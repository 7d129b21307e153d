package exact

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/ledger"
)

// Line is what the application wrote about one request of a run.
type Line struct {
	Seq           uint64
	Method, Route string
	Status        int
	Took          time.Duration
	Ended         time.Time
}

// Lines hands on every line of a run, in any order, to yield.
type Lines func(ctx context.Context, run string, yield func(Line)) error

// Patience is how long to wait for the lines of answered attempts: the
// application writes them after the answer, and what carries them takes time.
type Patience struct {
	Within time.Duration
	Every  time.Duration // 0 for the usual
	Told   func(missing uint64)
}

const usualEvery = 500 * time.Millisecond

// Read joins a ledger with the lines of its run, and reads the lines again
// until each answered attempt has one or patience ends. What is still missing
// then is in Run.Join and no error. The errors are those of the ledger
// (*ledger.TruncatedError for one that was cut off) and of lines.
func Read(ctx context.Context, path string, lines Lines, p Patience) (*Run, error) {
	sent, err := readLedger(path)
	if err != nil {
		return nil, err
	}
	every := cmp.Or(p.Every, usualEvery)
	for end := time.Now().Add(p.Within); ; {
		run, err := sent.join(ctx, lines)
		if err != nil {
			return nil, err
		}
		missing := run.Join.Lacking("")
		if missing == 0 || !time.Now().Before(end) {
			return run, nil
		}
		if p.Told != nil {
			p.Told(missing)
		}
		again := time.NewTimer(min(every, time.Until(end)))
		select {
		case <-again.C:
		case <-ctx.Done():
			again.Stop()
			return nil, context.Cause(ctx)
		}
	}
}

// attempts are those of a ledger, by number.
type attempts struct {
	header ledger.Header
	ended  time.Time
	all    []ledger.Attempt // that with number n is at n-1; Seq 0 where the ledger has none
}

// ErrLines is the error for a ledger of loadgen lines: nobody answered those.
var ErrLines = errors.New("it is a ledger of lines, and they are no requests")

func readLedger(path string) (*attempts, error) {
	book, err := ledger.Open(path)
	if err != nil {
		return nil, err
	}
	defer book.Close()
	if book.Header.Lines != nil {
		return nil, fmt.Errorf("ledger %s: %w", path, ErrLines)
	}
	out := &attempts{header: book.Header}
	for {
		a, err := book.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		for uint64(len(out.all)) < a.Seq-1 { // a ledger has no gaps, but need not be believed
			out.all = append(out.all, ledger.Attempt{})
		}
		out.all = append(out.all, a)
	}
	trailer, _ := book.Trailer()
	out.ended = trailer.Ended
	return out, nil
}

// join reads the lines once.
func (a *attempts) join(ctx context.Context, lines Lines) (*Run, error) {
	run := &Run{ID: a.header.RunID, Target: a.header.Target, From: a.header.Started, To: a.ended}
	run.Join.Missing = map[string]uint64{}
	found := make([]bool, len(a.all))
	err := lines(ctx, run.ID, func(l Line) {
		if slices.Contains(telemetry.OperationalRoutes(), l.Route) {
			return
		}
		if l.Seq == 0 || l.Seq > uint64(len(a.all)) {
			run.Join.Stray++
			return
		}
		of := &a.all[l.Seq-1]
		switch {
		case of.Seq == 0 || of.NeverSent():
			run.Join.Stray++
			return
		case found[l.Seq-1]:
			run.Join.Doubled++
		case of.Route != l.Route || of.Method != l.Method || of.Outcome == ledger.Answered && of.Status != l.Status:
			run.Join.Differing++
		}
		found[l.Seq-1] = true
		run.Requests = append(run.Requests, Request{Route: l.Route, Method: l.Method, Status: l.Status, Took: l.Took, Ended: l.Ended})
		if of.Outcome == ledger.Answered {
			// The application began after the request was sent and before it was answered.
			began := l.Ended.Add(-l.Took)
			sent := a.header.Started.Add(of.Sent)
			run.Clock.narrow(began.Sub(sent.Add(of.Service)), began.Sub(sent))
		}
	})
	if err != nil {
		return nil, err
	}
	a.count(&run.Join, found)
	slices.SortStableFunc(run.Requests, func(x, y Request) int { return x.Ended.Compare(y.Ended) })
	return run, nil
}

// count adds up the attempts, found or not.
func (a *attempts) count(j *Join, found []bool) {
	for i, at := range a.all {
		if at.Seq == 0 || at.NeverSent() || slices.Contains(telemetry.OperationalRoutes(), at.Route) {
			continue
		}
		j.Attempts++
		answered := at.Outcome == ledger.Answered
		if answered {
			j.Answered++
		}
		switch {
		case found[i]:
		case answered:
			j.Missing[at.Route]++
		default:
			j.Unseen++
		}
	}
}
