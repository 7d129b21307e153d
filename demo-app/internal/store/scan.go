package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"

	"plumbline/demo-app/icat"
)

// entry is an entity on its way into an answer.
type entry struct {
	icat.Object
	keys []int64 // ids it points at, as the query asked for them; 0 is null
	uses int     // how often it stands in the answer
}

func (s *Store) read(ctx context.Context, q *query, e *icat.Entity, fields []icat.Field, keys int) ([]entry, error) {
	return read(ctx, s.db, q, e, fields, keys)
}

// querier is the pool, or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// read runs a query whose columns are the fields, then keys.
func read(ctx context.Context, in querier, q *query, e *icat.Entity, fields []icat.Field, keys int) ([]entry, error) {
	rows, err := in.QueryContext(ctx, q.sql.String(), q.args...)
	if err != nil {
		return nil, wrap(ctx, err)
	}
	defer rows.Close()
	cells, dest, place := newCells(e, fields, keys)
	list := []entry{}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return nil, wrap(ctx, err)
		}
		one := entry{Object: icat.NewObject(e), uses: 1}
		for i := range fields {
			one.Values[place[i]] = cells[i].value
		}
		if keys > 0 {
			one.keys = make([]int64, keys)
			for i, c := range cells[len(fields):] {
				one.keys[i], _ = c.value.(int64)
			}
		}
		list = append(list, one)
	}
	return list, wrap(ctx, rows.Err())
}

// newCells returns where to scan fields and keys, and where in an object's
// values each field belongs.
func newCells(e *icat.Entity, fields []icat.Field, keys int) (cells []cell, dest []any, place []int) {
	cells = make([]cell, len(fields)+keys)
	for i, f := range fields {
		cells[i].kind = f.Kind
		for at, own := range e.Fields {
			if own.Name == f.Name {
				place = append(place, at)
			}
		}
	}
	for i := range cells {
		if i >= len(fields) {
			cells[i].kind = icat.Integer
		}
		dest = append(dest, &cells[i])
	}
	return cells, dest, place
}

// cell takes one column of a row as the schema's kind of value; nil is null.
type cell struct {
	kind  icat.Kind
	value any
}

var _ sql.Scanner = (*cell)(nil)

// Scan implements sql.Scanner. The two drivers, and MariaDB's two protocols,
// say the same thing in different types.
func (c *cell) Scan(src any) error {
	if src == nil {
		c.value = nil
		return nil
	}
	switch c.kind {
	case icat.String:
		switch v := src.(type) {
		case string:
			c.value = v
			return nil
		case []byte:
			c.value = string(v)
			return nil
		}
	case icat.Number:
		switch v := src.(type) {
		case float64:
			c.value = v
			return nil
		case int64:
			c.value = float64(v)
			return nil
		case []byte:
			n, err := strconv.ParseFloat(string(v), 64)
			c.value = n
			return err
		}
	default:
		n, ok := src.(int64)
		if b, text := src.([]byte); text {
			var err error
			if n, err = strconv.ParseInt(string(b), 10, 64); err != nil {
				return err
			}
			ok = true
		}
		if ok {
			c.value = whole(c.kind, n)
			return nil
		}
	}
	return fmt.Errorf("scan %T as %s", src, c.kind)
}

// whole returns what a whole number in the database stands for.
func whole(kind icat.Kind, n int64) any {
	switch kind {
	case icat.Boolean:
		return n != 0
	case icat.Date:
		return icat.FromMillis(n)
	default:
		return n
	}
}
