package store

import (
	"strconv"
	"strings"

	"plumbline/demo-app/icat"
)

// query is SQL in the making. What a client sent goes in by value only; text
// comes from the schema. Each table has an alias of its own: t1, t2, …
type query struct {
	tables  tables
	caller  caller
	sql     strings.Builder
	args    []any
	aliases int
}

func (s *Store) newQuery(c caller) *query { return &query{tables: s.tables, caller: c} }

func (q *query) text(parts ...string) {
	for _, p := range parts {
		q.sql.WriteString(p)
	}
}

func (q *query) value(v any) {
	q.sql.WriteByte('?')
	q.args = append(q.args, parameter(v))
}

// values writes a list for IN.
func (q *query) values(list []any) {
	q.text("(")
	for i, v := range list {
		if i > 0 {
			q.text(", ")
		}
		q.value(v)
	}
	q.text(")")
}

// parameter returns a value of the schema as the drivers take it.
func parameter(v any) any {
	switch t := v.(type) {
	case icat.Time:
		return t.Millis()
	case bool:
		if t {
			return int64(1)
		}
		return int64(0)
	}
	return v
}

// alias returns a new name for one use of a table.
func (q *query) alias() string {
	q.aliases++
	return "t" + strconv.Itoa(q.aliases)
}

// all writes conditions that must hold together, after lead if there are any.
func (q *query) all(lead string, conditions []func()) {
	for i, c := range conditions {
		if i == 0 {
			q.text(lead)
		} else {
			q.text(" AND ")
		}
		c()
	}
}

// columns lists fields of the entity, then keys, of the table called alias.
func (q *query) columns(e *icat.Entity, alias string, fields []icat.Field, keys []string) {
	t := q.tables[e]
	for i, f := range fields {
		if i > 0 {
			q.text(", ")
		}
		q.text(alias, ".", t.column[f.Name])
	}
	for _, k := range keys {
		q.text(", ", alias, ".", k)
	}
}
