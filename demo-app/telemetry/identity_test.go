package telemetry

import (
	"net/http"
	"strings"
	"testing"
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

func FuzzIdentify(f *testing.F) {
	f.Add(aParent, "run.id=r,run.seq=1", "req")
	f.Add("00-", "run.id=%0a,run.seq=99999999999999999999,,=;", "\x00")
	f.Add("", "run.id=a;run.seq=1,run.seq=2", strings.Repeat("x", 65))
	f.Fuzz(func(t *testing.T, parent, baggage, request string) {
		id := Identify(http.Header{"Traceparent": {parent}, "Baggage": {baggage}, "X-Request-Id": {request}})
		wellFormed(t, id)
	})
}

func TestIdsDoNotRepeat(t *testing.T) {
	seen := map[string]bool{}
	for range 10_000 {
		id := randomHex(16)
		if seen[id] || !isHex(id, 32) {
			t.Fatalf("id %s is malformed or repeats", id)
		}
		seen[id] = true
	}
}
