package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"

	"plumbline/demo-app/icat"
	"plumbline/demo-app/internal/ports"
	"plumbline/localweb"
)

func digest(token string) [32]byte { return sha256.Sum256([]byte(token)) }

// admit lets a request in that comes from this machine, under a name of this
// machine (a web page elsewhere can point its own name at it), with the token.
func (s *Server) admit(x *exchange, r *http.Request) error {
	reason, err := "", error(nil)
	switch {
	case !localweb.Loopback(r.RemoteAddr):
		reason, err = "address", icat.Errorf(icat.InsufficientPrivileges, "the admin port answers only to this machine")
	case !localweb.Loopback(r.Host):
		reason, err = "host", icat.Errorf(icat.InsufficientPrivileges, "the admin port answers only under a loopback name such as localhost")
	case !s.authorized(r):
		x.Header().Set("WWW-Authenticate", "Bearer")
		reason, err = "token", icat.Errorf(icat.Unauthenticated, "send the admin token as Authorization: Bearer <token>")
	default:
		return nil
	}
	s.refused.WithLabelValues(reason).Inc()
	e := s.Log.Warn()
	e.Dict("client", e.CreateDict().Str("ip", ports.ClientIP(r))).
		Dict("http", e.CreateDict().Dict("request", e.CreateDict().Str("id", x.id))).
		Dict("labels", e.CreateDict().Str("reason", reason)).
		Msg("admin request refused")
	return err
}

// authorized compares digests: they have one length, and take one time.
func (s *Server) authorized(r *http.Request) bool {
	shown := digest(ports.Bearer(r))
	return subtle.ConstantTimeCompare(shown[:], s.token[:]) == 1
}
