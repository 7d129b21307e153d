package attack

import "time"

// conn is a connection and the request on it.
type conn struct {
	slot, turn int32 // turn tells the connections apart that had this slot
	fd         int
	phase      phase
	out        []byte // the request
	sent       int    // bytes of it
	reader     reader
	ended      func(Answer)
	limit      time.Time // of the request; of an idle connection, when it is closed
	queued     bool      // to be read again
	prev, next *conn
}

type phase int

const (
	closed phase = iota
	connecting
	sending
	receiving
	resting
)

// conns is a list of connections. A connection is in one at most.
type conns struct {
	first, last *conn
	n           int
}

func (l *conns) push(c *conn) {
	c.prev, c.next = l.last, nil
	if l.last == nil {
		l.first = c
	} else {
		l.last.next = c
	}
	l.last = c
	l.n++
}

func (l *conns) remove(c *conn) {
	if c.prev == nil {
		l.first = c.next
	} else {
		c.prev.next = c.next
	}
	if c.next == nil {
		l.last = c.prev
	} else {
		c.next.prev = c.prev
	}
	c.prev, c.next = nil, nil
	l.n--
}
