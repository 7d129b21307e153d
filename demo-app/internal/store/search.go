package store

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"plumbline/demo-app/icat"
)

// Bounds of a search, as in ICAT: how long it may take, and how many
// candidates are asked for at a time before the rules are applied to them.
const (
	searchTime  = 5 * time.Second
	searchBlock = 1000
)

// Search returns the documents that hold every word of q.Text, the best first.
//
// A document's score is the mean over the words of the weights of the fields
// that hold the word in whatever case: name and title 4, keyword 2, summary
// and description 1. Without words all score 1. Equal ones come by id.
//
// Candidates are taken in blocks, and only then reduced to what the caller may
// read, until there are q.MinCount, or one: who may read little waits longer. A
// page goes on behind the last document on it. A search beyond 5 s is TIMEOUT.
func (s *Store) Search(ctx context.Context, who icat.Session, q icat.Search) (icat.SearchResult, error) {
	within, cancel := context.WithTimeout(ctx, s.searchTime)
	defer cancel()
	result, err := s.search(within, s.caller(who), q)
	if err != nil && ctx.Err() == nil && errors.Is(within.Err(), context.DeadlineExceeded) {
		return result, icat.Wrap(icat.Timeout, "Search cancelled for exceeding 5 seconds", err)
	}
	return result, err
}

func (s *Store) search(ctx context.Context, c caller, q icat.Search) (icat.SearchResult, error) {
	words := slices.DeleteFunc(strings.Fields(q.Text), func(w string) bool { return trim(w) == "" })
	result := icat.SearchResult{}
	var hits []candidate
	last, err := from(q.After)
	if err != nil {
		return result, err
	}
	more := true
	for more && len(hits) < max(q.MinCount, 1) {
		block, err := s.candidates(ctx, c, q, words, last)
		if err != nil {
			return result, err
		}
		if more = len(block) == searchBlock; more {
			end := block[len(block)-1] // a copy: readable reuses the block
			last = &end
		}
		mine, err := s.readable(ctx, c, q.Target, block)
		if err != nil {
			return result, err
		}
		hits = append(hits, mine...)
	}
	if len(hits) > q.MaxCount {
		hits, more = hits[:q.MaxCount], true
	}
	if more {
		// Not the end of the block: the caller may not read that one, perhaps, and
		// its weight would tell which words it holds.
		result.After = hits[len(hits)-1].after()
	}
	result.Results, err = s.sources(ctx, q.Target, hits, float64(max(len(words), 1)))
	return result, err
}

// readable keeps those of the block that the caller may read.
func (s *Store) readable(ctx context.Context, c caller, e *icat.Entity, block []candidate) ([]candidate, error) {
	if c.all || len(block) == 0 {
		return block, nil
	}
	ids := make([]any, len(block))
	for i, one := range block {
		ids[i] = one.id
	}
	allowed, err := s.byID(ctx, c, e, []string{"id"}, ids)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(block, func(one candidate) bool { _, ok := allowed[one.id]; return !ok }), nil
}

// sources returns the hits with the fields that a search stores.
func (s *Store) sources(ctx context.Context, e *icat.Entity, hits []candidate, words float64) ([]icat.Hit, error) {
	stored := map[string][]string{
		"Investigation": {"id", "doi", "endDate", "fileCount", "fileSize", "name", "startDate", "summary", "title", "visitId"},
		"Dataset":       {"id", "description", "doi", "endDate", "fileCount", "fileSize", "location", "name", "startDate"},
		"Datafile":      {"id", "datafileCreateTime", "datafileModTime", "description", "doi", "fileSize", "location", "name"},
	}[e.Name]
	ids := make([]any, len(hits))
	for i, h := range hits {
		ids[i] = h.id
	}
	byID, err := s.byID(ctx, caller{all: true}, e, stored, ids)
	if err != nil {
		return nil, err
	}
	out := make([]icat.Hit, 0, len(hits))
	for _, h := range hits {
		if source, ok := byID[h.id]; ok {
			out = append(out, icat.Hit{ID: h.id, Score: float64(h.weight) / words, Source: source})
		}
	}
	return out, nil
}

// byID reads fields of the entities with these ids that the caller may read.
func (s *Store) byID(ctx context.Context, c caller, e *icat.Entity, names []string, ids []any) (map[int64]icat.Object, error) {
	var fields []icat.Field
	for _, n := range names {
		f, _ := e.Field(n)
		fields = append(fields, f)
	}
	all := make(map[int64]icat.Object, len(ids))
	for part := range slices.Chunk(ids, batch) {
		q := s.newQuery(c)
		at := q.alias()
		q.text("SELECT ")
		q.columns(e, at, fields, nil)
		q.text(" FROM ", q.tables[e].name, " ", at, " WHERE ", at, ".id IN ")
		q.values(part)
		if q.ruled(e) {
			q.text(" AND ")
			q.rule(e, at)
		}
		found, err := s.read(ctx, q, e, fields, 0)
		if err != nil {
			return nil, err
		}
		for _, one := range found {
			all[one.ID()] = one.Object
		}
	}
	return all, nil
}
