package store

import "plumbline/demo-app/icat"

// where writes the clause for a filter, the rules included.
func (q *query) where(e *icat.Entity, alias string, where []icat.Condition) {
	var all []func()
	for _, c := range where {
		all = append(all, func() { q.condition(e, alias, c.Path, c) })
	}
	if q.ruled(e) {
		all = append(all, func() { q.rule(e, alias) })
	}
	q.all(" WHERE ", all)
}

// condition walks the path by sub-selects, so that a to-many relation cannot
// multiply the result. Conditions do not bind each other: two on the same
// to-many relation may be met by two entities.
func (q *query) condition(e *icat.Entity, alias string, path []icat.Relation, c icat.Condition) {
	if len(path) == 0 {
		q.compare(alias+"."+q.tables[e].column[c.Field.Name], c)
		return
	}
	r := path[0]
	if r.Many() {
		q.text(alias, ".id IN ")
		q.related(e, r, path[1:], &c)
		return
	}
	key := alias + "." + q.tables[e].key[r.Name]
	if len(path) > 1 || c.Field.Name != "id" {
		q.text(key, " IN ")
		q.related(e, r, path[1:], &c)
		return
	}
	// The key is the id: no need to look at the other side but for the rules.
	// What the caller may not read is as good as not there.
	switch hides := q.hides(e, r); {
	case hides && c.Op == icat.IsNull && c.Values[0] == true:
		q.text("(", key, " IS NULL OR ", key, " NOT IN ")
		q.related(e, r, nil, nil)
		q.text(")")
	case hides:
		q.compare(key, c)
		q.text(" AND ", key, " IN ")
		q.related(e, r, nil, nil)
	default:
		q.compare(key, c)
	}
}

// related writes the sub-select of what the relation leads to: the keys by
// which it points back, or the ids, of what meets the condition (if there is
// one) and may be read.
func (q *query) related(from *icat.Entity, r icat.Relation, path []icat.Relation, c *icat.Condition) {
	to, there, column := r.Entity(), q.alias(), "id"
	if r.Many() {
		column = q.tables[to].key[r.Inverse]
	}
	q.text("(SELECT ", there, ".", column, " FROM ", q.tables[to].name, " ", there)
	var all []func()
	if c != nil {
		all = append(all, func() { q.condition(to, there, path, *c) })
	}
	if q.hides(from, r) {
		all = append(all, func() { q.rule(to, there) })
	}
	q.all(" WHERE ", all)
	q.text(")")
}

// compare writes a condition on a column.
func (q *query) compare(column string, c icat.Condition) {
	switch c.Op {
	case icat.IsNull:
		q.text(column, " IS ")
		if c.Values[0] == false {
			q.text("NOT ")
		}
		q.text("NULL")
	case icat.Like:
		q.text("INSTR(", column, ", ")
		q.value(c.Values[0])
		q.text(") > 0")
	case icat.ILike:
		q.text("INSTR(LOWER(", column, "), LOWER(")
		q.value(c.Values[0])
		q.text(")) > 0")
	case icat.In:
		q.text(column, " IN ")
		q.values(c.Values)
	case icat.Between:
		q.text(column, " BETWEEN ")
		q.value(c.Values[0])
		q.text(" AND ")
		q.value(c.Values[1])
	default:
		q.text(column, operator(c.Op))
		q.value(c.Values[0])
	}
}

// operator returns how SQL writes the comparison.
func operator(op icat.Op) string {
	switch op {
	case icat.Eq:
		return " = "
	case icat.Ne:
		return " <> "
	case icat.Lt:
		return " < "
	case icat.Lte:
		return " <= "
	case icat.Gt:
		return " > "
	case icat.Gte:
		return " >= "
	}
	panic("store: no such operator: " + string(op))
}
