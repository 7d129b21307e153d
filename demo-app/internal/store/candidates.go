package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"plumbline/demo-app/icat"
)

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
