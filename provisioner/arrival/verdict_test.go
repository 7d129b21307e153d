package arrival

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/ledger"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got; -update rewrites it):\n%s", name, diff)
	}
}

// report judges an audit of the given documents, at a fixed time.
func report(t *testing.T, sent []ledger.Attempt, docs []doc, more func(*Evidence)) *Report {
	t.Helper()
	a := small(newNode(t, docs...), writeLedger(t, sent))
	a.page = 300
	acc, err := a.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e := Evidence{Account: acc, StreamsWithin: 30 * time.Second}
	if more != nil {
		more(&e)
	}
	r := &Report{Ledger: "ledger.zst", Index: stream, Judged: started.Add(time.Minute), Took: 4120 * time.Millisecond}
	r.Judge(e)
	return r
}

func healthyReport(t *testing.T) *Report {
	return report(t, attempts(4000), linesOf(attempts(4000)), func(e *Evidence) {
		e.Followed = &Followed{Run: runID, Resolution: 100 * time.Millisecond, Polls: 230, Written: 20, Lag: Lag{
			Count: 4000, Min: 80 * time.Millisecond, P50: 210 * time.Millisecond, P95: 320 * time.Millisecond,
			P99: 380 * time.Millisecond, Max: 412 * time.Millisecond,
		}, Refresh: Lag{
			Count: 4000, Min: 20 * time.Millisecond, P50: 120 * time.Millisecond, P95: 210 * time.Millisecond, P99: 230 * time.Millisecond, Max: 270 * time.Millisecond,
		}}
		e.Panels = []PanelCheck{
			{Dashboard: "red", ID: "requests", Title: "Requests", Documents: 4000, Rows: 1, Outcome: dashboards.Held, Compared: "documents exactly"},
			{Dashboard: "pipeline", ID: "lag-max", Title: "Worst pipeline lag", Documents: 0, Outcome: dashboards.NotJudged, Compared: "nothing: no lag document"},
		}
		e.Told = &Told{Stream: telemetry.StreamLoad, Documents: 120, Summaries: 1, Compared: 7}
		e.Counters = &Counters{Stream: telemetry.StreamPrometheus, From: started.Add(-2 * time.Second), To: started.Add(63 * time.Second), Readings: 14, Kinds: 9, Counted: 4001, Asked: 4000, Others: 1}
		e.Streams = metricStreams()
		for i := range e.Streams {
			e.Streams[i].Documents = int64(8 * (i + 1))
		}
	})
}

// brokenReport has one of everything that can be wrong.
func brokenReport(t *testing.T) *Report {
	sent := attempts(100)
	sent[79].Outcome, sent[79].Status = ledger.Timeout, 0
	sent[89].Outcome, sent[89].Status = ledger.Dropped, 0
	docs := linesOf(sent)
	docs[4] = docs[4].with(telemetry.FieldStatus, 500)
	docs[5] = docs[5].with(telemetry.FieldRoute, nil).with(telemetry.FieldEventCreated, "2026-01-02T03:04:05.000Z")
	docs[6] = docs[6].with(telemetry.FieldEventCreated, nil)
	docs = append(docs, docs[49], docs[50].with(telemetry.FieldEventID, "again"), line(attempt(200)))
	docs = slices.Concat(docs[:11], docs[40:70], docs[71:79], docs[80:])
	return report(t, sent, docs, func(e *Evidence) {
		e.Panels = []PanelCheck{
			{Dashboard: "red", ID: "requests", Title: "Requests", Documents: 71, Rows: 1, Outcome: dashboards.Differs, Compared: "documents exactly",
				Got: "71 documents", Want: "68 documents", Differs: []dashboards.Difference{{What: "documents", Got: "71", Want: "68"}, {What: "x", Got: "1", Want: "2"}}},
			{Dashboard: "logs", ID: "errors", Title: "Errors", Outcome: dashboards.Empty, Got: "0 documents", Want: "68 documents"},
		}
		e.Told = &Told{Stream: telemetry.StreamLoad, Documents: 21, Summaries: 1, Compared: 7, Differs: []string{"answered: 97, in the ledger 98"}}
		e.Streams = metricStreams()[:3]
		e.Streams[0].Seen, e.Streams[0].LastError = 24, "connection refused"
		e.Streams[1].Documents = 12
	})
}

