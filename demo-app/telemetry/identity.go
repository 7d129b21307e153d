package telemetry

import (
	"context"
	"encoding/hex"
	"math/rand/v2"
	"net/http"
	"strconv"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Identity ties an answer to who asked: the trace it belongs to, the request
// id the client knows, and the load generator's attempt if it was one.
type Identity struct {
	TraceID   string // 32 hex digits: the client's, or made here
	SpanID    string // 16 hex digits, made here
	RequestID string // the client's X-Request-Id if it is sane, or made here
	RunID     string // "" unless the baggage carries both run members
	RunSeq    int64  // from 1; 0 when RunID is ""
}

// Headers that carry the identity besides W3C's traceparent and baggage.
const HeaderRequestID = "X-Request-Id"

// Identify reads the identity from request headers. What is malformed counts
// as absent: a client can spoil its own identity, never the answer.
func Identify(h http.Header) Identity {
	id := Identity{SpanID: randomHex(8), RequestID: h.Get(HeaderRequestID)}
	if !SaneID(id.RequestID) {
		id.RequestID = randomHex(8)
	}
	carrier := propagation.HeaderCarrier(h)
	if h.Get("traceparent") != "" {
		ctx := propagation.TraceContext{}.Extract(context.Background(), carrier)
		if sc := trace.SpanContextFromContext(ctx); sc.HasTraceID() {
			id.TraceID = sc.TraceID().String()
		}
	}
	if id.TraceID == "" {
		id.TraceID = randomHex(16)
	}
	if h.Get("baggage") != "" {
		ctx := propagation.Baggage{}.Extract(context.Background(), carrier)
		id.RunID, id.RunSeq = run(baggage.FromContext(ctx))
	}
	return id
}

// run returns the two members that are allowed into the log, both or none.
func run(b baggage.Baggage) (string, int64) {
	id := b.Member(FieldRunID).Value()
	seq := b.Member(FieldRunSeq).Value()
	if !SaneID(id) || seq == "" || seq[0] < '1' || seq[0] > '9' {
		return "", 0
	}
	n, err := strconv.ParseInt(seq, 10, 64)
	if err != nil {
		return "", 0
	}
	return id, n
}

// SaneID reports whether s may stand as an id or name in a line: it matches
// [A-Za-z0-9._-]{1,64}.
func SaneID(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// randomHex returns n random bytes in hex; n is at most 16. The generator is
// ChaCha8 seeded by the system: ids of two processes do not collide.
func randomHex(n int) string {
	var raw [16]byte
	for i := 0; i < n; i += 8 {
		v := rand.Uint64()
		for j := range 8 {
			raw[i+j] = byte(v >> (8 * j))
		}
	}
	return hex.EncodeToString(raw[:n])
}
