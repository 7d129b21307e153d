package rest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"plumbline/demo-app/icat"
)

// probeTimeout bounds how long a dependency may take to show that it is there.
const probeTimeout = 2 * time.Second

// Dependency is something outside the process without which the API cannot
// answer. Ping says whether it is there.
type Dependency struct {
	Name string
	Ping func(context.Context) error
}

// readiness is the body of /readyz. When the service is not ready it is the
// error envelope with the same detail.
type readiness struct {
	Status       string            `json:"status,omitempty"`
	Code         icat.Code         `json:"code,omitempty"`
	Message      string            `json:"message,omitempty"`
	RequestID    string            `json:"requestId,omitempty"`
	Dependencies []dependencyState `json:"dependencies"`
}

// dependencyState tells an operator where to look. It has a code and no
// message: a message could hold an address or worse.
type dependencyState struct {
	Name      string    `json:"name"`
	OK        bool      `json:"ok"`
	LatencyMS float64   `json:"latencyMs"`
	Code      icat.Code `json:"code,omitempty"`
	cause     error     // for the log
}

// health says that the process answers, nothing more: a restart mends nothing
// that lies outside it.
func (s *Server) health(x *exchange, _ *http.Request) error {
	x.writeJSON(http.StatusOK, struct {
		Status string `json:"status"`
	}{"ok"})
	return nil
}

// ready says whether traffic should be sent here.
func (s *Server) ready(x *exchange, r *http.Request) error {
	states := s.askAll(r.Context())
	message := ""
	var causes []error
	for _, d := range states {
		if !d.OK {
			message = cmp.Or(message, "a dependency does not answer: "+d.Name)
			causes = append(causes, fmt.Errorf("%s: %w", d.Name, d.cause))
		}
	}
	if s.draining.Load() {
		message = "draining: the server is about to stop"
	}
	if message == "" {
		x.writeJSON(http.StatusOK, readiness{Status: "ready", Dependencies: states})
		return nil
	}
	x.err = icat.Wrap(icat.Unavailable, message, errors.Join(causes...))
	x.writeJSON(http.StatusServiceUnavailable, readiness{Code: x.err.Code, Message: message, RequestID: x.id.RequestID, Dependencies: states})
	return nil
}

// askAll asks all dependencies at once: one that hangs must not hide the others.
func (s *Server) askAll(ctx context.Context) []dependencyState {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	all := append([]Dependency{{s.Backend, s.Catalogue.Ping}}, s.Dependencies...)
	states := make([]dependencyState, len(all))
	var asked sync.WaitGroup
	for i, d := range all {
		asked.Go(func() {
			started := time.Now()
			err := tell(ctx, s, call{d.Name, "ping", ""}, d.Ping)
			states[i] = dependencyState{Name: d.Name, OK: err == nil, LatencyMS: float64(time.Since(started).Microseconds()) / 1000}
			if err != nil {
				states[i].Code, states[i].cause = icat.Unavailable, err
				if e := icat.AsError(err); e.Code != icat.Internal {
					states[i].Code = e.Code
				}
			}
		})
	}
	asked.Wait()
	return states
}

// ping asks the catalogue, as DataGateway's does.
func (s *Server) ping(x *exchange, r *http.Request) error {
	err := tell(r.Context(), s, call{s.Backend, "ping", ""}, s.Catalogue.Ping)
	if err == nil {
		x.writeJSON(http.StatusOK, "ICAT API OK")
	}
	return err
}

func (s *Server) properties(x *exchange, r *http.Request) error {
	p, err := ask(r.Context(), s, call{s.Backend, "properties", ""}, s.Catalogue.Properties)
	if err == nil {
		x.writeJSON(http.StatusOK, p)
	}
	return err
}

func (s *Server) version(x *exchange, _ *http.Request) error {
	x.writeJSON(http.StatusOK, struct {
		Version string `json:"version"`
	}{s.Version})
	return nil
}
