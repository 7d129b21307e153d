package telemetry

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
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
	Node        string // this process, told from others of its service
}

// Level is the least important app line that is written.
type Level = zerolog.Level

// Levels, by rising importance.
const (
	LevelDebug = zerolog.DebugLevel
	LevelInfo  = zerolog.InfoLevel
	LevelWarn  = zerolog.WarnLevel
	LevelError = zerolog.ErrorLevel
)

// ParseLevel reads debug, info, warn or error.
func ParseLevel(s string) (Level, error) {
	for _, l := range []Level{LevelDebug, LevelInfo, LevelWarn, LevelError} {
		if s == l.String() {
			return l, nil
		}
	}
	return 0, fmt.Errorf("unknown level %q; known: debug, info, warn, error", s)
}

// Log writes access lines and app lines, one JSON object each. The level
// bounds app lines only: no access line is ever left out.
type Log struct {
	out   io.Writer
	lines *Lines // out, if it is that
	zl    zerolog.Logger
	level atomic.Int32
	clock clock
	// What never changes is encoded once.
	ecs, service, success, failure []byte
}

// NewLog returns a log that writes to w; each line is one Write.
func NewLog(w io.Writer, s Service, level Level) *Log {
	l := &Log{
		out:     w,
		zl:      zerolog.New(w),
		ecs:     fmt.Appendf(nil, `{"version":%q}`, ECSVersion),
		service: s.encode(),
	}
	l.lines, _ = w.(*Lines)
	l.success = l.accessHead(LevelInfo, "success")
	l.failure = l.accessHead(LevelError, "failure")
	l.SetLevel(level)
	return l
}

// SetLevel bounds the app lines that follow; it may be called at any time.
func (l *Log) SetLevel(level Level) { l.level.Store(int32(level)) }

// Level returns the least important level that is written.
func (l *Log) Level() Level { return Level(l.level.Load()) }

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

// Line is an app line in the making. A nil one swallows all.
type Line = zerolog.Event

// Info, Warn and Error start an app line; finish it with Msg and a constant
// message. Fields of other objects go in with Dict.
func (l *Log) Info() *Line { return l.app(LevelInfo) }

// Warn starts an app line; see Info.
func (l *Log) Warn() *Line { return l.app(LevelWarn) }

// Error starts an app line; see Info.
func (l *Log) Error() *Line { return l.app(LevelError) }

func (l *Log) app(level Level) *Line { return l.Did(level, Action{}) }

// Action is something that the program did by itself, and how it went.
type Action struct {
	Name     string // event.action, for instance "download-prepare"
	Outcome  string // event.outcome: "success" or "failure"; "" when neither
	Duration time.Duration
}

// Did starts an app line about an action.
func (l *Log) Did(level Level, a Action) *Line {
	if level < l.Level() {
		return nil
	}
	now := time.Now()
	e := l.start(now, level)
	event := e.CreateDict().Str("id", string(appendEventID(nil, now))).Str("dataset", DatasetApp).Str("kind", "event")
	if a.Name != "" {
		event.Str("action", a.Name)
	}
	if a.Outcome != "" {
		event.Str("outcome", a.Outcome).Int64("duration", a.Duration.Nanoseconds())
	}
	return e.Dict("event", event)
}

func (l *Log) start(at time.Time, level Level) *Line {
	var stamp [len(TimestampLayout)]byte
	e := l.zl.Log()
	return e.
		Bytes(FieldTimestamp, l.clock.append(stamp[:0], at)).
		Dict("log", e.CreateDict().Str("level", level.String())).
		RawJSON("ecs", l.ecs).
		RawJSON("service", l.service)
}

// Failure adds an error object and the request it befell to an app line. Stack may be nil.
func Failure(e *Line, id Identity, code, kind, message string, stack []byte) *Line {
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
	if id.RequestID != "" {
		e.Dict("http", e.CreateDict().Dict("request", e.CreateDict().Str("id", id.RequestID)))
	}
	return e.Dict("error", d)
}
