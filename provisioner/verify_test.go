package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plumbline/cli"
	"plumbline/loadgen/ledger"
	"plumbline/loadgen/lines"
)

// book writes a ledger of n answered attempts.
func book(t *testing.T, n uint64) string {
	t.Helper()
	return bookOf(t, n, ledger.Answered)
}

func bookOf(t *testing.T, n uint64, outcome ledger.Outcome) string {
	t.Helper()
	return bookFrom(t, ledger.Header{RunID: "run-1", Started: time.Now(), Target: "http://127.0.0.1:8000"}, n, outcome)
}

// bookOfLines writes a ledger of lines that are made of what is recorded.
func bookOfLines(t *testing.T, record string) string {
	t.Helper()
	return bookFrom(t, ledger.Header{RunID: "run-1", Started: time.Now(), Target: "app.log", Lines: []byte(record)}, 3, ledger.Answered)
}

func bookFrom(t *testing.T, header ledger.Header, n uint64, outcome ledger.Outcome) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ledger.zst")
	w, err := ledger.Create(path, header)
	if err != nil {
		t.Fatal(err)
	}
	for seq := uint64(1); seq <= n; seq++ {
		a := ledger.Attempt{Seq: seq, Method: "GET", Route: "/users", Status: 200, Outcome: outcome}
		if err := w.Send(a); err != nil {
			t.Fatal(err)
		}
		if err := w.Done(a); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(ledger.Trailer{Planned: n, Ended: time.Now()}); err != nil {
		t.Fatal(err)
	}
	return path
}

// file writes a file of the given content.
func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// torn is a ledger without its end: cut in the last of its lines, before the outline,
// which is a frame that zstd skips.
func torn(t *testing.T, whole string) string {
	t.Helper()
	text, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	outline := bytes.LastIndex(text, []byte{0x5b, 0x2a, 0x4d, 0x18})
	if outline < 0 {
		t.Fatal("the ledger has no outline")
	}
	return file(t, string(text[:outline-10]))
}

