package main

import (
	"context"
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
  loadgen ledger stats FILE [-o table|json] [-html FILE]
                                                the report of the run, also as a page
  loadgen ledger show FILE [flags]              the attempts, a line each
  loadgen ledger diff A B [-o table|json]       two runs side by side
  loadgen ledger export FILE -format FORMAT [-out FILE]
                                                the attempts for other tools

Flags of show:
  -seq N | N-M | N-   these attempts
  -outcome LIST       of answered,timeout,reset,refused,dropped,open
  -route PATTERN      a route template; * stands for anything but /
  -unexpected         answers with another status than their journey expects
  -limit N            the first N of those
  -f                  wait for more, as long as the run goes on
  -o table|json       json is one object a line (default table)

Flags of export:
  -format FORMAT      jsonl, csv or parquet
  -out FILE           a new file; - for standard output (default -)

Exit codes: 0 done, for diff: same settings, plan and counts; 1 the ledger is
truncated or damaged and was read as far as it goes, for diff: the runs differ;
2 could not be done, for diff: a ledger is truncated or damaged; 64 bad input.

Examples:
  loadgen ledger stats run.ledger -o json
  loadgen ledger show run.ledger -unexpected -limit 10
  loadgen ledger diff before.ledger after.ledger
  loadgen ledger export run.ledger -format parquet -out run.parquet
`

// runLedger is the command loadgen ledger.
func runLedger(ctx context.Context, args []string, stdout io.Writer) error {
	const hint = "loadgen ledger -h shows how"
	if len(args) == 0 {
		return cli.BadInput(errors.New("ledger: no command"), hint)
	}
	switch args[0] {
	case "stats":
		return runStats(args[1:], stdout)
	case "show":
		return runShow(ctx, args[1:], stdout)
	case "diff":
		return runDiff(args[1:], stdout)
	case "export":
		return runExport(ctx, args[1:], stdout)
	case "-h", "-help", "--help", "help":
		_, err := io.WriteString(stdout, ledgerUsage)
		return err
	default:
		return cli.BadInput(fmt.Errorf("ledger: unknown command %q", args[0]), hint)
	}
}

// parseFiles reads flags that may stand before, between and after the names of
// so many files. It returns no files if help was asked for and given.
func parseFiles(fs *flag.FlagSet, command string, want int, args []string, stdout io.Writer) ([]string, error) {
	var files []string
	for {
		if helped, err := parse(fs, args, ledgerUsage, stdout); helped || err != nil {
			return nil, err
		}
		if fs.NArg() == 0 {
			break
		}
		files, args = append(files, fs.Arg(0)), fs.Args()[1:]
	}
	switch {
	case len(files) > want:
		return nil, cli.BadInput(fmt.Errorf("ledger %s: unexpected argument %q", command, files[want]), "loadgen ledger -h shows how")
	case len(files) == 0:
		return nil, cli.BadInput(fmt.Errorf("ledger %s: no file", command), "loadgen ledger -h has an example")
	case len(files) < want:
		return nil, cli.BadInput(fmt.Errorf("ledger %s: only one file", command), "loadgen ledger -h has an example")
	}
	return files, nil
}

func runStats(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("ledger", flag.ContinueOnError)
	output := flags.String("o", "table", "")
	html := flags.String("html", "", "")
	files, err := parseFiles(flags, "stats", 1, args, stdout)
	if files == nil || err != nil {
		return err
	}
	if err := checkFormat(*output); err != nil {
		return err
	}
	return stats(files[0], *output, *html, stdout)
}

func stats(path, output, html string, stdout io.Writer) error {
	r, err := ledger.Open(path)
	if err != nil {
		return unreadable(err)
	}
	defer r.Close()
	page, err := openPage(html, path)
	if err != nil {
		return err
	}
	recorder := report.NewRecorder(r.Header)
	for {
		a, err := r.Next()
		if err != nil {
			trailer, ended := r.Trailer()
			summary := recorder.Report(trailer, ended, path)
			if err := errors.Join(write(summary, output, stdout), writePage(page, summary, recorder.Plots())); err != nil {
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
		return &cli.Failure{Code: cli.False, Err: err, Next: map[ledger.Writing]string{
			ledger.Unknown: "the run was killed or is still going on; the attempts after that are not known",
			ledger.Going:   "the run is still going on; wait for its end, or watch it: loadgen ledger show -f " + truncated.Path,
			ledger.Gone:    "the run was killed: nobody writes the file any more; the attempts after that are not known",
		}[truncated.Writer]}
	case errors.As(err, &damaged):
		return &cli.Failure{Code: cli.False, Err: err, Next: "the file was changed after it was written; take the original"}
	case errors.As(err, &format):
		return cli.BadInput(err, "read it with the loadgen that wrote it")
	default:
		return cli.BadInput(err, "name a file that loadgen run -ledger has written")
	}
}
