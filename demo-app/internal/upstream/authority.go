package upstream

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"plumbline/demo-app/icat"
)

// Login opens a session of icat.server's. No mechanism means the one of the
// Options; without a name and a password, none are sent (as anon wants it).
func (u *ICAT) Login(ctx context.Context, c icat.Credentials) (icat.Session, error) {
	id, err := u.openSession(ctx, c)
	if err != nil {
		return icat.Session{}, err
	}
	return u.Session(ctx, id)
}

func (u *ICAT) openSession(ctx context.Context, c icat.Credentials) (string, error) {
	type login struct {
		Plugin      string              `json:"plugin"`
		Credentials []map[string]string `json:"credentials,omitempty"`
	}
	l := login{Plugin: cmp.Or(c.Mechanism, u.mechanism)}
	if c.Username != "" || c.Password != "" {
		l.Credentials = []map[string]string{{"username": c.Username}, {"password": c.Password}}
	}
	body, err := json.Marshal(l)
	if err != nil {
		return "", icat.Errorf(icat.BadParameter, "credentials are no text")
	}
	var answer struct {
		ID string `json:"sessionId"`
	}
	err = u.do(ctx, call{
		operation: "login", method: http.MethodPost, path: "/session", form: url.Values{"json": {string(body)}}, login: true,
	}, &answer)
	if err != nil {
		return "", err
	}
	if !sane(answer.ID) {
		return "", icat.Errorf(icat.BadUpstream, "icat.server answered no session id where one was due")
	}
	return answer.ID, nil
}

// Session returns who has the session and until when.
func (u *ICAT) Session(ctx context.Context, id string) (icat.Session, error) {
	if !sane(id) {
		return icat.Session{}, call{}.session403()
	}
	var answer struct {
		UserName         string  `json:"userName"`
		RemainingMinutes float64 `json:"remainingMinutes"`
	}
	asked := time.Now()
	err := u.do(ctx, call{operation: "session", method: http.MethodGet, path: "/session/" + id, session: id}, &answer)
	if err != nil {
		return icat.Session{}, err
	}
	if answer.UserName == "" {
		return icat.Session{}, icat.Errorf(icat.BadUpstream, "icat.server answered no user name where one was due")
	}
	left := time.Duration(answer.RemainingMinutes * float64(time.Minute))
	return icat.Session{ID: id, Username: answer.UserName, Expires: icat.At(asked.Add(left))}, nil
}

// Refresh gives the session a whole lifetime from now on. icat.server does that
// even to one that has just expired.
func (u *ICAT) Refresh(ctx context.Context, id string) (icat.Session, error) {
	if !sane(id) {
		return icat.Session{}, call{}.session403()
	}
	err := u.do(ctx, call{operation: "refresh", method: http.MethodPut, path: "/session/" + id, session: id}, nil)
	if err != nil {
		return icat.Session{}, err
	}
	return u.Session(ctx, id)
}

// Logout ends the session.
func (u *ICAT) Logout(ctx context.Context, id string) error {
	if !sane(id) {
		return call{}.session403()
	}
	return u.do(ctx, call{operation: "logout", method: http.MethodDelete, path: "/session/" + id, session: id}, nil)
}

// sane reports whether id can be a session id: it becomes part of a path, and
// what cannot be one need not go out. icat.server's are UUIDs.
func sane(id string) bool {
	for _, c := range []byte(id) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-':
		default:
			return false
		}
	}
	return id != "" && len(id) <= 128
}
