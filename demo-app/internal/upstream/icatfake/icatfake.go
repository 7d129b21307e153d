// Package icatfake is a fake icat.server: its REST interface over the catalogue
// of the demo facility, for tests of what talks to an icat.server and for
// watching the two work together. It answers in the shapes and with the texts
// that icat.server's sources and tests show, and refuses loudly whatever it
// does not know, so that nothing is believed to work that was never checked.
//
// It is no icat.server. It understands the part of JPQL that can be said as an
// icat.Filter, has the store's rules for who may see what, and its search is
// the store's. It has never been compared with a live icat.server.
package icatfake

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"plumbline/demo-app/icat"
	"plumbline/demo-app/internal/store"
)

// Version is what the fake says it is.
const Version = "6.2.0"

// Options say what the fake answers from.
type Options struct {
	Store       *store.Store
	Lifetime    time.Duration // of a session; 0 means icat.SessionLifetime
	MaxEntities int           // in one answer; 0 means icat.MaxEntities
	NoSearch    bool          // answer as a server before 6.1 does
}

// Server is a fake icat.server under /icat. Its methods may be called from any
// goroutine.
type Server struct {
	options  Options
	sessions sessions

	mu      sync.Mutex
	trouble Trouble
	left    int // requests that the trouble still meets; < 0: all
	seen    map[string]int
}

// New returns a fake without a session.
func New(o Options) *Server {
	if o.Lifetime == 0 {
		o.Lifetime = icat.SessionLifetime
	}
	if o.MaxEntities == 0 {
		o.MaxEntities = icat.MaxEntities
	}
	return &Server{options: o, sessions: sessions{lifetime: o.Lifetime, open: map[string]session{}}, seen: map[string]int{}}
}

// Seen returns how many requests came with the method to the route, for
// instance "POST /session" or "GET /session/{id}".
func (s *Server) Seen(request string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[request]
}

// EndSessions forgets all sessions, as an icat.server does that lost its
// database.
func (s *Server) EndSessions() { s.sessions.end() }

// operation answers one kind of request; parameters are those of the query for
// GET, PUT and DELETE, of the form for POST.
type operation struct {
	parameters []string
	answer     func(s *Server, r *http.Request, parameters map[string]string) (any, error)
}

// operations returns what answers at a route, by method.
func operations() map[string]map[string]operation {
	return map[string]map[string]operation{
		"/version":    {http.MethodGet: {nil, (*Server).version}},
		"/properties": {http.MethodGet: {nil, (*Server).properties}},
		"/session":    {http.MethodPost: {[]string{"json"}, (*Server).login}},
		"/session/{id}": {
			http.MethodGet:    {nil, (*Server).session},
			http.MethodPut:    {nil, (*Server).refresh},
			http.MethodDelete: {nil, (*Server).logout},
		},
		"/entityManager": {
			http.MethodGet:  {[]string{"sessionId", "query", "id"}, (*Server).query},
			http.MethodPost: {[]string{"sessionId", "entities"}, (*Server).write},
		},
		"/search/documents": {http.MethodGet: {append([]string{"sessionId"}, icat.SearchParameters()...), (*Server).search}},
	}
}

// ServeHTTP answers a request as an icat.server would.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), "/icat")
	if !ok || path != "" && path[0] != '/' {
		page(w, http.StatusNotFound)
		return
	}
	route := path
	if strings.HasPrefix(path, "/session/") && strings.Count(path, "/") == 2 {
		route = "/session/{id}"
	}
	if t := s.note(r.Method + " " + route); t != nil && t(w, r) {
		return
	}
	methods, ok := operations()[route]
	if !ok || s.options.NoSearch && route == "/search/documents" {
		fail(w, icat.Errorf(icat.NotImplemented, "Operation not implemented by this ICAT server."), -1)
		return
	}
	o, ok := methods[r.Method]
	if !ok { // icat.server's container words it so
		fail(w, icat.Errorf(icat.Internal, "class jakarta.ws.rs.NotAllowedException HTTP 405 Method Not Allowed"), -1)
		return
	}
	parameters, err := parameters(w, r, o.parameters)
	if err != nil {
		fail(w, err, -1)
		return
	}
	answer, err := o.answer(s, r, parameters)
	offset := -1
	if at, ok := errors.AsType[*atOffset](err); ok {
		err, offset = at.err, at.offset
	}
	switch {
	case err != nil:
		fail(w, err, offset)
	case answer == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		reply(w, http.StatusOK, answer)
	}
}

// note counts the request and returns the trouble that it meets.
func (s *Server) note(request string) Trouble {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[request]++
	if s.left == 0 {
		return nil
	}
	s.left--
	return s.trouble
}

func (s *Server) version(*http.Request, map[string]string) (any, error) {
	return map[string]string{"version": Version}, nil
}

func (s *Server) properties(*http.Request, map[string]string) (any, error) {
	return icat.Properties{
		MaxEntities: s.options.MaxEntities, LifetimeMinutes: int(s.options.Lifetime / time.Minute), ContainerType: "Glassfish",
		Authenticators: []icat.Authenticator{
			{Mnemonic: "simple", Keys: []icat.Key{{Name: "username"}, {Name: "password", Hide: true}}, Friendly: "Simple"},
			{Mnemonic: "anon", Keys: []icat.Key{}, Friendly: "Anonymous"},
		},
	}, nil
}

// reply writes an answer as JSON.
func reply(w http.ResponseWriter, status int, answer any) {
	body, err := json.Marshal(answer)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"code":"INTERNAL","message":"fake icat.server: answer is no JSON"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body) // the client is gone if it fails
}

// atOffset is the error of one of several objects.
type atOffset struct {
	offset int
	err    error
}

func (a *atOffset) Error() string { return a.err.Error() }

// fail writes an error in ICAT's form; an offset < 0 is left out.
func fail(w http.ResponseWriter, err error, offset int) {
	e := icat.AsError(err)
	switch e.Code {
	case icat.BadUpstream, icat.Unavailable, icat.Timeout, icat.ClientClosed: // no codes of ICAT's
		e = icat.Wrap(icat.Internal, e.Message, nil)
	}
	answer := struct {
		Code    icat.Code `json:"code"`
		Message string    `json:"message"`
		Offset  *int      `json:"offset,omitempty"`
	}{Code: e.Code, Message: e.Message}
	if e.Code == icat.Internal && e.Err != nil {
		answer.Message = "fake icat.server: " + e.Err.Error()
	}
	if offset >= 0 {
		answer.Offset = &offset
	}
	reply(w, e.Code.Status(), answer)
}
