package telemetry

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Identity ties an answer to who asked: the trace it belongs to, the request
// id the client knows, and the load generator's attempt if it was one. Each
// text in it matches [A-Za-z0-9._-]{0,64}, and lines take it as it is.
type Identity struct {
	TraceID   string // 32 hex digits: the client's, or made here
	SpanID    string // 16 hex digits, made here
	RequestID string // the client's X-Request-Id if it is sane, else the SpanID
	RunID     string // "" unless the baggage carries both run members
	RunSeq    int64  // from 1; 0 when RunID is ""
}

// HeaderRequestID carries the request id, both ways.
const HeaderRequestID = "X-Request-Id"

// W3C's headers, as net/http spells them.
const (
	headerTraceparent = "Traceparent"
	headerBaggage     = "Baggage"
)

// Identify reads the identity from the canonical headers of a request. What is
// malformed counts as absent: a client can spoil its own identity, never the
// answer.
func Identify(h http.Header) Identity {
	id := Identity{SpanID: randomHex(8), RequestID: first(h, HeaderRequestID), TraceID: traceID(first(h, headerTraceparent))}
	id.RunID, id.RunSeq = run(h[headerBaggage])
	if !SaneID(id.RequestID) {
		id.RequestID = id.SpanID
	}
	if id.TraceID == "" {
		id.TraceID = randomHex(16)
	}
	return id
}

func first(h http.Header, canonical string) string {
	if v := h[canonical]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// traceID returns the trace id of a traceparent, "" if it is malformed. The
// form that nearly every client sends is read here, without allocation; what
// looks different is for the library to judge.
func traceID(traceparent string) string {
	if traceparent == "" {
		return ""
	}
	if len(traceparent) == 55 && traceparent[:3] == "00-" && traceparent[35] == '-' && traceparent[52:54] == "-0" &&
		'0' <= traceparent[54] && traceparent[54] <= '3' && isID(traceparent[3:35]) && isID(traceparent[36:52]) {
		return traceparent[3:35]
	}
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": traceparent})
	if sc := trace.SpanContextFromContext(ctx); sc.HasTraceID() {
		return sc.TraceID().String()
	}
	return ""
}

// isID reports whether s is lower-case hex and not all zero.
func isID(s string) bool {
	var seen byte
	for i := range len(s) {
		if classes[s[i]]&hexDigit == 0 {
			return false
		}
		seen |= s[i]
	}
	return seen != '0'
}

// run returns the two members of the baggage that are allowed into the log,
// both or none. As with traceparent, the form that loadgen sends is read here
// and the rest of the grammar is the library's.
func run(headers []string) (string, int64) {
	if len(headers) == 0 {
		return "", 0
	}
	id, seq, ok := plainRun(headers[0])
	if !ok || len(headers) > 1 {
		b, _ := baggage.Parse(strings.Join(headers, ",")) // holds what is valid, error or not
		if id, seq = b.Member(FieldRunID).Value(), b.Member(FieldRunSeq).Value(); !SaneID(id) {
			return "", 0
		}
	}
	if seq == "" || seq[0] < '1' || seq[0] > '9' {
		return "", 0
	}
	n, err := strconv.ParseInt(seq, 10, 64)
	if err != nil {
		return "", 0
	}
	return id, n
}

// plainRun reads the two members from a baggage that has no others, and no
// space, property or percent sign.
func plainRun(header string) (id, seq string, ok bool) {
	rest, ok := strings.CutPrefix(header, FieldRunID+"=")
	if !ok {
		return "", "", false
	}
	end := strings.IndexByte(rest, ',')
	if end < 0 || !SaneID(rest[:end]) {
		return "", "", false
	}
	seq, ok = strings.CutPrefix(rest[end+1:], FieldRunSeq+"=")
	return rest[:end], seq, ok && SaneID(seq)
}

// SaneID reports whether s may stand as an id or name in a line: it matches
// [A-Za-z0-9._-]{1,64}.
func SaneID(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		if classes[s[i]]&sane == 0 {
			return false
		}
	}
	return true
}

// Classes of bytes.
const (
	hexDigit = 1 << iota // 0-9 a-f
	sane                 // A-Z a-z 0-9 . _ -
	verbatim             // of a JSON string that needs no escape
)

// classes never changes after start.
var classes = func() (table [256]byte) {
	for c := range len(table) {
		if strings.IndexByte("0123456789abcdef", byte(c)) >= 0 {
			table[c] |= hexDigit
		}
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-' {
			table[c] |= sane
		}
		if c >= ' ' && c <= '~' && c != '"' && c != '\\' {
			table[c] |= verbatim
		}
	}
	return table
}()

// appendEventID appends 32 hex digits: the milliseconds since 1970 in 12, and 80
// random bits. As ids of documents they are in the order of time, which spares
// Elasticsearch looking for each one in all it has.
func appendEventID(b []byte, at time.Time) []byte {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:], uint64(at.UnixMilli())<<16|rand.Uint64()&0xffff)
	binary.LittleEndian.PutUint64(raw[8:], rand.Uint64())
	return hex.AppendEncode(b, raw[:])
}

// appendHex appends n random bytes in hex; n is a multiple of 8. The generator
// is ChaCha8 seeded by the system: ids of two processes do not collide.
func appendHex(b []byte, n int) []byte {
	var raw [8]byte
	for range n / 8 {
		binary.LittleEndian.PutUint64(raw[:], rand.Uint64())
		b = hex.AppendEncode(b, raw[:])
	}
	return b
}

func randomHex(n int) string {
	var raw [32]byte
	return string(appendHex(raw[:0], n))
}

// Context returns ctx with the trace of id, for work that goes on after the
// request. A span that ctx has already stays.
func (id Identity) Context(ctx context.Context) context.Context {
	if trace.SpanContextFromContext(ctx).IsValid() {
		return ctx
	}
	traceID, err := trace.TraceIDFromHex(id.TraceID)
	spanID, err2 := trace.SpanIDFromHex(id.SpanID)
	if err != nil || err2 != nil {
		return ctx
	}
	return trace.ContextWithSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceID, SpanID: spanID}))
}
