package telemetry

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rs/zerolog"
)

// ECSVersion is the version of the Elastic Common Schema the lines follow.
const ECSVersion = "8.17.0"

// TimestampLayout is RFC 3339 with exactly nine fractional digits.
const TimestampLayout = "2006-01-02T15:04:05.000000000Z07:00"

// Service names the process in each of its lines.
type Service struct {
	Name        string
	Version     string
	Environment string
	Node        string // this instance, usually the host name
}

// Level is the least important app line that is written.
type Level = zerolog.Level

// ParseLevel reads debug, info, warn or error.
func ParseLevel(s string) (Level, error) {
	for _, l := range []Level{zerolog.DebugLevel, zerolog.InfoLevel, zerolog.WarnLevel, zerolog.ErrorLevel} {
		if s == l.String() {
			return l, nil
		}
	}
	return 0, fmt.Errorf("unknown level %q; known: debug, info, warn, error", s)
}

// Log writes access lines and app lines, one JSON object each. The level
// bounds app lines only: no access line is ever left out.
type Log struct {
	zl    zerolog.Logger
	level Level
	// What never changes is encoded once.
	ecs, service []byte
}

// NewLog returns a log that writes to w; each line is one Write.
func NewLog(w io.Writer, s Service, level Level) *Log {
	return &Log{
		zl:      zerolog.New(w),
		level:   level,
		ecs:     fmt.Appendf(nil, `{"version":%q}`, ECSVersion),
		service: s.encode(),
	}
}

func (s Service) encode() []byte {
	type node struct {
		Name string `json:"name"`
	}
	b, err := json.Marshal(struct {
		Name        string `json:"name"`
		Version     string `json:"version"`
		Environment string `json:"environment"`
		Node        node   `json:"node"`
	}{s.Name, s.Version, s.Environment, node{s.Node}})
	if err != nil {
		panic(err) // a struct of strings always encodes
	}
	return b
}

// Debug, Info, Warn and Error start an app line; finish it with Msg and a
// constant message. Fields of other objects go in with Dict.
func (l *Log) Debug() *zerolog.Event { return l.app(zerolog.DebugLevel) }

// Info starts an app line; see Debug.
func (l *Log) Info() *zerolog.Event { return l.app(zerolog.InfoLevel) }

// Warn starts an app line; see Debug.
func (l *Log) Warn() *zerolog.Event { return l.app(zerolog.WarnLevel) }

// Error starts an app line; see Debug.
func (l *Log) Error() *zerolog.Event { return l.app(zerolog.ErrorLevel) }

func (l *Log) app(level Level) *zerolog.Event {
	if level < l.level {
		return nil // a nil event swallows all
	}
	e := l.start(time.Now(), level)
	return e.Dict("event", e.CreateDict().
		Str("id", randomHex(16)).
		Str("dataset", DatasetApp).
		Str("kind", "event"))
}

func (l *Log) start(at time.Time, level Level) *zerolog.Event {
	var stamp [len(TimestampLayout)]byte
	e := l.zl.Log()
	return e.
		Bytes(FieldTimestamp, at.UTC().AppendFormat(stamp[:0], TimestampLayout)).
		Dict("log", e.CreateDict().Str("level", level.String())).
		RawJSON("ecs", l.ecs).
		RawJSON("service", l.service)
}

// Failure adds an error object to an app line. Stack may be nil.
func Failure(e *zerolog.Event, id Identity, code, kind, message string, stack []byte) *zerolog.Event {
	if e == nil {
		return nil
	}
	d := e.CreateDict().Str("code", code).Str("type", kind).Str("message", message)
	if stack != nil {
		d.Str("stack_trace", strings.ToValidUTF8(string(stack), "\uFFFD"))
	}
	if id.TraceID != "" {
		e.Dict("trace", e.CreateDict().Str("id", id.TraceID)).Dict("span", e.CreateDict().Str("id", id.SpanID))
	}
	return e.Dict("error", d)
}
