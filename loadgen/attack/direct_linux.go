package attack

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"plumbline/loadgen/journey"
	"plumbline/loadgen/ledger"
)

const (
	// tick is the least time between two sendings: what becomes due meanwhile
	// leaves together. At a fixed rate the cost of a request is that of waking up.
	tick = 300 * time.Microsecond

	burst    = 32                    // requests sent before looking at what has come
	pieces   = 16                    // reads of one connection before another has its turn
	pieceLen = 64 << 10              // bytes of a read
	maxReady = 256                   // events taken at once
	maxNap   = 20 * time.Millisecond // until a cancelled context is noticed
	maxDoze  = time.Millisecond      // until answers that have come are looked at
)

// direct speaks HTTP/1.1 without TLS over sockets of its own. One thread does
// everything: sends what is due, reads what has come, ends what takes too long.
// It does not get up for each answer: the kernel notes when one came, so it can
// be read when the next request is due, and its time is exact all the same.
type direct struct {
	wording  wording
	timeout  time.Duration
	maxIdle  int
	resolver *resolver

	epoll  int
	now    time.Time // when epoll was last asked
	before time.Time // and the time before
	batch  time.Time // when the last sending began
	unseen int       // requests sent since the last look
	slots  []*conn
	vacant []*conn
	idle   conns   // the last used is at the back
	busy   conns   // in the order of their limits
	unread []*conn // to be read again without waiting for an event
	events []unix.EpollEvent
	piece  []byte
	letter letter
	moving int  // connections that are being opened or written to
	noted  bool // the kernel notes when answers come
}

// newDirect fails where the kernel lacks what it needs.
func newDirect(o Options) (Engine, error) {
	d := &direct{wording: newWording(o), timeout: o.Timeout, maxIdle: o.MaxInFlight,
		events: make([]unix.EpollEvent, maxReady), piece: make([]byte, pieceLen)}
	var err error
	if d.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("create epoll: %w", err)
	}
	if _, err := wait(d.epoll, d.events, 0); err != nil {
		unix.Close(d.epoll)
		return nil, fmt.Errorf("wait for epoll: %w", err)
	}
	d.resolver = newResolver(o.Target, o.Timeout)
	return d, nil
}

// Run gives the engine's thread a processor of its own: while it naps it does
// not tell Go's scheduler, which would cost more than the nap.
func (d *direct) Run(send func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	procs := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(procs + 1)
	defer runtime.GOMAXPROCS(procs)
	exact()
	defer inexact()
	defer d.close()
	send()
	for d.busy.n > 0 {
		d.turn(time.Now().Add(maxNap))
	}
}

func (d *direct) close() {
	for d.idle.n > 0 {
		d.drop(d.idle.last)
	}
	unix.Close(d.epoll)
}

// Wait returns at once while what is due belongs to the batch under way.
func (d *direct) Wait(ctx context.Context, until time.Time) bool {
	switch {
	case until.After(d.now):
		if next := d.batch.Add(tick); until.Before(next) {
			until = next
		}
		for d.now.Before(until) && ctx.Err() == nil {
			d.turn(until)
		}
		d.batch = d.now
	case d.unseen >= burst:
		d.turn(d.now)
	}
	d.unseen++
	return ctx.Err() == nil
}

// Start builds the request on a connection and sends as much as goes at once.
func (d *direct) Start(seq uint64, r journey.Request, ended func(Answer)) {
	c := d.idle.last
	if c != nil {
		d.idle.remove(c)
	} else {
		c = d.fresh()
	}
	c.ended, c.sent = ended, 0
	c.limit = time.Now().Add(d.timeout)
	d.busy.push(c)
	var ok bool
	if c.out, ok = d.wording.append(c.out[:0], seq, r); !ok {
		d.end(c, ledger.Refused)
		return
	}
	c.reader.reset(r.Method == "HEAD", r.Keep != journey.Nothing)
	if c.phase == closed {
		d.connect(c)
	} else {
		d.write(c)
	}
}

