package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"plumbline/demo-app/icat"
	"plumbline/demo-app/internal/limit"
	"plumbline/demo-app/internal/ports"
	"plumbline/demo-app/telemetry"
)

// exchange is one request with its answer: the ResponseWriter of every handler,
// and the memory from which the access line, the metrics and the span are made.
// It serves another request afterwards: nothing that may outlive the handler,
// as a shared loading of the cache does, may hold it. Who asks is therefore not
// in it, but handed on.
type exchange struct {
	http.ResponseWriter
	id      telemetry.Identity
	started time.Time
	span    telemetry.Span
	head    bool // method HEAD: bodies do not go out

	limit  *limit.Limit     // nil for none
	pass   limit.Pass       // the place among those in flight
	route  *telemetry.Route // nil until a route matched
	user   string
	status int // 0 until the header was written
	bytes  int64
	err    *icat.Error
	muted  bool // the mux's own body is being replaced

	values [4]string // of the headers that every answer has; see set
}

// ServeHTTP answers a request and then, whatever happened, writes its one
// access line and counts it once.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := s.exchanges.Get().(*exchange)
	*x = exchange{ResponseWriter: w, id: telemetry.Identify(r.Header), started: time.Now(), head: r.Method == http.MethodHead}
	s.inFlight.Add(1)
	defer s.inFlight.Done()
	s.metrics.Active.Inc()
	x.span, r = s.Tracing.Start(r, &x.id)
	x.set(0, telemetry.HeaderRequestID, x.id.RequestID)
	if s.draining.Load() {
		w.Header().Set("Connection", "close")
	}
	defer s.finish(x, r)
	s.mux.ServeHTTP(x, r)
}

func (s *Server) finish(x *exchange, r *http.Request) {
	broken := x.status == icat.StatusConnectionCut // there will be no answer, or no whole one
	if p := recover(); p != nil {
		broken = s.panicked(x, r, p)
	}
	if !broken {
		x.complete()
	}
	route := x.route
	if route == nil {
		route = s.unmatched
	}
	took := time.Since(x.started) // reads one clock; time.Now reads two
	line := telemetry.Access{
		Identity: x.id, Ended: x.started.Add(took), Duration: took,
		Method: telemetry.Method(r.Method), Route: route.Template, Path: r.URL.Path, Status: x.status, Bytes: x.bytes,
		User: x.user, ClientIP: ports.ClientIP(r), UserAgent: userAgent(r),
	}
	if x.err != nil {
		line.Err = &telemetry.AccessError{Code: string(x.err.Code), Type: "icat.Error", Message: x.err.Message}
	}
	s.metrics.Active.Dec()
	route.Observe(&line)
	x.span.End(&line)
	s.Log.Access(&line)
	s.explain(x)
	// Cut the connection: half an answer must not look whole, and none like the empty
	// one that net/http gives where nothing was written. Whom we take for gone may
	// be there.
	if broken || x.status == icat.StatusClientClosed {
		panic(http.ErrAbortHandler)
	}
	s.exchanges.Put(x)
}

// explain logs the cause of a failure that is ours: the client was told a code
// and the request's id, and who runs the service must find more under that id.
func (s *Server) explain(x *exchange) {
	if x.status < http.StatusInternalServerError || x.err == nil || x.err.Err == nil {
		return
	}
	cause := x.err.Err
	telemetry.Failure(s.Log.Warn(), x.id, string(x.err.Code), fmt.Sprintf("%T", cause), cause.Error(), nil).Msg("request failed")
}

// panicked logs a panic with its stack and answers 500 if nothing was answered
// yet. It reports whether an answer was already under way.
func (s *Server) panicked(x *exchange, r *http.Request, p any) (broken bool) {
	ports.Panicked(s.Log, x.id, p)
	err := icat.Errorf(icat.Internal, "internal error; quote the requestId to the operator")
	if x.status != 0 {
		x.err = err
		return true
	}
	x.fail(r.Context(), err)
	return false
}

// complete sends what is still buffered, so that the line says when the answer
// had left and not when it was about to.
func (x *exchange) complete() {
	if x.status == 0 {
		x.WriteHeader(http.StatusOK)
	}
	if x.status == icat.StatusClientClosed {
		return
	}
	flusher, ok := x.ResponseWriter.(interface{ FlushError() error })
	if !ok {
		return
	}
	if err := flusher.FlushError(); err != nil && x.err == nil && !errors.Is(err, http.ErrNotSupported) {
		x.err = icat.Wrap(icat.ClientClosed, "the client left before the answer was complete", err)
	}
}

// fail answers with the envelope of err, unless an answer is under way, nobody
// waits for one or nobody is to get one.
func (x *exchange) fail(ctx context.Context, err error) {
	x.err = icat.AsError(err)
	if errors.Is(ctx.Err(), context.Canceled) {
		x.err = icat.Wrap(icat.ClientClosed, "the client left before an answer", err)
	}
	if x.status != 0 {
		return
	}
	if x.err.Code == icat.ClientClosed || x.err.Code == icat.ConnectionCut {
		x.status = x.err.Code.Status()
		return
	}
	x.writeJSON(x.err.Code.Status(), icat.Envelope{Code: x.err.Code, Message: x.err.Message, RequestID: x.id.RequestID})
}

// WriteHeader notes the status. The mux's own 404 and 405 are plain text: their
// bodies are replaced by the envelope.
func (x *exchange) WriteHeader(status int) {
	if x.status != 0 || status < 200 {
		if status < 200 {
			x.ResponseWriter.WriteHeader(status)
		}
		return
	}
	if x.route == nil && !x.muted {
		if err := ports.Unrouted(status, x.Header(), "/docs"); err != nil {
			x.muted = true
			x.fail(context.Background(), err)
			return
		}
	}
	x.status = status
	x.leave() // nothing is left to work on; a client that reads slowly holds up nobody
	x.ResponseWriter.WriteHeader(status)
}

func (x *exchange) Write(b []byte) (int, error) {
	if x.muted {
		return len(b), nil
	}
	return x.write(b)
}

func (x *exchange) write(b []byte) (int, error) {
	if x.status == 0 {
		x.WriteHeader(http.StatusOK)
	}
	n, err := x.ResponseWriter.Write(b)
	if !x.head {
		x.bytes += int64(n)
	}
	if err != nil && x.err == nil && !errors.Is(err, http.ErrBodyNotAllowed) {
		x.err = icat.Wrap(icat.ClientClosed, "the client left before the answer was complete", err)
	}
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// writeRaw answers with a body that is complete.
func (x *exchange) writeRaw(status int, contentType string, body []byte) {
	x.set(1, "Content-Type", contentType)
	x.set(2, "Content-Length", strconv.Itoa(len(body)))
	x.set(3, "X-Content-Type-Options", "nosniff")
	x.WriteHeader(status)
	_, _ = x.write(body) // write has noted the error
}

// set sets a header by its canonical name. The value lives in the exchange: on
// the way of every answer four small allocations would be felt.
func (x *exchange) set(i int, name, value string) {
	x.values[i] = value
	x.Header()[name] = x.values[i : i+1 : i+1]
}

// userAgent is r.UserAgent without a look at how the name is spelled.
func userAgent(r *http.Request) string {
	if v := r.Header["User-Agent"]; len(v) > 0 {
		return v[0]
	}
	return ""
}
