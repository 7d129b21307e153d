package telemetry

import (
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-faster/jx"

	"plumbline/demo-app/icat"
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

// failed reports that it was the service that failed, and not the client.
func (a *Access) failed() bool { return a.Status >= 500 || a.Status == icat.StatusConnectionCut }

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

// Access writes the access line of a, whatever the level: one Write, or none
// where the line can be encoded among those that wait; no allocation. The order
// of its members is fixed.
func (l *Log) Access(a *Access) {
	if l.lines != nil {
		l.lines.add(func(b []byte) []byte { return l.appendAccess(b, a) })
		return
	}
	_, _ = l.out.Write(l.appendAccess(nil, a))
}

func (l *Log) appendAccess(b []byte, a *Access) []byte {
	head := l.success
	if a.failed() {
		head = l.failure
	}
	b = l.clock.append(append(b, `{"@timestamp":"`...), a.Ended)
	b = appendEventID(append(b, head...), a.Ended)
	b = strconv.AppendInt(append(b, `","duration":`...), a.Duration.Nanoseconds(), 10)
	b = append(append(b, `},"http":{"request":{"id":"`...), a.RequestID...) // nothing in an Identity needs escaping
	b = appendText(append(b, `","method":`...), a.Method)
	b = strconv.AppendInt(append(b, `},"response":{"status_code":`...), int64(a.Status), 10)
	b = strconv.AppendInt(append(b, `,"body":{"bytes":`...), a.Bytes, 10)
	b = appendText(append(b, `}},"route":`...), a.Route)
	b = appendText(append(b, `},"url":{"path":`...), cut(a.Path, maxPath))
	if a.User != "" {
		b = appendText(append(b, `},"user":{"name":`...), a.User)
	}
	b = appendText(append(b, `},"client":{"ip":`...), a.ClientIP)
	if a.UserAgent != "" {
		b = appendText(append(b, `},"user_agent":{"original":`...), cut(a.UserAgent, maxUserAgent))
	}
	b = append(append(b, `},"trace":{"id":"`...), a.TraceID...)
	b = append(append(b, `"},"span":{"id":"`...), a.SpanID...)
	b = append(b, '"')
	if a.RunID != "" {
		b = append(append(b, `},"run":{"id":"`...), a.RunID...)
		b = strconv.AppendInt(append(b, `","seq":`...), a.RunSeq, 10)
	}
	if a.Err != nil {
		b = appendText(append(b, `},"error":{"code":`...), a.Err.Code)
		b = appendText(append(b, `,"type":`...), a.Err.Type)
		b = appendText(append(b, `,"message":`...), a.Err.Message)
	}
	return append(b, "}}\n"...)
}

// accessHead is what follows the time stamp of an access line, up to and
// without the event's id: all of it is known when the process starts.
func (l *Log) accessHead(level Level, outcome string) []byte {
	return fmt.Appendf(nil, `","log":{"level":%q},"message":"request answered","ecs":%s,"service":%s,`+
		`"event":{"dataset":%q,"kind":"event","category":["web"],"outcome":%q,"id":"`, level, l.ecs, l.service, DatasetAccess, outcome)
}

// appendText appends s as a JSON string. What is not plain ASCII goes to jx,
// which escapes but takes bytes beyond ASCII as they are: JSON has to be UTF-8.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if classes[s[i]]&verbatim == 0 {
			w := jx.Writer{Buf: b}
			w.Str(strings.ToValidUTF8(s, "\uFFFD"))
			return w.Buf
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// clock appends times in TimestampLayout and UTC. What precedes the nine digits
// of the fraction is formatted once a second.
type clock struct{ last atomic.Pointer[second] }

type second struct {
	unix int64
	text string // up to the decimal point, inclusive
}

func (c *clock) append(b []byte, t time.Time) []byte {
	last := c.last.Load()
	if unix := t.Unix(); last == nil || last.unix != unix {
		last = &second{unix, t.UTC().Format("2006-01-02T15:04:05.")}
		c.last.Store(last)
	}
	var digits [9]byte
	for i, n := 8, t.Nanosecond(); i >= 0; i, n = i-1, n/10 {
		digits[i] = byte('0' + n%10)
	}
	return append(append(append(b, last.text...), digits[:]...), 'Z')
}

func cut(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}
