package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"plumbline/cli"
	"plumbline/loadgen/ledger"
	"plumbline/loadgen/report"
	"plumbline/loadgen/truth"
)

// chooseStore makes sure of what -es and the flags beside it say; nil for no URL.
func chooseStore(url, caFile, keyFile string) (truth.Store, error) {
	if url == "" {
		if caFile != "" || keyFile != "" {
			return nil, cli.BadInput(errors.New("-es-ca and -es-key-file have no meaning without -es"), "for example: -es https://127.0.0.1:9200")
		}
		return nil, nil
	}
	store, err := truth.Connect(url, caFile, keyFile)
	if err != nil {
		return nil, cli.BadInput(fmt.Errorf("-es: %w", err), "")
	}
	return store, nil
}

// telling tells Elasticsearch of a run, if that was asked for.
type telling struct {
	writer *truth.Writer // nil if not
	notes  chan string   // its trouble, for who watches the run
}

func newTelling(s *settings, header ledger.Header, start time.Time, recorder *report.Recorder, book *ledger.Writer, c course) telling {
	if s.store == nil {
		return telling{}
	}
	notes := make(chan string, 1) // there is one at most, and it never waits
	return telling{notes: notes, writer: truth.New(truth.Options{
		Store: s.store, Run: header, Start: start, Recorder: recorder, Wanted: c.wanted, Due: c.due,
		Sent: func() uint64 { return book.Totals().Sent },
		Say:  func(line string) { notes <- line },
	})}
}

// end tells how the run ended, also of one that was stopped.
func (t telling) end(ctx context.Context, r report.Report, stderr io.Writer) *report.Told {
	if t.writer == nil {
		return nil
	}
	told := t.writer.Close(context.WithoutCancel(ctx), r)
	select {
	case note := <-t.notes: // nobody has shown it
		fmt.Fprintln(stderr, note)
	default:
	}
	return told
}

// untold is why a run that was to be told of is not: without its summary. A
// missing interval makes a plot coarser; the report says how many are.
func untold(run string, told *report.Told) error {
	if told == nil || told.Summary {
		return nil
	}
	return fmt.Errorf("the summary of run %s was not written to %s: %w", run, told.Stream, told.Cause)
}
