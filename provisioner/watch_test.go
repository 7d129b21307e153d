package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plumbline/cli"
	"plumbline/cli/transcript"
	"plumbline/loadgen/lines"
)

func TestWatchRefusesBadInput(t *testing.T) {
	foreign := filepath.Join(t.TempDir(), "foreign.json")
	if err := os.WriteFile(foreign, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	with := func(more ...string) []string {
		return append([]string{"watch", "-es", "http://127.0.0.1:1", "-addr", "127.0.0.1:0"}, more...)
	}
	for _, row := range []struct {
		what string
		args []string
		want string
	}{
		{"without an address of Elasticsearch", []string{"watch"}, "watch: -es is missing"},
		{"of a service that is no URL", with("-target", "here"), "-target is not a URL"},
		{"of a service with a password", with("-target", "http://me:s3cr3t@here"), "-target is not a URL"},
		{"of a service and of lines", with("-target", "http://here", "-lines", "x"), "want one of them"},
		{"of a format without lines", with("-format", "plain"), "are of -lines FILE, which is missing"},
		{"of lines in no known format", with("-lines", filepath.Join(t.TempDir(), "x"), "-format", "xml"), `unknown format "xml"`},
		{"of lines in a directory", with("-lines", t.TempDir()), "is not a regular file"},
		{"that rotates at nothing", with("-lines", filepath.Join(t.TempDir(), "x"), "-rotate", "much"), `"much" is not a size`},
		{"that floods", with("-every", "1ms"), "-every 1ms: want at least 100ms"},
		{"that would remember too much", with("-every", "100ms"), "36000 probes would have to be remembered at a time, want at most 5000"},
		{"whose late comes after lost", with("-late", "2m"), "-late 2m0s: want more than zero and at most -within, 1m0s"},
		{"whose window is too short", with("-window", "5s"), "-window 5s: want at least -within"},
		{"with a port alone to listen on", with("-addr", "9096"), "not HOST:PORT"},
		{"with another program's state", with("-state", foreign), "watch: state " + foreign + ": no state of provisioner watch"},
		{"with a state in no directory", with("-state", filepath.Join(foreign, "x")), "watch: state "},
	} {
		t.Run(row.what, func(t *testing.T) {
			var stderr bytes.Buffer
			code := cli.Report(&stderr, "provisioner", run(t.Context(), row.args, io.Discard, &stderr))
			if code != cli.Usage || !strings.Contains(stderr.String(), row.want) || !strings.Contains(stderr.String(), "hint: ") || strings.Contains(stderr.String(), "s3cr3t") {
				t.Errorf("exit %d, stderr %q; want 64, %q and a hint", code, stderr.String(), row.want)
			}
		})
	}
}

// Lines go to the file, and an Elasticsearch that is not there is said once.
func TestWatchServesUntilStopped(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	said, stdout := io.Pipe()
	var stderr transcript.Buffer
	done := make(chan error, 1)
	file := filepath.Join(t.TempDir(), "canary.log")
	go func() {
		err := run(ctx, []string{"watch", "-es", "http://127.0.0.1:1", "-addr", "127.0.0.1:0", "-lines", file, "-format", "plain",
			"-poll", "100ms", "-state", filepath.Join(filepath.Dir(file), "canary.json")}, stdout, &stderr)
		_ = stdout.CloseWithError(errors.Join(err, io.EOF))
		done <- err
	}()
	line := make([]byte, 200)
	n, err := said.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	_, address, ok := strings.Cut(strings.TrimSpace(string(line[:n])), "listening on ")
	if !ok {
		t.Fatalf("said %q", line[:n])
	}
	for path, want := range map[string]string{"/healthz": "ok\n", "/status": `"verdict": "unmeasured"`, "/metrics": "plumbline_canary_verdict NaN"} {
		res, err := http.Get(strings.TrimSuffix(address, "/status") + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || !strings.Contains(string(body), want) {
			t.Errorf("%s says %q, %v, want %s", path, body, err, want)
		}
	}
	for deadline := time.Now().Add(time.Minute); !strings.Contains(stderr.String(), "\n"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing is said of an Elasticsearch that is not there")
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("stopped with %v", err)
	}
	if got := stderr.String(); strings.Count(got, "\n") != 1 || !strings.HasPrefix(got, "watch: UNMEASURED  search logs-plumbline.lines-default: ") || !strings.Contains(got, "connection refused") {
		t.Errorf("it says %q", got)
	}
	text, err := os.ReadFile(file)
	if ids := lines.Identities(text, ""); err != nil || len(ids) != 1 || ids[0].Seq != 1 {
		t.Errorf("written %q, %v", text, err)
	}
}
