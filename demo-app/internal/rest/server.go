// Package rest is the HTTP surface of the demo ICAT API: its routes, a file
// for each resource, and what surrounds every request: identity, the access
// line, the RED metrics, panics. It decides who may ask and how it is answered
// and leaves the catalogue to the store and the words to icat and telemetry.
//
// What net/http refuses before it is a request (a malformed head, a head beyond
// 16 KiB) gets a plain 400 or 431, no access line and no observation.
package rest

import (
	"context"
	"log"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"plumbline/demo-app/icat"
	"plumbline/demo-app/internal/cache"
	"plumbline/demo-app/internal/store"
	"plumbline/demo-app/telemetry"
)

// Limits of one request.
const (
	maxBody        = 64 << 10 // bytes
	maxHeader      = 16 << 10 // bytes
	requestTimeout = 10 * time.Second
)

// Options are what a Server works with. All are needed but Version.
type Options struct {
	Store    *store.Store
	Sessions *cache.Sessions
	Log      *telemetry.Log
	Version  string
}

// Server answers the API. Several in one process do not share anything.
type Server struct {
	Options
	metrics   *telemetry.Metrics
	mux       *http.ServeMux
	templates []string // "GET /users/{id}", in the order of registration
	unmatched *telemetry.Route
	draining  atomic.Bool
	inFlight  sync.WaitGroup
}

// New returns a server with its routes and a metrics registry of its own.
func New(o Options) *Server {
	s := &Server{Options: o, metrics: telemetry.NewMetrics(o.Version, runtime.Version()), mux: http.NewServeMux()}
	s.unmatched = s.metrics.Route(telemetry.RouteUnmatched)
	s.routes()
	return s
}

func (s *Server) routes() {
	s.handle("GET /icat/{username}", s.profile)

	s.handle("POST /sessions", s.login)
	s.handle("GET /sessions", s.withSession(s.session))
	s.handle("DELETE /sessions", s.withSession(s.logout))

	s.users()
	s.investigations()
	s.datasets()
	s.datafiles()

	s.handle("GET /healthz", s.health)
	s.handle("GET /readyz", s.ready)
	s.handle("GET /version", s.version)
	s.handle("GET /metrics", asHandler(promhttp.HandlerFor(s.metrics.Registry, promhttp.HandlerOpts{})))
	s.handle("GET /openapi.json", s.openAPI)
	s.handle("GET /docs", redirectToDocs)
	s.handle("GET /docs/", asHandler(docsPage()))
}

// handler answers one request or says why not.
type handler func(x *exchange, r *http.Request) error

// handle registers h under a pattern "METHOD /path". What h returns as an
// error becomes the answer's envelope.
func (s *Server) handle(pattern string, h handler) {
	_, template, _ := strings.Cut(pattern, " ")
	route := s.metrics.Route(template)
	s.templates = append(s.templates, pattern)
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		x := w.(*exchange) // ServeHTTP made it
		x.route = route
		if err := h(x, r); err != nil {
			x.fail(r.Context(), err)
		}
	})
}

func asHandler(h http.Handler) handler {
	return func(x *exchange, r *http.Request) error {
		h.ServeHTTP(x, r)
		return nil
	}
}

// Drain makes the server report itself unready and close each connection with
// its next answer. It goes on answering.
func (s *Server) Drain() { s.draining.Store(true) }

// Wait returns when no request is being answered any more. It is for after the
// http.Server was closed: its Shutdown waits by itself.
func (s *Server) Wait() { s.inFlight.Wait() }

// HTTP returns an http.Server with the limits that this API keeps to.
func (s *Server) HTTP() *http.Server {
	return &http.Server{
		Handler:                      s,
		DisableGeneralOptionsHandler: true, // "OPTIONS *" gets its access line too
		ReadHeaderTimeout:            5 * time.Second,
		ReadTimeout:                  15 * time.Second,
		WriteTimeout:                 30 * time.Second,
		IdleTimeout:                  2 * time.Minute,
		MaxHeaderBytes:               maxHeader,
		ErrorLog:                     log.New(errorLines{s.Log}, "", 0),
	}
}

// errorLines makes app lines of what net/http has to say.
type errorLines struct{ log *telemetry.Log }

func (l errorLines) Write(b []byte) (int, error) {
	telemetry.Failure(l.log.Warn(), telemetry.Identity{}, string(icat.Internal), "net/http", strings.TrimSpace(string(b)), nil).Msg("http server complains")
	return len(b), nil
}

// deadline bounds work for one request on the catalogue.
func deadline(r *http.Request) (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.Context(), requestTimeout)
}

// withSession lets a handler run only with a bearer session that is open, and
// puts its user into the access line.
func (s *Server) withSession(h handler) handler {
	return func(x *exchange, r *http.Request) error {
		scheme, id, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") || id == "" {
			x.Header().Set("WWW-Authenticate", "Bearer")
			return icat.Errorf(icat.Unauthenticated, "send a session as Authorization: Bearer <sessionID>; POST /sessions opens one")
		}
		session, ok := s.Sessions.Get(id)
		if !ok {
			return icat.Errorf(icat.BadSession, "Unable to find the session, or it has expired")
		}
		x.session = session
		x.user = session.Username
		return h(x, r)
	}
}
