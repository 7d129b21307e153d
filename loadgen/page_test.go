package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"plumbline/loadgen/ledger"
	"plumbline/loadgen/report"
)

func TestAPageReplacesALongerFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.html")
	if err := os.WriteFile(path, []byte(strings.Repeat("old ", 1<<18)), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := openPage(path, "run.ledger")
	if err != nil {
		t.Fatal(err)
	}
	r := report.NewRecorder(ledger.Header{RunID: "new"})
	if err := writePage(file, r.Report(ledger.Trailer{}, true, "run.ledger"), r.Plots()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(text), "old ") || !strings.HasSuffix(strings.TrimSpace(string(text)), "</html>") {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}
