package icat

import "time"

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
