// Package ports is what the ports of demo-app have in common, whatever they
// answer: the limits of the server, its complaints and panics as lines of the
// log, and the envelope in place of net/http's plain 404 and 405.
package ports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"plumbline/demo-app/icat"
	"plumbline/demo-app/telemetry"
)

// maxHeader bounds the head of a request, in bytes.
const maxHeader = 16 << 10

// Server returns an http.Server with the limits of every port. Writing is how
// long an answer may take from the head of its request on.
func Server(h http.Handler, l *telemetry.Log, writing time.Duration) *http.Server {
	return &http.Server{
		Handler:                      h,
		DisableGeneralOptionsHandler: true, // "OPTIONS *" is answered, and logged, like the rest
		ReadHeaderTimeout:            5 * time.Second,
		ReadTimeout:                  15 * time.Second,
		WriteTimeout:                 writing,
		IdleTimeout:                  2 * time.Minute,
		MaxHeaderBytes:               maxHeader,
		ErrorLog:                     log.New(complaints{l}, "", 0),
	}
}

// complaints makes app lines of what net/http has to say.
type complaints struct{ log *telemetry.Log }

func (c complaints) Write(b []byte) (int, error) {
	telemetry.Failure(c.log.Warn(), telemetry.Identity{}, string(icat.Internal), "net/http", strings.TrimSpace(string(b)), nil).Msg("http server complains")
	return len(b), nil
}

// Panicked logs what a handler panicked with, and the stack. It is for the
// deferred function that recovered it.
func Panicked(l *telemetry.Log, id telemetry.Identity, p any) {
	telemetry.Failure(l.Error(), id, string(icat.Internal), fmt.Sprintf("%T", p), fmt.Sprint(p), debug.Stack()).Msg("handler panicked")
}

// Unrouted is the error that belongs in place of the mux's own 404 or 405, nil
// for any other status. Index is what lists the routes.
func Unrouted(status int, answer http.Header, index string) error {
	switch status {
	case http.StatusNotFound:
		return icat.Errorf(icat.NoSuchRoute, "nothing answers at this path; %s lists what does", index)
	case http.StatusMethodNotAllowed:
		return icat.Errorf(icat.MethodNotAllowed, "method not allowed here; allowed: %s", answer.Get("Allow"))
	}
	return nil
}

// Bearer returns what a request shows as Authorization: Bearer, or "".
func Bearer(r *http.Request) string {
	scheme, shown, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return shown
}

// ClientIP is the address of the connection's other end. Forwarding headers are
// not believed: anybody can send them.
func ClientIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return "0.0.0.0" // keep the field an address
	}
	return host
}

// JSON is a value of our own as a body; indent is for people, "" for programs.
func JSON(v any, indent string) []byte {
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		panic(err) // our own types always encode
	}
	return body.Bytes()
}
