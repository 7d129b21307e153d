// Package rest is the HTTP surface of the demo ICAT API: its routes, a file
// for each kind of resource, and what surrounds every request: identity, the
// access line, the RED metrics, limits, panics. It decides what a well-formed
// request is and how it is answered. What is in the catalogue and who may see
// it, it asks of the interfaces in contract.go; the words are icat's.
//
// What net/http refuses before it is a request (a malformed head, a head beyond
// 16 KiB) gets plain text, no access line and no observation.
package rest

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"plumbline/demo-app/icat"
	"plumbline/demo-app/internal/cache"
	"plumbline/demo-app/internal/fault"
	"plumbline/demo-app/internal/limit"
	"plumbline/demo-app/internal/ports"
	"plumbline/demo-app/telemetry"
)

const (
	defaultTimeout = 10 * time.Second // of a request
	sending        = 20 * time.Second // an answer, once it is there

	lingering = 100 * time.Millisecond // for what is still to come of a request that is refused
)

// Limits of one request.
const (
	maxBody   = 64 << 10 // bytes
	maxIngest = 1 << 20  // bytes of a body that creates or changes entities

	maxArriving = 32 // bodies of up to maxIngest that arrive at a time
)

// Options are what a Server works with.
type Options struct {
	Catalogue Catalogue
	Authority Authority
	Log       *telemetry.Log
	Version   string
	Metrics   *telemetry.Metrics // nil: the server makes its own

	Tracing      *telemetry.Tracing // nil: no spans
	Backend      string             // what the catalogue runs on, for metrics and spans; "catalogue" if empty
	Cache        *cache.Cache       // nil: everything is asked of the catalogue
	OtherRules   bool               // the catalogue's rules are not icat's: what is Public may still be kept from some users
	Downloads    Downloads          // nil: /downloads answers NOT_IMPLEMENTED
	Faults       *fault.Switch      // nil: none
	Limit        *limit.Limit       // nil: none
	Dependencies []Dependency       // what /readyz asks besides the catalogue

	RequestTimeout time.Duration // for what is asked on behalf of a request; 0 means 10 s
}

// Server answers the API. Several in one process do not share anything.
type Server struct {
	Options
	metrics   *telemetry.Metrics
	mux       *router
	templates []string // "GET /users/{id}", in the order of registration
	unmatched *telemetry.Route
	exchanges sync.Pool     // of *exchange
	buffers   sync.Pool     // of *[]byte, for bodies
	arriving  chan struct{} // holds one for each large body that is on its way
	draining  atomic.Bool
	inFlight  sync.WaitGroup
}

// New returns a server with its routes.
func New(o Options) *Server {
	s := newServer(o)
	s.routes()
	s.probes()
	return s
}

// NewProbes returns a server that answers nothing but the probes and metrics,
// for a process whose work is not to answer. It needs no Authority.
func NewProbes(o Options) *Server {
	s := newServer(o)
	s.probes()
	return s
}

func newServer(o Options) *Server {
	if o.Metrics == nil {
		o.Metrics = telemetry.NewMetrics(o.Version, runtime.Version())
	}
	o.Backend = cmp.Or(o.Backend, "catalogue")
	o.RequestTimeout = cmp.Or(o.RequestTimeout, defaultTimeout)
	s := &Server{Options: o, metrics: o.Metrics, mux: &router{}, arriving: make(chan struct{}, maxArriving)}
	s.exchanges.New = func() any { return new(exchange) }
	s.buffers.New = func() any { return new([]byte) }
	s.unmatched = s.metrics.Route(telemetry.RouteUnmatched)
	return s
}

