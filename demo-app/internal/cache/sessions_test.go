package cache

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestSessionEndsByLogoutOrExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewSessions(time.Hour)
		a, b := s.Open("a"), s.Open("b")
		if a.ID == b.ID {
			t.Fatalf("two sessions share the id %s", a.ID)
		}
		if got, ok := s.Get(a.ID); !ok || got != a {
			t.Errorf("Get of an open session: %v, %v", got, ok)
		}
		s.Close(a.ID)
		if _, ok := s.Get(a.ID); ok {
			t.Error("a closed session is still there")
		}
		time.Sleep(time.Hour)
		if _, ok := s.Get(b.ID); ok {
			t.Error("an expired session is still there")
		}
		s.Open("c")
		if len(s.byID) != 1 || len(s.queue) != 1 {
			t.Errorf("expired sessions are kept: %d sessions, %d queued", len(s.byID), len(s.queue))
		}
	})
}

func TestSessionsAreBounded(t *testing.T) {
	s := NewSessions(time.Hour)
	first := s.Open("first")
	for range maxSessions {
		s.Open("someone")
	}
	if _, ok := s.Get(first.ID); ok || len(s.byID) > maxSessions {
		t.Errorf("%d sessions are kept, the first among them: %v", len(s.byID), ok)
	}
}