// empty is an Elasticsearch that has none of the indices asked for.
func empty(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"error":{"type":"index_not_found_exception","reason":"no such index"},"status":404}`))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// refusing is an address at which nothing listens.
func refusing(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(nil)
	server.Close()
	return server.URL
}

func verifyArgs(es, ledger string, more ...string) []string {
	return append([]string{"verify", "-es", es, "-ledger", ledger, "-within", "0s", "-settle", "0s"}, more...)
}

func TestVerifyRefuses(t *testing.T) {
	whole := book(t, 3)
	torn := torn(t, whole)
	ofLines := bookOfLines(t, string(lines.Content{Format: lines.Plain, Size: lines.Size{Min: 100, Max: 200}}.Record()))
	tests := []struct {
		name string
		args []string
		code int
		says string // on standard error
	}{
		{"an unknown flag", []string{"verify", "-wat"}, 64, "hint: provisioner verify -h"},
		{"an address missing", []string{"verify", "-ledger", whole}, 64, "-es is missing"},
		{"a ledger missing on the command line", []string{"verify", "-es", "http://127.0.0.1:1"}, 64, "-ledger is missing"},
		{"an unknown form", verifyArgs("http://127.0.0.1:1", whole, "-o", "yaml"), 64, "want table or json"},
		{"a field without a name", verifyArgs("http://127.0.0.1:1", whole, "-run-field", ""), 64, "want the name of a field"},
		{"no field for the run", verifyArgs("http://127.0.0.1:1", whole, "-run-field", "-"), 64, "want the name of a field"},
		{"panels of fields with other names", verifyArgs("http://127.0.0.1:1", whole, "-run-field", "labels.run", "-check", "panels"), 64, "neither panels nor metrics"},
		{"an unknown depth", verifyArgs("http://127.0.0.1:1", whole, "-depth", "deep"), 64, "want full or fast"},
		{"panels at a glance", verifyArgs("http://127.0.0.1:1", whole, "-depth", "fast", "-check", "panels"), 64, "counts documents and nothing else"},
		{"lines at a glance", verifyArgs(empty(t), ofLines, "-depth", "fast"), 64, "hint: leave -depth out"},
		{"a glance at a stack that knows nothing of the run", verifyArgs(empty(t), whole, "-depth", "fast"), 1, "hint: -depth full names each attempt"},
		{"a glance without elasticsearch", verifyArgs(refusing(t), whole, "-depth", "fast"), 2, "connection refused"},
		{"an unknown check", verifyArgs("http://127.0.0.1:1", whole, "-check", "vibes"), 64, `-check "vibes"`},
		{"a lag key without -follow", verifyArgs("http://127.0.0.1:1", whole, "-lag-key-file", whole), 64, "needs -follow"},
		{"negative patience", verifyArgs("http://127.0.0.1:1", whole, "-within", "-1s"), 64, "cannot be negative"},
		{"a ledger that is not there", verifyArgs("http://127.0.0.1:1", whole+".no"), 2, "hint: is the path right"},
		{"a ledger that never appears", verifyArgs("http://127.0.0.1:1", whole+".no", "-follow"), 2, "hint: is the path right"},
		{"a ledger that is something else", verifyArgs("http://127.0.0.1:1", file(t, "hello, this is plain text")), 2, "is not a ledger"},
		{"an empty file for a ledger", verifyArgs("http://127.0.0.1:1", file(t, "")), 2, "no attempt is in it"},
		{"a directory for a ledger", verifyArgs("http://127.0.0.1:1", t.TempDir()), 2, "hint: "},
		{"the ledger of another run", verifyArgs(empty(t), whole, "-run", "run-2"), 2, "is of run run-1, not of run-2"},
		{"a torn ledger", verifyArgs(empty(t), torn), 2, "hint: the load run was killed"},
		{"a CA file that is not there", verifyArgs("https://127.0.0.1:1", whole, "-ca", whole+".no"), 64, "no such file"},
		{"a key file that is not there", verifyArgs("http://127.0.0.1:1", whole, "-key-file", whole+".no"), 64, "no such file"},
		{"elasticsearch down", verifyArgs(refusing(t), whole), 2, "connection refused"},
		{"a ledger without attempts", verifyArgs(empty(t), book(t, 0)), 2, "the ledger holds no attempt"},
		{"what is for lines alone", verifyArgs(empty(t), whole, "-message-field", "log"), 64, "are for lines, the ledger is of requests"},
		{"lines that nobody can make again", verifyArgs(empty(t), bookOfLines(t, `{"revision":99}`)), 2, "hint: use the provisioner of the same version"},
		{"panels of lines", verifyArgs(empty(t), ofLines, "-check", "panels"), 64, "a ledger of lines has neither panels nor metrics"},
		{"an application's log of lines", verifyArgs(empty(t), ofLines, "-app-log", "*.log"), 64, "-app-log and -shipper are for requests"},
		{"a negative limit of lateness", verifyArgs(empty(t), ofLines, "-late-after", "-1s"), 64, "cannot be negative"},
		{"lines of which nothing arrived", verifyArgs(empty(t), ofLines), 1, "hint: no document of run run-1 in logs-plumbline.lines-default"},
		{"a stack that knows nothing of the run", verifyArgs(empty(t), whole, "-check", "arrival"), 1, "hint: no document of run run-1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := cli.Report(&stderr, "provisioner", run(t.Context(), tt.args, &stdout, &stderr))
			if code != tt.code || !strings.Contains(stderr.String(), tt.says) {
				t.Errorf("exit code %d, want %d; stderr %q, want it to say %q", code, tt.code, stderr.String(), tt.says)
			}
			if n := strings.Count(stderr.String(), "\n"); n > 2 {
				t.Errorf("%d lines on standard error: %s", n, stderr.String())
			}
		})
	}
}

// A report file of an earlier run must not survive a verdict that failed.
func TestVerifyWritesReportsOfFailures(t *testing.T) {
	dir := t.TempDir()
	js, xml := filepath.Join(dir, "verdict.json"), filepath.Join(dir, "verdict.xml")
	for _, path := range []string{js, xml} {
		if err := os.WriteFile(path, []byte("holds"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var stdout, stderr bytes.Buffer
	args := verifyArgs(refusing(t), book(t, 3), "-json", js, "-junit", xml, "-o", "json")
	if code := cli.Report(&stderr, "provisioner", run(t.Context(), args, &stdout, &stderr)); code != 2 {
		t.Errorf("exit code %d", code)
	}
	text, err := os.ReadFile(js)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"-json": text, "-o json": stdout.Bytes()} {
		var r struct{ Outcome, Error string }
		if err := json.Unmarshal(text, &r); err != nil || r.Outcome != "unmeasured" || !strings.Contains(r.Error, "connection refused") {
			t.Errorf("%s: %s (%v)", name, text, err)
		}
	}
	if text, err := os.ReadFile(xml); err != nil || !strings.Contains(string(text), "<error ") {
		t.Errorf("-junit: %s (%v)", text, err)
	}
}

func TestVerifyUsageNamesEveryFlag(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := cli.Report(&stderr, "provisioner", run(t.Context(), []string{"verify", "-h"}, &stdout, &stderr)); code != 0 {
		t.Errorf("exit code %d", code)
	}
	for _, name := range []string{"es", "ca", "key-file", "ledger", "run", "index", "message-field", "time-field", "late-after", "allow-rejected", "within", "settle", "follow", "lag-key-file", "check", "depth", "allow-indeterminate", "allow-unsent", "partial", "o", "json", "junit"} {
		if !strings.Contains(stdout.String(), "  -"+name+" ") {
			t.Errorf("usage does not name -%s", name)
		}
	}
}

// What may stay unsent is for the caller to say, and nothing by default.
func TestVerifyAllowUnsent(t *testing.T) {
	path := bookOf(t, 3, ledger.Refused)
	for _, row := range []struct {
		more []string
		want string
		text string
	}{
		{nil, "unmeasured", "0 of 3 planned; 3 never sent (allowed: 0)"},
		{[]string{"-allow-unsent", "2"}, "unmeasured", "0 of 3 planned; 3 never sent (allowed: 2)"},
		{[]string{"-allow-unsent", "3"}, "holds", "0 of 3 planned; 3 never sent (allowed: 3)"},
	} {
		var stdout, stderr bytes.Buffer
		args := verifyArgs(empty(t), path, append(row.more, "-check", "arrival", "-o", "json")...)
		_ = run(t.Context(), args, &stdout, &stderr) // nothing was answered, so the verdict never holds
		var r struct {
			Properties []struct{ Name, Outcome, Text string }
		}
		if err := json.Unmarshal(stdout.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		for _, p := range r.Properties {
			if p.Name == "load sent" && (p.Outcome != row.want || p.Text != row.text) {
				t.Errorf("%v: %s, %q; want %s, %q", row.more, p.Outcome, p.Text, row.want, row.text)
			}
		}
		if len(r.Properties) == 0 {
			t.Errorf("%v: no property", row.more)
		}
	}
}
