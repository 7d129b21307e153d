//go:build linux

// Command peers measures loadgen beside other load generators (wrk, oha, vegeta
// and k6) against the same target on the same machine, and holds the figures
// against the project's goals.
//
// None of the tools judges itself: the target notes when each request arrives,
// the kernel says how much processor time a tool took. Target and tool have a
// core each, the tools take turns within each repetition, and a hiccup meter
// tells what the machine itself does to anybody who wants to be woken in time.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"plumbline/cli"
)

const usage = `peers measures loadgen beside wrk, oha, vegeta and k6.

Usage:
  go run ./loadgen/peers [flags]     from the root of the repository

Flags:
  -quick        once, 3 s each, instead of three times, 8 s each
  -only NAMES   of these tools alone, for example -only loadgen,oha
  -cache DIR    where the tools are built (default in the user's cache)

A tool that is not there and cannot be built is named and left out. wrk comes
from the system's packages, oha needs cargo, vegeta and k6 need Go alone.

A measurement during which others took more than 0.3 of a core is marked
and made again, up to twice; it counts only where there is no other.

Exit codes: 0 all goals that could be measured are held; 1 one is not; 2 it
could not be measured; 64 bad input.
`

func main() { os.Exit(cli.Main("peers", run)) }

// settings are the flags, and what follows from them.
type settings struct {
	only   string
	cache  string
	rounds int
	tries  int           // of each measurement, until nobody disturbs one
	length time.Duration // of each measurement
	skip   time.Duration // of its begin, for the schedule's error
	calm   time.Duration // how long to wait for a machine where nobody else works
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) > 0 && args[0] == targetCommand {
		return serve(os.Stdin, stdout)
	}
	s := settings{rounds: 3, tries: 3, length: 8 * time.Second, skip: 2 * time.Second, calm: time.Minute}
	fs := flag.NewFlagSet("peers", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	quick := fs.Bool("quick", false, "")
	fs.StringVar(&s.only, "only", "", "")
	fs.StringVar(&s.cache, "cache", "", "")
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		_, err := io.WriteString(stdout, usage)
		return err
	case err != nil:
		return cli.BadInput(err, "go run ./loadgen/peers -h lists the flags")
	case fs.NArg() > 0:
		return cli.BadInput(fmt.Errorf("unexpected argument %q", fs.Arg(0)), "go run ./loadgen/peers -h lists the flags")
	}
	if *quick {
		s.rounds, s.tries, s.length, s.skip, s.calm = 1, 1, 3*time.Second, time.Second, 3*time.Second
	}
	if s.cache == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return cli.BadInput(err, "name a directory with -cache")
		}
		s.cache = filepath.Join(base, "plumbline", "peers")
	}
	return compare(ctx, s, stdout, stderr)
}

// compare measures everything and prints it.
func compare(ctx context.Context, s settings, stdout, stderr io.Writer) error {
	cores, err := twoCores()
	if err != nil {
		return err
	}
	tools, err := prepare(ctx, s, stdout, stderr)
	if err != nil {
		return err
	}
	target, err := startTarget(ctx, cores.target)
	if err != nil {
		return err
	}
	defer target.stop()
	scratch, err := os.MkdirTemp("", "peers-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)

	book := results{}
	for round := range s.rounds {
		for _, l := range loads() {
			for _, t := range tools {
				if !t.can(l) {
					continue
				}
				for try := range s.tries {
					m, err := measure(ctx, s, t, l, target, cores, filepath.Join(scratch, fmt.Sprintf("%s-%d-%d-%d", t.name, l.rate, round, try)))
					if ctx.Err() != nil {
						return ctx.Err()
					}
					if err != nil {
						fmt.Fprintf(stderr, "%s, %s: %v\n", t.name, l.name, err)
						break
					}
					fmt.Fprintf(stderr, "%d/%d %-9s %-8s %s\n", round+1, s.rounds, l.name, t.name, m)
					book.add(l.name, t.name, m)
					if !m.contended {
						break
					}
				}
			}
		}
	}
	ledger, err := ledgerCost(scratch)
	if err != nil {
		return err
	}
	book.write(stdout)
	if !judge(stdout, book, ledger) {
		return &cli.Failure{Code: cli.False}
	}
	return nil
}
