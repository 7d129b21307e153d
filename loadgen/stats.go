package main

import (
	"errors"
	"flag"
	"fmt"
	"io"

	"plumbline/cli"
	"plumbline/loadgen/ledger"
	"plumbline/loadgen/report"
)

const ledgerUsage = `loadgen ledger reads what loadgen run has recorded.

Usage:
  loadgen ledger stats FILE [-o table|json]   the report of the run

A ledger that ends without its trailer (the run was killed, or still goes on)
is reported as far as it goes, with exit code 1.

Example:
  loadgen ledger stats run.ledger -o json
`

// runLedger is the command loadgen ledger.
func runLedger(args []string, stdout io.Writer) error {
	const hint = "loadgen ledger -h shows how"
	if len(args) == 0 {
		return cli.BadInput(errors.New("ledger: no command"), hint)
	}
	switch args[0] {
	case "stats":
		return runStats(args[1:], stdout)
	case "-h", "-help", "--help", "help":
		_, err := io.WriteString(stdout, ledgerUsage)
		return err
	default:
		return cli.BadInput(fmt.Errorf("ledger: unknown command %q", args[0]), hint)
	}
}

func runStats(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("ledger", flag.ContinueOnError)
	output := flags.String("o", "table", "")
	if helped, err := parse(flags, args, ledgerUsage, stdout); helped || err != nil {
		return err
	}
	path := flags.Arg(0)
	if flags.NArg() > 1 { // flags may come after the file too
		if helped, err := parse(flags, flags.Args()[1:], ledgerUsage, stdout); helped || err != nil {
			return err
		}
		if flags.NArg() > 0 {
			return cli.BadInput(fmt.Errorf("ledger stats: unexpected argument %q", flags.Arg(0)), "give one ledger at a time")
		}
	}
	if path == "" {
		return cli.BadInput(errors.New("ledger stats: no file"), "for example: loadgen ledger stats run.ledger")
	}
	if err := checkFormat(*output); err != nil {
		return err
	}
	return stats(path, *output, stdout)
}

func stats(path, output string, stdout io.Writer) error {
	r, err := ledger.Open(path)
	if err != nil {
		return unreadable(err)
	}
	defer r.Close()
	recorder := report.NewRecorder(r.Header)
	for {
		a, err := r.Next()
		if err != nil {
			trailer, ended := r.Trailer()
			if err := write(recorder.Report(trailer, ended, path), output, stdout); err != nil {
				return err
			}
			if err == io.EOF {
				return nil
			}
			return unreadable(err)
		}
		recorder.Add(a)
	}
}

// unreadable gives each way in which a ledger can be wrong its hint and code.
func unreadable(err error) error {
	var truncated *ledger.TruncatedError
	var damaged *ledger.DamagedError
	var format *ledger.FormatError
	switch {
	case errors.As(err, &truncated):
		return &cli.Failure{Code: cli.False, Err: err, Next: "the run was killed or is still going on; the attempts after that are not known"}
	case errors.As(err, &damaged):
		return &cli.Failure{Code: cli.False, Err: err, Next: "the file was changed after it was written; take the original"}
	case errors.As(err, &format):
		return cli.BadInput(err, "read it with the loadgen that wrote it")
	default:
		return cli.BadInput(err, "name a file that loadgen run -ledger has written")
	}
}
