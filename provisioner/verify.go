package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"plumbline/cli"
	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/ledger"
	"plumbline/loadgen/lines"
	"plumbline/provisioner/arrival"
	"plumbline/provisioner/elastic"
	"plumbline/provisioner/red"
)

func verifyCommand() command {
	return command{name: "verify", summary: "compare a ledger with Elasticsearch, attempt by attempt", run: runVerify}
}

// verification is one call of verify.
type verification struct {
	es                  elastic.Config
	audit               arrival.Audit
	patience            arrival.Patience
	follow              bool
	poll                time.Duration // of follow: the resolution
	lagKey              string
	appLog              string           // pattern of file names; "" for none
	shipper             string           // URL of its counters; "" for none
	shipped             *arrival.Reading // when the watch began; nil without one
	watched             time.Time
	panels, metrics     bool
	chosen              bool // the caller said what to judge
	depth               string
	allow, allowUnsent  uint64
	allowRejected       uint64
	format, json, junit string
	markdown, html      string
}

func runVerify(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	v, err := parseVerify(args, stdout)
	if err != nil {
		return err
	}
	report := &arrival.Report{Ledger: v.audit.Ledger, Index: v.audit.Index, Run: v.audit.RunID, Judged: time.Now().UTC()}
	note := newNotes(stderr)
	failed := v.judge(ctx, report, note.say)
	note.end()
	report.Took = time.Since(report.Judged)
	if failed != nil {
		report.Failed(failed)
		if v.format == "json" {
			_ = report.WriteJSON(stdout) // the error below says more than this one could
		}
		// An old report file must not be taken for this one's.
		if err := v.save(report); err != nil {
			return fmt.Errorf("%w; and %v", failed, err)
		}
		return failed
	}
	if err := v.save(report); err != nil {
		return err
	}
	write := func(w io.Writer) error { return report.WriteTable(w, isTerminal(w)) }
	if v.format == "json" {
		write = report.WriteJSON
	}
	if err := write(stdout); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return verdict(report)
}

// verdict turns the report's outcome into an exit code.
func verdict(r *arrival.Report) error {
	broken := r.Broken()
	if len(broken) == 0 {
		return nil
	}
	text := broken[0]
	if len(broken) > 1 {
		text += fmt.Sprintf(" (and %d more)", len(broken)-1)
	}
	f := &cli.Failure{Code: cli.False, Next: r.Hint, Err: fmt.Errorf("run %s does not hold: %s", r.Run, text)}
	if r.Outcome == arrival.Unmeasured {
		f.Code, f.Err = cli.Undone, fmt.Errorf("run %s could not be measured: %s", r.Run, text)
	}
	return f
}

// judge gathers the evidence, in the order in which it becomes available.
func (v *verification) judge(ctx context.Context, report *arrival.Report, progress arrival.Progress) error {
	client, err := elastic.New(v.es)
	if err != nil {
		return badInput(err)
	}
	v.audit.Search = client
	if len(v.audit.Names) > 0 {
		v.audit.Search = arrival.Named{Searcher: client, Names: v.audit.Names}
	}
	e := arrival.Evidence{
		AllowIndeterminate: v.allow, AllowUnsent: v.allowUnsent, AllowRejected: v.allowRejected, StreamsWithin: v.patience.Within,
	}
	if v.follow {
		if e.Followed, err = v.watch(ctx, client, progress); err != nil {
			return ledgerError(err)
		}
	}
	if err := v.fit(); err != nil {
		return err
	}
	if v.depth == "fast" {
		glance, err := v.audit.Glance(ctx, v.patience.Within, progress)
		if err != nil {
			return ledgerError(err)
		}
		report.JudgeGlance(glance)
		return v.named(glance.NoIndex())
	}
	if e.Account, err = v.audit.Wait(ctx, v.patience, progress); err != nil {
		return ledgerError(err)
	}
	if err := v.named(e.Account.NoIndex); err != nil {
		return err
	}
	if err := v.trace(ctx, client, e.Account); err != nil {
		return err
	}
	if e.Told, err = arrival.AwaitTold(ctx, client, e.Account, v.patience.Within, progress); err != nil {
		return err
	}
	if e.Followed != nil {
		if err := arrival.AwaitLag(ctx, client, e.Followed, v.patience.Within); err != nil {
			e.LagMissing = err.Error()
		}
		e.Followed.Tell(e.Account.Truth)
	}
	if v.metrics && e.Account.Attempts > 0 { // before the panels: some show these
		if e.Streams, err = arrival.Streams(ctx, client, e.Account.Header.Started, v.patience.Within, progress); err != nil {
			return err
		}
		if !e.Account.Truncated {
			source := red.Metricbeat{Search: client, Index: telemetry.StreamPrometheus}
			if e.Counters, err = source.Tally(ctx, e.Account.Asked(), cmp.Or(v.audit.Index, telemetry.StreamAccess), red.Patience{Within: v.patience.Within, Told: progress}); err != nil {
				return err
			}
		}
	}
	if v.panels && e.Account.Attempts > 0 {
		if e.Panels, err = v.execute(ctx, client, e, progress); err != nil {
			return err
		}
	}
	report.Judge(e)
	return nil
}

