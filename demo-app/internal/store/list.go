package store

import (
	"context"

	"plumbline/demo-app/icat"
)

// List returns the entities that f selects and the caller may read, with what
// f includes. Without an order of their own they come by id; with one, id
// decides between equals. With Distinct only those fields are set. More than
// icat.MaxEntities, what is included counted in, is VALIDATION.
func (s *Store) List(ctx context.Context, who icat.Session, e *icat.Entity, f icat.Filter) ([]icat.Object, error) {
	q := s.newQuery(s.caller(who))
	fields, keys := e.Fields, q.includeKeys(e, f.Include)
	at := q.alias()
	if len(f.Distinct) > 0 {
		fields, keys = f.Distinct, nil
		q.text("SELECT DISTINCT ")
	} else {
		q.text("SELECT ")
	}
	q.columns(e, at, fields, keys)
	q.text(" FROM ", q.tables[e].name, " ", at)
	by := q.joinOrder(e, at, f.Order)
	q.where(e, at, f.Where)
	if len(f.Distinct) > 0 {
		if err := q.orderDistinct(e, at, f); err != nil {
			return nil, err
		}
	} else {
		q.order(at, by)
	}
	limit := icat.MaxEntities + 1
	if f.Limit >= 0 {
		limit = min(limit, f.Limit)
	}
	q.text(" LIMIT ")
	q.value(limit)
	q.text(" OFFSET ")
	q.value(f.Skip)
	found, err := s.read(ctx, q, e, fields, len(keys))
	if err != nil {
		return nil, err
	}
	left := icat.MaxEntities - len(found)
	if left < 0 {
		return nil, tooMany()
	}
	if err := s.include(ctx, q.caller, e, found, f.Include, 0, &left); err != nil {
		return nil, err
	}
	return objects(found), nil
}

// Count returns how many entities f selects and the caller may read; with
// Distinct, how many combinations of those fields.
func (s *Store) Count(ctx context.Context, who icat.Session, e *icat.Entity, f icat.Filter) (int64, error) {
	q := s.newQuery(s.caller(who))
	at := q.alias()
	if len(f.Distinct) > 0 {
		q.text("SELECT COUNT(*) FROM (SELECT DISTINCT ")
		q.columns(e, at, f.Distinct, nil)
	} else {
		q.text("SELECT COUNT(*)")
	}
	q.text(" FROM ", q.tables[e].name, " ", at)
	q.where(e, at, f.Where)
	if len(f.Distinct) > 0 {
		q.text(") ", q.alias())
	}
	var n int64
	err := s.db.QueryRowContext(ctx, q.sql.String(), q.args...).Scan(&n)
	return n, wrap(ctx, err)
}

// Get returns the entity with id and what is included. An unknown id is
// NO_SUCH_OBJECT_FOUND, one that the caller may not read INSUFFICIENT_PRIVILEGES.
func (s *Store) Get(ctx context.Context, who icat.Session, e *icat.Entity, id int64, include []icat.Include) (icat.Object, error) {
	q := s.newQuery(s.caller(who))
	keys := q.includeKeys(e, include)
	at := q.alias()
	q.text("SELECT ")
	q.columns(e, at, e.Fields, keys)
	q.text(", ")
	if q.ruled(e) {
		q.text("CASE WHEN ")
		q.rule(e, at)
		q.text(" THEN 1 ELSE 0 END")
	} else {
		q.text("1")
	}
	q.text(" FROM ", q.tables[e].name, " ", at, " WHERE ", at, ".id = ")
	q.value(id)
	found, err := s.read(ctx, q, e, e.Fields, len(keys)+1)
	if err != nil {
		return icat.Object{}, err
	}
	if len(found) == 0 {
		return icat.Object{}, noSuch(e, id)
	}
	if found[0].keys[len(keys)] == 0 {
		return icat.Object{}, icat.Errorf(icat.InsufficientPrivileges, "READ access to this %s is not allowed.", e.Name)
	}
	left := icat.MaxEntities - 1
	if err := s.include(ctx, q.caller, e, found, include, 0, &left); err != nil {
		return icat.Object{}, err
	}
	return found[0].Object, nil
}

func objects(found []entry) []icat.Object {
	list := make([]icat.Object, len(found)) // an empty list is [], not null
	for i := range found {
		list[i] = found[i].Object
	}
	return list
}

func noSuch(e *icat.Entity, id int64) error {
	return icat.Errorf(icat.NoSuchObject, "%s[id:%d] not found.", e.Name, id)
}

func tooMany() error {
	return icat.Errorf(icat.Validation, "attempt to process more than %d entities", icat.MaxEntities)
}
