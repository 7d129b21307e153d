package telemetry

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	apitrace "go.opentelemetry.io/otel/trace"
)

const (
	aTrace  = "4bf92f3577b34da6a3ce929d0e0e4736"
	aParent = "00-" + aTrace + "-00f067aa0ba902b7-01"
)

func TestIdentity(t *testing.T) {
	for _, row := range []struct {
		proves                string
		parent, baggage, reqI string
		trace, run            string // "" means: made here, or none
		seq                   int64
		keepsRequestID        bool
	}{
		{proves: "nothing sent, all made here"},
		{proves: "a trace is continued", parent: aParent, trace: aTrace},
		{proves: "a malformed traceparent starts a new trace", parent: "00-zz-00f067aa0ba902b7-01"},
		{proves: "the all-zero trace is no trace", parent: "00-00000000000000000000000000000000-00f067aa0ba902b7-01"},
		{proves: "run and seq are taken from the baggage", baggage: "run.id=r-1,run.seq=17", run: "r-1", seq: 17},
		{proves: "other members do no harm", baggage: "user=x;p=1, run.seq=2 ,run.id=r,evil=%0a", run: "r", seq: 2},
		{proves: "a run without seq identifies nothing", baggage: "run.id=r"},
		{proves: "a seq without run identifies nothing", baggage: "run.seq=1"},
		{proves: "seq starts at 1", baggage: "run.id=r,run.seq=0"},
		{proves: "seq is not signed", baggage: "run.id=r,run.seq=-1"},
		{proves: "seq has no plus", baggage: "run.id=r,run.seq=+1"},
		{proves: "seq has no leading zero, so that one number has one spelling", baggage: "run.id=r,run.seq=01"},
		{proves: "seq fits the long of Elasticsearch", baggage: "run.id=r,run.seq=9223372036854775807", run: "r", seq: 9223372036854775807},
		{proves: "seq beyond it is refused", baggage: "run.id=r,run.seq=9223372036854775808"},
		{proves: "a run id of 64 is accepted", baggage: "run.id=" + strings.Repeat("a", 64) + ",run.seq=1", run: strings.Repeat("a", 64), seq: 1},
		{proves: "a longer one is not", baggage: "run.id=" + strings.Repeat("a", 65) + ",run.seq=1"},
		{proves: "an encoded newline in a run id is refused", baggage: "run.id=a%0ab,run.seq=1"},
		{proves: "a baggage that is none is ignored", baggage: "=,;;=%%%,\x7f"},
		{proves: "a sane request id is kept", reqI: "A.b_c-9", keepsRequestID: true},
		{proves: "a request id with a space is replaced", reqI: "a b"},
		{proves: "a request id of 65 is replaced", reqI: strings.Repeat("a", 65)},
	} {
		h := http.Header{}
		for name, v := range map[string]string{"Traceparent": row.parent, "Baggage": row.baggage, "X-Request-Id": row.reqI} {
			if v != "" {
				h.Set(name, v)
			}
		}
		got := Identify(h)
		if row.trace != "" && got.TraceID != row.trace {
			t.Errorf("%s: trace %s, want %s", row.proves, got.TraceID, row.trace)
		}
		if got.RunID != row.run || got.RunSeq != row.seq {
			t.Errorf("%s: run %q seq %d, want %q %d", row.proves, got.RunID, got.RunSeq, row.run, row.seq)
		}
		if kept := got.RequestID == row.reqI; kept != row.keepsRequestID {
			t.Errorf("%s: request id %q became %q", row.proves, row.reqI, got.RequestID)
		}
		wellFormed(t, got)
	}
}

// wellFormed holds for the identity of every request, whatever it sent.
func wellFormed(t *testing.T, id Identity) {
	t.Helper()
	if !isHex(id.TraceID, 32) || !isHex(id.SpanID, 16) || !SaneID(id.RequestID) {
		t.Errorf("malformed identity: %+v", id)
	}
	if (id.RunID == "") != (id.RunSeq == 0) || id.RunID != "" && !SaneID(id.RunID) || id.RunSeq < 0 {
		t.Errorf("malformed run: %+v", id)
	}
}

func isHex(s string, n int) bool {
	return len(s) == n && strings.Trim(s, "0123456789abcdef") == "" && strings.Trim(s, "0") != ""
}

// oracle is OpenTelemetry's own reading of the headers.
func oracle(h http.Header) (trace, run string, seq int64) {
	ctx := propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}).
		Extract(context.Background(), propagation.HeaderCarrier(h))
	if sc := apitrace.SpanContextFromContext(ctx); sc.HasTraceID() {
		trace = sc.TraceID().String()
	}
	b := baggage.FromContext(ctx)
	n, err := strconv.ParseInt(b.Member(FieldRunSeq).Value(), 10, 64)
	if id := b.Member(FieldRunID).Value(); SaneID(id) && err == nil && n > 0 && strconv.FormatInt(n, 10) == b.Member(FieldRunSeq).Value() {
		run, seq = id, n
	}
	return trace, run, seq
}

// compare holds what we read against what OpenTelemetry reads.
func compare(t *testing.T, h http.Header) {
	t.Helper()
	got := Identify(h)
	wellFormed(t, got)
	trace, run, seq := oracle(h)
	if trace != "" && got.TraceID != trace {
		t.Errorf("%q: trace %s, OpenTelemetry reads %s", h, got.TraceID, trace)
	}
	if trace == "" && traceID(first(h, headerTraceparent)) != "" {
		t.Errorf("%q: trace %s, OpenTelemetry reads none", h, got.TraceID)
	}
	if got.RunID != run || got.RunSeq != seq {
		t.Errorf("%q: run %q %d, OpenTelemetry reads %q %d", h, got.RunID, got.RunSeq, run, seq)
	}
}