// named refuses an index that the caller named and that does not exist: more likely
// the name is wrong than everything lost.
func (v *verification) named(missing bool) error {
	if !missing || v.audit.Index == "" {
		return nil
	}
	return &cli.Failure{Code: cli.Undone, Err: fmt.Errorf("nothing is called %s, after %v", v.audit.Index, v.patience.Within),
		Next: "is -index right? leave it out for the usual data stream"}
}

// execute writes the verdict down, if it may, and executes the panels.
func (v *verification) execute(ctx context.Context, client *elastic.Client, e arrival.Evidence, progress arrival.Progress) ([]arrival.PanelCheck, error) {
	var recorded time.Time
	if v.lagKey != "" {
		writer, err := v.writer()
		if err != nil {
			return nil, err
		}
		if recorded, err = arrival.Record(ctx, client, writer, e.Account, v.patience.Within); err != nil {
			return nil, err
		}
	}
	progress("executing the panels")
	return arrival.Panels(ctx, client, dashboards.All(), arrival.Scope(e.Account, e.Followed, recorded), e.Account.Truth, e.Followed)
}

// writer is Elasticsearch for who may write what was measured.
func (v *verification) writer() (*elastic.Client, error) {
	config := v.es
	config.KeyFile = v.lagKey
	client, err := elastic.New(config)
	if err != nil {
		return nil, badInput(err)
	}
	return client, nil
}

// fit holds what was asked for against what the ledger is of.
func (v *verification) fit() error {
	book, err := ledger.Open(v.audit.Ledger)
	if err != nil {
		return ledgerError(err)
	}
	defer book.Close()
	ofLines := book.Header.Lines != nil
	switch {
	case !ofLines && (v.audit.Lines.Message != "" || v.audit.Lines.Time != ""):
		return usageError("leave them out, or give the ledger that 'loadgen lines' wrote", "verify: -message-field and -time-field are for lines, the ledger is of requests")
	case !ofLines:
		v.audit.Late, v.audit.Lines.Late = v.audit.Lines.Late, 0
		return nil
	case len(v.audit.Names) > 0:
		return usageError("leave them out", "verify: the fields of requests have other names, but the ledger is of lines")
	case v.chosen && (v.panels || v.metrics):
		return usageError("leave -check out", "verify: a ledger of lines has neither panels nor metrics")
	case v.appLog != "" || v.shipper != "":
		return usageError("leave them out", "verify: -app-log and -shipper are for requests, the ledger is of lines")
	}
	v.panels, v.metrics = false, false
	return nil
}

// trace says at which hop the missing attempts were lost, if the application's log
// was named.
func (v *verification) trace(ctx context.Context, client *elastic.Client, a *arrival.Account) error {
	if v.appLog == "" {
		return nil
	}
	files, err := filepath.Glob(v.appLog)
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("no file is called %s", v.appLog)
	}
	if err != nil {
		return badInput(err)
	}
	if err := (arrival.Trace{Files: files, Search: client, Fetch: client, Kept: telemetry.StreamApp}).Run(ctx, a); err != nil {
		return err
	}
	if v.shipper == "" {
		return nil
	}
	now, err := arrival.ReadShipper(ctx, v.shipper)
	if err != nil { // one that is down is a finding, and no reason not to judge
		a.Hops.Silent = err.Error()
		return nil
	}
	a.Hops.Counted = arrival.Shipped(v.shipped, now, time.Since(v.watched))
	return nil
}

