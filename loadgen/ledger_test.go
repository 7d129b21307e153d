package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"plumbline/cli"
	"plumbline/loadgen/ledger"
)

// writeExamples writes the ledgers that the documentation's examples read.
func writeExamples(t *testing.T, dir string) {
	t.Helper()
	writeExample(t, filepath.Join(dir, "before.ledger"), "before", 1)
	writeExample(t, filepath.Join(dir, "after.ledger"), "after", 2)
	cutExample(t, filepath.Join(dir, "before.ledger"), filepath.Join(dir, "killed.ledger"))
}

// cutExample copies a ledger up to the flush before its last two lines, as if
// the run had been killed then.
func cutExample(t *testing.T, from, to string) {
	t.Helper()
	file, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	whole, err := zstd.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Close()
	text, err := io.ReadAll(whole)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	var cut bytes.Buffer
	writer, err := zstd.NewWriter(&cut)
	if err != nil {
		t.Fatal(err)
	}
	_, err = writer.Write(bytes.Join(lines[:len(lines)-3], nil)) // after the last line feed is an empty piece
	if err := errors.Join(err, writer.Flush(), os.WriteFile(to, cut.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// writeExample writes a run of twelve whose times are a multiple of slow.
func writeExample(t *testing.T, path, run string, slow time.Duration) {
	t.Helper()
	w, err := ledger.Create(path, ledger.Header{RunID: run, Seed: 1, Target: "http://127.0.0.1:8000", Rate: 200, Duration: 60 * time.Millisecond, Scale: "small",
		Started: time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC), Version: "0123abcd"})
	if err != nil {
		t.Fatal(err)
	}
	for seq := uint64(1); seq <= 12; seq++ {
		due := time.Duration(seq-1) * 5 * time.Millisecond
		a := ledger.Attempt{Seq: seq, Scheduled: due, Sent: due + slow*60*time.Microsecond, Service: slow * time.Duration(1000+137*seq) * time.Microsecond,
			Journey: "my data", Method: "GET", Route: "/investigations/{id}", Expect: 200, Status: 200, Outcome: ledger.Answered}
		switch {
		case seq%4 == 0:
			a.Journey, a.Route, a.Expect, a.Status = "look-up", "/icat/{username}", 404, 404
		case seq == 3:
			a.Outcome, a.Status = ledger.Dropped, 0
		case seq == 6 && slow > 1:
			a.Status = 500
		case seq == 10:
			a.Outcome, a.Status, a.Service = ledger.Timeout, 0, 10*time.Second
		}
		if a.Outcome != ledger.Dropped {
			err = w.Send(a)
		}
		if err == nil {
			err = w.Done(a)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(ledger.Trailer{Planned: 12, Ended: time.Date(2026, 1, 2, 15, 4, 15, 0, time.UTC)}); err != nil {
		t.Fatal(err)
	}
}

// Each block of docs/ledger.md that begins with "$ loadgen" holds what the
// command prints.
func TestExamplesOfTheDocumentation(t *testing.T) {
	doc, err := os.ReadFile("../docs/ledger.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?m)^```\n\\$ loadgen ([^\n]*)\n((?s:.*?))^```$").FindAllStringSubmatch(string(doc), -1)
	if len(blocks) < 5 {
		t.Fatalf("found only %d examples", len(blocks))
	}
	t.Chdir(t.TempDir())
	writeExamples(t, ".")
	for _, block := range blocks {
		var stdout, stderr bytes.Buffer
		cli.Report(&stderr, "loadgen", run(t.Context(), strings.Fields(block[1]), &stdout, &stderr))
		got := strings.ReplaceAll(stdout.String()+stderr.String(), "\r\n", "\n")
		if diff := cmp.Diff(block[2], got); diff != "" {
			t.Errorf("loadgen %s prints now:\n%s\n(-docs/ledger.md +now):\n%s", block[1], got, diff)
		}
	}
}

// A run that goes on is followed attempt by attempt, to its end.
func TestShowFollowsALivingLedger(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.ledger")
	book, err := ledger.Create(path, ledger.Header{RunID: "living", Rate: 1})
	if err != nil {
		t.Fatal(err)
	}
	stdout, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(t.Context(), []string{"ledger", "show", "-f", path, "-o", "json"}, out, io.Discard)
		out.Close()
	}()
	lines := json.NewDecoder(stdout)
	for seq := uint64(1); seq <= 3; seq++ {
		a := ledger.Attempt{Seq: seq, Method: "GET", Route: "/", Status: 200, Outcome: ledger.Answered, Service: 1}
		if err := book.Send(a); err != nil {
			t.Fatal(err)
		}
		if err := book.Done(a); err != nil {
			t.Fatal(err)
		}
		var got struct {
			Seq     uint64
			Outcome string
		}
		if err := lines.Decode(&got); err != nil || got.Seq != seq || got.Outcome != "answered" { // while the writer waits for us
			t.Fatalf("got %+v and %v, want attempt %d", got, err, seq)
		}
	}
	if err := book.Close(ledger.Trailer{Planned: 3}); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// BenchmarkStats is the report of 1,000,000 attempts.
func BenchmarkStats(b *testing.B) {
	path := filepath.Join(b.TempDir(), "run.ledger")
	book, err := ledger.Create(path, ledger.Header{RunID: "million", Rate: 10_000, Duration: 100 * time.Second})
	if err != nil {
		b.Fatal(err)
	}
	routes := []string{"/investigations", "/investigations/{id}", "/datasets", "/datasets/count", "/icat/{username}"}
	for seq := uint64(1); seq <= 1_000_000; seq++ {
		a := ledger.Attempt{Seq: seq, Scheduled: time.Duration(seq) * 100 * time.Microsecond, Journey: "my data", Method: "GET", Route: routes[seq%5],
			Expect: 200, Status: 200, Outcome: ledger.Answered, Service: time.Duration(400_000 + seq*7919%3_000_000)}
		a.Sent = a.Scheduled + time.Duration(seq*104_729%900_000)
		if err := book.Send(a); err != nil {
			b.Fatal(err)
		}
		if err := book.Done(a); err != nil {
			b.Fatal(err)
		}
	}
	if err := book.Close(ledger.Trailer{Planned: 1_000_000}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := stats(path, "json", "", io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
