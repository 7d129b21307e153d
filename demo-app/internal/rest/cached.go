package rest

import (
	"context"
	"net/http"
	"slices"

	"plumbline/demo-app/icat"
	"plumbline/demo-app/internal/cache"
	"plumbline/demo-app/telemetry"
)

// headerCache tells a client where an answer came from: hit or miss. Answers
// that are never cached do not carry it.
const headerCache = "X-Cache"

// reading is what the answer to a read depends on, besides the query string.
type reading struct {
	who    icat.Session
	entity *icat.Entity
	filter icat.Filter
	what   string // the operation and, of one entity, its id
}

// read answers 200 with what load appends; if keep is set, the cache may spare
// it the loading.
func (s *Server) read(x *exchange, r *http.Request, keep bool, of reading, load func(ctx context.Context, b []byte) ([]byte, error)) error {
	if !keep || s.Cache == nil {
		buffer := s.buffers.Get().(*[]byte)
		b, err := load(r.Context(), (*buffer)[:0])
		if err != nil {
			return err
		}
		*buffer = append(b, '\n')
		x.writeRaw(http.StatusOK, typeJSON, *buffer)
		if cap(*buffer) <= maxPooled {
			s.buffers.Put(buffer)
		}
		return nil
	}
	key := cache.Key{Group: of.entity.Collection, Text: of.what + "?" + r.URL.RawQuery}
	if s.OtherRules || personal(of.entity, of.filter) {
		key.User = of.who.Username
	}
	hit := false
	body, err := ask(r.Context(), s, call{"cache", "do", of.entity.Name}, func(ctx context.Context) (body []byte, err error) {
		body, hit, err = s.Cache.Do(ctx, key, func(ctx context.Context) ([]byte, error) {
			b, err := load(ctx, nil)
			return append(b, '\n'), err
		})
		return body, err
	})
	if err != nil {
		return err
	}
	from := "miss"
	if hit {
		from = "hit"
	}
	x.Header().Set(headerCache, from)
	x.writeRaw(http.StatusOK, typeJSON, body)
	return nil
}

// forget drops what a write to e has made stale: its own collection, and those
// of its owners, whose file counts may have changed. The write is done, so a
// cache that cannot be told is for the log; what it has expires by itself.
func (s *Server) forget(ctx context.Context, x *exchange, e *icat.Entity) {
	if s.Cache == nil {
		return
	}
	for {
		err := tell(ctx, s, call{"cache", "invalidate", e.Name}, func(ctx context.Context) error {
			return s.Cache.Invalidate(ctx, e.Collection)
		})
		if err != nil {
			telemetry.Failure(s.Log.Warn(), x.id, string(icat.Unavailable), "cache", err.Error(), nil).Msg("cache keeps stale answers")
		}
		owner, ok := e.Relation(e.Owner)
		if !ok {
			return
		}
		e = owner.Entity()
	}
}

// cacheable reports whether a write would drop the answer to f: it holds
// nothing that is written under another collection.
func cacheable(f icat.Filter) bool {
	return !slices.ContainsFunc(crossed(f), written)
}

// written reports whether a write may change what e shows: the file counts of
// an investigation follow those of its datasets.
func written(e *icat.Entity) bool { return ingested(e) || e.Name == "Investigation" }

// personal reports whether two users may get different answers to f.
func personal(e *icat.Entity, f icat.Filter) bool {
	return !e.Public || slices.ContainsFunc(crossed(f), func(c *icat.Entity) bool { return !c.Public })
}

// ingested reports whether the API creates entities of e.
func ingested(e *icat.Entity) bool { return e.Name == "Dataset" || e.Name == "Datafile" }

// crossed returns the entities that f touches besides its own.
func crossed(f icat.Filter) []*icat.Entity {
	var all []*icat.Entity
	add := func(path []icat.Relation) {
		for _, r := range path {
			all = append(all, r.Entity())
		}
	}
	for _, c := range f.Where {
		add(c.Path)
	}
	for _, o := range f.Order {
		add(o.Path)
	}
	var walk func([]icat.Include)
	walk = func(tree []icat.Include) {
		for _, i := range tree {
			all = append(all, i.Relation.Entity())
			walk(i.Include)
		}
	}
	walk(f.Include)
	return all
}