func (v *verification) watch(ctx context.Context, client *elastic.Client, progress arrival.Progress) (*arrival.Followed, error) {
	f := arrival.Follow{
		Search: v.audit.Search, Names: v.audit.Names, Index: v.audit.Index, Ledger: v.audit.Ledger, RunID: v.audit.RunID,
		Poll: v.poll, Within: v.patience.Within, Progress: progress,
	}
	if v.lagKey != "" {
		lag, err := v.writer()
		if err != nil {
			return nil, err
		}
		f.Lag = lag
	}
	if v.shipper != "" {
		v.shipped, _ = arrival.ReadShipper(ctx, v.shipper) // without it, it counts from its start
		v.watched = time.Now()
	}
	return f.Run(ctx)
}

// save writes the files that were asked for.
func (v *verification) save(r *arrival.Report) error {
	return saveAll(asked{v.json, r.WriteJSON}, asked{v.junit, r.WriteJUnit}, asked{v.markdown, r.WriteMarkdown}, asked{v.html, r.WriteHTML})
}

// asked is a form of a report and the file that it is to go to, "" for none.
type asked struct {
	path  string
	write func(io.Writer) error
}

// saveAll writes the files that were asked for: nothing goes to a file before its
// text is there as a whole.
func saveAll(files ...asked) error {
	for _, file := range files {
		if file.path == "" {
			continue
		}
		var text bytes.Buffer
		if err := file.write(&text); err != nil {
			return fmt.Errorf("write report %s: %w", file.path, err)
		}
		if err := os.WriteFile(file.path, text.Bytes(), 0o644); err != nil {
			return fmt.Errorf("write report: %w", err)
		}
	}
	return nil
}

// ledgerError adds what to type next. A ledger that cannot be read, or is of another
// run, leaves the question open; bad input is one that the flags are not for.
func ledgerError(err error) error {
	var (
		torn    *ledger.TruncatedError
		other   *arrival.OtherRunError
		not     *ledger.NotLedgerError
		format  *ledger.FormatError
		damaged *ledger.DamagedError
		content *lines.UnknownContentError
		ofLines *arrival.LinesError
	)
	f := &cli.Failure{Code: cli.Undone, Err: err}
	switch {
	case errors.As(err, &torn) && torn.LastSeq == 0:
		f.Next = "the load run was killed at once, or has only just begun: no attempt is in it; -follow waits for the run"
	case errors.As(err, &torn):
		f.Next = "the load run was killed or still goes on; -partial judges the attempts that are in it"
	case errors.As(err, &other):
		f.Next = "give the ledger of that run, or leave -run out"
	case errors.As(err, &not):
		f.Next = "-ledger wants the file that 'loadgen run -ledger FILE' wrote"
	case errors.As(err, &format):
		f.Next = "use the provisioner of the same version as the loadgen"
	case errors.As(err, &content):
		f.Next = "use the provisioner of the same version as the loadgen"
	case errors.As(err, &ofLines):
		f.Code, f.Next = cli.Usage, "leave -depth out"
	case errors.As(err, &damaged):
		f.Next = "copy the file again, or repeat the run"
	case errors.Is(err, fs.ErrNotExist):
		f.Next = "is the path right, and has the load begun? -follow waits for the file"
	case errors.Is(err, syscall.EISDIR):
		f.Next = "-ledger wants the file, not its directory"
	case errors.Is(err, fs.ErrPermission):
		f.Next = "who may read the file? look with ls -l"
	default:
		return err
	}
	return f
}

// badInput is an error in the files that the flags name.
func badInput(err error) error {
	next := "provisioner verify -h"
	if hint := cli.Hint(err); hint != "" {
		next = hint
	}
	return cli.BadInput(err, next)
}
