package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"plumbline/cli"
	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/report"
)

// fakeStore takes documents as Elasticsearch does, each id once, and refuses any
// other request.
type fakeStore struct {
	mu   sync.Mutex
	keys map[string]bool // what came as authorization
	docs map[string]map[string]any
}

func newFakeStore(t *testing.T) (*fakeStore, string) {
	s := &fakeStore{keys: map[string]bool{}, docs: map[string]map[string]any{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, server.URL
}

func (s *fakeStore) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[r.Header.Get("Authorization")] = true
	if r.Method+" "+r.URL.Path != "POST /metrics-loadgen.run-default/_bulk" {
		http.Error(w, `{"error":"nobody asks that"}`, http.StatusBadRequest)
		return
	}
	var items []string
	for lines := json.NewDecoder(r.Body); lines.More(); {
		var action struct {
			Create struct {
				ID string `json:"_id"`
			}
		}
		var doc map[string]any
		if err := lines.Decode(&action); err != nil {
			http.Error(w, `{"error":"no action"}`, http.StatusBadRequest)
			return
		}
		if err := lines.Decode(&doc); err != nil {
			http.Error(w, `{"error":"no document"}`, http.StatusBadRequest)
			return
		}
		status := http.StatusCreated
		if s.docs[action.Create.ID] != nil {
			status = http.StatusConflict
		} else {
			s.docs[action.Create.ID] = doc
		}
		items = append(items, fmt.Sprintf(`{"create":{"status":%d}}`, status))
	}
	fmt.Fprintf(w, `{"items":[%s]}`, strings.Join(items, ","))
}

// tell runs loadgen, which tells the store of it.
func tell(ctx context.Context, t *testing.T, es string, args ...string) (report.Report, int, string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	args = append([]string{"run", "-o", "json", "-ledger", filepath.Join(t.TempDir(), "run.ledger"), "-run-id", "told", "-es", es}, args...)
	code := cli.Report(&stderr, "loadgen", run(ctx, args, &stdout, &stderr))
	var r report.Report
	if err := json.Unmarshal(stdout.Bytes(), &r); err != nil {
		t.Fatalf("report %q: %v; %s", stdout.String(), err, stderr.String())
	}
	return r, code, stderr.String()
}

// However a run sends and ends, its summary says what its ledger says.
func TestTheSummarySaysWhatTheLedgerSays(t *testing.T) {
	recorded := filepath.Join(t.TempDir(), "recorded.ledger")
	if err := run(t.Context(), []string{"run", "-target", fakeAPI(t, nil), "-rate", "100", "-duration", "200ms", "-ledger", recorded}, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		args string
		code int
	}{
		"at a constant rate":         {"-rate 100 -duration 300ms", 0},
		"at random":                  {"-rate 100 -duration 300ms -pace poisson", 0},
		"that can be turned":         {"-rate 100 -duration 300ms -listen 127.0.0.1:0", 0},
		"in the closed model":        {"-closed 3 -duration 300ms -think 10ms", 0},
		"over again":                 {"-pace replay:" + recorded, 0},
		"with some never sent":       {"-rate 2000 -duration 300ms -max-in-flight 1", 0},
		"in which a limit is passed": {"-rate 100 -duration 300ms -fail-if p99>1ns", cli.False},
		"that is stopped":            {"-rate 100 -duration 1h", cli.Undone},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			var asked atomic.Int64
			target := fakeAPI(t, func(http.ResponseWriter, *http.Request) {
				if asked.Add(1) == 20 && row.code == cli.Undone {
					stop()
				}
			})
			store, es := newFakeStore(t)
			r, code, stderr := tell(ctx, t, es, append(strings.Fields(row.args), "-target", target)...)
			if code != row.code {
				t.Errorf("exit code %d, want %d: %s", code, row.code, stderr)
			}
			_, trailer, err := readLedger(r.Ledger.Path)
			if err != nil || trailer.Sent == 0 {
				t.Fatalf("trailer %+v, %v", trailer, err)
			}
			summary := store.docs["told/summary"]
			for field, want := range map[string]uint64{
				telemetry.FieldLoadPlanned: trailer.Planned, telemetry.FieldLoadSent: trailer.Sent, telemetry.FieldLoadAnswered: trailer.Answered, telemetry.FieldLoadTimeout: trailer.Timeout,
				telemetry.FieldLoadReset: trailer.Reset, telemetry.FieldLoadRefused: trailer.Refused, telemetry.FieldLoadDropped: trailer.Dropped,
			} {
				if summary[field] != float64(want) {
					t.Errorf("%s is %v, the ledger has %d", field, summary[field], want)
				}
			}
			whole := trailer.Stopped == ""
			if due := summary[telemetry.FieldLoadDue]; summary[telemetry.FieldLoadComplete] != whole || whole && due != float64(trailer.Planned) {
				t.Errorf("complete %v, due %v, trailer %+v", summary[telemetry.FieldLoadComplete], due, trailer)
			}
			if r.Told == nil || !r.Told.Summary || r.Told.Written != uint64(len(store.docs)) || r.Told.Unwritten != 0 || len(store.docs) < 2 {
				t.Errorf("told %+v, %d documents came", r.Told, len(store.docs))
			}
		})
	}
}

