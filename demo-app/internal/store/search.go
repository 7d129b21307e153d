package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
// read, until there are q.MinCount: who may read little waits longer. A search
// beyond 5 s is TIMEOUT.
func (s *Store) Search(ctx context.Context, who icat.Session, q icat.Search) (icat.SearchResult, error) {
	within, cancel := context.WithTimeout(ctx, s.searchTime)
	defer cancel()
	result, err := s.search(within, s.caller(who), q)
	if err != nil && ctx.Err() == nil && errors.Is(within.Err(), context.DeadlineExceeded) {
		return result, icat.Wrap(icat.Timeout, "Search cancelled for exceeding 5 seconds", err)
	}
	return result, err
}

// candidate is a document that holds the words, whoever may read it.
type candidate struct {
	id     int64
	weight int64
}

// after returns what a client sends to go on behind c: [weight,id].
func (c candidate) after() string { return fmt.Sprintf("[%d,%d]", c.weight, c.id) }

// from reads what after returned; "" is before the first.
func from(after string) (*candidate, error) {
	if after == "" {
		return nil, nil
	}
	var parts []int64
	if json.Unmarshal([]byte(after), &parts) != nil || len(parts) != 2 {
		return nil, icat.Errorf(icat.BadParameter, "search_after: not what an earlier answer held")
	}
	return &candidate{weight: parts[0], id: parts[1]}, nil
}

func (s *Store) search(ctx context.Context, c caller, q icat.Search) (icat.SearchResult, error) {
	words := slices.DeleteFunc(strings.Fields(q.Text), func(w string) bool { return trim(w) == "" })
	result := icat.SearchResult{}
	var hits []candidate
	last, err := from(q.After)
	if err != nil {
		return result, err
	}
	for {
		block, err := s.candidates(ctx, c, q, words, last)
		if err != nil {
			return result, err
		}
		full := len(block) == searchBlock
		result.After = ""
		if full {
			end := block[len(block)-1] // a copy: readable reuses the block
			last, result.After = &end, end.after()
		}
		mine, err := s.readable(ctx, c, q.Target, block)
		if err != nil {
			return result, err
		}
		hits = append(hits, mine...)
		if len(hits) > q.MaxCount {
			hits = hits[:q.MaxCount]
			result.After = hits[q.MaxCount-1].after()
		}
		if !full || len(hits) >= q.MinCount {
			break
		}
	}
	result.Results, err = s.sources(ctx, q.Target, hits, float64(max(len(words), 1)))
	return result, err
}

// trim takes the marks of the usual query languages off a word.
func trim(word string) string { return strings.Trim(word, `"'()*?+-~,;`) }

// candidates returns the next block in order of weight, then id.
func (s *Store) candidates(ctx context.Context, c caller, search icat.Search, words []string, after *candidate) ([]candidate, error) {
	q := s.newQuery(c)
	e, at, outer := search.Target, q.alias(), q.alias()
	q.text("SELECT id, weight FROM (SELECT ", at, ".id AS id, ")
	if len(words) == 0 {
		q.text("1")
	}
	for i, w := range words {
		if i > 0 {
			q.text(" + ")
		}
		q.weight(e, at, trim(w))
	}
	q.text(" AS weight FROM ", q.tables[e].name, " ", at)
	var all []func()
	for _, w := range words {
		all = append(all, func() {
			q.weight(e, at, trim(w))
			q.text(" > 0")
		})
	}
	q.all(" WHERE ", append(all, q.bounds(search, at)...))
	q.text(") ", outer)
	if after != nil {
		q.text(" WHERE weight < ")
		q.value(after.weight)
		q.text(" OR (weight = ")
		q.value(after.weight)
		q.text(" AND id > ")
		q.value(after.id)
		q.text(")")
	}
	q.text(" ORDER BY weight DESC, id LIMIT ")
	q.value(searchBlock)
	rows, err := s.db.QueryContext(ctx, q.sql.String(), q.args...)
	if err != nil {
		return nil, wrap(ctx, err)
	}
	defer rows.Close()
	var block []candidate
	for rows.Next() {
		var one candidate
		if err := rows.Scan(&one.id, &one.weight); err != nil {
			return nil, wrap(ctx, err)
		}
		block = append(block, one)
	}
	return block, wrap(ctx, rows.Err())
}

// weight writes what one word adds to a document's weight.
func (q *query) weight(e *icat.Entity, alias, word string) {
	holds := func(column string) {
		q.text("INSTR(LOWER(", column, "), LOWER(")
		q.value(word)
		q.text(")) > 0")
	}
	own := func(field, weight string) {
		q.text("CASE WHEN ")
		holds(alias + "." + q.tables[e].column[field])
		q.text(" THEN ", weight, " ELSE 0 END")
	}
	q.text("(")
	own("name", "4")
	q.text(" + ")
	if e.Name != "Investigation" {
		own("description", "1")
		q.text(")")
		return
	}
	own("title", "4")
	q.text(" + ")
	own("summary", "1")
	word2 := q.alias()
	q.text(" + CASE WHEN EXISTS (SELECT 1 FROM keyword ", word2, " WHERE ", word2, ".investigation_id = ", alias, ".id AND ")
	holds(word2 + ".name")
	q.text(") THEN 2 ELSE 0 END)")
}

// bounds returns what writes the search's other conditions: the dates, and who
// takes part.
func (q *query) bounds(search icat.Search, alias string) []func() {
	e := search.Target
	begin, end := "startDate", "endDate"
	if e.Name == "Datafile" {
		begin, end = "datafileCreateTime", "datafileModTime"
	}
	var all []func()
	bound := func(field, op string, t icat.Time) {
		if !t.IsZero() {
			all = append(all, func() {
				q.text(alias, ".", q.tables[e].column[field], op)
				q.value(t)
			})
		}
	}
	bound(begin, " >= ", search.Lower)
	bound(end, " <= ", search.Upper)
	if search.User != "" {
		all = append(all, func() { q.takesPart(e, alias, search.User) })
	}
	if search.Restrict {
		all = append(all, func() { q.takesPart(e, alias, q.caller.name) })
	}
	return all
}

// takesPart writes the condition that the user is of the investigation's team.
func (q *query) takesPart(e *icat.Entity, alias, user string) {
	team := q.alias()
	key := map[string]string{"Investigation": "id", "Dataset": "investigation_id", "Datafile": "dataset_id"}[e.Name]
	q.text(alias, ".", key, " IN (SELECT ")
	if e.Name == "Datafile" {
		set := q.alias()
		q.text(set, ".id FROM dataset ", set, " JOIN investigation_user ", team, " ON ", team, ".investigation_id = ", set, ".investigation_id")
	} else {
		q.text(team, ".investigation_id FROM investigation_user ", team)
	}
	q.text(" WHERE ", team, ".user_id = ")
	q.userID(user)
	q.text(")")
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
