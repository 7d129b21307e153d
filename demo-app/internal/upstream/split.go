package upstream

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"plumbline/demo-app/icat"
)

const (
	// maxAddress is how many bytes an address may have: an icat.server's
	// container refuses a request whose head exceeds 8 KiB.
	maxAddress = 7 << 10
	maxParts   = 64 // queries that one filter may become
)

// split returns filters that together select what f selects and whose queries
// fit into an address each. Only an "in" with many values can be taken apart.
func (u *ICAT) split(e *icat.Entity, f icat.Filter, text func(icat.Filter) (string, error)) ([]icat.Filter, error) {
	q, err := text(f)
	if err != nil {
		return nil, err
	}
	const rest = len("/entityManager?query=&sessionId=") + 128 // of a session id, amply
	if len(u.base)+rest+len(url.QueryEscape(q)) <= maxAddress {
		return []icat.Filter{f}, nil
	}
	longest, room := -1, 1
	for i, c := range f.Where {
		if c.Op == icat.In && len(c.Values) > room {
			longest, room = i, len(c.Values)
		}
	}
	if longest < 0 {
		return nil, icat.Errorf(icat.BadParameter, "where: longer than an address of icat.server may be")
	}
	var parts []icat.Filter
	values := f.Where[longest].Values
	for _, half := range [][]any{values[:len(values)/2], values[len(values)/2:]} {
		part := f
		part.Where = slices.Clone(f.Where)
		part.Where[longest].Values = half
		if f.Limit >= 0 {
			part.Limit = f.Skip + max(f.Limit, 1)
		}
		part.Skip = 0
		more, err := u.split(e, part, text)
		if err != nil {
			return nil, err
		}
		parts = append(parts, more...)
	}
	if len(parts) > maxParts {
		return nil, icat.Errorf(icat.BadParameter, "where: would become more than %d queries to icat.server", maxParts)
	}
	return parts, nil
}

// disjoint reports whether no entity can be selected by two parts of f: an
// "in" at the end of a to-many path can match several of its values.
func disjoint(f icat.Filter) bool {
	return !slices.ContainsFunc(f.Where, func(c icat.Condition) bool {
		return c.Op == icat.In && slices.ContainsFunc(c.Path, icat.Relation.Many)
	})
}

// merge asks the parts one after the other and puts their answers in order, as
// far as that does not depend on how the database sorts texts.
func (u *ICAT) merge(ctx context.Context, operation, session string, e *icat.Entity, f icat.Filter, parts []icat.Filter) ([]icat.Object, error) {
	for _, o := range f.Order {
		if len(o.Path) > 0 || o.Field.Kind == icat.String {
			return nil, icat.Errorf(icat.BadParameter, "order: with so long a list of values, only numbers and dates of %s itself can be sorted by", e.Name)
		}
	}
	var all []icat.Object
	seen := map[string]bool{}
	for _, part := range parts {
		some, err := u.listPart(ctx, operation, session, e, part)
		if err != nil {
			return nil, err
		}
		for _, o := range some {
			key, err := identity(o, f.Distinct)
			if err != nil {
				return nil, err
			}
			if !seen[key] {
				seen[key] = true
				all = append(all, o)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b icat.Object) int { return compare(a, b, f) })
	all = all[min(f.Skip, len(all)):]
	if f.Limit >= 0 {
		all = all[:min(f.Limit, len(all))]
	}
	if n := entities(all); n > icat.MaxEntities {
		return nil, icat.Errorf(icat.Validation, "attempt to process more than %d entities", icat.MaxEntities)
	}
	return all, nil
}

func entities(objects []icat.Object) int {
	n := 0
	for _, o := range objects {
		n += o.Count()
	}
	return n
}

// identity tells apart what must not come twice.
func identity(o icat.Object, distinct []icat.Field) (string, error) {
	if len(distinct) == 0 {
		distinct = o.Entity.Fields[2:3] // id
	}
	values := make([]any, len(distinct))
	for i, f := range distinct {
		values[i] = o.Value(f.Name)
	}
	key, err := json.Marshal(values)
	return string(key), err
}

// compare sorts by f's order, and by id, or all distinct fields, in the end.
func compare(a, b icat.Object, f icat.Filter) int {
	for _, o := range f.Order {
		if c := compareValues(a.Value(o.Field.Name), b.Value(o.Field.Name)); c != 0 {
			if o.Desc {
				return -c
			}
			return c
		}
	}
	for _, field := range f.Distinct {
		if c := compareValues(a.Value(field.Name), b.Value(field.Name)); c != 0 {
			return c
		}
	}
	return byID(a, b)
}

// compareValues has nulls first, as MariaDB does.
func compareValues(a, b any) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	switch a := a.(type) {
	case int64:
		return cmp.Compare(a, b.(int64))
	case float64:
		return cmp.Compare(a, b.(float64))
	case bool:
		switch {
		case a == b.(bool):
			return 0
		case a:
			return 1
		default:
			return -1
		}
	case icat.Time:
		return a.Time().Compare(b.(icat.Time).Time())
	case string:
		return strings.Compare(a, b.(string))
	default:
		return 0
	}
}
