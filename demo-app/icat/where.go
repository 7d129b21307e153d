package icat

import (
	"encoding/json"
	"math"
	"unicode/utf8"
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

func (f *Filter) addWhere(e *Entity, v string) error {
	var byPath map[string]map[string]json.RawMessage
	if !utf8.ValidString(v) || json.Unmarshal([]byte(v), &byPath) != nil || byPath == nil {
		return Errorf(BadParameter, `where: not of the form {"field":{"eq":value}}`)
	}
	for path, byOp := range byPath {
		relations, field, err := resolve("where", e, path)
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
	case Number:
		var n *float64
		if json.Unmarshal(raw, &n) == nil && n != nil && !math.IsInf(*n, 0) {
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
	return nil, Errorf(BadParameter, "where: %s takes %s here", field.Name, kind)
}
