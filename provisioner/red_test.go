package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plumbline/cli"
)

// lines writes an access line for each of n attempts of book.
func accessLines(t *testing.T, n int) string {
	t.Helper()
	var text strings.Builder
	for seq := 1; seq <= n; seq++ {
		fmt.Fprintf(&text, `{"@timestamp":%q,"event":{"duration":1500000},"http":{"request":{"method":"GET"},"response":{"status_code":200},"route":"/users"},"run":{"id":"run-1","seq":%d}}`+"\n",
			time.Now().UTC().Format(time.RFC3339Nano), seq)
	}
	return file(t, text.String())
}

func TestREDRefuses(t *testing.T) {
	whole, log := book(t, 3), accessLines(t, 3)
	torn := torn(t, whole)
	red := func(more ...string) []string {
		return append([]string{"red", "-within", "0s", "-app-log", log}, more...)
	}
	for _, row := range []struct {
		proves string
		args   []string
		code   int
		says   string // on standard error
	}{
		{"no ledger", red("-es", "http://127.0.0.1:1"), 64, "-ledger is missing"},
		{"no source", red("-ledger", whole), 64, "give -es, -prometheus or both"},
		{"no lines", []string{"red", "-ledger", whole, "-prometheus", "http://127.0.0.1:1"}, 64, "give -app-log or -es"},
		{"an unknown form", red("-ledger", whole, "-es", "http://127.0.0.1:1", "-o", "yaml"), 64, "want table or json"},
		{"negative patience", red("-ledger", whole, "-es", "http://127.0.0.1:1", "-within", "-1s"), 64, "cannot be negative"},
		{"a share that is none", red("-ledger", whole, "-es", "http://127.0.0.1:1", "-advise-error", "0.1"), 64, "want a share above 0% and up to 100%"},
		{"processor time of nobody", red("-cpu", "1s"), 64, "as in filebeat=1.5s"},
		{"a pattern that is none", red("-ledger", whole, "-es", "http://127.0.0.1:1", "-app-log", "["), 64, "not a pattern"},
		{"a log that is not there", red("-ledger", whole, "-es", "http://127.0.0.1:1", "-app-log", log+".no"), 64, "no file is called"},
		{"an address that is none", red("-ledger", whole, "-prometheus", "localhost:9090"), 64, "not a URL of scheme http or https"},
		{"a password in the address", red("-ledger", whole, "-prometheus", "http://me:s3cr3t@host"), 64, "carries a password"},
		{"a ledger that is not there", red("-ledger", whole+".no", "-es", "http://127.0.0.1:1"), 2, "hint: is the path right, and has the run ended"},
		{"a ledger of lines", red("-ledger", bookOfLines(t, `{}`), "-es", "http://127.0.0.1:1"), 64, "they are no requests"},
		{"a ledger that is something else", red("-ledger", log, "-es", "http://127.0.0.1:1"), 2, "is not a ledger"},
		{"a torn ledger", red("-ledger", torn, "-es", "http://127.0.0.1:1"), 2, "hint: the load run was killed"},
		{"a run without requests", red("-ledger", book(t, 0), "-es", refusing(t)), 2, "no line of run run-1"},
		{"a log that lacks a line", red("-ledger", book(t, 4), "-es", refusing(t)), 2, "1 of 4 answered requests have no line"},
		{"Elasticsearch down", red("-ledger", whole, "-es", refusing(t)), 2, "connection refused"},
		{"Prometheus down", red("-ledger", whole, "-prometheus", refusing(t)), 2, "hint: is Prometheus running there?"},
		{"an Elasticsearch that knows nothing of the run", red("-ledger", whole, "-es", empty(t)), 2, "holds no line of run run-1"},
	} {
		var stdout, stderr bytes.Buffer
		code := cli.Report(&stderr, "provisioner", run(t.Context(), row.args, &stdout, &stderr))
		if code != row.code || !strings.Contains(stderr.String(), row.says) {
			t.Errorf("%s: exit code %d, want %d; stderr %q, want it to say %q", row.proves, code, row.code, stderr.String(), row.says)
		}
		if n := strings.Count(stderr.String(), "\n"); n > 2 || strings.Contains(stderr.String(), "s3cr3t") {
			t.Errorf("%s: on standard error: %s", row.proves, stderr.String())
		}
	}
}

func TestREDLeavesItsReports(t *testing.T) {
	dir := t.TempDir()
	asJSON, asHTML := filepath.Join(dir, "red.json"), filepath.Join(dir, "red.html")
	var stdout, stderr bytes.Buffer
	err := run(t.Context(), []string{"red", "-ledger", book(t, 3), "-app-log", accessLines(t, 3), "-prometheus", refusing(t), "-within", "0s",
		"-json", asJSON, "-html", asHTML, "-o", "json", "-advise"}, &stdout, &stderr)
	if code := cli.Report(&stderr, "provisioner", err); code != 2 {
		t.Errorf("exit code %d, want 2: %s", code, stderr.String())
	}
	var report struct {
		Outcome string
		Exact   []struct{ Requests uint64 }
		Sources []struct{ Missing string }
	}
	for what, text := range map[string][]byte{"standard output": stdout.Bytes(), "the file": read(t, asJSON)} {
		if err := json.Unmarshal(text, &report); err != nil || report.Outcome != "unmeasured" || report.Exact[0].Requests != 3 || report.Sources[0].Missing == "" {
			t.Errorf("%s: %v, %+v", what, err, report)
		}
	}
	if page := string(read(t, asHTML)); !strings.Contains(page, "missing: ") || !strings.Contains(page, "</html>") {
		t.Errorf("the page does not say that a source is missing: %.200s", page)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
