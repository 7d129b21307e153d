package attack

import (
	"bufio"
	"context"
	"io"
	"iter"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"plumbline/loadgen/journey"
	"plumbline/loadgen/ledger"
)

// same is a source that asks for the same thing again and again.
type same struct {
	step   journey.Step
	mu     sync.Mutex
	bodies []string
}

func (s *same) Next() journey.Request { return journey.Request{Step: s.step} }

func (s *same) Done(_ journey.Request, _ int, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies = append(s.bodies, string(body))
}

// wire is a server that says exactly what it is told to.
type wire struct {
	listener net.Listener
	group    sync.WaitGroup
	mu       sync.Mutex
	accepted int
	ended    int
}

// newWire calls talk for each request until it returns false; then the
// connection is closed, in order unless talk has done otherwise.
func newWire(t *testing.T, network, address string, talk func(net.Conn, *bufio.Reader, *http.Request) bool) *wire {
	t.Helper()
	listener, err := net.Listen(network, address)
	if err != nil {
		t.Skip(err) // no IPv6 here
	}
	w := &wire{listener: listener}
	var open sync.Map
	w.group.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			w.count(&w.accepted)
			open.Store(conn, nil)
			w.group.Go(func() {
				defer w.count(&w.ended)
				defer conn.Close()
				in := bufio.NewReader(conn)
				for {
					request, err := http.ReadRequest(in)
					if err != nil || !talk(conn, in, request) {
						return
					}
				}
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		open.Range(func(conn, _ any) bool { conn.(net.Conn).Close(); return true })
		w.group.Wait()
	})
	return w
}

func (w *wire) count(n *int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	*n++
}

func (w *wire) counts() (accepted, ended int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.accepted, w.ended
}

// shape is what a target answers and what must become of it.
type shape struct {
	name     string
	step     journey.Step // GET unless said otherwise
	answer   string
	talk     func(net.Conn, *bufio.Reader, *http.Request) bool // instead of answer
	closes   bool                                              // after the answer
	timeout  time.Duration
	outcome  ledger.Outcome // Answered unless said otherwise
	status   int            // 200 unless said otherwise
	body     string         // as handed to the journey, if step.Keep says so
	conns    int            // for two requests one after the other; 1 unless said otherwise
	unbroken bool           // the second waits for the target to see the end of the first connection
}

const ok = "HTTP/1.1 200 OK\r\n"