// tracedReport is the broken one with the application's log and the shipper's
// counters looked at.
func tracedReport(t *testing.T) *Report {
	r := brokenReport(t)
	a := r.Account
	log := ""
	for seq := 1; seq <= 100; seq++ {
		if seq < 12 || seq > 14 { // these three were never written
			log += appLine(seq)
		}
	}
	kept := attic{run: "r", texts: []string{`{"run":{"id":"r","seq":16}}`}, stored: map[string]string{documentID("api", "e20"): `{"run":{"id":"other","seq":3}}`}}
	a.Run = "r" // as the lines say
	if err := (Trace{Files: logFiles(t, log), Search: kept, Fetch: kept, Kept: telemetry.StreamApp}).Run(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	a.Hops.Counted = &Shipping{Name: "Filebeat 8.19.1", Since: 31 * time.Second, Read: 96, Published: 96, Acked: 95, Copies: 2, Dropped: 1, Failed: 7, TooMany: 7}
	r.Judge(Evidence{Account: a, Panels: r.Panels, Streams: r.Streams, Told: r.Told})
	return r
}

func TestReportForms(t *testing.T) {
	unread := &Report{Ledger: "ledger.zst", Index: stream, Judged: started, Took: time.Second}
	unread.Failed(errors.New("open point in time of logs-test: 127.0.0.1:9200: connection refused"))
	for name, r := range map[string]*Report{"healthy": healthyReport(t), "broken": brokenReport(t), "lines": brokenLinesReport(t), "traced": tracedReport(t), "unread": unread} {
		for form, write := range map[string]func(*bytes.Buffer) error{
			"txt":  func(b *bytes.Buffer) error { return r.WriteTable(b, false) },
			"json": func(b *bytes.Buffer) error { return r.WriteJSON(b) },
			"xml":  func(b *bytes.Buffer) error { return r.WriteJUnit(b) },
			"md":   func(b *bytes.Buffer) error { return r.WriteMarkdown(b) },
			"html": func(b *bytes.Buffer) error { return r.WriteHTML(b) },
		} {
			t.Run(name+"."+form, func(t *testing.T) {
				var b bytes.Buffer
				if err := write(&b); err != nil {
					t.Fatal(err)
				}
				golden(t, name+"."+form, b.Bytes())
			})
		}
	}
}

func TestColourOnlyWhereAsked(t *testing.T) {
	r := healthyReport(t)
	for _, colour := range []bool{false, true} {
		var b bytes.Buffer
		if err := r.WriteTable(&b, colour); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(b.String(), "\x1b["); got != colour {
			t.Errorf("colour %v: escape sequences %v", colour, got)
		}
	}
}

// Each property has something that breaks it, and only it.
func TestEachPropertyCanFail(t *testing.T) {
	tests := []struct {
		property string
		outcome  Outcome
		whole    Outcome
		sent     func([]ledger.Attempt)
		docs     func([]doc) []doc
		more     func(*Evidence)
	}{
		{"none lost", Fails, Fails, nil, func(d []doc) []doc { return d[1:] }, nil},
		{"none duplicated", Fails, Fails, nil, func(d []doc) []doc { return append(d, d[3]) }, nil},
		{"none corrupted", Fails, Fails, nil, func(d []doc) []doc { return append(d[1:], d[0].with(telemetry.FieldMethod, "PUT")) }, nil},
		{"none unexpected", Fails, Fails, nil, func(d []doc) []doc { return append(d, line(attempt(50))) }, nil},
		{"none late", Holds, Holds, nil, nil, func(e *Evidence) { e.Account.LateAfter, e.Account.IngestLag.Count = time.Second, 20 }},
		{"none late", Unmeasured, Unmeasured, nil, nil, func(e *Evidence) { e.Account.LateAfter, e.Account.IngestLag.Count = time.Second, 19 }},
		{"none late", Fails, Fails, nil, nil, func(e *Evidence) { e.Account.LateAfter = time.Second; e.Account.Late.Add(7) }},
		{"none indeterminate", Unmeasured, Unmeasured, func(a []ledger.Attempt) { a[0].Outcome = ledger.Timeout }, func(d []doc) []doc { return d[1:] }, nil},
		{"none indeterminate", Holds, Holds, func(a []ledger.Attempt) { a[0].Outcome = ledger.Timeout }, func(d []doc) []doc { return d[1:] },
			func(e *Evidence) { e.AllowIndeterminate = 1 }},
		{"measured", Unmeasured, Unmeasured, func(a []ledger.Attempt) {
			for i := range a {
				a[i].Outcome = ledger.Refused
			}
		}, func([]doc) []doc { return nil }, func(e *Evidence) { e.AllowUnsent = 20 }},
		{"load sent", Unmeasured, Unmeasured, func(a []ledger.Attempt) { a[0].Outcome = ledger.Dropped }, func(d []doc) []doc { return d[1:] }, nil},
		{"lag seen live", Unmeasured, Unmeasured, nil, nil, func(e *Evidence) { e.Followed = &Followed{} }},
		{"lag seen live", Unmeasured, Unmeasured, nil, nil, func(e *Evidence) {
			e.Followed, e.LagMissing = &Followed{Lag: Lag{Count: 9}}, "1 of 3 lag documents searchable"
		}},
		{"summary of the load", Holds, Holds, nil, nil, func(e *Evidence) { e.Told = &Told{Documents: 21, Summaries: 1} }},
		{"summary of the load", NotJudged, Holds, nil, nil, func(e *Evidence) { e.Told = &Told{} }},
		{"summary of the load", Unmeasured, Unmeasured, nil, nil, func(e *Evidence) { e.Told = &Told{Documents: 20} }},
		{"summary of the load", Fails, Fails, nil, nil, func(e *Evidence) { e.Told = &Told{Documents: 22, Summaries: 2} }},
		{"summary of the load", Fails, Fails, nil, nil, func(e *Evidence) {
			e.Told = &Told{Documents: 21, Summaries: 1, Differs: []string{"sent: 19, in the ledger 20"}}
		}},
		{"counters of the service", Holds, Holds, nil, nil, func(e *Evidence) { e.Counters = &Counters{} }},
		{"counters of the service", Fails, Fails, nil, nil, func(e *Evidence) { e.Counters = &Counters{Differs: []string{"/a 200: counted 1, asked 2"}} }},
		{"counters of the service", Unmeasured, Unmeasured, nil, nil, func(e *Evidence) { e.Counters = &Counters{Missing: "nobody read them after the run"} }},
		{"counters of the service", NotJudged, Holds, nil, nil, func(e *Evidence) { e.Counters = &Counters{Several: true, Missing: "?"} }},
		{"panel p", Fails, Fails, nil, nil, func(e *Evidence) { e.Panels = []PanelCheck{{ID: "p", Outcome: dashboards.Differs}} }},
		{"panel p", Fails, Fails, nil, nil, func(e *Evidence) { e.Panels = []PanelCheck{{ID: "p", Outcome: dashboards.Empty}} }},
		{"panel p", NotJudged, Holds, nil, nil, func(e *Evidence) { e.Panels = []PanelCheck{{ID: "p", Outcome: dashboards.NotJudged}} }},
		{"metrics in s", Fails, Fails, nil, nil, func(e *Evidence) { e.Streams = []StreamCheck{{Stream: "s"}} }},
	}
	for _, tt := range tests {
		t.Run(tt.property+" "+string(tt.outcome), func(t *testing.T) {
			sent := attempts(20)
			if tt.sent != nil {
				tt.sent(sent)
			}
			docs := linesOf(attempts(20))
			if tt.docs != nil {
				docs = tt.docs(docs)
			}
			r := report(t, sent, docs, tt.more)
			if r.Outcome != tt.whole {
				t.Errorf("verdict %s, want %s", r.Outcome, tt.whole)
			}
			for _, p := range r.Properties {
				want := Holds
				if p.Name == tt.property {
					want = tt.outcome
				}
				if p.Outcome != want {
					t.Errorf("%s: %s (%s), want %s", p.Name, p.Outcome, p.Text, want)
				}
			}
		})
	}
}

// What is wrong weighs more than what could not be measured.
func TestFailureOutweighsUnmeasured(t *testing.T) {
	sent := attempts(20)
	sent[0].Outcome = ledger.Timeout
	if r := report(t, sent, linesOf(attempts(20))[2:], nil); r.Outcome != Fails {
		t.Errorf("got %s", r.Outcome)
	}
}

func TestHintWhenNothingArrived(t *testing.T) {
	r := report(t, attempts(20), nil, nil)
	if !strings.Contains(r.Hint, "no document of run "+runID) {
		t.Errorf("hint %q", r.Hint)
	}
}

// JUnit readers want an exact count of each kind.
func TestJUnitCounts(t *testing.T) {
	var b bytes.Buffer
	if err := brokenReport(t).WriteJUnit(&b); err != nil {
		t.Fatal(err)
	}
	var suite junitSuite
	if err := xml.Unmarshal(b.Bytes(), &suite); err != nil {
		t.Fatal(err)
	}
	var failures, errs, skipped int
	for _, c := range suite.Cases {
		switch {
		case c.Failure != nil:
			failures++
		case c.Error != nil:
			errs++
		case c.Skipped != nil:
			skipped++
		}
	}
	if suite.Tests != len(suite.Cases) || suite.Failures != failures || suite.Errors != errs || suite.Skipped != skipped || failures != 9 {
		t.Errorf("suite says %d/%d/%d/%d, cases say %d/%d/%d/%d", suite.Tests, suite.Failures, suite.Errors, suite.Skipped, len(suite.Cases), failures, errs, skipped)
	}
}

func TestSeqsText(t *testing.T) {
	var s Seqs
	for _, r := range []Range{{1, 1}, {12, 40}, {57, 58}, {70000, 71999}, {1 << 40, 1 << 40}} {
		for seq := r.First; seq <= r.Last; seq++ {
			s.Add(seq)
		}
	}
	if got, want := s.Text(9), "1, 12-40 (29), 57-58 (2), 70000-71999 (2,000), 1099511627776"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := s.Text(2), "1, 12-40 (29) and 3 more ranges"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := (Seqs{}).Text(2); got != "" {
		t.Errorf("empty: got %q", got)
	}
}
