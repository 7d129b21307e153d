package rest

import (
	"net/http"

	"plumbline/demo-app/icat"
)

type status struct {
	Status string `json:"status"`
}

// health says that the process answers, nothing more: a restart mends nothing
// that lies outside it.
func (s *Server) health(x *exchange, _ *http.Request) error {
	x.writeJSON(http.StatusOK, status{"ok"})
	return nil
}

// ready says whether traffic should be sent here.
func (s *Server) ready(x *exchange, r *http.Request) error {
	if s.draining.Load() {
		return icat.Errorf(icat.Unavailable, "draining: the server is about to stop")
	}
	ctx, cancel := deadline(r)
	defer cancel()
	if err := s.Store.Ping(ctx); err != nil {
		return icat.Wrap(icat.Unavailable, "the catalogue cannot be reached", err)
	}
	x.writeJSON(http.StatusOK, status{"ready"})
	return nil
}

func (s *Server) version(x *exchange, _ *http.Request) error {
	x.writeJSON(http.StatusOK, struct {
		Version string `json:"version"`
	}{s.Version})
	return nil
}
