package fault

import (
	"cmp"
	"sync"
	"time"

	"plumbline/demo-app/icat"
)

// MaxPool bounds a pool, in connections.
const MaxPool = 1000

// Pool changes the size of a connection pool for a while.
type Pool struct {
	configured int
	resize     func(connections int)

	mu   sync.Mutex
	size PoolSize
	end  *time.Timer
}

// PoolSize is the size of a pool, in connections.
type PoolSize struct {
	Size       int       `json:"size"`
	Configured int       `json:"configured,omitempty"` // what it goes back to
	For        Duration  `json:"for,omitempty"`        // 5m when absent, at most 24h
	Until      time.Time `json:"until,omitzero"`
}

// NewPool returns a pool that has its configured size; resize changes it.
func NewPool(configured int, resize func(connections int)) *Pool {
	return &Pool{configured: configured, resize: resize, size: PoolSize{Size: configured, Configured: configured}}
}

// Size returns the size that is in force.
func (p *Pool) Size() PoolSize {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.size
}

// Resize changes the size and returns it with its end. The configured size
// has none.
func (p *Pool) Resize(to PoolSize) (PoolSize, error) {
	switch {
	case to.Size < 1 || to.Size > MaxPool:
		return PoolSize{}, icat.Errorf(icat.BadParameter, "pool: size is not from 1 to %d", MaxPool)
	case to.For < 0 || time.Duration(to.For) > MaxFor:
		return PoolSize{}, icat.Errorf(icat.BadParameter, "pool: for is not from 0s to %s", MaxFor)
	case to.Configured != 0 || !to.Until.IsZero():
		return PoolSize{}, icat.Errorf(icat.BadParameter, "pool: only size and for can be set")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.end != nil {
		p.end.Stop()
		p.end = nil
	}
	p.size = PoolSize{Size: to.Size, Configured: p.configured}
	if to.Size != p.configured {
		p.size.For = cmp.Or(to.For, Duration(DefaultFor))
		p.size.Until = time.Now().Add(time.Duration(p.size.For)).UTC().Round(0)
		var end *time.Timer
		end = time.AfterFunc(time.Duration(p.size.For), func() { p.restore(&end) })
		p.end = end
	}
	p.resize(to.Size)
	return p.size, nil
}

// restore goes back to the configured size, unless another change has come
// since the timer was armed. The timer is read under the lock: it may fire
// before it has been assigned.
func (p *Pool) restore(end **time.Timer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.end != nil && p.end == *end {
		p.end = nil
		p.size = PoolSize{Size: p.configured, Configured: p.configured}
		p.resize(p.configured)
	}
}