func FuzzIdentify(f *testing.F) {
	f.Add(aParent, "run.id=r,run.seq=1", "", "req")
	f.Add("00-", "run.id=%0a,run.seq=99999999999999999999,,=;", "run.id=b", "\x00")
	f.Add("", "run.id=a;run.seq=1,run.seq=2", "run.seq=%33;p=\"", strings.Repeat("x", 65))
	f.Add("cc-"+aTrace+"-00f067aa0ba902b7-ff-more", "run.id,run.id=a,run.id=\"b\",run.seq=3,run.seq", " run.id = c ", "")
	f.Add(aParent[:54]+"4", strings.Repeat(",", 70)+"run.id=a,run.seq=1", "run.id=\u00a0z", "-")
	f.Add(strings.ToUpper(aParent), "run.id=a=b,run.seq=1", "run.id=%ff", "é")
	f.Fuzz(func(t *testing.T, parent, bag, bag2, request string) {
		if strings.Count(bag+bag2, ",") > 60 || len(bag+bag2) > 2048 {
			return // beyond its limits the library may drop any member
		}
		compare(t, http.Header{"Traceparent": {parent}, "Baggage": {bag}, "X-Request-Id": {request}})
		compare(t, http.Header{"Traceparent": {parent, aParent}, "Baggage": {bag, bag2}})
	})
}

// The short cut and the library are told apart by one character: each row
// and its neighbours by one change have to read the same as OpenTelemetry.
func TestTheShortCutReadsAsTheLibraryDoes(t *testing.T) {
	changes := []string{"", " ", "\t", ",", ";", "=", "%", "%41", "\"", "\\", "0", "é", "\xff", "\x00", "run.id=z", "run.seq=9", ","}
	for _, bag := range []string{"run.id=r-1,run.seq=17", "a=b,run.seq=2,run.id=x,run.id=y", "run.id=a,run.seq=1;p=q,c"} {
		for at := range len(bag) + 1 {
			for _, c := range changes {
				compare(t, http.Header{"Baggage": {bag[:at] + c + bag[at:]}})
				compare(t, http.Header{"Baggage": {bag[:at] + c + bag[min(at+1, len(bag)):]}})
				compare(t, http.Header{"Baggage": {bag[:at], c + bag[at:]}})
			}
		}
	}
	for at := range len(aParent) + 1 {
		for _, c := range changes {
			compare(t, http.Header{"Traceparent": {aParent[:at] + c + aParent[at:]}})
			compare(t, http.Header{"Traceparent": {aParent[:at] + c + aParent[min(at+1, len(aParent)):]}})
		}
	}
}

func TestBaggageBeyondTheLimits(t *testing.T) {
	const ours = "run.id=r,run.seq=1"
	for _, row := range []struct {
		proves string
		bag    []string
		run    string
	}{
		{"64 members are read", []string{strings.Repeat("k=v,", 62) + ours}, "r"},
		{"what is invalid is no member", []string{strings.Repeat(",", 100) + ours}, "r"},
		{"8192 bytes are read", []string{ours + ",k=" + strings.Repeat("v", 8192-len(ours)-3)}, "r"},
		{"8193 are not", []string{ours + ",k=" + strings.Repeat("v", 8193-len(ours)-3)}, ""},
		{"the bytes of several headers add up", []string{ours, "k=" + strings.Repeat("v", 8192)}, ""},
		{"a member beyond the 64th is dropped", []string{distinct(64) + ours}, ""},
	} {
		if id := Identify(http.Header{"Baggage": row.bag}); id.RunID != row.run {
			t.Errorf("%s: run %q, want %q", row.proves, id.RunID, row.run)
		}
	}
}

func distinct(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("k" + strconv.Itoa(i) + "=v,")
	}
	return b.String()
}

func BenchmarkIdentify(b *testing.B) {
	for _, row := range []struct {
		name string
		h    http.Header
	}{
		{"nothing sent", http.Header{}},
		{"as loadgen sends", http.Header{"Traceparent": {aParent}, "Baggage": {"run.id=20260301T120000Z-a1b2c3,run.seq=17"}}},
		{"left to the library", http.Header{"Traceparent": {aParent}, "Baggage": {"run.id=20260301T120000Z-a1b2c3, run.seq=17;p"}}},
	} {
		b.Run(row.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Identify(row.h)
			}
		})
	}
}

func TestIdsDoNotRepeat(t *testing.T) {
	seen := map[string]bool{}
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for range 10_000 {
		for _, id := range []string{randomHex(16), string(appendEventID(nil, at))} {
			if seen[id] || !isHex(id, 32) {
				t.Fatalf("id %s is malformed or repeats", id)
			}
			seen[id] = true
		}
	}
}

func TestEventIdsAreInTheOrderOfTime(t *testing.T) {
	at := time.UnixMilli(0x19ca8d3b5ff)
	first, then := string(appendEventID(nil, at)), string(appendEventID(nil, at.Add(time.Millisecond)))
	if first >= then || !strings.HasPrefix(first, "019ca8d3b5ff") || !strings.HasPrefix(then, "019ca8d3b600") {
		t.Errorf("a millisecond after %s comes %s", first, then)
	}
}
