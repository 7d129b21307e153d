package lines

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"plumbline/loadgen/ledger"
)

const (
	firstBackoff = 50 * time.Millisecond
	lastBackoff  = 2 * time.Second
	farewell     = time.Second // how long the other side may take to read the rest
)

// TCP is an output to a TCP connection, each line ended by its newline. When
// the connection breaks, lines are refused until there is a new one: they are
// never held back and sent late. What the kernel had taken before the break
// counts as written, although the other side may not have read it: TCP alone
// cannot tell.
type TCP struct {
	address string
	timeout time.Duration
	conn    net.Conn        // nil while there is none
	gone    <-chan struct{} // closed when the other side has ended conn
	dialled chan net.Conn   // brings the next connection
	stop    context.CancelFunc
	last    error // why there is no connection
	stats   Stats
}

// DialTCP connects; timeout bounds each attempt to do so, and each write.
func DialTCP(ctx context.Context, address string, timeout time.Duration) (*TCP, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	t := &TCP{address: address, timeout: timeout, dialled: make(chan net.Conn), stop: func() {}}
	t.use(conn)
	return t, nil
}

// use takes a connection into use. Whatever the other side says is read and
// thrown away; that it closes is noticed by this before a write fails.
func (t *TCP) use(conn net.Conn) {
	gone := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, conn)
		close(gone)
	}()
	t.conn, t.gone, t.last = conn, gone, nil
}

// Write implements Output.
func (t *TCP) Write(text []byte, ends []int) Result {
	if !t.connected() {
		return Result{Failed: len(ends), Outcome: ledger.Refused, Err: t.last}
	}
	_ = t.conn.SetWriteDeadline(time.Now().Add(t.timeout)) // fails only if the write does
	n, err := t.conn.Write(text[:ends[len(ends)-1]])
	if err == nil {
		return Result{Done: len(ends)}
	}
	t.lose(err)
	done, cut := whole(ends, n)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return failed(done, len(ends), cut, err)
	case n == 0:
		return Result{Failed: len(ends), Outcome: ledger.Refused, Err: err}
	case cut:
		done++
	}
	// The break throws away what was under way: nobody knows where it ends.
	return Result{Failed: done, Outcome: ledger.Reset, Err: err}
}

func (t *TCP) connected() bool {
	if t.conn == nil {
		select {
		case conn := <-t.dialled:
			t.stats.Reconnects++
			t.use(conn)
		default:
			return false
		}
	}
	select {
	case <-t.gone:
		t.lose(errors.New("the other side closed the connection"))
		return false
	default:
		return true
	}
}

// lose gives the connection up and begins to look for the next one.
func (t *TCP) lose(err error) {
	t.conn.Close()
	t.conn, t.last = nil, err
	ctx, stop := context.WithCancel(context.Background())
	t.stop = stop
	go t.redial(ctx)
}

func (t *TCP) redial(ctx context.Context) {
	dialer := net.Dialer{Timeout: t.timeout}
	for wait := firstBackoff; ; wait = min(2*wait, lastBackoff) {
		conn, err := dialer.DialContext(ctx, "tcp", t.address)
		if err == nil {
			select {
			case t.dialled <- conn:
			case <-ctx.Done():
				conn.Close()
			}
			return
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// Close implements Output. It says that no more will come and lets the other
// side read what is under way, for at most a second.
func (t *TCP) Close() error {
	t.stop()
	if t.conn == nil {
		return nil
	}
	if half, ok := t.conn.(*net.TCPConn); ok && half.CloseWrite() == nil {
		timer := time.NewTimer(min(t.timeout, farewell))
		defer timer.Stop()
		select {
		case <-t.gone:
		case <-timer.C:
		}
	}
	return t.conn.Close()
}

// Stats implements Output.
func (t *TCP) Stats() Stats { return t.stats }

// UDP is an output of one datagram per line, newline included. Written means
// that the datagram left; a port that nobody listens on shows as a refusal of
// every second one, where the system reports it.
type UDP struct {
	conn    net.Conn
	timeout time.Duration
}

// DialUDP resolves the address; timeout bounds that, and each write.
func DialUDP(ctx context.Context, address string, timeout time.Duration) (*UDP, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "udp", address)
	if err != nil {
		return nil, err
	}
	return &UDP{conn: conn, timeout: timeout}, nil
}

// Write implements Output.
func (u *UDP) Write(text []byte, ends []int) Result {
	_ = u.conn.SetWriteDeadline(time.Now().Add(u.timeout)) // fails only if the write does
	start := 0
	for i, end := range ends {
		if _, err := u.conn.Write(text[start:end]); err != nil {
			return failed(i, i+1, false, err)
		}
		start = end
	}
	return Result{Done: len(ends)}
}

// Close implements Output.
func (u *UDP) Close() error { return u.conn.Close() }

// Stats implements Output.
func (u *UDP) Stats() Stats { return Stats{} }