// turn waits for events, at most until a moment, and acts on them.
func (d *direct) turn(until time.Time) {
	d.unseen = 0
	if c := d.busy.first; c != nil && c.limit.Before(until) {
		until = c.limit
	}
	nap := time.Duration(0)
	if len(d.unread) == 0 {
		nap = min(time.Until(until), maxNap)
	}
	if nap > 0 && nap <= maxDoze && d.noted && d.moving == 0 {
		doze(nap)
		nap = 0
	}
	n, _ := wait(d.epoll, d.events, nap) // all that it can say is that a signal came
	d.before, d.now = d.now, time.Now()
	for _, e := range d.events[:n] {
		if c := d.slots[e.Fd]; c.turn == e.Pad { // otherwise closed since
			d.act(c, e.Events)
		}
	}
	again := d.unread
	d.unread = nil
	for _, c := range again {
		if c.queued {
			c.queued = false
			d.read(c, true)
		}
	}
	for c := d.busy.first; c != nil && !c.limit.After(d.now); c = d.busy.first {
		if c.phase == connecting {
			d.end(c, ledger.Refused)
		} else {
			d.end(c, ledger.Timeout)
		}
	}
	for c := d.idle.first; c != nil && !c.limit.After(d.now); c = d.idle.first {
		d.drop(c)
	}
}

// act takes what epoll says of a connection.
func (d *direct) act(c *conn, events uint32) {
	const over = unix.EPOLLRDHUP | unix.EPOLLHUP | unix.EPOLLERR
	switch c.phase {
	case resting: // closed by the target, or it talks unasked
		if events&(unix.EPOLLIN|over) != 0 {
			d.drop(c)
		}
	case connecting:
		if events&(unix.EPOLLOUT|over) != 0 {
			d.connected(c)
		}
	case sending:
		if events&unix.EPOLLOUT != 0 {
			d.write(c)
		}
	}
	if (c.phase == sending || c.phase == receiving) && events&(unix.EPOLLIN|over) != 0 {
		d.read(c, events&over != 0)
	}
}

// end reports what became of the request and keeps the connection if it can
// carry another.
func (d *direct) end(c *conn, outcome ledger.Outcome) {
	d.busy.remove(c)
	ended := c.ended
	c.ended, c.queued = nil, false
	answer := Answer{Outcome: outcome, At: time.Now()}
	if outcome == ledger.Answered {
		answer.At = d.came(answer.At)
		answer.Status = c.reader.status
		if c.reader.keep {
			answer.Body = c.reader.body
		}
	}
	ended(answer)
	lasting := outcome == ledger.Answered && c.reader.lasting && c.phase == receiving && d.idle.n < d.maxIdle
	d.enter(c, resting)
	c.limit = d.now.Add(idleTime)
	d.idle.push(c)
	if !lasting {
		d.drop(c)
	}
}

// came is when the last piece came, by the kernel's note if there is one: not
// before the last look, for it would have been seen then.
func (d *direct) came(now time.Time) time.Time {
	if d.letter.noted == 0 {
		return now
	}
	ago := time.Duration(now.UnixNano() - d.letter.noted)
	return now.Add(-min(max(ago, 0), now.Sub(d.before)))
}

// enter changes the phase of a connection.
func (d *direct) enter(c *conn, p phase) {
	if c.phase == connecting || c.phase == sending {
		d.moving--
	}
	if c.phase = p; p == connecting || p == sending {
		d.moving++
	}
}

// drop closes a connection that carries no request.
func (d *direct) drop(c *conn) {
	d.idle.remove(c)
	if c.fd >= 0 {
		unix.Close(c.fd)
	}
	c.fd = -1
	d.enter(c, closed)
	c.turn++
	d.vacant = append(d.vacant, c)
}

// fresh returns a connection that is not open yet.
func (d *direct) fresh() *conn {
	if n := len(d.vacant); n > 0 {
		c := d.vacant[n-1]
		d.vacant = d.vacant[:n-1]
		return c
	}
	c := &conn{slot: int32(len(d.slots)), fd: -1}
	d.slots = append(d.slots, c)
	return c
}