// A store that cannot be written to leaves the load as it is: one line says so
// at once, and the exit code in the end.
func TestARunThatCannotBeTold(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	refuses := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"error":{"type":"security_exception","reason":"not with this key"}}`)
	}))
	t.Cleanup(refuses.Close)
	const refusal = "create in metrics-loadgen.run-default: 403 Forbidden: security_exception: not with this key"
	again, es := newFakeStore(t)
	again.docs["told/summary"] = map[string]any{}
	const taken = "document told/summary is there already: another run has had this run's id"
	for name, row := range map[string]struct {
		es     string
		args   []string
		code   int
		stderr string // between the first line and the last
	}{
		"it says so in the end": {refuses.URL, nil, cli.Undone,
			"loadgen: the summary of run told was not written to metrics-loadgen.run-default: " + refusal + "\nhint: this key's role does not allow it: "},
		"and beside what else went wrong": {refuses.URL, []string{"-fail-if", "p99>1ns"}, cli.False,
			"loadgen: the summary of run told was not written to metrics-loadgen.run-default: " + refusal + "\nhint: the report shows where: "},
		"a run's id that was used before": {es, nil, cli.Undone,
			"loadgen: the summary of run told was not written to metrics-loadgen.run-default: " + taken + "\nhint: leave -run-id out, or give another\n"},
	} {
		t.Run(name, func(t *testing.T) {
			key := write("loadgen.key", "id:s3cr3t\n")
			args := append([]string{"-target", fakeAPI(t, nil), "-rate", "100", "-duration", "200ms", "-es-key-file", key}, row.args...)
			r, code, stderr := tell(t.Context(), t, row.es, args...)
			first, _, _ := strings.Cut(stderr, "\n")
			if code != row.code || !strings.HasPrefix(first, "elasticsearch: ") || !strings.HasSuffix(first, "; the load goes on, and what can be written later is") || !strings.Contains(stderr, row.stderr) {
				t.Errorf("exit code %d and:\n%s\nwant %d and: %s", code, stderr, row.code, row.stderr)
			}
			if r.Sent != 20 || !r.Complete || r.Told == nil || r.Told.Summary || r.Told.Unwritten == 0 || r.Told.Error == "" {
				t.Errorf("sent %d, complete %v, told %+v", r.Sent, r.Complete, r.Told)
			}
			if strings.Contains(stderr+fmt.Sprint(r.Told), "s3cr3t") {
				t.Error("the key is in what it says")
			}
		})
	}
	if !again.keys["APIKey aWQ6czNjcjN0"] || len(again.keys) != 1 {
		t.Errorf("asked with %v", again.keys)
	}
}
