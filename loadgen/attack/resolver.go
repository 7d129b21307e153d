package attack

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"sync/atomic"
	"time"
)

// resolver knows the address behind the target's name: the one to which Go's
// dialer connects first, among all that the name has. All connections go there.
type resolver struct {
	address string // host:port
	limit   time.Duration
	found   atomic.Pointer[netip.AddrPort] // nil until there is one
	first   chan struct{}                  // closed after the first look-up
	looking atomic.Bool
}

// newResolver begins to look at once.
func newResolver(target *url.URL, limit time.Duration) *resolver {
	port := target.Port()
	if port == "" {
		port = "80"
	}
	r := &resolver{address: net.JoinHostPort(target.Hostname(), port), limit: limit, first: make(chan struct{})}
	if fixed, err := netip.ParseAddrPort(r.address); err == nil {
		r.found.Store(&fixed)
		r.looking.Store(true) // for ever: there is nothing to look up
		close(r.first)
		return r
	}
	r.look(func() { close(r.first) })
	return r
}

// again looks the name up once more, unless somebody does.
func (r *resolver) again() { r.look(func() {}) }

func (r *resolver) look(looked func()) {
	if !r.looking.CompareAndSwap(false, true) {
		return
	}
	go func() {
		defer r.looking.Store(false)
		defer looked()
		ctx, cancel := context.WithTimeout(context.Background(), r.limit)
		defer cancel()
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", r.address)
		if err != nil {
			return // what was known stays the best guess
		}
		defer c.Close()
		if a, ok := c.RemoteAddr().(*net.TCPAddr); ok {
			found := a.AddrPort()
			found = netip.AddrPortFrom(found.Addr().Unmap(), found.Port())
			r.found.Store(&found)
		}
	}()
}

// get returns the address; ok is false if the name has none that answers. Only
// the first call may have to wait.
func (r *resolver) get() (address netip.AddrPort, ok bool) {
	<-r.first
	if found := r.found.Load(); found != nil {
		return *found, true
	}
	return netip.AddrPort{}, false
}
