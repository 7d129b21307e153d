// Package cache keeps what the API remembers outside the catalogue: sessions.
// It keeps them in this process, so they end with it; the catalogue, and who
// may log in, are the store's.
package cache

import (
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"plumbline/demo-app/icat"
)

// maxSessions bounds the memory of those who log in and never out.
const maxSessions = 100_000

// Sessions are the sessions of one server. Its methods may be called from any
// goroutine.
type Sessions struct {
	lifetime time.Duration

	mu    sync.Mutex
	byID  map[string]icat.Session
	queue []string // ids by time of login, which is also their order of expiry
}

// NewSessions returns an empty set whose sessions last for lifetime.
func NewSessions(lifetime time.Duration) *Sessions {
	return &Sessions{lifetime: lifetime, byID: map[string]icat.Session{}}
}

// Open starts a session for username.
func (s *Sessions) Open(username string) icat.Session {
	var raw [16]byte
	rand.Read(raw[:])
	raw[6], raw[8] = raw[6]&0x0f|0x40, raw[8]&0x3f|0x80 // a random UUID, as ICAT's ids are
	now := time.Now()
	session := icat.Session{
		ID:       fmt.Sprintf("%x-%x-%x-%x-%x", raw[:4], raw[4:6], raw[6:8], raw[8:10], raw[10:]),
		Username: username,
		Expires:  icat.At(now.Add(s.lifetime)),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.purge(now)
	s.byID[session.ID] = session
	s.queue = append(s.queue, session.ID)
	return session
}

// purge forgets what has ended, and the oldest when there are too many.
func (s *Sessions) purge(now time.Time) {
	for len(s.queue) > 0 {
		session, ok := s.byID[s.queue[0]]
		if ok && session.Expires.Time().After(now) && len(s.byID) < maxSessions {
			return
		}
		delete(s.byID, s.queue[0])
		s.queue = s.queue[1:]
	}
}

// Get returns the session with id, unless it is unknown or has expired.
func (s *Sessions) Get(id string) (icat.Session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	session, ok := s.byID[id]
	if !ok || !session.Expires.Time().After(time.Now()) {
		return icat.Session{}, false
	}
	return session, true
}

// Close ends the session with id, if there is one.
func (s *Sessions) Close(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, id)
}
