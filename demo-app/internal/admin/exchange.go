package admin

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"plumbline/demo-app/icat"
	"plumbline/demo-app/internal/ports"
	"plumbline/demo-app/telemetry"
)

// maxBody bounds a request's body, in bytes: more than all faults together take.
const maxBody = 64 << 10

// handler answers one request or says why not.
type handler func(x *exchange, r *http.Request) error

// exchange is one request with its answer. It turns the mux's own 404 and 405
// into the envelope.
type exchange struct {
	http.ResponseWriter
	id      string
	matched bool // a route did
	begun   bool // the header is out
	muted   bool // the mux's own body is being replaced
}

// ServeHTTP answers whom the guard lets in.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{ResponseWriter: w, id: telemetry.Identify(r.Header).RequestID}
	w.Header().Set(telemetry.HeaderRequestID, x.id)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	defer s.survive(x)
	if err := s.admit(x, r); err != nil {
		x.fail(err)
		return
	}
	s.mux.ServeHTTP(x, r)
}

// survive logs a panic with its stack and answers 500 if it still can.
func (s *Server) survive(x *exchange) {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler {
		panic(p)
	}
	ports.Panicked(s.Log, telemetry.Identity{RequestID: x.id}, p)
	if x.begun {
		panic(http.ErrAbortHandler) // half an answer must not look whole
	}
	x.fail(icat.Errorf(icat.Internal, "internal error; the log says more"))
}

// WriteHeader replaces the mux's plain 404 and 405.
func (x *exchange) WriteHeader(status int) {
	if !x.matched && !x.begun && !x.muted {
		if err := ports.Unrouted(status, x.Header(), "GET /admin/"); err != nil {
			x.muted = true
			x.fail(err)
			return
		}
	}
	x.begun = true
	x.ResponseWriter.WriteHeader(status)
}

func (x *exchange) Write(b []byte) (int, error) {
	if x.muted {
		return len(b), nil
	}
	x.begun = true
	return x.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// reply answers with v as JSON.
func (x *exchange) reply(status int, v any) {
	body := ports.JSON(v, "  ")
	x.Header().Set("Content-Type", "application/json")
	x.begun = true
	x.ResponseWriter.WriteHeader(status)
	_, _ = x.ResponseWriter.Write(body) // the client has left
}

func (x *exchange) fail(err error) {
	e := icat.AsError(err)
	x.reply(e.Code.Status(), icat.Envelope{Code: e.Code, Message: e.Message, RequestID: x.id})
}

// read reads a body that is one JSON value with no unknown field.
func read(x *exchange, r *http.Request, v any) error {
	d := json.NewDecoder(http.MaxBytesReader(x.ResponseWriter, r.Body, maxBody))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		err = errors.New("more than one value")
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return icat.Errorf(icat.TooLarge, "body exceeds %d bytes", maxBody)
	}
	return icat.Errorf(icat.BadParameter, "body is not the JSON of GET /admin/'s example: %s", strings.TrimPrefix(err.Error(), "json: "))
}
