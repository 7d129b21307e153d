package store

import (
	"context"
	"slices"

	"plumbline/demo-app/icat"
)

// batch is how many ids one IN carries: ICAT's maxIdsInQuery.
const batch = 500

// includeKeys returns the columns that the includes of e need from it.
func (q *query) includeKeys(e *icat.Entity, includes []icat.Include) []string {
	var keys []string
	for _, i := range includes {
		if !i.Relation.Many() {
			keys = append(keys, q.tables[e].key[i.Relation.Name])
		}
	}
	return keys
}

// include puts into the entries of e what is related to them, one query a
// relation and batch of ids. Their keys from first on are those of
// includeKeys. left is how many entities the answer still may hold.
func (s *Store) include(ctx context.Context, c caller, e *icat.Entity, entries []entry, includes []icat.Include, first int, left *int) error {
	for _, i := range includes {
		var err error
		if i.Relation.Many() {
			err = s.includeMany(ctx, c, e, entries, i, left)
		} else {
			err = s.includeOne(ctx, c, e, entries, i, first, left)
			first++
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// includeOne adds what a to-one relation leads to. Key says where the entries
// have its id.
func (s *Store) includeOne(ctx context.Context, c caller, e *icat.Entity, entries []entry, i icat.Include, key int, left *int) error {
	uses := map[int64]int{}
	var ids []any
	for _, from := range entries {
		if id := from.keys[key]; id != 0 {
			if uses[id] == 0 {
				ids = append(ids, id)
			}
			uses[id] += from.uses
		}
	}
	to := i.Relation.Entity()
	found, err := s.children(ctx, c, e, i, "id", ids, func(child *entry) { child.uses = uses[child.ID()] }, left)
	if err != nil {
		return err
	}
	byID := make(map[int64]icat.Object, len(found))
	if err := s.include(ctx, c, to, found, i.Include, 1, left); err != nil {
		return err
	}
	for _, child := range found {
		byID[child.ID()] = child.Object
	}
	for n := range entries {
		related := icat.Related{Relation: i.Relation}
		if child, ok := byID[entries[n].keys[key]]; ok {
			related.Objects = []icat.Object{child}
		}
		entries[n].Related = append(entries[n].Related, related)
	}
	return nil
}

// includeMany adds what a to-many relation leads to, by id.
func (s *Store) includeMany(ctx context.Context, c caller, e *icat.Entity, entries []entry, i icat.Include, left *int) error {
	at := make(map[int64]int, len(entries))
	ids := make([]any, len(entries))
	for n, from := range entries {
		at[from.ID()] = n
		ids[n] = from.ID()
	}
	to := i.Relation.Entity()
	parent := func(child *entry) *entry { return &entries[at[child.keys[0]]] }
	found, err := s.children(ctx, c, e, i, s.tables[to].key[i.Relation.Inverse], ids, func(child *entry) { child.uses = parent(child).uses }, left)
	if err != nil {
		return err
	}
	if err := s.include(ctx, c, to, found, i.Include, 1, left); err != nil {
		return err
	}
	place := make([]int, len(entries))
	for n := range entries {
		place[n] = len(entries[n].Related)
		entries[n].Related = append(entries[n].Related, icat.Related{Relation: i.Relation})
	}
	for n := range found {
		from := parent(&found[n])
		related := &from.Related[place[at[from.ID()]]]
		related.Objects = append(related.Objects, found[n].Object)
	}
	return nil
}

// children reads the entities whose column is one of ids, by id; that column
// is their first key. count sets how often each stands in the answer.
func (s *Store) children(ctx context.Context, c caller, from *icat.Entity, i icat.Include, column string, ids []any, count func(*entry), left *int) ([]entry, error) {
	to := i.Relation.Entity()
	var all []entry
	for part := range slices.Chunk(ids, batch) {
		q := s.newQuery(c)
		keys := append([]string{column}, q.includeKeys(to, i.Include)...)
		at := q.alias()
		q.text("SELECT ")
		q.columns(to, at, to.Fields, keys)
		q.text(" FROM ", q.tables[to].name, " ", at, " WHERE ", at, ".", column, " IN ")
		q.values(part)
		if q.hides(from, i.Relation) {
			q.text(" AND ")
			q.rule(to, at)
		}
		q.text(" ORDER BY ", at, ".id LIMIT ")
		q.value(*left + 1)
		found, err := s.read(ctx, q, to, to.Fields, len(keys))
		if err != nil {
			return nil, err
		}
		for n := range found {
			count(&found[n])
			if *left -= found[n].uses; *left < 0 {
				return nil, tooMany()
			}
		}
		all = append(all, found...)
	}
	return all, nil
}
