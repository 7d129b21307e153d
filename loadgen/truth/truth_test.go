package truth

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/ledger"
	"plumbline/loadgen/report"
)

// Twelve seconds of a load: what is told adds up, and ends with what the report says.
func TestARunIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(t)
		l := newLoad(store)
		threshold, err := report.ParseThreshold("errors>1%")
		if err != nil {
			t.Fatal(err)
		}
		told := l.run(t, 12*time.Second, threshold)
		if diff := cmp.Diff(&report.Told{Stream: "metrics-loadgen.run-default", Written: 22, Summary: true}, told); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		if len(l.said) != 0 {
			t.Errorf("trouble: %q", l.said)
		}
		intervals := store.of(telemetry.LoadInterval)
		if len(intervals) != 13 {
			t.Fatalf("%d intervals, want 12 while it went and the end", len(intervals))
		}
		for i, doc := range intervals {
			if got, want := number(doc, telemetry.FieldLoadInterval), float64(i+1); got != want {
				t.Errorf("interval %v in place %v", got, want)
			}
			adds(t, doc)
		}
		fifth := intervals[4]
		for field, want := range map[string]any{
			telemetry.FieldTimestamp: "2000-01-01T00:00:05.01Z", telemetry.FieldEventStart: "2000-01-01T00:00:04.01Z", telemetry.FieldEventEnd: "2000-01-01T00:00:05.01Z",
			telemetry.FieldEventDuration: 1e9, telemetry.FieldLoadElapsed: 5e9, telemetry.FieldRunID: "run-1", telemetry.FieldEventDataset: "loadgen.run",
			telemetry.FieldLoadDue: 50.0, telemetry.FieldLoadSent: 50.0, telemetry.FieldLoadInFlight: 1.0, telemetry.FieldLoadEnded: 49.0, telemetry.FieldLoadAnswered: 49.0,
			telemetry.FieldLoadOK: 45.0, telemetry.FieldLoadUnexpected: 4.0, telemetry.FieldLoadStatus2xx: 45.0, telemetry.FieldLoadStatus5xx: 4.0,
			telemetry.FieldLoadWanted: 10.0, telemetry.FieldLoadRate: 10.0, telemetry.FieldLoadLatencyCount: 10.0, telemetry.FieldLoadServiceCount: 10.0,
		} {
			if fifth[field] != want {
				t.Errorf("fifth interval: %s is %v, want %v", field, fifth[field], want)
			}
		}
		if p99 := number(fifth, telemetry.FieldLoadLatencyP99); p99 < 20e6 || p99 > 20.1e6 {
			t.Errorf("fifth interval: p99 %v ns, want 20 ms", p99)
		}
		routes := store.of(telemetry.LoadRoute)
		if len(routes) != 6 { // two routes after 5 s, 10 s and at the end
			t.Fatalf("%d documents of routes, want 6", len(routes))
		}
		last := routes[5]
		if last[telemetry.FieldRoute] != "/investigations" || last[telemetry.FieldMethod] != "GET" || number(last, telemetry.FieldLoadEnded) != 108 || number(last, telemetry.FieldLoadLatencyCount) != 18 {
			t.Errorf("last document of a route: %v", last)
		}
		journeys := store.of(telemetry.LoadJourney)
		if len(journeys) != 2 {
			t.Fatalf("%d documents of journeys, want 2", len(journeys))
		}
		sent := map[any]float64{}
		for _, doc := range journeys {
			sent[doc[telemetry.FieldLoadJourney]] = number(doc, telemetry.FieldLoadSent)
		}
		if sent["my data"]+sent["ingest"] != 120 || sent["ingest"] != 12 {
			t.Errorf("sent by journey: %v, want 108 and 12", sent)
		}
		summaries := store.of(telemetry.LoadSummary)
		if len(summaries) != 1 {
			t.Fatalf("%d summaries", len(summaries))
		}
		adds(t, summaries[0])
		for field, want := range map[string]any{
			telemetry.FieldLoadPlanned: 120.0, telemetry.FieldLoadSent: 120.0, telemetry.FieldLoadAnswered: 120.0, telemetry.FieldLoadUnexpected: 12.0,
			telemetry.FieldLoadLatencyCount: 120.0, telemetry.FieldLoadSeed: "9223372036854775815", telemetry.FieldLoadPace: "constant", telemetry.FieldLoadRoutes: 2.0,
			telemetry.FieldLoadComplete: true, telemetry.FieldEventOutcome: "failure", telemetry.FieldLoadStopped: nil, telemetry.FieldServiceVer: "test",
		} {
			if summaries[0][field] != want {
				t.Errorf("summary: %s is %v, want %v", field, summaries[0][field], want)
			}
		}
		for field, want := range map[string][]any{
			telemetry.FieldLoadJourneys: {"my data", "ingest"}, telemetry.FieldLoadConditions: {"errors>1%"}, telemetry.FieldLoadFailed: {"errors>1%: 10% (12 of 120)"},
		} {
			if diff := cmp.Diff(want, summaries[0][field]); diff != "" {
				t.Errorf("summary: %s (-want +got):\n%s", field, diff)
			}
		}
	})
}

