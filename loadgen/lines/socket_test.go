package lines

import (
	"bufio"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"plumbline/loadgen/ledger"
)

// server is a shipper's end of a socket: it notes which lines came.
type server struct {
	listener net.Listener
	mu       sync.Mutex
	got      map[uint64]int
	conns    []net.Conn
	group    sync.WaitGroup
	at       map[uint64]chan struct{} // closed when so many lines have come
}

func listen(t *testing.T, address string) *server {
	t.Helper()
	s := &server{got: map[uint64]int{}, at: map[uint64]chan struct{}{}}
	s.restart(t, address)
	t.Cleanup(s.stop)
	return s
}

func (s *server) restart(t *testing.T, address string) {
	t.Helper()
	var err error
	if s.listener, err = net.Listen("tcp", address); err != nil {
		t.Error(err)
		return
	}
	listener := s.listener
	s.group.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, conn)
			s.mu.Unlock()
			s.group.Go(func() { s.read(conn) })
		}
	})
}

func (s *server) address() string { return s.listener.Addr().String() }

// stop ends listener and connections at once, unread data and all.
func (s *server) stop() {
	s.listener.Close()
	s.mu.Lock()
	for _, conn := range s.conns {
		conn.Close()
	}
	s.conns = nil
	s.mu.Unlock()
	s.group.Wait()
}

func seqOf(line []byte) uint64 {
	m := regexp.MustCompile(`run\.seq=(\d+)`).FindSubmatch(line)
	if m == nil {
		return 0
	}
	n, _ := strconv.ParseUint(string(m[1]), 10, 64)
	return n
}

func (s *server) read(conn net.Conn) {
	defer conn.Close()
	for lines := bufio.NewReader(conn); ; {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		s.mu.Lock()
		s.got[seqOf(line)]++
		if reached := s.at[uint64(len(s.got))]; reached != nil {
			close(reached)
			delete(s.at, uint64(len(s.got)))
		}
		s.mu.Unlock()
	}
}

// after is closed when n lines have come.
func (s *server) after(n uint64) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at[n] = make(chan struct{})
	return s.at[n]
}

func TestAServerThatRestartsIsAccountedFor(t *testing.T) {
	s := listen(t, "127.0.0.1:0")
	address := s.address()
	out, err := DialTCP(t.Context(), address, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	first := s.after(300)
	refused := make(chan struct{}) // the schedule waits there: the gap is seen however slow the machine
	restarted := make(chan struct{})
	go func() {
		defer close(restarted)
		<-first
		s.stop()
		<-refused
		s.restart(t, address)
	}()
	spy := &spy{TCP: out, refused: refused, back: make(chan struct{})}
	arrivals := func(yield func(time.Duration) bool) {
		for k := 0; ; k++ {
			select {
			case <-spy.back: // some after it
				for range 500 {
					if !yield(time.Duration(k) * time.Millisecond / 2) {
						return
					}
					k++
				}
				return
			default:
			}
			if !yield(time.Duration(k) * time.Millisecond / 2) {
				return
			}
		}
	}
	got := ship(t.Context(), t, spy, Content{RunID: testRun, Seed: 1, Format: Plain, Size: Size{200, 200}}, 0, arrivals)
	if err := out.Close(); err != nil { // waits until the server has read all
		t.Error(err)
	}
	<-restarted
	s.stop()
	if got.err != nil || got.report.Reconnects < 1 || got.report.Outcomes[ledger.Refused] == 0 || got.report.Failure == "" {
		t.Fatalf("%v, %+v", got.err, got.report)
	}
	unread, lastRefused := 0, uint64(0)
	for i, a := range got.attempts {
		if a.Seq != uint64(i+1) || a.Outcome == ledger.Unfinished {
			t.Fatalf("attempt %d in place %d is %s", a.Seq, i+1, a.Outcome)
		}
		came := s.got[a.Seq]
		switch {
		case came > 1:
			t.Errorf("line %d came %d times", a.Seq, came)
		case came == 1 && a.NeverSent():
			t.Errorf("line %d came and is recorded as %s", a.Seq, a.Outcome)
		case came == 0 && a.Outcome == ledger.Answered:
			unread++
			if lastRefused > 0 {
				t.Errorf("line %d was written after the break and did not come", a.Seq)
			}
		}
		if a.Outcome == ledger.Refused {
			lastRefused = a.Seq
		}
	}
	t.Logf("%d lines, %v, %d written into the break", len(got.attempts), got.count(), unread)
}

// spy tells when lines are refused and when they are taken again.
type spy struct {
	*TCP
	refused, back chan struct{}
	state         int
}

func (s *spy) Write(text []byte, ends []int) Result {
	r := s.TCP.Write(text, ends)
	switch {
	case s.state == 0 && r.Outcome == ledger.Refused:
		s.state = 1
		close(s.refused)
	case s.state == 1 && r.Done > 0:
		s.state = 2
		close(s.back)
	}
	return r
}

func TestAStalledServerIsATimeout(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	out, err := DialTCP(t.Context(), listener.Addr().String(), 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	text, ends := numbered(1, 50_000) // a megabyte, again and again, that nobody reads
	for range 100 {
		r := out.Write(text, ends)
		if r.Err == nil {
			continue
		}
		if r.Outcome != ledger.Timeout || r.Failed != 1 {
			t.Errorf("%+v", r)
		}
		// The next are refused whole, or go over another connection, if there is one already.
		if r := out.Write(text, ends); (r.Outcome != ledger.Refused || r.Failed != len(ends)) && (out.stats.Reconnects != 1 || r.Failed+r.Done == 0) {
			t.Errorf("the next: %+v", r)
		}
		return
	}
	t.Error("100 MB were taken")
}

func TestUDPIsADatagramPerLine(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	out, err := DialUDP(t.Context(), conn.LocalAddr().String(), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	text, ends := numbered(1, 50)
	if r := out.Write(text, ends); r.Done != 50 {
		t.Fatalf("%+v", r)
	}
	buffer := make([]byte, 1<<16)
	for n := 1; n <= 50; n++ {
		size, _, err := conn.ReadFrom(buffer)
		if err != nil || string(buffer[:size]) != fmt.Sprintf("%019d\n", n) {
			t.Fatalf("datagram %d: %q, %v", n, buffer[:size], err)
		}
	}
	t.Run("and a line that fits into none is refused alone", func(t *testing.T) {
		long := append(make([]byte, MaxDatagram+1), text[:20]...)
		r := out.Write(long, []int{MaxDatagram + 1, MaxDatagram + 21})
		if r.Done != 0 || r.Failed != 1 || r.Outcome != ledger.Refused {
			t.Errorf("%+v", r)
		}
	})
	t.Run("and the longest that are made fit", func(t *testing.T) {
		c := Content{RunID: testRun, Seed: 1, Format: Plain, Size: Size{MaxUDPSize, MaxUDPSize}, Multiline: 1}
		m := NewMaker(c)
		for seq := uint64(1); seq <= 300; seq++ {
			if line, _ := m.Append(nil, seq, testStart()); len(line) > MaxDatagram {
				t.Fatalf("line %d has %d bytes", seq, len(line))
			}
		}
	})
}
