package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/dustin/go-humanize"

	"plumbline/cli"
	"plumbline/loadgen/ledger"
	"plumbline/loadgen/lines"
)

// runLines is the command loadgen lines.
func runLines(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	s, err := parseLines(args, stdout)
	if s == nil || err != nil {
		return err
	}
	out, err := openOutput(ctx, s, stdout)
	if err != nil {
		return err
	}
	start := time.Now().Add(leadIn)
	header := ledger.Header{RunID: s.content.RunID, Seed: s.content.Seed, Target: s.out, Rate: meanRate(s.pace),
		Duration: s.pace.Length(), Pace: shapeOf(s.pace), Started: start, Version: version(), Lines: s.content.Record()}
	book, err := ledger.Create(s.ledger, header)
	if err != nil {
		out.Close()
	}
	if errors.Is(err, fs.ErrExist) {
		return cli.BadInput(err, "a ledger is never overwritten: name another file, or remove this one")
	} else if err != nil {
		return cli.BadInput(err, "-ledger must name a new file in a directory that exists and is writable")
	}
	tally := lines.NewTally()
	hide := showLines(stderr, tally, start, s.pace.Count(), s.pace.Length())
	broken := lines.NewShipment(lines.Options{
		Maker: lines.NewMaker(s.content), Output: out, Ledger: book, Timeout: s.timeout, Tally: tally,
	}).Run(ctx, start, s.pace.Arrivals())
	hide()
	report := stdout
	if s.out == standardOutput {
		report = stderr // the lines have the other one
	}
	return finishLines(s, header, book, out, tally, broken, report)
}

// openOutput makes sure that there is somewhere to write to before a ledger is begun.
func openOutput(ctx context.Context, s *linesSettings, stdout io.Writer) (lines.Output, error) {
	var out lines.Output
	var err error
	switch {
	case s.out == standardOutput:
		signal.Ignore(syscall.SIGPIPE) // a reader that leaves is an outcome, and the ledger is to be closed
		return lines.NewStream(stdout), nil
	case s.socket == "tcp":
		out, err = lines.DialTCP(ctx, s.address, s.timeout)
	case s.socket == "udp":
		out, err = lines.DialUDP(ctx, s.address, s.timeout)
	default:
		if out, err = lines.OpenFile(s.out, s.rotation); err != nil {
			return nil, cli.BadInput(fmt.Errorf("-out: %w", err), cli.Hint(err))
		}
		return out, nil
	}
	if err != nil {
		return nil, &cli.Failure{Code: cli.Undone, Err: fmt.Errorf("-out %s: %w", s.out, err), Next: "start the shipper there, or name another address with -out"}
	}
	return out, nil
}

// finishLines closes everything and prints the report, whatever happened before.
func finishLines(s *linesSettings, header ledger.Header, book *ledger.Writer, out lines.Output, tally *lines.Tally, broken error, to io.Writer) error {
	planned := s.pace.Count()
	closing := out.Close()
	trailer := ledger.Trailer{Planned: planned, Ended: time.Now()}
	totals := book.Totals()
	if done := totals.Sent + totals.Dropped; broken != nil {
		trailer.Stopped = broken.Error()
	} else if done < planned {
		trailer.Stopped = fmt.Sprintf("stopped by a signal after %d of %d lines", done, planned)
	}
	if err := book.Close(trailer); broken == nil && err != nil {
		broken, trailer.Stopped = err, err.Error()
	}
	report := tally.Report(header, trailer, out.Stats())
	report.Format, report.Ledger = s.content.Format, s.ledger
	write := report.WriteTable
	if s.output == "json" {
		write = report.WriteJSON
	}
	if err := write(to); err != nil {
		return err
	}
	switch {
	case broken != nil:
		return &cli.Failure{Code: cli.Undone, Err: fmt.Errorf("writing stopped: %w", broken), Next: "free space for the ledger and run again; what was flushed is readable: loadgen ledger stats " + s.ledger}
	case trailer.Stopped != "":
		return &cli.Failure{Code: cli.Undone, Err: errors.New(trailer.Stopped)}
	}
	return closing
}

// showLines writes a line of progress now and then until the returned function
// is called.
func showLines(w io.Writer, tally *lines.Tally, start time.Time, planned uint64, length time.Duration) (hide func()) {
	done := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		ticker := time.NewTicker(5 * time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				fmt.Fprintf(w, "%3.0fs of %v  %s of %s lines\n", time.Since(start).Seconds(), length,
					humanize.Comma(int64(tally.Ended())), humanize.Comma(int64(planned)))
			}
		}
	})
	return func() {
		close(done)
		group.Wait()
	}
}