func (s *Server) routes() {
	s.handle("POST /sessions", s.bounded(s.login))
	s.handle("GET /sessions", s.withSession(s.session))
	s.handle("PUT /sessions", s.withSession(s.refresh))
	s.handle("DELETE /sessions", s.withSession(s.logout))

	for _, e := range icat.Collections() {
		s.collection(e)
	}
	s.handle("GET /icat/{username}", s.bounded(s.profile))
	s.handle("GET /search/documents", s.withSession(s.search))

	s.handle("POST /downloads", s.withSession(s.submitDownload))
	s.handle("GET /downloads", s.withSession(s.listDownloads))
	s.handle("GET /downloads/{id}", s.withSession(s.download))
	s.handle("GET /downloads/{id}/manifest", s.withSession(s.manifest))

	s.handle("GET /ping", s.bounded(s.ping))
	s.handle("GET /version", s.version)
	s.handle("GET /properties", s.bounded(s.properties))
	s.handle("GET /openapi.json", s.openAPI)
	s.handle("GET /docs", redirectToDocs)
	s.handle("GET /docs/", docsPage())
}

func (s *Server) probes() {
	s.handle("GET /healthz", s.health)
	s.handle("GET /readyz", s.ready)
	s.handle("GET /metrics", asHandler(promhttp.HandlerFor(s.metrics.Registry, promhttp.HandlerOpts{EnableOpenMetrics: true})))
}

// handler answers one request or says why not.
type handler func(x *exchange, r *http.Request) error

// handle registers h under a pattern "METHOD /path". What h returns as an
// error becomes the answer's envelope.
func (s *Server) handle(pattern string, h handler) {
	_, template, _ := strings.Cut(pattern, " ")
	h = s.guard(template, h)
	route := s.metrics.Route(template)
	s.templates = append(s.templates, pattern)
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		x := w.(*exchange) // ServeHTTP made it
		x.route = route
		if err := h(x, r); err != nil {
			ctx := r.Context()
			if errors.Is(err, os.ErrDeadlineExceeded) {
				ctx = context.WithoutCancel(ctx) // net/http takes a slow body for a client that has left
			}
			if r.ContentLength != 0 { // net/http holds the answer back until the body is there, or is late
				_ = http.NewResponseController(x.ResponseWriter).SetReadDeadline(time.Now().Add(lingering))
			}
			x.fail(ctx, err)
		}
	})
}

func asHandler(h http.Handler) handler {
	return func(x *exchange, r *http.Request) error {
		h.ServeHTTP(x, r)
		return nil
	}
}

// router is a ServeMux to which a path has one spelling: what is not clean
// leads nowhere, instead of to another path.
type router struct{ http.ServeMux }

func (m *router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	escaped := r.URL.Path
	if r.URL.RawPath != "" {
		escaped = r.URL.EscapedPath()
	}
	if isClean(escaped) { // the usual case
		m.ServeMux.ServeHTTP(w, r)
		return
	}
	clean := path.Clean(escaped)
	if clean != "/" && strings.HasSuffix(escaped, "/") {
		clean += "/"
	}
	if r.RequestURI == "*" || clean != escaped && r.Method != http.MethodConnect {
		http.NotFound(w, r)
		return
	}
	m.ServeMux.ServeHTTP(w, r)
}

// isClean reports whether path.Clean would surely leave p as it is.
func isClean(p string) bool {
	if !strings.HasPrefix(p, "/") {
		return false
	}
	for i := range len(p) {
		if p[i] == '/' && (i+1 == len(p) || p[i+1] == '/' || p[i+1] == '.') {
			return false
		}
	}
	return true
}

// Routes returns the templates of all routes, for instance /datasets/{id}, each once.
func (s *Server) Routes() []string {
	var all []string
	for _, pattern := range s.templates {
		if _, template, _ := strings.Cut(pattern, " "); !slices.Contains(all, template) {
			all = append(all, template)
		}
	}
	return all
}

// Drain makes the server report itself unready and close each connection with
// its next answer. It goes on answering.
func (s *Server) Drain() { s.draining.Store(true) }

// Wait returns when no request is being answered any more. It is for after the
// http.Server was closed: its Shutdown waits by itself.
func (s *Server) Wait() { s.inFlight.Wait() }

// HTTP returns an http.Server for the API.
func (s *Server) HTTP() *http.Server {
	return ports.Server(s, s.Log, s.RequestTimeout+sending)
}

// bounded gives a request its time: all that is asked on its behalf ends with it.
func (s *Server) bounded(h handler) handler {
	return func(x *exchange, r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), s.RequestTimeout)
		defer cancel()
		return h(x, r.WithContext(ctx))
	}
}
