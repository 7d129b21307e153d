package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What docs/sizing.md shows below each command is what the command prints.
func TestSizingDocsShowWhatIsPrinted(t *testing.T) {
	const file = "../docs/sizing.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	made := regexp.MustCompile("(?s)```\n\\$ bin/stack (size [^\n]*)\n(.*?)```\n").ReplaceAllFunc(text, func(block []byte) []byte {
		shown++
		command, _, _ := strings.Cut(strings.TrimPrefix(string(block), "```\n$ bin/stack "), "\n")
		var out bytes.Buffer
		if err := run(t.Context(), strings.Fields(command), &out, nil); err != nil {
			t.Errorf("%s: %v", command, err)
		}
		plan, _, _ := strings.Cut(out.String(), "\nThis rests on:") // which has a table of its own there
		return []byte("```\n$ bin/stack " + command + "\n" + plan + "```\n")
	})
	if shown < 3 {
		t.Errorf("%d commands are shown, want one machine, three nodes, hot and warm ones", shown)
	}
	if *update {
		if err := os.WriteFile(file, made, 0o644); err != nil {
			t.Fatal(err)
		}
	} else if diff := cmp.Diff(string(text), string(made)); diff != "" {
		t.Errorf("run make update (-shown +printed):\n%s", diff)
	}
}
