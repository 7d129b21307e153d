package main

import (
	"io"
	"os"
	"strings"
	"testing"
)

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
