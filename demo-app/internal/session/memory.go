package session

import (
	"container/list"
	"context"
	"sync"
	"time"

	"plumbline/demo-app/icat"
)

// Memory keeps sessions in this process; they end with it.
type Memory struct {
	lifetime time.Duration
	max      int
	counters counters

	mu    sync.Mutex
	byID  map[string]*list.Element
	byEnd *list.List // of icat.Session, the one to expire first in front
}

// NewMemory returns a keeper without sessions. It panics if its metrics are
// registered already.
func NewMemory(o Options) *Memory {
	o = o.withDefaults()
	m := &Memory{lifetime: o.Lifetime, max: o.Max, byID: map[string]*list.Element{}, byEnd: list.New()}
	m.counters = newCounters(o.Metrics, m.open)
	return m
}

// Open implements Keeper.
func (m *Memory) Open(_ context.Context, username string) (icat.Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	session := newSession(username, m.lifetime) // under the lock, so that the list stays in order
	m.purge()
	for len(m.byID) >= m.max {
		m.drop(m.byEnd.Front())
		m.counters.displaced.Inc()
	}
	m.byID[session.ID] = m.byEnd.PushBack(session)
	m.counters.opened.Inc()
	return session, nil
}

// Get implements Keeper.
func (m *Memory) Get(_ context.Context, id string) (icat.Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.purge()
	e, ok := m.byID[id]
	if !ok {
		return icat.Session{}, unknown()
	}
	return e.Value.(icat.Session), nil
}

// Refresh implements Keeper.
func (m *Memory) Refresh(_ context.Context, id string) (icat.Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.purge()
	e, ok := m.byID[id]
	if !ok {
		return icat.Session{}, unknown()
	}
	session := e.Value.(icat.Session)
	session.Expires = icat.At(time.Now().Add(m.lifetime))
	e.Value = session
	m.byEnd.MoveToBack(e)
	return session, nil
}

// Close implements Keeper.
func (m *Memory) Close(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.purge()
	e, ok := m.byID[id]
	if !ok {
		return unknown()
	}
	m.drop(e)
	m.counters.logout.Inc()
	return nil
}

// purge forgets what has expired. All sessions live equally long, so the work
// is one step for each session that was opened.
func (m *Memory) purge() {
	now := time.Now()
	for e := m.byEnd.Front(); e != nil && !e.Value.(icat.Session).Expires.Time().After(now); e = m.byEnd.Front() {
		m.drop(e)
		m.counters.expired.Inc()
	}
}

func (m *Memory) drop(e *list.Element) {
	delete(m.byID, e.Value.(icat.Session).ID)
	m.byEnd.Remove(e)
}

func (m *Memory) open() float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.purge()
	return float64(len(m.byID))
}
