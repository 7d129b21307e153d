package client

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"

	"plumbline/demo-app/icat"
)

// Query selects entities. Its zero value selects all; each method returns a
// further Query and leaves its own as it is.
type Query struct {
	where    []condition
	order    []string
	include  []any
	distinct []string
	limit    *int
	skip     int
}

type condition struct {
	path  string
	op    icat.Op
	value any
}

// Where adds a condition on a field, which may lie behind relations:
// "investigationUsers.user.name". The value is a string, number, bool or
// icat.Time, a slice of them for icat.In and icat.Between. All conditions must
// hold.
func (q Query) Where(path string, op icat.Op, value any) Query {
	q.where = append(slices.Clip(q.where), condition{path, op, value})
	return q
}

// Order adds a field to sort by, smallest first.
func (q Query) Order(path string) Query {
	q.order = append(slices.Clip(q.order), path+" asc")
	return q
}

// OrderDesc adds a field to sort by, largest first.
func (q Query) OrderDesc(path string) Query {
	q.order = append(slices.Clip(q.order), path+" desc")
	return q
}

// Limit bounds how many are answered. Without it more than icat.MaxEntities are
// an error.
func (q Query) Limit(n int) Query {
	q.limit = &n
	return q
}

// Skip leaves out the first n.
func (q Query) Skip(n int) Query {
	q.skip = n
	return q
}

// Include lets related entities come along, for instance
// Include("investigationUsers", "user"): the users, by way of the relation in
// between.
func (q Query) Include(relations ...string) Query {
	var tree any
	for _, name := range slices.Backward(relations) {
		if tree == nil {
			tree = name
		} else {
			tree = map[string]any{name: tree}
		}
	}
	if tree != nil {
		q.include = append(slices.Clip(q.include), tree)
	}
	return q
}

// Distinct answers those fields alone, each combination once.
func (q Query) Distinct(fields ...string) Query {
	q.distinct = append(slices.Clip(q.distinct), fields...)
	return q
}

// values returns q as the query string of a request.
func (q Query) values() (url.Values, error) {
	v := url.Values{}
	for _, c := range q.where {
		text, err := json.Marshal(map[string]map[icat.Op]any{c.path: {c.op: c.value}})
		if err != nil {
			return nil, icat.Wrap(icat.BadParameter, "where "+c.path+": the value does not encode", err)
		}
		v.Add("where", string(text))
	}
	v["order"] = q.order
	for name, list := range map[string]any{"include": q.include, "distinct": q.distinct} {
		text, err := json.Marshal(list)
		if err != nil {
			return nil, icat.Wrap(icat.BadParameter, name+": does not encode", err)
		}
		if string(text) != "null" {
			v.Set(name, string(text))
		}
	}
	if q.limit != nil {
		v.Set("limit", strconv.Itoa(*q.limit))
	}
	if q.skip != 0 {
		v.Set("skip", strconv.Itoa(q.skip))
	}
	return v, nil
}
