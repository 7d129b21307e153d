package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"plumbline/cli"
	"plumbline/loadgen/ledger"
	"plumbline/loadgen/report"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"loadgen": main})
}

// fakeAPI lets everybody in and answers 200 to the rest.
func fakeAPI(t testing.TB, handle http.HandlerFunc) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if handle != nil {
			handle(w, r)
		}
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusCreated)
			fmt.Fprint(w, `{"sessionID":"abc"}`)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestScripts(t *testing.T) {
	target := fakeAPI(t, nil)
	notReady := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	t.Cleanup(notReady.Close) // the scripts outlive this function
	gone := httptest.NewServer(nil)
	gone.Close()
	hangs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(hangs.Close)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("TARGET", target)
			e.Setenv("NOTREADY", notReady.URL)
			e.Setenv("GONE", gone.URL)
			e.Setenv("HANGS", hangs.URL)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// exits CODE COMMAND ARG... runs a command and wants that exit code.
			"exits": func(ts *testscript.TestScript, _ bool, args []string) {
				err := ts.Exec(args[1], args[2:]...)
				code := 0
				var exit *exec.ExitError
				if errors.As(err, &exit) {
					code = exit.ExitCode()
				} else {
					ts.Check(err)
				}
				if fmt.Sprint(code) != args[0] {
					ts.Fatalf("exit code %d, want %s", code, args[0])
				}
			},
			// cut N FILE TO copies the first N bytes of a file.
			"cut": func(ts *testscript.TestScript, _ bool, args []string) {
				var n int
				_, err := fmt.Sscan(args[0], &n)
				ts.Check(err)
				content := ts.ReadFile(args[1])
				ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(content)[:min(n, len(content))], 0o600))
			},
		},
	})
}

// The first signal ends the schedule: what is in flight is waited for, the
// ledger gets its trailer and the report is printed.
func TestAStoppedRunIsClosedInOrder(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	var asked atomic.Int64
	release := make(chan struct{})
	target := fakeAPI(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/readyz" {
			return
		}
		if asked.Add(1) == 20 {
			stop()
			close(release)
		}
		<-release
	})
	path := filepath.Join(t.TempDir(), "run.ledger")
	var stdout, stderr bytes.Buffer
	err := run(ctx, []string{"run", "-target", target, "-rate", "200", "-duration", "1h", "-ledger", path, "-o", "json"}, &stdout, &stderr)
	if code := cli.Report(&stderr, "loadgen", err); code != cli.Undone || !strings.Contains(stderr.String(), "loadgen: stopped by a signal after ") {
		t.Errorf("exit code %d and %q, want %d and the reason", code, stderr.String(), cli.Undone)
	}
	var got report.Report
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Complete || got.Planned != 720_000 || got.Sent < 20 || got.Outcomes[ledger.Answered] != got.Sent || got.Unexpected > got.Sent {
		t.Errorf("report: %+v", got)
	}
	all, trailer, err := readLedger(path)
	if err != nil || uint64(len(all)) != got.Sent || trailer.Sent != got.Sent || !strings.HasPrefix(trailer.Stopped, "stopped by a signal") {
		t.Errorf("ledger: %d attempts, trailer %+v, %v", len(all), trailer, err)
	}
}

// After kill -9 the ledger is readable up to its last flush, says that it ended
// so, and never claims what did not happen.
func TestAKilledRunLeavesAReadableLedger(t *testing.T) {
	var mu sync.Mutex
	arrived := map[string]bool{}
	target := fakeAPI(t, func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		arrived[r.Header.Get("Baggage")] = true
	})
	path := filepath.Join(t.TempDir(), "run.ledger")
	program, err := exec.LookPath("loadgen") // testscript put the test binary there under that name
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, "run", "-target", target, "-rate", "300", "-duration", "10m", "-ledger", path, "-run-id", "killed")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	flushed := 0
	for poll := time.NewTicker(20 * time.Millisecond); flushed < 100; {
		select {
		case <-poll.C:
			all, _, _ := readLedger(path)
			flushed = len(all)
		case <-t.Context().Done():
		}
	}
	if _, hint := ledgerCommand(t, "stats", path); !strings.Contains(hint, "still going on") {
		t.Errorf("while it runs: %q", hint)
	}
	followed := make(chan string, 1)
	go func() {
		_, said := ledgerCommand(t, "show", "-f", path)
		followed <- said
	}()
	if err := command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = command.Wait() // says only that it was killed
	all, _, err := readLedger(path)
	var truncated *ledger.TruncatedError
	if !errors.As(err, &truncated) || len(all) < flushed || truncated.LastSeq != all[len(all)-1].Seq {
		t.Fatalf("read %d attempts and %v, want at least %d and truncated", len(all), err, flushed)
	}
	mu.Lock()
	defer mu.Unlock()
	for i, a := range all {
		if a.Seq != uint64(i+1) {
			t.Fatalf("attempt %d in place %d", a.Seq, i+1)
		}
		if a.Outcome == ledger.Answered && !arrived[fmt.Sprintf("run.id=killed,run.seq=%d", a.Seq)] {
			t.Errorf("attempt %d is recorded as answered and never arrived", a.Seq)
		}
	}
	want := fmt.Sprintf("loadgen: ledger %s ends after attempt %d without a trailer\nhint: the run was killed: ", path, truncated.LastSeq)
	if stdout, said := ledgerCommand(t, "stats", path); !strings.HasPrefix(said, want) || !strings.Contains(stdout, "no trailer") {
		t.Errorf("stats: %q, want %q\n%s", said, want, stdout)
	}
	if said := <-followed; !strings.HasPrefix(said, want) {
		t.Errorf("who followed it was told %q, want %q", said, want)
	}
}

// ledgerCommand runs loadgen ledger on a ledger without its end.
func ledgerCommand(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, told bytes.Buffer
	if code := cli.Report(&told, "loadgen", run(t.Context(), append([]string{"ledger"}, args...), &out, &told)); code != cli.False {
		t.Errorf("%v: exit code %d, want %d", args, code, cli.False)
	}
	return out.String(), told.String()
}

func readLedger(path string) ([]ledger.Attempt, ledger.Trailer, error) {
	r, err := ledger.Open(path)
	if err != nil {
		return nil, ledger.Trailer{}, err
	}
	defer r.Close()
	var all []ledger.Attempt
	for {
		a, err := r.Next()
		if err != nil {
			trailer, _ := r.Trailer()
			if err == io.EOF {
				err = nil
			}
			return all, trailer, err
		}
		all = append(all, a)
	}
}

func TestMadeRunIDsAreAcceptedAndDiffer(t *testing.T) {
	now := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	first, second := newRunID(now), newRunID(now)
	if !strings.HasPrefix(first, "20260102T150405Z-") || len(first) != len("20260102T150405Z-1a2b3c") || first == second {
		t.Errorf("got %s and %s", first, second)
	}
	if _, err := parseSettings([]string{"-ledger", "x", "-run-id", first}, io.Discard); err != nil {
		t.Error(err)
	}
}
