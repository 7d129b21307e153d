package main

import (
	"errors"
	"flag"
	"io"

	"plumbline/cli"
	"plumbline/loadgen/ledger"
	"plumbline/loadgen/ledger/compare"
)

// runDiff is the command loadgen ledger diff.
func runDiff(args []string, stdout io.Writer) error {
	fs := flag.NewFlagSet("ledger", flag.ContinueOnError)
	output := fs.String("o", "table", "")
	files, err := parseFiles(fs, "diff", 2, args, stdout)
	if files == nil || err != nil {
		return err
	}
	if err := checkFormat(*output); err != nil {
		return err
	}
	a, err := ledger.Open(files[0])
	if err != nil {
		return notComparable(err)
	}
	defer a.Close()
	b, err := ledger.Open(files[1])
	if err != nil {
		return notComparable(err)
	}
	defer b.Close()
	c := compare.Ledgers(a, b)
	show := c.WriteTable
	if *output == "json" {
		show = c.WriteJSON
	}
	if err := show(stdout); err != nil {
		return err
	}
	switch {
	case c.A.Err != nil || c.B.Err != nil:
		return notComparable(errors.Join(c.A.Err, c.B.Err))
	case !c.Same:
		return &cli.Failure{Code: cli.False} // the output says it
	}
	return nil
}

// notComparable is 2 for a ledger that is not whole; other files are bad input.
func notComparable(err error) error {
	failure, ok := errors.AsType[*cli.Failure](unreadable(err))
	if ok && failure.Code == cli.False {
		failure.Code = cli.Undone
	}
	if ok {
		return failure
	}
	return err
}
