package icat

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of one request. MaxEntities is ICAT's default; the others bound what
// a client can make the parser and the database do.
const (
	MaxEntities   = 10_000
	maxDepth      = 3   // relations in a dotted path
	maxConditions = 32  // of one request
	maxValues     = 500 // of one "in"
)

// Op is a comparison.
type Op string

// The comparisons a where may use.
const (
	Eq      Op = "eq"
	Ne      Op = "ne"
	Like    Op = "like"  // contains, case matters
	ILike   Op = "ilike" // contains, case does not matter
	Lt      Op = "lt"
	Lte     Op = "lte"
	Gt      Op = "gt"
	Gte     Op = "gte"
	In      Op = "in"
	Between Op = "between" // two values, both included
	IsNull  Op = "isnull"  // true or false
)

// Condition compares the field at the end of a path of relations. Values are
// string, int64, bool or Time as the field's kind says; of IsNull one bool.
type Condition struct {
	Path   []Relation
	Field  Field
	Op     Op
	Values []any
}

// Order sorts by one of the entity's own fields.
type Order struct {
	Field Field
	Desc  bool
}

// Filter selects entities. All conditions must hold. Limit < 0 means no limit.
type Filter struct {
	Where []Condition
	Order []Order
	Limit int
	Skip  int
}

// ParseFilter reads where, order, limit and skip from a query string. What is
// not in the schema of e is refused with BAD_PARAMETER. Counting takes a where
// only: with counting set, the other three are refused too.
func ParseFilter(e *Entity, query url.Values, counting bool) (Filter, error) {
	f := Filter{Limit: -1}
	for key, values := range query {
		if counting && key != "where" {
			return f, Errorf(BadParameter, "count takes where only")
		}
		for _, v := range values {
			var err error
			switch key {
			case "where":
				err = f.addWhere(e, v)
			case "order":
				err = f.addOrder(e, v)
			case "limit":
				f.Limit, err = parseCount(key, v)
			case "skip":
				f.Skip, err = parseCount(key, v)
			default:
				err = Errorf(BadParameter, "unknown parameter; known: where, order, limit, skip")
			}
			if err != nil {
				return f, err
			}
		}
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

func (f *Filter) addWhere(e *Entity, v string) error {
	var byPath map[string]map[string]json.RawMessage
	if !utf8.ValidString(v) || json.Unmarshal([]byte(v), &byPath) != nil || byPath == nil {
		return Errorf(BadParameter, `where: not of the form {"field":{"eq":value}}`)
	}
	for path, byOp := range byPath {
		relations, field, err := resolve(e, path)
		if err != nil {
			return err
		}
		for op, raw := range byOp {
			values, err := parseValues(field, Op(op), raw)
			if err != nil {
				return err
			}
			if len(f.Where) == maxConditions {
				return Errorf(BadParameter, "where: more than %d conditions", maxConditions)
			}
			f.Where = append(f.Where, Condition{relations, field, Op(op), values})
		}
	}
	return nil
}

// resolve walks a dotted path from e; its answer holds names of the schema only.
func resolve(e *Entity, path string) ([]Relation, Field, error) {
	names := strings.Split(path, ".")
	if len(names) > maxDepth+1 {
		return nil, Field{}, Errorf(BadParameter, "where: path crosses more than %d relations", maxDepth)
	}
	var relations []Relation
	at := e
	for _, name := range names[:len(names)-1] {
		r, ok := at.Relation(name)
		if !ok {
			return nil, Field{}, Errorf(BadParameter, "where: unknown relation of %s; known: %s", at.Name, known(at.Relations, func(r Relation) string { return r.Name }))
		}
		relations = append(relations, r)
		at, _ = Lookup(r.To)
	}
	field, ok := at.Field(names[len(names)-1])
	if !ok {
		return nil, Field{}, Errorf(BadParameter, "where: unknown field of %s; known: %s", at.Name, known(at.Fields, func(f Field) string { return f.Name }))
	}
	return relations, field, nil
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

func parseValues(field Field, op Op, raw json.RawMessage) ([]any, error) {
	switch op {
	case Eq, Ne, Lt, Lte, Gt, Gte:
		if field.Kind == Boolean && op != Eq && op != Ne {
			return nil, Errorf(BadParameter, "where: %s is a boolean; use eq, ne or isnull", field.Name)
		}
		return oneValue(field, field.Kind, raw)
	case Like, ILike:
		if field.Kind != String {
			return nil, Errorf(BadParameter, "where: like and ilike need a text field; %s is none", field.Name)
		}
		return oneValue(field, String, raw)
	case IsNull:
		return oneValue(field, Boolean, raw)
	case In, Between:
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) != nil || len(list) == 0 || len(list) > maxValues || op == Between && len(list) != 2 {
			return nil, Errorf(BadParameter, "where: in takes a list of 1 to %d values, between one of 2", maxValues)
		}
		values := make([]any, len(list))
		for i, item := range list {
			one, err := oneValue(field, field.Kind, item)
			if err != nil {
				return nil, err
			}
			values[i] = one[0]
		}
		return values, nil
	default:
		return nil, Errorf(BadParameter, "where: unknown operator; known: eq, ne, like, ilike, lt, lte, gt, gte, in, between, isnull")
	}
}

func oneValue(field Field, kind Kind, raw json.RawMessage) ([]any, error) {
	switch kind {
	case Integer:
		var n *int64
		if json.Unmarshal(raw, &n) == nil && n != nil {
			return []any{*n}, nil
		}
	case Boolean:
		var b *bool
		if json.Unmarshal(raw, &b) == nil && b != nil {
			return []any{*b}, nil
		}
	default:
		var s *string
		if json.Unmarshal(raw, &s) != nil || s == nil {
			break
		}
		if kind == String {
			return []any{*s}, nil
		}
		if t, err := ParseTime(*s); err == nil {
			return []any{t}, nil
		}
	}
	wants := [...]string{String: "a string", Integer: "a whole number", Boolean: "true or false", Date: "an RFC 3339 date"}
	return nil, Errorf(BadParameter, "where: %s takes %s here", field.Name, wants[kind])
}

// addOrder reads "field", "field asc" or "field desc", with or without the
// JSON quotes that DataGateway clients send.
func (f *Filter) addOrder(e *Entity, v string) error {
	words := strings.Fields(strings.Trim(v, `"`))
	if len(words) == 0 || len(words) > 2 || len(f.Order) == maxConditions {
		return Errorf(BadParameter, `order: not of the form "field asc" or "field desc"`)
	}
	field, ok := e.Field(words[0])
	if !ok {
		return Errorf(BadParameter, "order: unknown field of %s; known: %s", e.Name, known(e.Fields, func(f Field) string { return f.Name }))
	}
	desc := false
	if len(words) == 2 {
		switch strings.ToLower(words[1]) {
		case "desc":
			desc = true
		case "asc":
		default:
			return Errorf(BadParameter, `order: not of the form "field asc" or "field desc"`)
		}
	}
	f.Order = append(f.Order, Order{field, desc})
	return nil
}
