package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"strings"
	"time"

	"plumbline/cli"
	"plumbline/loadgen/attack"
	"plumbline/loadgen/ledger"
	"plumbline/loadgen/pace"
)

// checkClosed refuses what has no meaning when the target decides.
func checkClosed(fs *flag.FlagSet, users int) (err error) {
	fs.Visit(func(f *flag.Flag) {
		switch {
		case f.Name == "closed" && (users < 1 || users > pace.MaxUsers):
			err = cli.BadInput(fmt.Errorf("-closed %d: must be 1 to %d users", users, pace.MaxUsers), "for example: -closed 64")
		case users != 0 && (f.Name == "rate" || f.Name == "pace"):
			err = cli.BadInput(fmt.Errorf("-%s has no meaning with -closed: the target's answers decide", f.Name), "leave one of the two out")
		}
	})
	return err
}

// choosePace makes the schedule that -pace, -rate and -duration describe, and
// refuses those that the shape has no use for.
func choosePace(fs *flag.FlagSet, spec string, base pace.Constant, seed uint64) (pace.Pace, error) {
	if err := base.Validate(); err != nil {
		return nil, cli.BadInput(fmt.Errorf("-%v", err), "for example: -rate 200 -duration 20s")
	}
	shape, _, _ := strings.Cut(spec, ":")
	var idle error
	fs.Visit(func(f *flag.Flag) {
		ownRate := shape == "ramp" || shape == "steps" || shape == "replay"
		ownLength := shape == "steps" || shape == "replay"
		if f.Name == "rate" && ownRate || f.Name == "duration" && ownLength {
			idle = cli.BadInput(fmt.Errorf("-%s has no meaning with -pace %s, which brings its own", f.Name, shape), "leave -"+f.Name+" out")
		}
	})
	if idle != nil {
		return nil, idle
	}
	file, speed, is, err := pace.ParseReplay(spec)
	if is && err == nil {
		return readPace(file, speed)
	}
	var p pace.Pace
	if err == nil {
		p, err = pace.Parse(spec, base.Rate, base.Duration, seed)
	}
	if err != nil {
		return nil, cli.BadInput(fmt.Errorf("-%v", err), "loadgen run -h shows the shapes")
	}
	return p, nil
}

// readPace takes the due times of a ledger, also of one that was cut short.
func readPace(path string, speed float64) (pace.Pace, error) {
	r, err := ledger.Open(path)
	if err != nil {
		return nil, cli.BadInput(err, "-pace replay:FILE wants a ledger that loadgen run has written")
	}
	defer r.Close()
	recording := pace.Recording{File: path, Length: r.Header.Duration, Speed: speed}
	for {
		a, err := r.Next()
		var truncated *ledger.TruncatedError
		if err == io.EOF || errors.As(err, &truncated) {
			break
		} else if err != nil {
			return nil, unreadable(err)
		}
		recording.Due = append(recording.Due, a.Scheduled)
	}
	p, err := pace.Replay(recording)
	if err != nil {
		return nil, cli.BadInput(fmt.Errorf("-%v", err), "for example: -pace replay:run.ledger,speed=2")
	}
	return p, nil
}

// meanRate is what a report gives as the wanted rate, in requests per second.
func meanRate(p pace.Pace) float64 {
	return float64(p.Count()) / p.Length().Seconds()
}

// shapeOf is the schedule for the ledger; an even one has no need of a word.
func shapeOf(p pace.Pace) string {
	if spec := p.String(); spec != "constant" {
		return spec
	}
	return ""
}

// course is what a run sends by.
type course struct {
	rate    float64 // wanted, per second; 0 if the target decides
	shape   string  // for the ledger
	length  time.Duration
	count   uint64 // planned; 0 if the target decides
	moments iter.Seq2[time.Duration, bool]
	wanted  func(at time.Duration) float64 // the rate at a moment of the run
	due     func(at time.Duration) uint64  // arrivals by a moment; asked in order

	closed   *pace.Closed   // nil in the open model
	governor *pace.Governor // nil if nobody can turn the rate
}

// paused reports whether somebody holds the schedule now.
func (c *course) paused() bool {
	if c.governor == nil {
		return false
	}
	_, paused := c.governor.Factor()
	return paused
}

// newCourse begins at start.
func newCourse(s *settings, start time.Time) (course, error) {
	c := course{rate: meanRate(s.pace), shape: shapeOf(s.pace), length: s.pace.Length(), count: s.pace.Count(), moments: attack.Due(s.pace.Arrivals()), wanted: s.pace.Rate,
		due: arrivedBy(s.pace.Arrivals())}
	if s.closed == 0 && s.listen != "" {
		c.governor = pace.NewGovernor(s.pace, start)
		c.moments, c.wanted = c.governor.Moments(), c.governor.Rate
		c.due = func(time.Duration) uint64 { return c.governor.Planned() }
	}
	if s.closed == 0 {
		return c, nil
	}
	random := rand.New(rand.NewPCG(s.seed, uint64(s.closed)))
	closed, err := pace.NewClosed(s.closed, c.length, start, func() time.Duration { return s.think.Draw(random) })
	if err != nil {
		return c, cli.BadInput(fmt.Errorf("-%v", err), "for example: -closed 64")
	}
	return course{shape: fmt.Sprintf("closed:%d", s.closed), length: c.length, moments: closed.Moments(), closed: closed,
		wanted: func(time.Duration) float64 { return 0 }, due: func(time.Duration) uint64 { return closed.Planned() }}, nil
}

// arrivedBy counts the arrivals of a schedule by moments that do not go back.
func arrivedBy(arrivals iter.Seq[time.Duration]) func(at time.Duration) uint64 {
	next, _ := iter.Pull(arrivals) // it is read to its end or to that of the program
	count := uint64(0)
	due, more := next()
	return func(at time.Duration) uint64 {
		for more && due <= at {
			count++
			due, more = next()
		}
		return count
	}
}

// ending is how a run came to its end.
type ending struct {
	planned uint64 // what it has to account for
	early   bool   // before its schedule was over, which planned need not tell
	why     string // if early, or not all of planned was done
}

// ended is asked when the last request has ended.
func (c course) ended(ctx context.Context, after time.Duration) ending {
	e := ending{planned: c.count, why: "stopped by a signal"}
	if errors.Is(context.Cause(ctx), errConsole) {
		e.why = errConsole.Error()
	}
	switch {
	case c.closed != nil:
		e.planned, e.early = c.closed.Planned(), after < c.length
	case c.governor != nil:
		e.planned, e.early = c.governor.Planned(), after < c.length
	}
	return e
}

// observed hears of every request that ended.
func (c course) observed(next func(ledger.Attempt)) func(ledger.Attempt) {
	if c.closed == nil {
		return next
	}
	return func(a ledger.Attempt) {
		next(a)
		c.closed.Ended()
	}
}
