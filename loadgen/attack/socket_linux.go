package attack

import (
	"net"
	"net/netip"
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"plumbline/loadgen/ledger"
)

// brief is how long the thread may wait without telling Go's scheduler.
const brief = 2 * time.Millisecond

// wait asks epoll for events. Go's own timers are rounded to a millisecond.
func wait(epoll int, events []unix.EpollEvent, limit time.Duration) (n int, err error) {
	spec := unix.NsecToTimespec(int64(max(limit, 0)))
	call := unix.RawSyscall6
	if limit > brief {
		call = unix.Syscall6
	}
	r, _, errno := call(unix.SYS_EPOLL_PWAIT2, uintptr(epoll), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), uintptr(unsafe.Pointer(&spec)), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(r), nil
}

// exact makes the kernel wake this thread when asked to: not 50 µs later, not
// after another thread, say the one that compresses the ledger, has had its
// turn, and not before. These are wishes: where the kernel knows no slices it is
// less exact.
func exact() {
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	slice(100 * time.Microsecond)
	urge(unix.SIG_BLOCK)
}

// inexact takes exact back.
func inexact() {
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 0, 0, 0, 0)
	slice(0)
	urge(unix.SIG_UNBLOCK)
}

// urge blocks or lets through the signal by which Go's scheduler, every 10 ms,
// asks a thread that seems busy to yield. It would break off a nap for nothing:
// between naps the thread yields by itself.
func urge(how int) {
	var set unix.Sigset_t
	set.Val[0] = 1 << (unix.SIGURG - 1)
	_ = unix.PthreadSigmask(how, &set, nil)
}

// slice is how long this thread wants to run at a time, 0 for the kernel's own
// measure. Who wants less comes first when it wakes up.
func slice(d time.Duration) {
	if attr, err := unix.SchedGetAttr(0, 0); err == nil {
		attr.Runtime = uint64(d)
		_ = unix.SchedSetAttr(0, attr, 0)
	}
}

// connect begins a connection for the request that c holds.
func (d *direct) connect(c *conn) {
	address, ok := d.resolver.get()
	if !ok {
		d.refused(c)
		return
	}
	family, to := sockaddr(address)
	var err error
	if c.fd, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP); err != nil {
		c.fd = -1
		d.end(c, ledger.Refused) // out of descriptors
		return
	}
	_ = unix.SetsockoptInt(c.fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	_ = unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	switch err = unix.Connect(c.fd, to); err {
	case nil, unix.EINPROGRESS, unix.EINTR:
	default:
		d.refused(c)
		return
	}
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET, Fd: c.slot, Pad: c.turn}
	if unix.EpollCtl(d.epoll, unix.EPOLL_CTL_ADD, c.fd, &event) != nil {
		d.end(c, ledger.Refused)
		return
	}
	d.enter(c, connecting)
	if err == nil {
		d.write(c)
	}
}

// connected looks how the connection attempt ended.
func (d *direct) connected(c *conn) {
	if cause, err := unix.GetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_ERROR); err != nil || cause != 0 {
		d.refused(c)
		return
	}
	d.write(c)
}

// refused ends a request that found nobody; perhaps the target has moved.
func (d *direct) refused(c *conn) {
	d.resolver.again()
	d.end(c, ledger.Refused)
}

func (d *direct) write(c *conn) {
	d.enter(c, sending)
	for c.sent < len(c.out) {
		n, errno := send(c.fd, c.out[c.sent:])
		switch errno {
		case 0:
			c.sent += n
		case unix.EINTR:
		case unix.EAGAIN:
			return
		default:
			d.end(c, ledger.Reset)
			return
		}
	}
	d.enter(c, receiving)
}

// read takes what has come for the request on c, up to some pieces. over says
// that the target has closed its side.
func (d *direct) read(c *conn, over bool) {
	for range pieces {
		n, errno := d.letter.receive(c.fd, d.piece)
		switch {
		case errno == unix.EINTR:
			continue
		case errno == unix.EAGAIN:
			return
		case errno != 0:
			d.end(c, ledger.Reset)
			return
		case n == 0 && c.reader.end() == nil:
			d.end(c, ledger.Answered)
			return
		case n == 0:
			d.end(c, ledger.Reset)
			return
		}
		d.noted = d.letter.noted != 0 // it begins some moments after it is asked to
		used, err := c.reader.take(d.piece[:n])
		switch {
		case err != nil:
			d.end(c, ledger.Reset)
			return
		case c.reader.part == complete:
			if used < n || n == len(d.piece) || over { // there is, or may be, what was not asked for
				c.reader.lasting = false
			}
			d.end(c, ledger.Answered)
			return
		case n < len(d.piece) && !over:
			return // epoll tells of more
		}
	}
	c.queued = true
	d.unread = append(d.unread, c)
}

// The calls below do not block, so Go's scheduler need not hear of them.

func send(fd int, b []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), unix.MSG_NOSIGNAL, 0, 0)
	return int(n), errno
}

// letter is what recvmsg fills: bytes and the kernel's note of when they came.
type letter struct {
	head  unix.Msghdr
	bytes unix.Iovec
	notes [64]byte // aligned, as it follows pointers
	noted int64    // nanoseconds of the wall clock; 0 for no note
}

func (l *letter) receive(fd int, b []byte) (int, unix.Errno) {
	l.bytes.Base = &b[0]
	l.bytes.SetLen(len(b))
	l.head.Iov, l.head.Control = &l.bytes, &l.notes[0]
	l.head.SetIovlen(1)
	l.head.SetControllen(len(l.notes))
	l.noted = 0
	n, _, errno := unix.RawSyscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&l.head)), 0)
	const begin = unix.SizeofCmsghdr
	if errno == 0 && int(l.head.Controllen) >= begin+int(unsafe.Sizeof(unix.Timespec{})) {
		note := (*unix.Cmsghdr)(unsafe.Pointer(&l.notes[0]))
		if note.Level == unix.SOL_SOCKET && note.Type == unix.SCM_TIMESTAMPNS {
			l.noted = (*unix.Timespec)(unsafe.Pointer(&l.notes[begin])).Nano()
		}
	}
	return int(n), errno
}

// doze sleeps through whatever happens.
func doze(limit time.Duration) {
	spec := unix.NsecToTimespec(int64(limit))
	_, _, _ = unix.RawSyscall6(unix.SYS_CLOCK_NANOSLEEP, unix.CLOCK_MONOTONIC, 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0) // a signal makes it shorter
}

func sockaddr(a netip.AddrPort) (family int, to unix.Sockaddr) {
	if a.Addr().Is4() {
		return unix.AF_INET, &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	to6 := &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
	if zone := a.Addr().Zone(); zone != "" {
		if i, err := net.InterfaceByName(zone); err == nil {
			to6.ZoneId = uint32(i.Index)
		} else if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
			to6.ZoneId = uint32(n)
		}
	}
	return unix.AF_INET6, to6
}
