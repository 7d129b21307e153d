// Command loadgen sends load to the demo API in the open model and keeps a
// ledger of every request it sends.
//
// The parts, from the clock outward: package pace says when a request is due,
// journey what is asked, attack sends it, ledger records it before it leaves,
// report turns the record into figures.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"plumbline/cli"
)

func main() { os.Exit(cli.Main("loadgen", run)) }

const usage = `loadgen sends load to the demo API and keeps a ledger of every request.

Usage:
  loadgen run -ledger FILE [flags]    send load, print a report
  loadgen lines -out OUT -ledger FILE write log lines for a shipper; -h has the flags
  loadgen ledger stats FILE [flags]   print the report of a ledger; also show, diff, export
  loadgen journeys show | check FILE  what a run asks for; check a file of journeys
  loadgen healthcheck [flags]         ask a run with a console whether it is there
  loadgen run -h                      the flags

Example:
  loadgen run -target http://127.0.0.1:8000 -rate 200 -duration 20s -ledger run.ledger

Exit codes: 0 done; 1 a condition of -fail-if came true, or the ledger is
truncated or damaged; 2 the run could not be done, was stopped early, or -es
could not be told of it; 64 bad input.
`

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	const hint = "loadgen -h lists the commands"
	if len(args) == 0 {
		return cli.BadInput(errors.New("no command"), hint)
	}
	switch args[0] {
	case "run":
		return runLoad(ctx, args[1:], stdout, stderr)
	case "lines":
		return runLines(ctx, args[1:], stdout, stderr)
	case "ledger":
		return runLedger(ctx, args[1:], stdout)
	case "journeys":
		return runJourneys(args[1:], stdout)
	case "healthcheck":
		return runHealthcheck(ctx, args[1:], stdout)
	case "-h", "-help", "--help", "help":
		_, err := io.WriteString(stdout, usage)
		return err
	default:
		return cli.BadInput(fmt.Errorf("unknown command %q", args[0]), hint)
	}
}

// parse reads flags and reports whether help was asked for and given instead.
func parse(fs *flag.FlagSet, args []string, text string, stdout io.Writer) (helped bool, err error) {
	fs.SetOutput(io.Discard)
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		_, err := io.WriteString(stdout, text)
		return true, err
	case err != nil:
		return false, cli.BadInput(err, "loadgen "+fs.Name()+" -h lists the flags")
	}
	return false, nil
}

func checkFormat(output string) error {
	if output != "table" && output != "json" {
		return cli.BadInput(fmt.Errorf("-o %q: unknown format", output), "use -o table or -o json")
	}
	return nil
}

// version is the commit that the program was built from, or devel.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value[:min(12, len(s.Value))]
			}
		}
	}
	return "devel"
}
