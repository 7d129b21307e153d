package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"plumbline/demo-app/icat"
)

// List returns the entities that f selects. Without an order of their own they
// come by id; with one, id decides between equals.
func List[T any](ctx context.Context, s *Store, t Table[T], f icat.Filter) ([]T, error) {
	q := query{}
	q.text("SELECT ", t.columns(), " FROM ", tableName(t.entity))
	q.where(t.entity, f.Where)
	q.order(f.Order)
	limit := icat.MaxEntities + 1
	if f.Limit >= 0 {
		limit = min(limit, f.Limit)
	}
	q.text(" LIMIT ")
	q.value(limit)
	q.text(" OFFSET ")
	q.value(f.Skip)
	rows, err := s.db.QueryContext(ctx, q.sql.String(), q.args...)
	if err != nil {
		return nil, wrap(ctx, err)
	}
	defer rows.Close()
	list := []T{} // an empty list is [], not null
	for rows.Next() {
		if len(list) == icat.MaxEntities {
			return nil, icat.Errorf(icat.Validation, "attempt to process more than %d entities; use limit and skip", icat.MaxEntities)
		}
		v, err := t.scan(rows)
		if err != nil {
			return nil, wrap(ctx, err)
		}
		list = append(list, v)
	}
	return list, wrap(ctx, rows.Err())
}

// Count returns how many entities hold all conditions.
func Count[T any](ctx context.Context, s *Store, t Table[T], where []icat.Condition) (int64, error) {
	q := query{}
	q.text("SELECT COUNT(*) FROM ", tableName(t.entity))
	q.where(t.entity, where)
	var n int64
	err := s.db.QueryRowContext(ctx, q.sql.String(), q.args...).Scan(&n)
	return n, wrap(ctx, err)
}

// Get returns the entity with id.
func Get[T any](ctx context.Context, s *Store, t Table[T], id int64) (T, error) {
	v, err := t.scan(s.db.QueryRowContext(ctx, "SELECT "+t.columns()+" FROM "+tableName(t.entity)+" WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return v, icat.Errorf(icat.NoSuchObject, "%s[id:%d] not found.", t.entity.Name, id)
	}
	return v, wrap(ctx, err)
}

// query is SQL in the making. What a client sent goes in by value only; text
// comes from the schema.
type query struct {
	sql  strings.Builder
	args []any
}

func (q *query) text(parts ...string) {
	for _, p := range parts {
		q.sql.WriteString(p)
	}
}

func (q *query) value(v any) {
	switch t := v.(type) {
	case icat.Time:
		v = t.Millis()
	case bool:
		v = 0
		if t {
			v = 1
		}
	}
	q.sql.WriteByte('?')
	q.args = append(q.args, v)
}

func (q *query) where(e *icat.Entity, conditions []icat.Condition) {
	for i, c := range conditions {
		if i == 0 {
			q.text(" WHERE ")
		} else {
			q.text(" AND ")
		}
		q.condition(e, c.Path, c)
	}
}

// condition walks the path by sub-selects, so that a to-many relation cannot
// multiply the result.
func (q *query) condition(e *icat.Entity, path []icat.Relation, c icat.Condition) {
	if len(path) == 0 {
		q.compare(c)
		return
	}
	r := path[0]
	to, _ := icat.Lookup(r.To)
	switch {
	case r.Inverse != "":
		q.text("id IN (SELECT ", column(r.Inverse), "_id FROM ", tableName(to), " WHERE ")
	case len(path) == 1 && c.Field.Name == "id":
		c.Field.Name = r.Name + "Id" // the foreign key is the id: no sub-select
		q.compare(c)
		return
	default:
		q.text(column(r.Name), "_id IN (SELECT id FROM ", tableName(to), " WHERE ")
	}
	q.condition(to, path[1:], c)
	q.text(")")
}

func (q *query) compare(c icat.Condition) {
	name := column(c.Field.Name)
	switch c.Op {
	case icat.IsNull:
		q.text(name, " IS ")
		if c.Values[0] == false {
			q.text("NOT ")
		}
		q.text("NULL")
	case icat.Like:
		q.text("INSTR(", name, ", ")
		q.value(c.Values[0])
		q.text(") > 0")
	case icat.ILike:
		q.text("LOWER(", name, ") LIKE LOWER(")
		q.value("%" + likeEscaper.Replace(c.Values[0].(string)) + "%")
		q.text(") ESCAPE '!'")
	case icat.In:
		q.text(name, " IN (")
		for i, v := range c.Values {
			if i > 0 {
				q.text(", ")
			}
			q.value(v)
		}
		q.text(")")
	case icat.Between:
		q.text(name, " BETWEEN ")
		q.value(c.Values[0])
		q.text(" AND ")
		q.value(c.Values[1])
	default:
		q.text(name, operators[c.Op])
		q.value(c.Values[0])
	}
}

func (q *query) order(by []icat.Order) {
	q.text(" ORDER BY ")
	for _, o := range by {
		q.text(column(o.Field.Name))
		if o.Desc {
			q.text(" DESC")
		}
		q.text(", ")
	}
	q.text("id")
}

// Neither changes after start.
var (
	operators   = map[icat.Op]string{icat.Eq: " = ", icat.Ne: " <> ", icat.Lt: " < ", icat.Lte: " <= ", icat.Gt: " > ", icat.Gte: " >= "}
	likeEscaper = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")
)
