package icat

import (
	"encoding/json"
	"math"
	"strconv"
	"unicode/utf8"
)

// Object is one entity of the catalogue, whatever its kind. Values[i] belongs
// to Entity.Fields[i] and has the Go type of that field's kind; nil is null.
type Object struct {
	Entity  *Entity
	Values  []any
	Related []Related // what was asked for, in that order
}

// Related holds what one relation leads to: of a to-one at most one object.
type Related struct {
	Relation Relation
	Objects  []Object
}

// NewObject returns an object of e with nulls only.
func NewObject(e *Entity) Object { return Object{Entity: e, Values: make([]any, len(e.Fields))} }

// Value returns the value of a field; nil when it is null or there is no such field.
func (o Object) Value(field string) any {
	if i := o.Entity.index(field); i >= 0 {
		return o.Values[i]
	}
	return nil
}

// Set puts the value of a field that the entity has.
func (o Object) Set(field string, v any) {
	i := o.Entity.index(field)
	if i < 0 {
		panic("icat: " + o.Entity.Name + " has no field " + field)
	}
	o.Values[i] = v
}

// ID returns the object's id, 0 if it has none yet.
func (o Object) ID() int64 {
	id, _ := o.Value("id").(int64)
	return id
}

// Text returns a string field, "" when it is null.
func (o Object) Text(field string) string {
	s, _ := o.Value(field).(string)
	return s
}

// To returns what the relation leads to, if it was included and there is any.
func (o Object) To(relation string) []Object {
	for _, r := range o.Related {
		if r.Relation.Name == relation {
			return r.Objects
		}
	}
	return nil
}

// Count returns how many entities the object holds, itself included: what
// ICAT's maxEntities bounds.
func (o Object) Count() int {
	n := 1
	for _, r := range o.Related {
		for _, child := range r.Objects {
			n += child.Count()
		}
	}
	return n
}

// MarshalJSON writes the object as the API carries it; see AppendJSON.
func (o Object) MarshalJSON() ([]byte, error) { return o.AppendJSON(nil), nil }

// AppendJSON appends the object as JSON: fields in the schema's order, then
// relations. Nulls and a to-one that leads nowhere are left out; a to-many that
// was included is an array even when it is empty.
func (o Object) AppendJSON(b []byte) []byte {
	b = append(b, '{')
	first := len(b)
	name := func(s string) {
		if len(b) > first {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, s...)
		b = append(b, '"', ':')
	}
	for i, v := range o.Values {
		if v != nil {
			name(o.Entity.Fields[i].Name)
			b = appendValue(b, v)
		}
	}
	for _, r := range o.Related {
		switch {
		case r.Relation.Many():
			name(r.Relation.Name)
			b = AppendArray(b, r.Objects)
		case len(r.Objects) > 0:
			name(r.Relation.Name)
			b = r.Objects[0].AppendJSON(b)
		}
	}
	return append(b, '}')
}

// AppendArray appends objects as a JSON array.
func AppendArray(b []byte, objects []Object) []byte {
	b = append(b, '[')
	for i, o := range objects {
		if i > 0 {
			b = append(b, ',')
		}
		b = o.AppendJSON(b)
	}
	return append(b, ']')
}

func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return appendString(b, v)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return append(b, "null"...) // JSON has no word for it
		}
		return strconv.AppendFloat(b, v, 'g', -1, 64)
	case bool:
		return strconv.AppendBool(b, v)
	case Time:
		return v.appendJSON(b)
	default:
		panic("icat: a value that no kind has")
	}
}

// appendString takes the short way for what needs no escape: nearly everything.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			quoted, err := json.Marshal(s)
			if err != nil {
				panic(err) // a string always encodes
			}
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
