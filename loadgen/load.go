package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	"plumbline/cli"
	"plumbline/demo-app/facility"
	"plumbline/loadgen/attack"
	"plumbline/loadgen/journey"
	"plumbline/loadgen/ledger"
	"plumbline/loadgen/report"
)

const (
	preflightLimit = 5 * time.Second
	leadIn         = 100 * time.Millisecond // from the header to the first request, so that it leaves on time
)

// runLoad is the command loadgen run.
func runLoad(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	s, err := parseSettings(args, stdout)
	if s == nil || err != nil {
		return err
	}
	if err := preflight(ctx, s); err != nil {
		return err
	}
	steps := journey.NewSource(facility.New(s.seed, s.scale), s.seed)
	start := time.Now().Add(leadIn)
	header := ledger.Header{RunID: s.runID, Seed: s.seed, Target: s.target.String(), Rate: s.pace.Rate, Duration: s.pace.Duration,
		Scale: s.scale.Name, Started: start, Version: version()}
	book, err := ledger.Create(s.ledger, header)
	if errors.Is(err, fs.ErrExist) {
		return cli.BadInput(err, "a ledger is never overwritten: name another file, or remove this one")
	} else if err != nil {
		return cli.BadInput(err, "-ledger must name a new file in a directory that exists and is writable")
	}

	recorder := report.NewRecorder(header)
	attacker := attack.New(attack.Options{
		Target: s.target, RunID: s.runID, UserAgent: userAgent(), Timeout: s.timeout, MaxInFlight: s.maxInFlight,
		Steps: steps, Ledger: book, Observe: recorder.Add,
	})
	planned := s.pace.Count()
	live, width := terminal(stderr)
	hide := show(ctx, report.Progress{
		Out: stderr, Live: live, Width: width, Recorder: recorder, InFlight: attacker.InFlight,
		Start: start, Planned: planned, Rate: s.pace.Rate, Length: s.pace.Duration, Stopping: ctx.Done(),
	})
	broken := attacker.Run(ctx, start, s.pace.Arrivals())
	hide()
	return finish(s, book, recorder, planned, broken, stdout)
}

// finish closes the ledger and prints the report, whatever happened before.
func finish(s *settings, book *ledger.Writer, recorder *report.Recorder, planned uint64, broken error, stdout io.Writer) error {
	trailer := ledger.Trailer{Planned: planned, Ended: time.Now()}
	totals := book.Totals()
	if done := totals.Sent + totals.Dropped; broken != nil {
		trailer.Stopped = broken.Error()
	} else if done < planned {
		trailer.Stopped = fmt.Sprintf("stopped by a signal after %d of %d requests", done, planned)
	}
	if err := book.Close(trailer); broken == nil {
		broken = err
		if err != nil {
			trailer.Stopped = err.Error()
		}
	}
	if err := write(recorder.Report(trailer, true, s.ledger), s.output, stdout); err != nil {
		return err
	}
	switch {
	case broken != nil:
		return &cli.Failure{Code: cli.Undone, Err: fmt.Errorf("sending stopped: %w", broken), Next: "free space for the ledger and run again; what was flushed is readable: loadgen ledger stats " + s.ledger}
	case trailer.Stopped != "":
		return &cli.Failure{Code: cli.Undone, Err: errors.New(trailer.Stopped)}
	}
	return nil
}

func write(r report.Report, output string, stdout io.Writer) error {
	if output == "json" {
		return r.WriteJSON(stdout)
	}
	return r.WriteTable(stdout)
}

// preflight makes sure that somebody answers before a ledger is begun.
func preflight(ctx context.Context, s *settings) error {
	status, err := attack.Preflight(ctx, s.target, userAgent(), min(preflightLimit, s.timeout))
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		err = fmt.Errorf("target %s: no answer within %v", s.target, min(preflightLimit, s.timeout))
	case err != nil:
		err = fmt.Errorf("target %s: %v", s.target, err)
	case status == http.StatusServiceUnavailable:
		err = fmt.Errorf("target %s: /readyz says that it is not ready (%d)", s.target, status)
	}
	if err != nil {
		return &cli.Failure{Code: cli.Undone, Err: err, Next: "start the API there, or name another address with -target"}
	}
	return nil
}

// show draws progress until the returned function is called.
func show(ctx context.Context, p report.Progress) (hide func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // also while a stopped run drains
	var group sync.WaitGroup
	group.Go(func() { p.Show(ctx) })
	return func() {
		cancel()
		group.Wait()
	}
}

// terminal reports whether w is one, and its columns if they can be had.
func terminal(w io.Writer) (is bool, width int) {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return false, 0
	}
	width, _, _ = term.GetSize(int(file.Fd()))
	return true, width
}

func userAgent() string { return "plumbline-loadgen/" + version() }
