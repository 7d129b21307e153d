package icat

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Limits of one request. MaxEntities is ICAT's default; the others bound what
// a client can make the parser and the database do.
const (
	MaxEntities   = 10_000
	maxDepth      = 3   // relations in a dotted path
	maxConditions = 32  // of one request
	maxValues     = 500 // of one "in"
	maxIncludes   = 16  // relations in all of one request's includes
)

// Order sorts by a field of the entity, or of one that a path of to-one
// relations leads to.
type Order struct {
	Path  []Relation
	Field Field
	Desc  bool
}

// Filter selects entities. All conditions must hold. Limit < 0 means no limit.
type Filter struct {
	Where    []Condition
	Order    []Order
	Limit    int
	Skip     int
	Distinct []Field   // not empty: only these fields, each combination once
	Include  []Include // what is to come along
}

// ListParameters returns the parameters of a list, and the three below it those
// of the other operations on a collection.
func ListParameters() []string {
	return []string{"where", "order", "limit", "skip", "distinct", "include"}
}

// CountParameters returns those of a count.
func CountParameters() []string { return []string{"where", "distinct", "include"} }

// FindOneParameters returns those of the first of a list.
func FindOneParameters() []string { return []string{"where", "order", "skip", "distinct", "include"} }

// GetParameters returns those of a look-up by id.
func GetParameters() []string { return []string{"include"} }

// ParseFilter reads those of a query's parameters that are allowed. Another
// parameter, and whatever is not in the schema of e, is refused with
// BAD_PARAMETER.
func ParseFilter(e *Entity, query url.Values, allowed []string) (Filter, error) {
	f := Filter{Limit: -1}
	for key, values := range query {
		if !slices.Contains(allowed, key) {
			return f, Errorf(BadParameter, "unknown parameter; known here: %s", strings.Join(allowed, ", "))
		}
		for i, v := range values {
			var err error
			switch key {
			case "where":
				err = f.addWhere(e, v)
			case "order":
				err = f.addOrder(e, v)
			case "limit", "skip":
				if i > 0 {
					return f, Errorf(BadParameter, "%s: given more than once", key)
				}
				to := &f.Limit
				if key == "skip" {
					to = &f.Skip
				}
				*to, err = parseCount(key, v)
			case "distinct":
				err = f.addDistinct(e, v)
			case "include":
				err = f.addInclude(e, v)
			}
			if err != nil {
				return f, err
			}
		}
	}
	if len(f.Distinct) > 0 && len(f.Include) > 0 {
		return f, Errorf(BadParameter, "distinct and include exclude each other: distinct answers fields only")
	}
	return f, nil
}

func parseCount(key, v string) (int, error) {
	n, err := strconv.ParseInt(v, 10, 32)
	if err != nil || n < 0 {
		return 0, Errorf(BadParameter, "%s: not a whole number from 0 to 2147483647", key)
	}
	return int(n), nil
}

// resolve walks a dotted path from e; its answer holds names of the schema only.
func resolve(parameter string, e *Entity, path string) ([]Relation, Field, error) {
	names := strings.Split(path, ".")
	if len(names) > maxDepth+2 {
		return nil, Field{}, Errorf(BadParameter, "%s: path crosses more than %d relations", parameter, maxDepth)
	}
	var relations []Relation
	at := e
	for _, name := range names[:len(names)-1] {
		r, err := relation(parameter, at, name)
		if err != nil {
			return nil, Field{}, err
		}
		relations = append(relations, r)
		at = r.Entity()
	}
	field, ok := at.Field(names[len(names)-1])
	// The id at the far end of a to-one relation is held at its near end: to ask
	// for it crosses nothing.
	if n := len(relations); n > maxDepth && (field.Name != "id" || relations[n-1].Many()) {
		return nil, Field{}, Errorf(BadParameter, "%s: path crosses more than %d relations", parameter, maxDepth)
	}
	if !ok {
		return nil, Field{}, Errorf(BadParameter, "%s: unknown field of %s; known: %s", parameter, at.Name, known(at.Fields, func(f Field) string { return f.Name }))
	}
	return relations, field, nil
}

func relation(parameter string, at *Entity, name string) (Relation, error) {
	r, ok := at.Relation(name)
	if !ok {
		return r, Errorf(BadParameter, "%s: unknown relation of %s; known: %s", parameter, at.Name, known(at.Relations, func(r Relation) string { return r.Name }))
	}
	return r, nil
}

func known[T any](items []T, name func(T) string) string {
	if len(items) == 0 {
		return "none"
	}
	out := make([]string, len(items))
	for i, item := range items {
		out[i] = name(item)
	}
	return strings.Join(out, ", ")
}
