package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"plumbline/loadgen/ledger"
	"plumbline/loadgen/lines"
)

// What was written follows from the ledger, byte for byte: the verdict rests on it.
func TestALedgerMakesItsLinesAgain(t *testing.T) {
	dir := t.TempDir()
	out, path := filepath.Join(dir, "app.log"), filepath.Join(dir, "run.ledger")
	args := strings.Fields("-format plain -multiline 0.2 -unicode 0.2 -malformed 0.2 -rate 2000 -duration 250ms -seed 9")
	if err := runLines(t.Context(), append([]string{"-out", out, "-ledger", path}, args...), io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	book, err := ledger.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	content, err := lines.Recorded(book.Header)
	if err != nil {
		t.Fatal(err)
	}
	maker := lines.NewMaker(content)
	var got []byte
	for {
		a, err := book.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		var kind lines.Kind
		got, kind = maker.Append(got, a.Seq, book.Header.Started.Add(a.Scheduled))
		if string(kind) != a.Journey {
			t.Errorf("line %d is %s, the ledger says %s", a.Seq, kind, a.Journey)
		}
	}
	if !bytes.Equal(want, got) {
		t.Errorf("%d bytes were written, %d made again, and they are not the same", len(want), len(got))
	}
}

// Every command that the help and the documentation show is one.
func TestExamplesOfLinesAreCommands(t *testing.T) {
	page, err := os.ReadFile("../docs/lines.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"docs/lines.md": string(page), "help": linesUsage} {
		shown := 0
		for line := range strings.Lines(text) {
			command, ok := strings.CutPrefix(strings.TrimSpace(line), "loadgen lines -out ")
			if !ok || strings.HasPrefix(command, "FILE|") { // the synopsis
				continue
			}
			shown++
			command, _, _ = strings.Cut(command, "#")
			command, _, _ = strings.Cut(command, " | ")
			if s, err := parseLines(append([]string{"-out"}, strings.Fields(command)...), io.Discard); err != nil || s == nil {
				t.Errorf("%s: %s: %v", name, command, err)
			}
		}
		if shown < 3 {
			t.Errorf("%s shows %d commands", name, shown)
		}
	}
	if _, err := parseLines(strings.Fields("-out - -ledger x -format csv"), io.Discard); err == nil {
		t.Error("and a wrong one is refused: it was not")
	}
}
