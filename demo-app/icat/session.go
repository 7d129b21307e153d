package icat

import (
	"strings"
	"time"
)

// Credentials is the body of POST /sessions. Mechanism names the
// authenticator; empty means the default one.
type Credentials struct {
	Username  string `json:"username"`
	Password  string `json:"password"`
	Mechanism string `json:"mechanism,omitempty"`
}

// SessionID is the answer of POST /sessions; the id is the bearer token.
type SessionID struct {
	ID string `json:"sessionID"`
}

// Session is who a session id stands for, and until when.
type Session struct {
	ID       string `json:"id"`
	Username string `json:"username"`
	Expires  Time   `json:"expireDateTime"`
}

// SessionLifetime is ICAT's default.
const SessionLifetime = 120 * time.Minute

// Simple is the mechanism of a name and a password, and the default.
const Simple = "simple"

// Anonymous is the user of a session that was opened without a password, by
// the mechanism "anon". It may read what is public.
const Anonymous = "anon"

// Anonymous reports whether anybody at all may be behind the session. A server
// whose authenticator has a mechanism names it in front: anon/anon.
func (s Session) Anonymous() bool {
	return s.Username == Anonymous || strings.HasPrefix(s.Username, Anonymous+"/")
}

// Properties is what a client may know about the catalogue without a session.
type Properties struct {
	MaxEntities     int             `json:"maxEntities"`
	LifetimeMinutes int             `json:"lifetimeMinutes"`
	Authenticators  []Authenticator `json:"authenticators"`
	ContainerType   string          `json:"containerType"`
}

// Authenticator is a way to log in: its mnemonic is Credentials.Mechanism.
type Authenticator struct {
	Mnemonic string `json:"mnemonic"`
	Keys     []Key  `json:"keys"`
	Friendly string `json:"friendly,omitempty"`
}

// Key is a credential that an authenticator wants.
type Key struct {
	Name string `json:"name"`
	Hide bool   `json:"hide,omitempty"`
}
