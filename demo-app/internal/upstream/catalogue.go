package upstream

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"plumbline/demo-app/icat"
)

// List returns the entities that f selects, or with f.Distinct, objects that
// hold only those fields. Entities that the caller may not see are left out.
func (u *ICAT) List(ctx context.Context, who icat.Session, e *icat.Entity, f icat.Filter) ([]icat.Object, error) {
	objects, err := u.list(ctx, "list", who.ID, e, f)
	if err == nil && f.Limit == 0 {
		objects = nil // one was asked for; see limit
	}
	return objects, err
}

func (u *ICAT) list(ctx context.Context, operation, session string, e *icat.Entity, f icat.Filter) ([]icat.Object, error) {
	parts, err := u.split(e, f, func(f icat.Filter) (string, error) { return u.listText(e, f) })
	if err != nil {
		return nil, err
	}
	if len(parts) == 1 {
		return u.listPart(ctx, operation, session, e, parts[0])
	}
	return u.merge(ctx, operation, session, e, f, parts)
}

func (u *ICAT) listText(e *icat.Entity, f icat.Filter) (string, error) {
	q, err := newQuery(e, f, u.location)
	if err != nil {
		return "", err
	}
	if len(f.Distinct) > 0 {
		return q.distinct(f)
	}
	return q.list(f)
}

func (u *ICAT) listPart(ctx context.Context, operation, session string, e *icat.Entity, f icat.Filter) ([]icat.Object, error) {
	text, err := u.listText(e, f)
	if err != nil {
		return nil, err
	}
	var rows texts
	if err := u.entityManager(ctx, operation, e, session, text, &rows); err != nil {
		return nil, err
	}
	objects := make([]icat.Object, len(rows))
	for i, row := range rows {
		if len(f.Distinct) > 0 {
			objects[i], err = combination(e, f.Distinct, row)
		} else {
			objects[i], err = unwrap(e, row, f.Include)
		}
		if err != nil {
			return nil, err
		}
	}
	return objects, nil
}

// combination reads a row of a SELECT of fields: one value bare, several as an
// array.
func combination(e *icat.Entity, fields []icat.Field, row json.RawMessage) (icat.Object, error) {
	values := texts{row}
	if len(fields) > 1 {
		if json.Unmarshal(row, &values) != nil || len(values) != len(fields) {
			return icat.Object{}, icat.Errorf(icat.BadUpstream, "icat.server answered no row of %d values where one was due", len(fields))
		}
	}
	members := make(map[string]json.RawMessage, len(fields))
	for i, f := range fields {
		members[f.Name] = values[i]
	}
	object, err := json.Marshal(members)
	if err != nil {
		return icat.Object{}, icat.Wrap(icat.BadUpstream, "icat.server answered a row that is no JSON", err)
	}
	return icat.DecodeObject(e, object)
}

// keep leaves of o's relations those that were asked for, in that order:
// icat.server answers every to-many relation, empty if it was not included.
// What is many comes by id.
func keep(o *icat.Object, include []icat.Include) {
	var related []icat.Related
	for _, i := range include {
		objects := o.To(i.Relation.Name)
		for n := range objects {
			keep(&objects[n], i.Include)
		}
		slices.SortFunc(objects, byID)
		related = append(related, icat.Related{Relation: i.Relation, Objects: objects})
	}
	o.Related = related
}

func byID(a, b icat.Object) int {
	switch x, y := a.ID(), b.ID(); {
	case x < y:
		return -1
	case x > y:
		return 1
	default:
		return 0
	}
}

// Count returns how many entities, or with f.Distinct how many combinations of
// those fields, hold all conditions and may be seen by the caller.
func (u *ICAT) Count(ctx context.Context, who icat.Session, e *icat.Entity, f icat.Filter) (int64, error) {
	if len(f.Distinct) > 0 {
		// JPQL counts neither combinations of fields nor a null among them.
		rows, err := u.list(ctx, "count", who.ID, e, icat.Filter{Where: f.Where, Distinct: f.Distinct, Limit: -1})
		return int64(len(rows)), err
	}
	f = icat.Filter{Where: f.Where, Limit: -1}
	parts, err := u.split(e, f, func(f icat.Filter) (string, error) {
		q, err := newQuery(e, f, u.location)
		if err != nil {
			return "", err
		}
		return q.count(), nil
	})
	if err != nil {
		return 0, err
	}
	if len(parts) > 1 && !disjoint(f) {
		id, _ := e.Field("id")
		f.Distinct = []icat.Field{id}
		return u.Count(ctx, who, e, f)
	}
	var sum int64
	for _, part := range parts {
		q, err := newQuery(e, part, u.location)
		if err != nil {
			return 0, err
		}
		var counts []int64
		if err := u.entityManager(ctx, "count", e, who.ID, q.count(), &counts); err != nil {
			return 0, err
		}
		if len(counts) != 1 || counts[0] < 0 {
			return 0, icat.Errorf(icat.BadUpstream, "icat.server answered no count where one was due")
		}
		sum += counts[0]
	}
	return sum, nil
}

// Get returns the entity with id. What the caller may not see is
// INSUFFICIENT_PRIVILEGES, what is not there NO_SUCH_OBJECT_FOUND.
func (u *ICAT) Get(ctx context.Context, who icat.Session, e *icat.Entity, id int64, include []icat.Include) (icat.Object, error) {
	return u.get(ctx, "get", who.ID, e, id, include)
}

func (u *ICAT) get(ctx context.Context, operation, session string, e *icat.Entity, id int64, include []icat.Include) (icat.Object, error) {
	clause, err := includes(e, include)
	if err != nil {
		return icat.Object{}, err
	}
	text := e.Name
	if clause != "" {
		text += " " + root + clause
	}
	var raw json.RawMessage
	err = u.do(ctx, call{
		operation: operation, entity: e, method: http.MethodGet, path: "/entityManager", session: session,
		query: url.Values{"sessionId": {session}, "query": {text}, "id": {strconv.FormatInt(id, 10)}},
	}, &raw)
	if err != nil {
		return icat.Object{}, err
	}
	return unwrap(e, raw, include)
}

// UserByName returns the user called name, whoever asks: the service account does.
func (u *ICAT) UserByName(ctx context.Context, name string) (icat.Object, error) {
	e, _ := icat.Lookup("User")
	field, _ := e.Field("name")
	f := icat.Filter{Where: []icat.Condition{{Field: field, Op: icat.Eq, Values: []any{name}}}, Limit: -1}
	var found []icat.Object
	err := u.withAccount(ctx, func(session string) (err error) {
		found, err = u.list(ctx, "user", session, e, f)
		return err
	})
	switch {
	case err != nil:
		return icat.Object{}, err
	case len(found) == 0:
		return icat.Object{}, icat.Errorf(icat.NoSuchObject, "User not found.")
	default:
		return found[0], nil
	}
}
