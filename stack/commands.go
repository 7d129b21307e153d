package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"plumbline/cli"
	"plumbline/doctor"
	"plumbline/doctor/docker"
	"plumbline/stack/native"
	"plumbline/stack/supervise"
	"plumbline/stack/versions"
)

func demo(ctx context.Context, c call) error {
	return measured(ctx, c, func(s *native.Stack) error {
		addresses := [][2]string{{"API docs", s.API + "/docs"}, {"board", s.Board + "/"}, {"verdict", s.Verdict}}
		fmt.Fprintf(c.stdout, "\n%s\n", listed(append(addresses, profiled(c, s)...)))
		s.Progress().Note("The stack stays up until Ctrl-C.")
		return stay(ctx, s)
	})
}

func smoke(ctx context.Context, c call) error {
	return measured(ctx, c, func(*native.Stack) error { return nil })
}

// measured starts the stack, measures, goes on with then, and stops. The
// verdict's code is the last word unless the run itself fails.
func measured(ctx context.Context, c call, then func(*native.Stack) error) error {
	began := time.Now()
	s, err := native.Start(ctx, c.options)
	if err != nil {
		return explain(ctx, err, "there is no verdict")
	}
	code, err := s.Measure(ctx, c.load, c.stdout)
	if err == nil {
		err = then(s)
	}
	err = explain(ctx, errors.Join(err, stopAll(s)), "there is no verdict")
	if c.options.Verbose {
		spent(c.stderr, s, time.Since(began))
	}
	if err == nil && code != 0 {
		err = &cli.Failure{Code: code} // the table has said it
	}
	return err
}

func up(ctx context.Context, c call) error {
	s, err := native.Start(ctx, c.options)
	if err != nil {
		return explain(ctx, err, "the stack was not up yet")
	}
	addresses := [][2]string{
		{"API docs", s.API + "/docs"}, {"board", s.Board + "/"},
		{"Elasticsearch", fmt.Sprintf("%s  (CA %s, keys in %s)", s.Elasticsearch, s.CAFile, s.KeysDir)},
	}
	fmt.Fprintf(c.stdout, "\n%s\n", listed(append(addresses, profiled(c, s)...)))
	s.Progress().Note("The stack stays up until Ctrl-C.")
	return errors.Join(stay(ctx, s), stopAll(s))
}

// profiled are the addresses that a profile adds.
func profiled(c call, s *native.Stack) [][2]string {
	if c.options.Profile != native.ProfilePrometheus {
		return nil
	}
	return [][2]string{{"Prometheus", s.Prometheus + "/consoles/index.html"}, {"Alertmanager", s.Alertmanager + "/"}}
}

// listed are lines of a name and an address each.
func listed(addresses [][2]string) string {
	width := 0
	for _, a := range addresses {
		width = max(width, len(a[0]))
	}
	var lines strings.Builder
	for _, a := range addresses {
		fmt.Fprintf(&lines, "%-*s  %s\n", width, a[0], a[1])
	}
	return lines.String()
}

// stay waits for Ctrl-C, which is fine, or for the death of a part.
func stay(ctx context.Context, s *native.Stack) error {
	<-s.Context().Done()
	if ctx.Err() != nil {
		return nil
	}
	return context.Cause(s.Context())
}

// stopAll tells of a part that had to be killed, but that is no failure: its
// work was done, and nothing of it is left.
func stopAll(s *native.Stack) error {
	step := s.Progress().Step("stop", "all processes, the last started first")
	killed, err := supervise.Excused(s.Stop())
	if err != nil {
		step.Fail()
	} else {
		step.Done("")
	}
	for _, k := range killed {
		s.Progress().Note("%v", k)
	}
	return err
}

// explain says "interrupted", and what that means, in place of the cancellation
// in err. What else went wrong, as while stopping, stays.
func explain(ctx context.Context, err error, meaning string) error {
	if ctx.Err() == nil || !errors.Is(err, context.Canceled) {
		return err
	}
	return errors.Join(append([]error{errors.New("interrupted: " + meaning)}, uncancelled(err)...)...)
}

// uncancelled returns the errors joined in err that are no cancellation.
func uncancelled(err error) []error {
	if !errors.Is(err, context.Canceled) {
		return []error{err}
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return uncancelled(e.Unwrap())
	case interface{ Unwrap() []error }:
		var others []error
		for _, part := range e.Unwrap() {
			others = append(others, uncancelled(part)...)
		}
		return others
	}
	return nil
}

// spent prints where the time went.
func spent(w io.Writer, s *native.Stack, all time.Duration) {
	fmt.Fprintf(w, "\nWhere %.1fs went:\n", all.Seconds())
	for _, p := range s.Progress().Past() {
		fmt.Fprintf(w, "  %-19s %6.1fs\n", p.Name, p.Took.Seconds())
	}
}

func fetch(ctx context.Context, c call) error {
	_, err := native.Fetch(ctx, c.options)
	return explain(ctx, err, "run again, what was downloaded is kept")
}

func status(_ context.Context, c call) error {
	record, running, err := native.Status(c.options)
	if err != nil {
		return err
	}
	if c.json {
		if err := printJSON(c.stdout, map[string]any{"running": running, "run": record}); err != nil {
			return err
		}
	} else if !running {
		fmt.Fprintf(c.stdout, "The stack is not running (%s).\n", record.State)
	} else {
		fmt.Fprintf(c.stdout, "%s: %s since %s, process %d, state in %s\n\n", record.Command, record.Phase, record.Started.Format(time.DateTime), record.PID, record.State)
		t := newTable(c.stdout)
		for _, p := range record.Processes {
			t.AppendRow(table.Row{p.Name, p.PID, p.Log})
		}
		for _, a := range record.Addresses {
			t.AppendRow(table.Row{a.Name, "", a.URL})
		}
		t.Render()
	}
	if !running {
		return &cli.Failure{Code: cli.False}
	}
	return nil
}

func down(ctx context.Context, c call) error {
	did, err := native.Down(ctx, c.options)
	switch {
	case did.PID != 0 && did.Killed:
		fmt.Fprintf(c.stdout, "Process %d did not stop in time and was killed.\n", did.PID)
	case did.PID != 0 && err == nil:
		fmt.Fprintf(c.stdout, "Stopped; process %d has ended.\n", did.PID)
	case len(did.Orphans) == 0 && err == nil:
		fmt.Fprintln(c.stdout, "The stack is not running.")
	}
	for _, o := range did.Orphans {
		fmt.Fprintf(c.stdout, "Ended process %d, left by an earlier run: %s\n", o.PID, o.Command)
	}
	return err
}

// examine looks at this machine for the stack without containers, and aside at
// its Docker; or with -containers at that alone, for compose.yaml.
func examine(ctx context.Context, c call) error {
	v, err := versions.Read(filepath.Join(c.options.Repository, versions.File), os.Getenv)
	if err != nil {
		return err
	}
	findings := docker.Examine(ctx, docker.Options{Elastic: v.Elastic})
	if !c.containers {
		native, err := native.Doctor(ctx, c.options)
		if err != nil {
			return err
		}
		findings = append(native, doctor.Aside("docker", findings)...)
	}
	if c.json {
		err = doctor.WriteJSON(c.stdout, findings)
	} else {
		doctor.Write(c.stdout, findings)
	}
	if err == nil && len(doctor.Failed(findings)) > 0 {
		err = &cli.Failure{Code: cli.False}
	}
	return err
}

// newTable is a table without lines: it is read on terminals and by grep.
func newTable(w io.Writer) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(w)
	t.Style().Options = table.OptionsNoBordersAndSeparators
	return t
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
