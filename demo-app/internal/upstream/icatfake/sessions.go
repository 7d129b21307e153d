package icatfake

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"plumbline/demo-app/icat"
)

// sessions are the open ones, and the expired that nobody logged out.
type sessions struct {
	lifetime time.Duration

	mu   sync.Mutex
	open map[string]session
}

type session struct {
	username string
	expires  time.Time
}

func (s *sessions) start(username string) string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	id := fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[id] = session{username, time.Now().Add(s.lifetime)}
	return id
}

// find returns the session, in icat.server's words if there is none.
func (s *sessions) find(id string) (session, error) {
	if id == "" {
		return session{}, icat.Errorf(icat.BadSession, "Session Id cannot be null or empty.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.open[id]
	switch {
	case !ok:
		return session{}, icat.Errorf(icat.BadSession, "Unable to find user by sessionid: %s", id)
	case !time.Now().Before(found.expires):
		return session{}, icat.Errorf(icat.BadSession, "Session id:%s has expired", id)
	default:
		return found, nil
	}
}

// refresh gives a session a whole lifetime, even one that has expired.
func (s *sessions) refresh(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.open[id]
	if !ok {
		return icat.Errorf(icat.BadSession, "Unable to find user by sessionid: %s", id)
	}
	found.expires = time.Now().Add(s.lifetime)
	s.open[id] = found
	return nil
}

func (s *sessions) drop(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, id)
}

func (s *sessions) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.open)
}

func (s *Server) login(r *http.Request, parameters map[string]string) (any, error) {
	text, ok := parameters["json"]
	if !ok {
		return nil, icat.Errorf(icat.BadParameter, "json must not be null")
	}
	var login struct {
		Plugin      string              `json:"plugin"`
		Credentials []map[string]string `json:"credentials"`
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if d.Decode(&login) != nil {
		return nil, refuse(`json is not {"plugin":"...","credentials":[{"username":"..."},{"password":"..."}]}`)
	}
	given := map[string]string{}
	for _, c := range login.Credentials {
		for key, value := range c {
			if _, twice := given[key]; twice || len(c) != 1 || key != "username" && key != "password" {
				return nil, refuse("credentials are not one username and one password, in an object each")
			}
			given[key] = value
		}
	}
	switch login.Plugin {
	case "anon":
		if len(given) > 0 {
			return nil, refuse("anon takes no credentials")
		}
		return map[string]string{"sessionId": s.sessions.start(icat.Anonymous)}, nil
	case "simple":
		username, err := s.options.Store.CheckPassword(r.Context(), icat.Credentials{
			Username: given["username"], Password: given["password"], Mechanism: login.Plugin})
		if icat.AsError(err).Code == icat.BadSession {
			return nil, icat.Errorf(icat.BadSession, "The username and password do not match ")
		}
		if err != nil {
			return nil, err
		}
		return map[string]string{"sessionId": s.sessions.start(username)}, nil
	default:
		return nil, icat.Errorf(icat.BadSession, "Authenticator mnemonic %s not recognised", login.Plugin)
	}
}

func (s *Server) session(r *http.Request, _ map[string]string) (any, error) {
	found, err := s.sessions.find(path.Base(r.URL.Path))
	if err != nil {
		return nil, err
	}
	return struct {
		UserName         string  `json:"userName"`
		RemainingMinutes float64 `json:"remainingMinutes"`
	}{found.username, time.Until(found.expires).Minutes()}, nil
}

func (s *Server) refresh(r *http.Request, _ map[string]string) (any, error) {
	return nil, s.sessions.refresh(path.Base(r.URL.Path))
}

func (s *Server) logout(r *http.Request, _ map[string]string) (any, error) {
	id := path.Base(r.URL.Path)
	if _, err := s.sessions.find(id); err != nil {
		return nil, err
	}
	s.sessions.drop(id)
	return nil, nil
}
