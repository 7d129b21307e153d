package attack

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/journey"
	"plumbline/loadgen/ledger"
)

// wording is the part of a run's HTTP/1.1 requests that is always the same.
type wording struct {
	traces  ledger.Traces
	prefix  string // of every path
	common  string // from the version to the traceparent
	baggage string // from there to the number in it
}

func newWording(o Options) wording {
	base := *o.Target
	base.Scheme, base.Host = "", ""
	return wording{
		traces:  ledger.TracesOf(o.RunID),
		prefix:  strings.TrimSuffix(base.EscapedPath(), "/"),
		common:  " HTTP/1.1\r\nHost: " + o.Target.Host + "\r\nUser-Agent: " + o.UserAgent + "\r\nTraceparent: ",
		baggage: "\r\nBaggage: " + telemetry.FieldRunID + "=" + o.RunID + "," + telemetry.FieldRunSeq + "=",
	}
}

// append writes a request after b. ok is false if its path is none.
func (w *wording) append(b []byte, seq uint64, r journey.Request) (request []byte, ok bool) {
	path := r.Path
	if !plain(path) {
		u, err := url.Parse(path)
		if err != nil {
			return b, false
		}
		path = u.RequestURI()
	}
	b = append(b, r.Method...)
	b = append(b, ' ')
	b = append(b, w.prefix...)
	b = append(b, path...)
	b = append(b, w.common...)
	b = w.traces.AppendParent(b, seq)
	b = append(b, w.baggage...)
	b = strconv.AppendUint(b, seq, 10)
	if r.Bearer != "" {
		b = append(b, "\r\nAuthorization: Bearer "...)
		b = append(b, r.Bearer...)
	}
	switch {
	case r.Body != "":
		b = append(b, "\r\nContent-Type: application/json\r\nContent-Length: "...)
		b = strconv.AppendInt(b, int64(len(r.Body)), 10)
	case r.Method == http.MethodPost, r.Method == http.MethodPut, r.Method == http.MethodPatch:
		b = append(b, "\r\nContent-Length: 0"...)
	}
	b = append(b, "\r\n\r\n"...)
	return append(b, r.Body...), true
}

// plain reports that a path can stand in a request as it is.
func plain(path string) bool {
	for i := range len(path) {
		switch c := path[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '/' <= c && c <= '9', c == '%', c == '-', c == '_', c == '.', c == '=', c == '&', c == '?', c == '+', c == '~', c == '*':
		default:
			return false
		}
	}
	return len(path) > 0 && path[0] == '/'
}
