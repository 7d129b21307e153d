package store

import (
	"slices"
	"strings"

	"plumbline/demo-app/icat"
)

// term is a column to sort by.
type term struct {
	column string
	desc   bool
}

// joinOrder joins what the order's paths lead to, each once, and returns the
// columns to sort by. To-one relations cannot multiply the result; one that
// leads nowhere, or to what the caller may not read, sorts as null.
func (q *query) joinOrder(e *icat.Entity, alias string, by []icat.Order) []term {
	joined := map[string]string{} // path to alias
	var terms []term
	for _, o := range by {
		at, here, path := e, alias, ""
		var names []string
		for _, r := range o.Path {
			names = append(names, r.Name)
			path = strings.Join(names, ".")
			to := r.Entity()
			there, ok := joined[path]
			if !ok {
				there = q.alias()
				joined[path] = there
				q.text(" LEFT JOIN ", q.tables[to].name, " ", there, " ON ", there, ".id = ", here, ".", q.tables[at].key[r.Name])
				if q.hides(at, r) {
					q.text(" AND ")
					q.rule(to, there)
				}
			}
			at, here = to, there
		}
		terms = append(terms, term{here + "." + q.tables[at].column[o.Field.Name], o.Desc})
	}
	return terms
}

// order writes the clause; id is last, so that the order is total.
func (q *query) order(alias string, by []term) {
	q.text(" ORDER BY ")
	id := alias + ".id"
	for _, t := range by {
		q.text(t.column)
		if t.desc {
			q.text(" DESC")
		}
		if t.column == id {
			return
		}
		q.text(", ")
	}
	q.text(id)
}

// orderDistinct writes the clause for a list of distinct combinations. Only
// what is in a combination can order it.
func (q *query) orderDistinct(e *icat.Entity, alias string, f icat.Filter) error {
	lead := " ORDER BY "
	for _, o := range f.Order {
		if len(o.Path) > 0 || !slices.Contains(f.Distinct, o.Field) {
			return icat.Errorf(icat.BadParameter, "order: with distinct only the distinct fields can be sorted by")
		}
		q.text(lead, alias, ".", q.tables[e].column[o.Field.Name])
		if o.Desc {
			q.text(" DESC")
		}
		lead = ", "
	}
	for _, field := range f.Distinct {
		if !slices.ContainsFunc(f.Order, func(o icat.Order) bool { return o.Field == field }) {
			q.text(lead, alias, ".", q.tables[e].column[field.Name])
			lead = ", "
		}
	}
	return nil
}