func number(doc map[string]any, field string) float64 {
	n, _ := doc[field].(float64)
	return n
}

// adds fails unless a document's counts are parts of each other.
func adds(t *testing.T, doc map[string]any) {
	t.Helper()
	sum := func(fields ...string) (n float64) {
		for _, f := range fields {
			n += number(doc, f)
		}
		return n
	}
	for whole, parts := range map[string][]string{
		telemetry.FieldLoadSent:     {telemetry.FieldLoadEnded, telemetry.FieldLoadInFlight},
		telemetry.FieldLoadEnded:    {telemetry.FieldLoadAnswered, telemetry.FieldLoadTimeout, telemetry.FieldLoadReset, telemetry.FieldLoadRefused},
		telemetry.FieldLoadAnswered: {telemetry.FieldLoadOK, telemetry.FieldLoadUnexpected},
	} {
		if sum(whole) != sum(parts...) {
			t.Errorf("%s: %s is %v, its parts are %v", doc[telemetry.FieldLoadDocument], whole, sum(whole), sum(parts...))
		}
	}
	classes := []string{telemetry.FieldLoadStatus2xx, telemetry.FieldLoadStatus3xx, telemetry.FieldLoadStatus4xx, telemetry.FieldLoadStatus5xx, telemetry.FieldLoadStatusOther}
	if sum(classes...) != sum(telemetry.FieldLoadAnswered) || sum(telemetry.FieldLoadDue) < sum(telemetry.FieldLoadSent, telemetry.FieldLoadDropped) {
		t.Errorf("%v", doc)
	}
}

// A run that nothing came of has no percentiles: none is not zero.
func TestNothingMeasuredIsNotZero(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(t)
		newLoad(store).run(t, 0)
		for _, id := range store.order {
			for field := range store.docs[id] {
				if strings.Contains(field, ".p") && strings.HasPrefix(field, "loadgen.") && field != telemetry.FieldLoadPlanned && field != telemetry.FieldLoadPace {
					t.Errorf("%s has %s", id, field)
				}
			}
		}
		if diff := cmp.Diff([]string{"run-1/summary", "run-1/interval/1"}, store.order); diff != "" {
			t.Errorf("documents (-want +got):\n%s", diff)
		}
	})
}

// A definition may have any number of routes; so many have documents.
func TestTooManyRoutesAreNotTold(t *testing.T) {
	w := New(Options{})
	for i := range 3 * maxRoutes {
		if told := w.followed("GET", strings.Repeat("/x", i)); told != (i < maxRoutes) {
			t.Fatalf("route %d: %v", i, told)
		}
	}
	if !w.followed("GET", "/x") || w.followed("POST", "/x") {
		t.Error("a route that has documents keeps them, another gets none")
	}
}

// What a look at the run costs: each second, and each fifth one with the routes
// of the built-in journeys.
func BenchmarkTell(b *testing.B) {
	for name, routes := range map[string]bool{"interval": false, "routes": true} {
		b.Run(name, func(b *testing.B) {
			l := newLoad(nil)
			send := func(n int) {
				for seq := range n {
					took := time.Duration(seq%1000) * time.Millisecond
					l.recorder.Add(ledger.Attempt{Method: "GET", Route: fmt.Sprint("/", seq%40), Status: 200, Outcome: ledger.Answered, Latency: took, Service: took})
				}
			}
			send(100_000)
			b.ReportAllocs()
			for b.Loop() {
				send(40) // a route of which nothing has come is not told
				l.tell(1, routes)
			}
		})
	}
}
