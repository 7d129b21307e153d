package telemetry

import (
	"time"

	"github.com/rs/zerolog"
)

// Longest texts of a client that get into a line, in bytes.
const (
	maxPath      = 1024
	maxUserAgent = 256
)

// Access is one answered request. It has no place for query strings, bodies or
// headers that carry secrets, so that none of them can get into a line.
type Access struct {
	Identity
	Ended     time.Time // when the answer was complete
	Duration  time.Duration
	Method    string // one of the known methods, or MethodOther
	Route     string // template, or RouteUnmatched
	Path      string // as asked, without the query
	Status    int
	Bytes     int64  // of the body
	User      string // "" when nobody was logged in
	ClientIP  string
	UserAgent string // "" when absent
	Err       *AccessError
}

// AccessError says why a request was not answered with success.
type AccessError struct {
	Code    string // as in the envelope the client got
	Type    string // Go type of the error
	Message string
}

// MethodOther stands for a method outside HTTP's own, as OpenTelemetry has it.
const MethodOther = "_OTHER"

// Methods returns the methods that appear under their own name.
func Methods() []string {
	return []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"}
}

// Method returns m if it is one of Methods, else MethodOther.
func Method(m string) string {
	switch m {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE":
		return m
	}
	return MethodOther
}

// Access writes the access line of a.
func (l *Log) Access(a *Access) {
	level, outcome := zerolog.InfoLevel, "success"
	if a.Status >= 500 {
		level, outcome = zerolog.ErrorLevel, "failure"
	}
	e := l.start(a.Ended, level)
	e.Dict("event", e.CreateDict().
		Str("id", randomHex(16)).
		Str("dataset", DatasetAccess).
		Str("kind", "event").
		RawJSON("category", categoryWeb).
		Str("outcome", outcome).
		Int64("duration", a.Duration.Nanoseconds()))
	e.Dict("http", e.CreateDict().
		Dict("request", e.CreateDict().Str("id", a.RequestID).Str("method", a.Method)).
		Dict("response", e.CreateDict().
			Int("status_code", a.Status).
			Dict("body", e.CreateDict().Int64("bytes", a.Bytes))).
		Str("route", a.Route))
	e.Dict("url", e.CreateDict().Str("path", cut(a.Path, maxPath)))
	if a.User != "" {
		e.Dict("user", e.CreateDict().Str("name", a.User))
	}
	e.Dict("client", e.CreateDict().Str("ip", a.ClientIP))
	if a.UserAgent != "" {
		e.Dict("user_agent", e.CreateDict().Str("original", cut(a.UserAgent, maxUserAgent)))
	}
	e.Dict("trace", e.CreateDict().Str("id", a.TraceID))
	e.Dict("span", e.CreateDict().Str("id", a.SpanID))
	if a.RunID != "" {
		e.Dict("run", e.CreateDict().Str("id", a.RunID).Int64("seq", a.RunSeq))
	}
	if a.Err != nil {
		e.Dict("error", e.CreateDict().Str("code", a.Err.Code).Str("type", a.Err.Type).Str("message", a.Err.Message))
	}
	e.Msg("request answered")
}

// categoryWeb is never written to.
var categoryWeb = []byte(`["web"]`)

func cut(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}
