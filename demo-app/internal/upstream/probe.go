package upstream

import (
	"context"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"plumbline/demo-app/icat"
)

// probeAge is how long the answer to Ping is good.
const probeAge = 3 * time.Second

// probe remembers whether the server answered.
type probe struct {
	flights singleflight.Group

	mu    sync.Mutex
	known bool
	at    time.Time
	err   error
}

// Ping reports whether an icat.server answers. Its answer may be some seconds
// old: probes come often, and from several places.
func (u *ICAT) Ping(ctx context.Context) error {
	if err, ok := u.alive.last(); ok {
		return err
	}
	asked := u.alive.flights.DoChan("", func() (any, error) {
		if err, ok := u.alive.last(); ok {
			return nil, err
		}
		err := u.version(context.WithoutCancel(ctx))
		u.alive.mu.Lock()
		u.alive.known, u.alive.at, u.alive.err = true, time.Now(), err
		u.alive.mu.Unlock()
		return nil, err
	})
	select {
	case r := <-asked:
		return r.Err
	case <-ctx.Done():
		return lost(ctx, ctx, context.Cause(ctx))
	}
}

func (p *probe) last() (error, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err, p.known && time.Since(p.at) < probeAge
}

func (u *ICAT) version(ctx context.Context) error {
	var answer struct {
		Version string `json:"version"`
	}
	if err := u.do(ctx, call{operation: "ping", method: http.MethodGet, path: "/version"}, &answer); err != nil {
		return err
	}
	if answer.Version == "" {
		return icat.Errorf(icat.BadUpstream, "icat.server answered no version where one was due")
	}
	return nil
}

// Properties returns what icat.server tells without a session.
func (u *ICAT) Properties(ctx context.Context) (icat.Properties, error) {
	var p icat.Properties
	err := u.do(ctx, call{operation: "properties", method: http.MethodGet, path: "/properties"}, &p)
	return p, err
}
