package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/loadgen/ledger"
)

func TestMain(m *testing.M) {
	flag.Bool("update", false, "rewrite testdata")
	flag.Parse()
	os.Exit(m.Run())
}

const ms = time.Millisecond

// sample is a run of 1,000 planned at 100/s that was stopped after 700: every
// kind of outcome, and a latency that grows by 1 ms with each attempt.
func sample(t *testing.T) Report {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.ledger")
	if err := os.WriteFile(path, make([]byte, 2048), 0o600); err != nil {
		t.Fatal(err)
	}
	r := NewRecorder(ledger.Header{RunID: "r1", Seed: 1, Target: "http://127.0.0.1:8000", Rate: 100, Duration: 10 * time.Second, Scale: "small",
		Started: time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC), Version: "test"})
	for seq := uint64(1); seq <= 700; seq++ {
		due := time.Duration(seq-1) * 10 * ms
		a := ledger.Attempt{Seq: seq, Scheduled: due, Sent: due + ms, Service: time.Duration(seq-1) * ms, Latency: time.Duration(seq) * ms,
			Journey: "my data", Method: "GET", Route: "/investigations", Expect: 200, Status: 200, Outcome: ledger.Answered}
		switch {
		case seq <= 10: // a misuse that is answered as it should be, but for two
			a.Journey, a.Method, a.Route, a.Expect, a.Status = "misuse", "POST", "/sessions", 403, 403
			if seq <= 2 {
				a.Status = 500
			}
		case seq == 650:
			a.Outcome, a.Status, a.Service, a.Latency = ledger.Timeout, 0, 10*time.Second, 10001*ms
		case seq == 651:
			a.Outcome, a.Status = ledger.Reset, 0
		case seq == 652:
			a.Outcome, a.Status, a.Service, a.Latency = ledger.Refused, 0, time.Hour, time.Hour // stays out of the percentiles
		case seq == 653:
			a.Outcome, a.Status, a.Sent, a.Service, a.Latency = ledger.Dropped, 0, 0, 0, 0
		}
		r.Add(a)
	}
	got := r.Report(ledger.Trailer{Planned: 1000, Stopped: "stopped by a signal after 700 of 1000 requests"}, true, path)
	got.Ledger.Path = "run.ledger"
	return got
}

func TestReportAddsUp(t *testing.T) {
	got := sample(t)
	for _, row := range []struct {
		name      string
		got, want any
	}{
		{"sent is all but the dropped", got.Sent, uint64(699)},
		{"a stopped run is not complete", got.Complete, false},
		{"outcomes", got.Outcomes, map[ledger.Outcome]uint64{ledger.Answered: 696, ledger.Timeout: 1, ledger.Reset: 1, ledger.Refused: 1, ledger.Dropped: 1}},
		{"statuses", got.Statuses, map[int]uint64{200: 686, 403: 8, 500: 2}},
		{"an expected 403 is not unexpected", got.Unexpected, uint64(2)},
		{"journeys, the most used first", got.Journeys, []Journey{{"my data", 689, 0, 3, 1}, {"misuse", 10, 2, 0, 0}}},
		{"rate is over the time in which requests were sent", got.RateAchieved > 99.8 && got.RateAchieved < 99.9, true},
	} {
		if diff := cmp.Diff(row.want, row.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
	near := func(name string, got, want time.Duration) {
		if (got - want).Abs() > want/500 {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	// 698 waited: ranks 349, 663, 691 and 697; the longest is the timeout.
	near("p50", got.Latency.P50, 349*ms)
	near("p95", got.Latency.P95, 666*ms)
	near("p99", got.Latency.P99, 694*ms)
	near("p99.9", got.Latency.P999, 700*ms)
	near("max", got.Latency.Max, 10001*ms)
	near("service p50 starts at the sending", got.Service.P50, 348*ms)
}

func TestTableAndJSON(t *testing.T) {
	r := sample(t)
	var table, object bytes.Buffer
	if err := r.WriteTable(&table); err != nil {
		t.Fatal(err)
	}
	golden(t, "table.txt", table.String())
	if err := r.WriteJSON(&object); err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(object.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, back); diff != "" {
		t.Errorf("JSON loses something (-want +got):\n%s", diff)
	}
}

// golden compares with a file of testdata; go test -update rewrites it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestAnEmptyRunHasAReport(t *testing.T) {
	r := NewRecorder(ledger.Header{}).Report(ledger.Trailer{}, false, "")
	var table, object bytes.Buffer
	if err := r.WriteTable(&table); err != nil {
		t.Error(err)
	}
	if err := r.WriteJSON(&object); err != nil {
		t.Error(err)
	}
	if !strings.Contains(table.String(), "no trailer: the run was killed or is still going on") {
		t.Errorf("the table hides that the trailer is missing:\n%s", table.String())
	}
}
