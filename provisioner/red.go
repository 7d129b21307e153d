package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"plumbline/cli"
	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/ledger"
	"plumbline/provisioner/arrival"
	"plumbline/provisioner/elastic"
	"plumbline/provisioner/promql"
	"plumbline/provisioner/red"
	"plumbline/provisioner/red/estimate"
	"plumbline/provisioner/red/exact"
)

func redCommand() command {
	return command{name: "red", summary: "hold every source of rate, errors and duration against the truth", run: runRED}
}

func runRED(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	b, err := parseRED(args, stdout)
	if err != nil {
		return err
	}
	note := newNotes(stderr)
	bench, err := b.bench(note.say)
	if err != nil {
		return badRED(err)
	}
	report, err := bench.Run(ctx)
	note.end()
	if err != nil {
		return redLedgerError(err)
	}
	if err := b.save(report); err != nil {
		return err
	}
	write := func(w io.Writer) error { return report.WriteTable(w, isTerminal(w)) }
	if b.format == "json" {
		write = report.WriteJSON
	}
	if err := write(stdout); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return redVerdict(report)
}

// bench puts the sources together that were asked for.
func (b *benchmark) bench(say func(string)) (red.Bench, error) {
	bench := red.Bench{Ledger: b.ledger, Patience: red.Patience{Within: b.within, Told: say}, CPU: b.cpu}
	if b.advise {
		bench.Advise = &red.Wish{Error: b.adviseError, Series: b.adviseSeries}
	}
	if b.es.URL != "" {
		client, err := elastic.New(b.es)
		if err != nil {
			return bench, err
		}
		logs := func(label string, by estimate.Method) red.Logs {
			return red.Logs{Search: client, Index: b.index, Label: label, By: by}
		}
		bench.Sources = append(bench.Sources,
			logs("logs, t-digest", estimate.DefaultDigest), logs("logs, HDR", estimate.HDR(3)),
			red.Metricbeat{Search: client, Index: telemetry.StreamPrometheus})
		bench.Lines = documents(client, b.index, b.ledger)
	}
	if b.prometheus != "" {
		client, err := promql.New(b.prometheus)
		if err != nil {
			return bench, err
		}
		bench.Sources = append(bench.Sources, red.Prometheus{Query: client, Matchers: b.matchers}, red.Prometheus{Query: client, Matchers: b.matchers, Native: true})
	}
	if b.appLog == "" {
		return bench, nil
	}
	files, err := filepath.Glob(b.appLog)
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("no file is called %s", b.appLog)
	}
	bench.Lines = exact.Files(files)
	return bench, err
}

// documents reads the lines of a run from Elasticsearch.
func documents(client *elastic.Client, index, path string) exact.Lines {
	return func(ctx context.Context, run string, yield func(exact.Line)) error {
		audit := arrival.Audit{Search: client, Index: index, Ledger: path, RunID: run, Each: func(l arrival.Line) { yield(exact.Line(l)) }}
		_, err := audit.Run(ctx)
		return err
	}
}

// save writes the files that were asked for.
func (b *benchmark) save(r *red.Report) error {
	return saveAll(asked{b.json, r.WriteJSON}, asked{b.html, r.WriteHTML})
}

// redVerdict turns the report's outcome into an exit code.
func redVerdict(r *red.Report) error {
	broken := r.Broken()
	if len(broken) == 0 {
		return nil
	}
	text := broken[0]
	if len(broken) > 1 {
		text += fmt.Sprintf(" (and %d more)", len(broken)-1)
	}
	if r.Outcome == arrival.Unmeasured {
		return &cli.Failure{Code: cli.Undone, Err: fmt.Errorf("run %s could not be measured: %s", r.Run, text), Next: r.Hint}
	}
	return &cli.Failure{Code: cli.False, Err: fmt.Errorf("run %s: a promise is broken: %s", r.Run, text)}
}

// redLedgerError is ledgerError for a command that needs the whole ledger.
func redLedgerError(err error) error {
	torn := new(ledger.TruncatedError)
	switch {
	case errors.As(err, &torn):
		return &cli.Failure{Code: cli.Undone, Err: err, Next: "the load run was killed or still goes on: without its end nobody knows what was sent"}
	case errors.Is(err, exact.ErrLines):
		return cli.BadInput(err, "provisioner verify judges it; red wants what loadgen run wrote")
	case errors.Is(err, fs.ErrNotExist):
		return &cli.Failure{Code: cli.Undone, Err: err, Next: "is the path right, and has the run ended?"}
	}
	return ledgerError(err)
}

// badRED is an error in what the flags name.
func badRED(err error) error {
	next := "provisioner red -h"
	if hint := cli.Hint(err); hint != "" {
		next = hint
	}
	return cli.BadInput(fmt.Errorf("red: %w", err), next)
}
