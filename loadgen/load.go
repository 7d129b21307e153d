package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/term"

	"plumbline/cli"
	"plumbline/demo-app/facility"
	"plumbline/loadgen/attack"
	"plumbline/loadgen/console"
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
	think := s.think
	if s.closed > 0 { // its users think before they ask for anything
		think, s.maxInFlight = journey.Think{}, max(s.maxInFlight, s.closed)
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	ln, err := listen(ctx, s.listen)
	if err != nil {
		return err
	}
	var steps attack.Source = single{s.get}
	var journeys *journey.Source
	if s.get == "" {
		journeys = journey.NewSource(journey.Options{Facility: facility.New(s.seed, s.scale), Seed: s.seed, Run: s.runID, Now: time.Now(), Journeys: s.journeys, Think: think})
		steps = journeys
	}
	s.pace.Count() // of a random schedule it takes a while, which shall not be the run's
	start := time.Now().Add(leadIn)
	course, err := newCourse(s, start)
	if err != nil {
		return err
	}
	header := ledger.Header{RunID: s.runID, Seed: s.seed, Target: s.target.String(), Rate: course.rate, Duration: course.length,
		Pace: course.shape, Scale: s.scale.Name, Started: start, Version: version()}
	page, err := openPage(s.html, s.ledger)
	if err != nil {
		return err
	}
	book, err := ledger.Create(s.ledger, header)
	if errors.Is(err, fs.ErrExist) {
		return cli.BadInput(err, "a ledger is never overwritten: name another file, or remove this one")
	} else if err != nil {
		return cli.BadInput(err, "-ledger must name a new file in a directory that exists and is writable")
	}

	recorder := report.NewRecorder(header)
	attacker := attack.New(attack.Options{
		Target: s.target, Protocol: s.protocol, Roots: s.roots, RunID: s.runID, UserAgent: userAgent(), Timeout: s.timeout, MaxInFlight: s.maxInFlight,
		Steps: steps, Ledger: book, Observe: course.observed(recorder.Add),
	})
	watch := &report.Watch{Recorder: recorder, InFlight: attacker.InFlight, Start: start, Length: course.length, Wanted: course.wanted, Paused: course.paused}
	tell := newTelling(s, header, start, recorder, book, course)
	live, width := terminal(stderr)
	progress := report.Progress{Out: stderr, Live: live, Width: width, Colour: live && os.Getenv("NO_COLOR") == "", Watch: watch, Planned: course.count, Stopping: ctx.Done(), Notes: tell.notes}
	companions := []func(context.Context){progress.Show}
	if live || ln != nil {
		companions = append(companions, watch.Follow)
	}
	if tell.writer != nil {
		companions = append(companions, tell.writer.Follow)
	}
	if ln != nil {
		host, _, _ := net.SplitHostPort(s.listen)
		shown := console.Options{Run: header, Watch: watch, Governor: course.governor, Source: journeys, Planned: course.count,
			Stop: func() { end(errConsole) }, Stopping: ctx.Done(), Host: host}
		defer ln.Close()
		announce(ln, stderr)
		companions = append(companions, func(ctx context.Context) { serveConsole(ctx, ln, shown, stderr) })
	}
	leave := beside(ctx, companions...)
	broken := attacker.Run(ctx, start, course.moments)
	leave()
	summary, broken := finish(s, book, recorder, course.ended(ctx, time.Since(start)), broken)
	summary.Told = tell.end(ctx, summary, stderr)
	if err := errors.Join(write(summary, s.output, stdout), writePage(page, summary, recorder.Plots())); err != nil {
		return err
	}
	return verdict(summary, broken)
}

// finish closes the ledger and sums up, whatever happened before. It returns why
// the run broke off, if it did.
func finish(s *settings, book *ledger.Writer, recorder *report.Recorder, end ending, broken error) (report.Report, error) {
	trailer := ledger.Trailer{Planned: end.planned, Ended: time.Now()}
	totals := book.Totals()
	if done := totals.Sent + totals.Dropped; broken != nil {
		trailer.Stopped = broken.Error()
	} else if end.early {
		trailer.Stopped = fmt.Sprintf("%s after %d requests", end.why, done)
	} else if done < end.planned {
		trailer.Stopped = fmt.Sprintf("%s after %d of %d requests", end.why, done, end.planned)
	}
	if err := book.Close(trailer); broken == nil {
		broken = err
		if err != nil {
			trailer.Stopped = err.Error()
		}
	}
	summary := recorder.Report(trailer, true, s.ledger)
	summary.Judge(s.thresholds)
	return summary, broken
}

// verdict is the error that a run ends with, the gravest first: what its exit
// code is.
func verdict(r report.Report, broken error) error {
	failed, silent := failures(r.Thresholds), untold(r.Run.RunID, r.Told)
	switch {
	case broken != nil:
		return &cli.Failure{Code: cli.Undone, Err: errors.Join(fmt.Errorf("sending stopped: %w", broken), silent),
			Next: "free space for the ledger and run again; what was flushed is readable: loadgen ledger stats " + r.Ledger.Path}
	case r.Stopped != "":
		return &cli.Failure{Code: cli.Undone, Err: errors.Join(errors.New(r.Stopped), silent)}
	case failed != nil:
		return &cli.Failure{Code: cli.False, Err: errors.Join(append(failed, silent)...), Next: "the report shows where: by route, by status, by outcome"}
	case silent != nil:
		return &cli.Failure{Code: cli.Undone, Err: silent}
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
	status, err := attack.Preflight(ctx, attack.Options{Target: s.target, Protocol: s.protocol, Roots: s.roots, UserAgent: userAgent(), Timeout: min(preflightLimit, s.timeout)})
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

// terminal reports whether w is one, and how to learn its columns.
func terminal(w io.Writer) (is bool, width func() int) {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return false, nil
	}
	return true, func() int {
		width, _, _ := term.GetSize(int(file.Fd())) // 0 if it cannot be had
		return width
	}
}

func userAgent() string { return "plumbline-loadgen/" + version() }
