package native

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"plumbline/cli"
	"plumbline/loadgen/pace"
	"plumbline/stack/supervise"
)

// Measure sends the load and has the verifier follow it. It prints both reports
// to stdout and returns the verdict's exit code: 0 all holds, 1 it does not, 2
// it could not be measured. An error is a verifier that was never heard.
func (s *Stack) Measure(ctx context.Context, load pace.Constant, stdout io.Writer) (int, error) {
	code, err := s.measure(ctx, load)
	// What was sent is worth knowing without a verdict, too.
	_, unsent := s.show("loadgen.txt", stdout)
	shown, unsaid := s.show("verdict.txt", stdout)
	if err == nil && !shown {
		s.progress.Note("%v", s.Child("verify").Died()) // it has come to no table
	}
	return code, errors.Join(err, unsent, unsaid)
}

func (s *Stack) measure(ctx context.Context, load pace.Constant) (int, error) {
	// The run's failure ends the measurement as well as the caller's wish.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.ctx, func() { cancel(context.Cause(s.ctx)) })()

	s.phase("load")
	step, terminal := s.progress.HandOver("load", fmt.Sprintf("%g requests/s for %s", load.Rate, load.Duration))
	judge, err := s.send(ctx, load, terminal)
	if err != nil {
		step.Fail()
		return 0, err
	}
	step.Done("")

	s.phase("verify")
	step = s.progress.Step("verify", "every request against Elasticsearch")
	code, err := s.finish(ctx, judge, cli.Undone)
	if code == cli.Undone && ctx.Err() != nil {
		err = context.Cause(ctx) // the run's end is why
	}
	if err != nil {
		step.Fail()
		return 0, err
	}
	if code == cli.Undone {
		step.Fail()
	} else {
		step.Done("")
	}
	s.record.Verdict = &code
	s.phase("up")
	return code, nil
}

// show prints a report of the run, if there is one.
func (s *Stack) show(name string, stdout io.Writer) (shown bool, err error) {
	text, err := os.ReadFile(s.dir.Run(name))
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && len(text) == 0:
		return false, nil
	case err == nil:
		_, err = fmt.Fprintf(stdout, "\n%s", text)
	}
	if err != nil {
		err = fmt.Errorf("show the report: %w", err)
	}
	return true, err
}

// send sends the load to its end and returns the verifier that follows it.
func (s *Stack) send(ctx context.Context, load pace.Constant, terminal *os.File) (*supervise.Child, error) {
	sender, err := s.startLoad(load, terminal)
	if err != nil {
		return nil, err
	}
	// A header in the ledger tells the verifier which run it is to follow.
	written := supervise.Gate{What: "writing its ledger", Within: 10 * time.Second, Every: 20 * time.Millisecond, Check: s.ledgerBegun}
	if err := sender.Ready(ctx, written); err != nil {
		return nil, errors.Join(err, sender.Stop())
	}
	judge, err := s.startVerify()
	if err != nil {
		return nil, errors.Join(err, sender.Stop())
	}
	if _, err := s.finish(ctx, sender, 0); err != nil {
		return nil, errors.Join(err, judge.Stop())
	}
	return judge, nil
}

// finish waits for a child that ends by itself, with an exit code of at most
// worst. When the run ends first the child is stopped.
func (s *Stack) finish(ctx context.Context, child *supervise.Child, worst int) (int, error) {
	code, err := child.Wait(ctx)
	if err != nil {
		return 0, errors.Join(err, child.Stop())
	}
	if code > worst {
		return 0, child.Died()
	}
	return code, nil
}

func (s *Stack) startLoad(load pace.Constant, terminal *os.File) (*supervise.Child, error) {
	return s.group.Start(supervise.Spec{
		Name: "loadgen", Env: environment(), Ends: true,
		Log: s.log("loadgen"), Stdout: s.dir.Run("loadgen.txt"),
		Stderr: terminal, Show: s.progress,
		Command: []string{s.programs.Loadgen, "run", "-target", s.API, "-ledger", s.Ledger,
			"-listen", loopback(s.ports.Loadgen), "-rate", strconv.FormatFloat(load.Rate, 'f', -1, 64), "-duration", load.Duration.String(),
			"-es", s.Elasticsearch, "-es-ca", s.CAFile, "-es-key-file", s.KeyFile("loadgen")},
	})
}

func (s *Stack) startVerify() (*supervise.Child, error) {
	return s.group.Start(supervise.Spec{
		Name: "verify", Env: environment(), Ends: true,
		Log: s.log("verify"), Stdout: s.dir.Run("verdict.txt"),
		Command: []string{s.programs.Provisioner, "verify", "-es", s.Elasticsearch, "-ca", s.CAFile,
			"-key-file", s.KeyFile("reader"), "-lag-key-file", s.KeyFile("provisioner"),
			"-ledger", s.Ledger, "-app-log", filepath.Join(s.Logs, "demo-app*.json"),
			"-shipper", s.FilebeatStats, "-follow", "-json", s.dir.Run("verdict.json"), "-junit", s.dir.Run("verdict.xml"),
			"-markdown", s.dir.Run("verdict.md"), "-html", s.Verdict},
	})
}

// ledgerBegun checks that something of the ledger is on the disk.
func (s *Stack) ledgerBegun(context.Context) error {
	info, err := os.Stat(s.Ledger)
	if err != nil {
		return err
	}
	if info.Size() == 0 {
		return errors.New(s.Ledger + " is empty")
	}
	return nil
}
