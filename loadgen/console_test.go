package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"plumbline/cli"
	"plumbline/loadgen/report"
)

// watched is a standard error that tells when the console has said where it is.
type watched struct {
	mu    sync.Mutex
	text  bytes.Buffer
	found chan string
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if at := regexp.MustCompile(`console: (http://\S+)/`).FindSubmatch(p); at != nil {
		w.found <- string(at[1])
	}
	return w.text.Write(p)
}

// A run of an hour is turned up and then stopped from its console: it ends as a
// stopped run does, with a whole ledger.
func TestTheConsoleEndsARunInOrder(t *testing.T) {
	target := fakeAPI(t, nil)
	path := filepath.Join(t.TempDir(), "run.ledger")
	stderr, stdout := &watched{found: make(chan string, 1)}, &bytes.Buffer{}
	ended := make(chan error, 1)
	go func() {
		ended <- run(t.Context(), []string{"run", "-target", target, "-rate", "50", "-duration", "1h", "-ledger", path, "-o", "json", "-listen", "127.0.0.1:0"}, stdout, stderr)
	}()
	var at string
	select {
	case at = <-stderr.found:
	case err := <-ended:
		t.Fatal(err)
	}
	address := strings.TrimPrefix(at, "http://")
	if err := run(t.Context(), []string{"healthcheck", "-listen", address}, stdout, stderr); err != nil {
		t.Errorf("healthcheck: %v", err)
	}
	for _, control := range []string{`{"factor": 10}`, `{"stop": true}`} {
		answer, err := http.Post(at+"/control", "application/json", strings.NewReader(control))
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s", control, answer.Status)
		}
	}
	var told bytes.Buffer
	ending := <-ended
	if err := run(t.Context(), []string{"healthcheck", "-listen", address}, stdout, stderr); err == nil {
		t.Error("a run that has ended is healthy")
	}
	if code := cli.Report(&told, "loadgen", ending); code != cli.Undone || !strings.HasPrefix(told.String(), "loadgen: stopped from the console after ") {
		t.Errorf("exit code %d, %q", code, told.String())
	}
	var got report.Report
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	all, trailer, err := readLedger(path)
	if err != nil || got.Complete || uint64(len(all)) != got.Sent || !strings.HasPrefix(trailer.Stopped, "stopped from the console") {
		t.Errorf("report %+v, ledger of %d attempts, trailer %+v, %v", got, len(all), trailer, err)
	}
}
