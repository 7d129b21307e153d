package native

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"plumbline/stack/supervise"
)

// Load is what loadgen sends.
type Load struct {
	Rate     float64       // requests per second
	Duration time.Duration // how long
	RunID    string        // "" = loadgen makes one
}

// Check refuses a load that cannot be sent.
func (l Load) Check() error {
	switch {
	case !(l.Rate > 0) || l.Rate > 100_000:
		return fmt.Errorf("-rate %v: want more than 0 and at most 100000 requests per second", l.Rate)
	case l.Duration < 100*time.Millisecond || l.Duration > 24*time.Hour:
		return fmt.Errorf("-duration %v: want 100ms to 24h", l.Duration)
	}
	return nil
}

// Measure sends the load and has the verifier follow it. It prints the verdict
// to stdout and returns its exit code: 0 all holds, 1 it does not. An error is
// a verdict that could not be had.
func (s *Stack) Measure(ctx context.Context, load Load, stdout io.Writer) (int, error) {
	// The run's failure ends the measurement as well as the caller's wish.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.ctx, func() { cancel(context.Cause(s.ctx)) })()

	s.phase("load")
	for _, name := range []string{"loadgen.txt", "verdict.txt"} {
		if err := os.RemoveAll(s.dir.Run(name)); err != nil { // they are appended to
			return 0, fmt.Errorf("measure: %w", err)
		}
	}
	step, terminal := s.progress.HandOver("load", fmt.Sprintf("%g requests/s for %s", load.Rate, load.Duration))
	judge, err := s.send(ctx, load, terminal)
	if err != nil {
		step.Fail()
		return 0, err
	}
	step.Done("")

	s.phase("verify")
	step = s.progress.Step("verify", "every request against Elasticsearch")
	code, err := s.finish(ctx, judge, 1)
	if err != nil {
		step.Fail()
		return 0, err
	}
	step.Done("")
	s.record.Verdict = &code
	s.phase("up")
	for _, name := range []string{"loadgen.txt", "verdict.txt"} {
		text, err := os.ReadFile(s.dir.Run(name))
		if err != nil {
			return 0, fmt.Errorf("show the verdict: %w", err)
		}
		fmt.Fprintf(stdout, "\n%s", text)
	}
	return code, nil
}

// send sends the load to its end and returns the verifier that follows it.
func (s *Stack) send(ctx context.Context, load Load, terminal *os.File) (*supervise.Child, error) {
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

func (s *Stack) startLoad(load Load, terminal *os.File) (*supervise.Child, error) {
	command := []string{s.programs.Loadgen, "run", "-target", s.API, "-ledger", s.Ledger,
		"-rate", strconv.FormatFloat(load.Rate, 'f', -1, 64), "-duration", load.Duration.String()}
	if load.RunID != "" {
		command = append(command, "-run-id", load.RunID)
	}
	return s.group.Start(supervise.Spec{
		Name: "loadgen", Command: command, Env: environment(), Ends: true,
		Log: s.log("loadgen"), Stdout: s.dir.Run("loadgen.txt"),
		Stderr: terminal, Show: s.progress,
	})
}

func (s *Stack) startVerify() (*supervise.Child, error) {
	return s.group.Start(supervise.Spec{
		Name: "verify", Env: environment(), Ends: true,
		Log: s.log("verify"), Stdout: s.dir.Run("verdict.txt"),
		Command: []string{s.programs.Provisioner, "verify", "-es", s.Elasticsearch, "-ca", s.CAFile,
			"-key-file", s.KeyFile("reader"), "-lag-key-file", s.KeyFile("provisioner"),
			"-ledger", s.Ledger, "-follow", "-json", s.dir.Run("verdict.json"), "-junit", s.dir.Run("verdict.xml")},
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
