package arrival

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

const (
	pageSize = 3_000 // documents in one answer, which has 560 kB then
	hitSize  = 220   // bytes of an answer that a document usually takes, at most
	partSize = 2_400 // documents in one slice of the view on average, so that most fit into one answer
	maxParts = 1_024 // slices that Elasticsearch allows (index.max_slices_per_pit)
	readers  = 4     // slices read side by side: while answers are looked at, others are made
)

// A portion is documents of the frozen view that are read alike.
type portion struct {
	query     object
	layout    layout
	documents uint64 // that match
}

// readAll calls yield, under the lock, for each document of the frozen view that
// matches.
func (p *pass) readAll(ctx context.Context, query object, l layout, yield func(*document)) error {
	if p.pit == "" {
		return nil
	}
	documents, err := p.count(ctx, query)
	if err != nil {
		return err
	}
	return p.readPortions(ctx, []portion{{query, l, documents}}, nothingToKnow(), yield)
}

// readPortions calls yield, under the lock, for each document of each portion, once
// it is known what to compare with.
//
// It reads the view in many small slices, each a stretch of a shard. Where
// Elasticsearch goes on after a given document it walks past all before it, so that
// reading a view page by page would take time that grows with the square of its size.
func (p *pass) readPortions(ctx context.Context, portions []portion, known <-chan struct{}, yield func(*document)) error {
	type part struct {
		of int // portions
		slice
	}
	var parts []part
	for i := range portions {
		n := int64(min(portions[i].documents/uint64(p.part)+1, maxParts))
		for id := range n {
			parts = append(parts, part{i, slice{id, n}})
		}
	}
	var taken atomic.Int64
	seen := make([]atomic.Uint64, len(portions))
	group, ctx := errgroup.WithContext(ctx)
	for range min(readers, len(parts)) {
		group.Go(func() error {
			answer := make([]byte, 0, p.page*hitSize) // growing would take as much again
			for {
				next := taken.Add(1) - 1
				if next >= int64(len(parts)) {
					return nil
				}
				var hits uint64
				var err error
				part := parts[next]
				if answer, hits, err = p.read(ctx, part.slice, &portions[part.of], answer, known, yield); err != nil {
					return err
				}
				seen[part.of].Add(hits)
			}
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for i := range portions {
		if read := seen[i].Load(); read != portions[i].documents {
			return &UnevenError{Documents: portions[i].documents, Read: read}
		}
	}
	return nil
}

// UnevenError says that the slices of a view, which is frozen, did not have just the
// documents that it counts, of one kind or in all.
type UnevenError struct{ Documents, Read uint64 }

func (e *UnevenError) Error() string {
	return fmt.Sprintf("search: of %d documents that the view counts its slices had %d", e.Documents, e.Read)
}

// Hint says what to try next.
func (e *UnevenError) Hint() string { return "ask again; nothing that was read counts" }

// count is how many documents of the view match.
func (p *pass) count(ctx context.Context, query object) (uint64, error) {
	answer, err := p.Search.SearchPIT(ctx, encode(object{"size": 0, "track_total_hits": true, "query": query, "pit": p.view()}), nil)
	if err != nil {
		return 0, err
	}
	var got counted
	if err := json.Unmarshal(answer, &got); err != nil {
		return 0, fmt.Errorf("read the answer to a search: %w", err)
	}
	return got.Hits.Total.Value, got.all()
}

// read reads one slice, page by page, into answer, which it returns for the next.
func (p *pass) read(ctx context.Context, part slice, of *portion, answer []byte, known <-chan struct{}, yield func(*document)) (read []byte, hits uint64, err error) {
	body := newSearch(p.page, of.layout, of.query)
	body.Slice = part.object()
	for {
		body.PIT = p.view()
		if answer, err = p.Search.SearchPIT(ctx, encode(body), answer); err != nil {
			return nil, 0, err
		}
		select {
		case <-known:
		case <-ctx.Done():
			return nil, 0, context.Cause(ctx)
		}
		got, err := p.takePage(answer, of.layout, yield)
		if err != nil {
			return nil, 0, err
		}
		hits += uint64(got.hits)
		if got.hits < p.page {
			return answer, hits, nil
		}
		body.SearchAfter = got.last
	}
}

func (p *pass) takePage(answer []byte, l layout, yield func(*document)) (page, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	got, err := p.pages.decode(answer, l, yield)
	if err == nil && got.pit != "" {
		p.pit = got.pit
	}
	return got, err
}

// nothingToKnow is for readers that need not wait.
func nothingToKnow() <-chan struct{} {
	known := make(chan struct{})
	close(known)
	return known
}
