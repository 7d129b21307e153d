// Command verifybench measures what the verdict costs beside a real node: it
// starts Elasticsearch alone, writes runs of several sizes with one document
// missing, one doubled and one altered, and has `provisioner verify` judge each,
// quickly and in full.
//
// A verdict that is quick and wrong counts for nothing, so each full audit has to
// name the three, and nothing else.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"plumbline/cli"
	"plumbline/stack/native"
)

const usage = `verifybench measures the verdict beside a real Elasticsearch.

Usage:
  go run ./stack/verifybench [flags]     from the root of the repository

Flags:
  -sizes LIST      documents of each run (10k,100k,1M); k and M count thousands
                   and millions
  -repeat N        how often each is measured after a first time; the best counts (10)
  -state DIR       as 'stack' has it; what runs there must be stopped
  -port-offset N   add N to Elasticsearch's ports (30000)
  -stay            when done, leave Elasticsearch up until Ctrl-C

Exit codes: 0 all goals are held; 1 one is not, or a verdict was wrong; 2 it
could not be measured; 64 bad input.
`

func main() { os.Exit(cli.Main("verifybench", run)) }

// settings are the flags.
type settings struct {
	sizes   []uint64
	repeat  int
	options native.Options
	stay    bool
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	s, err := parse(args, stdout, stderr)
	if err != nil {
		return err
	}
	stack, err := native.StartNode(ctx, s.options)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "verifybench-")
	if err != nil {
		return errors.Join(err, stack.Stop())
	}
	defer os.RemoveAll(dir)
	good, err := measureAll(stack.Context(), s, dir, stack, stdout, stderr)
	if err == nil && s.stay {
		fmt.Fprintf(stderr, "%s stays up, keys in %s, ledgers in %s; Ctrl-C ends it\n", stack.Elasticsearch, stack.KeysDir, dir)
		<-stack.Context().Done()
	}
	if err := errors.Join(err, stack.Stop()); err != nil {
		return err
	}
	if !good {
		return &cli.Failure{Code: cli.False}
	}
	return nil
}

func parse(args []string, stdout, stderr io.Writer) (settings, error) {
	s := settings{options: native.Options{Command: "verifybench", Stderr: stderr}}
	flags := flag.NewFlagSet("verifybench", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	sizes := flags.String("sizes", "10k,100k,1M", "")
	flags.IntVar(&s.repeat, "repeat", 10, "")
	flags.StringVar(&s.options.State, "state", "", "")
	flags.IntVar(&s.options.PortOffset, "port-offset", 30000, "")
	flags.BoolVar(&s.stay, "stay", false, "")
	const next = "go run ./stack/verifybench -h lists the flags"
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		if _, err := io.WriteString(stdout, usage); err != nil {
			return s, err
		}
		return s, flag.ErrHelp
	case err != nil:
		return s, cli.BadInput(err, next)
	case flags.NArg() > 0:
		return s, cli.BadInput(fmt.Errorf("unexpected argument %q", flags.Arg(0)), next)
	case s.repeat < 1:
		return s, cli.BadInput(errors.New("-repeat has to be at least 1"), next)
	case s.options.PortOffset < 0 || s.options.PortOffset > native.MaxPortOffset:
		return s, cli.BadInput(fmt.Errorf("-port-offset has to be from 0 to %d", native.MaxPortOffset), next)
	}
	for _, text := range strings.Split(*sizes, ",") {
		n, err := size(text)
		if err != nil {
			return s, cli.BadInput(err, next)
		}
		s.sizes = append(s.sizes, n)
	}
	slices.Sort(s.sizes)
	var err error
	if s.options.Repository, err = filepath.Abs("."); err != nil {
		return s, err
	}
	if _, err := os.Stat(filepath.Join(s.options.Repository, "compose.yaml")); err != nil {
		return s, cli.BadInput(errors.New("this is not the root of the repository"), "cd to it")
	}
	return s, nil
}

// minSize leaves room for three spoiled attempts among others.
const minSize = 100

// size reads a number such as 10k or 1M.
func size(text string) (uint64, error) {
	digits, factor := text, uint64(1)
	switch {
	case strings.HasSuffix(text, "k"):
		digits, factor = strings.TrimSuffix(text, "k"), 1_000
	case strings.HasSuffix(text, "M"):
		digits, factor = strings.TrimSuffix(text, "M"), 1_000_000
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil || n*factor < minSize {
		return 0, fmt.Errorf("-sizes %q: want numbers of at least %d such as 10k or 1M", text, minSize)
	}
	return n * factor, nil
}

// measureAll fills and measures one size after the other.
func measureAll(ctx context.Context, s settings, dir string, stack *native.Stack, stdout, stderr io.Writer) (bool, error) {
	var table results
	for _, n := range s.sizes {
		r := benchRun{id: fmt.Sprintf("bench-%d", n), ledger: filepath.Join(dir, fmt.Sprintf("%d.ledger", n)), n: n}
		began := time.Now()
		if err := r.fill(ctx, stack, stderr); err != nil {
			return false, err
		}
		fmt.Fprintf(stderr, "%d documents written in %v\n", n, time.Since(began).Round(time.Second))
		m, err := r.measure(ctx, stack, s.repeat, stderr)
		if err != nil {
			return false, err
		}
		table = append(table, m)
	}
	return table.write(stdout), nil
}