func shapes() []shape {
	kept := journey.Step{Keep: journey.Session}
	return []shape{
		{name: "a length", step: kept, answer: ok + "Content-Length: 5\r\n\r\nhello", body: "hello"},
		{name: "an empty body", step: kept, answer: ok + "content-length:0\r\n\r\n"},
		{name: "a length said twice", step: kept, answer: ok + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", body: "hello"},
		{name: "chunks, an extension and trailers", step: kept, body: "hello, world",
			answer: ok + "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5;a=b\r\nhello\r\n7\r\n, world\r\n0\r\nX-Sum: 1\r\n\r\n"},
		{name: "chunks and a length", step: kept, answer: ok + "Content-Length: 3\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", body: "hello"},
		{name: "lines that end in LF alone", step: kept, answer: "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", body: "ok"},
		{name: "a status without a reason", answer: "HTTP/1.1 204\r\n\r\n", status: 204},
		{name: "a body up to the end of the connection", step: kept, answer: ok + "\r\nhello", closes: true, body: "hello", conns: 2},
		{name: "HTTP/1.0", step: kept, answer: "HTTP/1.0 200 OK\r\n\r\nhello", closes: true, body: "hello", conns: 2},
		{name: "HTTP/1.0 that stays", step: kept, answer: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", body: "ok"},
		{name: "interim answers", step: kept, body: "ok",
			answer: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + ok + "Content-Length: 2\r\n\r\nok"},
		{name: "another protocol", answer: "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", status: 101, conns: 2},
		{name: "204 with a length", answer: "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", status: 204},
		{name: "304 with the length of what was not sent", answer: "HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n", status: 304},
		{name: "HEAD with the length of what was not sent", step: journey.Step{Method: http.MethodHead}, answer: ok + "Content-Length: 100\r\n\r\n"},
		{name: "Connection: close", step: kept, answer: ok + "Connection: close\r\nContent-Length: 2\r\n\r\nok", body: "ok", conns: 2},
		{name: "an answer and garbage", answer: ok + "Content-Length: 2\r\n\r\nokHTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", conns: 2, unbroken: true},
		{name: "an answer byte by byte", step: kept, body: "hello", talk: func(c net.Conn, _ *bufio.Reader, _ *http.Request) bool {
			for _, b := range []byte(ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n") {
				if _, err := c.Write([]byte{b}); err != nil {
					return false
				}
			}
			return true
		}},
		{name: "more than the journey reads", step: kept, answer: ok + "Content-Length: 200000\r\n\r\n" + strings.Repeat("x", 200_000), body: strings.Repeat("x", maxKept)},
		{name: "a request larger than the buffers", step: journey.Step{Method: http.MethodPost, Body: strings.Repeat("x", 8<<20)}, talk: func(c net.Conn, _ *bufio.Reader, r *http.Request) bool {
			n, _ := io.Copy(io.Discard, r.Body)
			if n != 8<<20 {
				return false
			}
			_, err := io.WriteString(c, ok+"Content-Length: 0\r\n\r\n")
			return err == nil
		}},

		{name: "silence", talk: silence, timeout: 50 * time.Millisecond, outcome: ledger.Timeout, conns: 2},
		{name: "a drip that never ends", timeout: 50 * time.Millisecond, outcome: ledger.Timeout, conns: 2, talk: forever("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", "x")},
		{name: "half a body and silence", timeout: 50 * time.Millisecond, outcome: ledger.Timeout, conns: 2, talk: func(c net.Conn, in *bufio.Reader, r *http.Request) bool {
			_, _ = io.WriteString(c, ok+"Content-Length: 10\r\n\r\nhalf")
			return silence(c, in, r)
		}},
		{name: "an endless head", outcome: ledger.Reset, conns: 2, talk: forever(ok, strings.Repeat("X-More: of the same\r\n", 1000))},
		{name: "an endless line", outcome: ledger.Reset, conns: 2, talk: forever(ok+"X-More: ", strings.Repeat("x", 10_000))},
		{name: "endless interim answers", outcome: ledger.Reset, conns: 2, talk: forever("", strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 1000))},
		{name: "an endless body", outcome: ledger.Reset, conns: 2, talk: forever(ok+"\r\n", strings.Repeat("x", 1<<20))},
		{name: "an endless line of a chunk", outcome: ledger.Reset, conns: 2, talk: forever(ok+"Transfer-Encoding: chunked\r\n\r\n", strings.Repeat("0", 10_000))},
		{name: "a connection closed without a word", closes: true, outcome: ledger.Reset, conns: 2},
		{name: "a head cut off", answer: ok + "Content-Le", closes: true, outcome: ledger.Reset, conns: 2},
		{name: "a body cut off", answer: ok + "Content-Length: 100\r\n\r\nhalf", closes: true, outcome: ledger.Reset, conns: 2},
		{name: "chunks cut off", answer: ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", closes: true, outcome: ledger.Reset, conns: 2},
		{name: "a reset", outcome: ledger.Reset, conns: 2, talk: func(c net.Conn, _ *bufio.Reader, _ *http.Request) bool {
			_ = c.(*net.TCPConn).SetLinger(0)
			return false
		}},
		{name: "another language", answer: "SSH-2.0-x\r\n", closes: true, outcome: ledger.Reset, conns: 2},
		{name: "a record of TLS", answer: "\x15\x03\x01\x00\x02\x02\x0a", closes: true, outcome: ledger.Reset, conns: 2},
		{name: "a status of two digits", answer: "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n", outcome: ledger.Reset, conns: 2},
		{name: "a status that is none", answer: "HTTP/1.1 042 OK\r\nContent-Length: 0\r\n\r\n", outcome: ledger.Reset, conns: 2},
		{name: "a length that is none", answer: ok + "Content-Length: +2\r\n\r\nok", outcome: ledger.Reset, conns: 2},
		{name: "two lengths", answer: ok + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok", outcome: ledger.Reset, conns: 2},
		{name: "an unknown encoding", answer: ok + "Transfer-Encoding: gzip\r\n\r\nok", outcome: ledger.Reset, conns: 2},
		{name: "a chunk of no size", answer: ok + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", outcome: ledger.Reset, conns: 2},
		{name: "a field without a name", answer: ok + "no colon\r\n\r\n", outcome: ledger.Reset, conns: 2},
	}
}

// silence waits until the client has gone.
func silence(_ net.Conn, in *bufio.Reader, _ *http.Request) bool {
	_, _ = io.Copy(io.Discard, in)
	return false
}

// forever says begin, then more until the client has gone.
func forever(begin, more string) func(net.Conn, *bufio.Reader, *http.Request) bool {
	return func(c net.Conn, _ *bufio.Reader, _ *http.Request) bool {
		_, err := io.WriteString(c, begin)
		for err == nil {
			_, err = io.WriteString(c, more)
		}
		return false
	}
}

func everyShape(t *testing.T, p Protocol) {
	for _, s := range shapes() {
		t.Run(s.name, func(t *testing.T) { s.check(t, p) })
	}
}

func (s shape) check(t *testing.T, p Protocol) {
	if s.talk == nil {
		s.talk = func(c net.Conn, _ *bufio.Reader, _ *http.Request) bool {
			_, err := io.WriteString(c, s.answer)
			return err == nil && !s.closes
		}
	}
	target := newWire(t, "tcp", "127.0.0.1:0", s.talk)
	source := &same{step: s.step}
	source.step.Path = "/x?y=z"
	if source.step.Method == "" {
		source.step.Method = http.MethodGet
	}
	b := newBench(t, p, "http://"+target.listener.Addr().String(), func(o *Options) {
		o.Steps = source
		if s.timeout > 0 {
			o.Timeout = s.timeout
		}
	})
	if s.outcome == "" {
		s.outcome = ledger.Answered
	}
	if s.status == 0 && s.outcome == ledger.Answered {
		s.status = http.StatusOK
	}
	for i, a := range b.run(t.Context(), s.twice(b, target)) {
		if a.Outcome != s.outcome || a.Status != s.status || s.timeout > 0 && a.Service < s.timeout {
			t.Errorf("attempt %d: %s %d after %v, want %s %d", a.Seq, a.Outcome, a.Status, a.Service, s.outcome, s.status)
		}
		if got := source.bodies[i]; got != s.body {
			t.Errorf("attempt %d: body of %d bytes %.20q, want %d bytes %.20q", a.Seq, len(got), got, len(s.body), s.body)
		}
	}
	if accepted, _ := target.counts(); accepted != max(1, s.conns) {
		t.Errorf("%d connections, want %d", accepted, max(1, s.conns))
	}
}

// twice makes two requests due, the second when the first is over.
func (s shape) twice(b *bench, w *wire) iter.Seq[time.Duration] {
	over := func() bool {
		_, ended := w.counts()
		return b.attacker.InFlight() == 0 && (!s.unbroken || ended > 0)
	}
	return func(yield func(time.Duration) bool) {
		if !yield(0) {
			return
		}
		for !over() {
			b.attacker.engine.Wait(context.Background(), time.Now().Add(time.Millisecond))
		}
		yield(0)
	}
}

func notThere(t *testing.T, p Protocol) {
	for _, host := range []string{"no-such-host.invalid", "localhost:1", "127.0.0.1:1", "[::1]:1"} {
		t.Run(host, func(t *testing.T) {
			b := newBench(t, p, "http://"+host, func(o *Options) { o.Timeout = 5 * time.Second })
			for _, a := range b.run(t.Context(), atOnce(3)) {
				if a.Outcome != ledger.Refused {
					t.Errorf("attempt %d: %s, want %s", a.Seq, a.Outcome, ledger.Refused)
				}
			}
		})
	}
}

func TestTheDirectEngineIsUsedWhereItCan(t *testing.T) {
	b := newBench(t, Auto, "http://127.0.0.1:1", nil)
	if _, is := b.attacker.engine.(*standard); is == (runtime.GOOS == "linux") {
		t.Errorf("the engine is %T", b.attacker.engine)
	}
	b.run(t.Context(), atOnce(1))
}

func namesAndAddresses(t *testing.T, p Protocol) {
	for _, row := range []struct{ listen, host string }{
		{"127.0.0.1:0", "127.0.0.1"},
		{"127.0.0.1:0", "localhost"}, // which may be ::1 first
		{"[::1]:0", "[::1]"},
	} {
		t.Run(row.host, func(t *testing.T) {
			target := newWire(t, "tcp", row.listen, func(c net.Conn, _ *bufio.Reader, r *http.Request) bool {
				_, err := io.WriteString(c, ok+"Content-Length: 0\r\n\r\n")
				return err == nil && strings.HasPrefix(r.Host, row.host) && r.URL.Path == "/base/x"
			})
			_, port, err := net.SplitHostPort(target.listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			b := newBench(t, p, "http://"+row.host+":"+port+"/base/", func(o *Options) {
				o.Steps = &same{step: journey.Step{Method: http.MethodGet, Path: "/x"}}
			})
			for _, a := range b.run(t.Context(), b.oneByOne(3)) {
				if a.Outcome != ledger.Answered {
					t.Errorf("attempt %d: %s", a.Seq, a.Outcome)
				}
			}
			if accepted, _ := target.counts(); accepted > 2 { // one for the requests, one to find the address
				t.Errorf("%d connections", accepted)
			}
		})
	}
}
