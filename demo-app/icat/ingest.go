package icat

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxIngest bounds how many objects one request creates.
const maxIngest = 1000

// ParseObjects reads the body that creates entities of e: an array of objects
// or one object. To-one relations are given by id: {"dataset":{"id":7}}. A body
// of another form is BAD_PARAMETER; one that breaks the schema's rules (a
// required value is absent, a text is too long) is VALIDATION.
func ParseObjects(e *Entity, body []byte) ([]Object, error) {
	tree, ok := oneJSON(body)
	if !ok {
		return nil, Errorf(BadParameter, "body is not JSON")
	}
	list, ok := tree.([]any)
	if !ok {
		list = []any{tree}
	}
	if len(list) == 0 || len(list) > maxIngest {
		return nil, Errorf(BadParameter, "body: want 1 to %d objects", maxIngest)
	}
	objects := make([]Object, len(list))
	for i, item := range list {
		o, err := parseObject(e, item)
		if err != nil {
			return nil, err
		}
		if err := complete(o); err != nil {
			return nil, err
		}
		objects[i] = o
	}
	return objects, nil
}

// ParseChange reads the body that changes one entity of e: an object with the
// fields to change. What it leaves out stays as it is; nothing can become null.
func ParseChange(e *Entity, body []byte) (Object, error) {
	tree, ok := oneJSON(body)
	if !ok {
		return Object{}, Errorf(BadParameter, "body is not JSON")
	}
	if members, ok := tree.(map[string]any); ok {
		for _, v := range members {
			if v == nil {
				return Object{}, Errorf(BadParameter, "%s: a member is null; nothing can become null", e.Name)
			}
		}
	}
	o, err := parseObject(e, tree)
	if err == nil && len(o.Related) == 0 && !slices.ContainsFunc(o.Values, func(v any) bool { return v != nil }) {
		err = Errorf(BadParameter, "body changes nothing; known: %s", known(settable(e), func(f Field) string { return f.Name }))
	}
	return o, err
}

// parseObject takes what a client may set: own fields and to-one relations.
func parseObject(e *Entity, tree any) (Object, error) {
	members, ok := tree.(map[string]any)
	if !ok {
		return Object{}, Errorf(BadParameter, "body: %s is not an object", e.Name)
	}
	o := NewObject(e)
	for name, v := range members {
		if i := e.index(name); i >= 0 && !e.Fields[i].Kept {
			if v == nil {
				continue
			}
			value, err := parseValue(e, e.Fields[i], v)
			if err != nil {
				return o, err
			}
			o.Values[i] = value
			continue
		}
		r, ok := e.Relation(name)
		if !ok || r.Many() {
			return o, Errorf(BadParameter, "%s: a member is no field that can be set; known: %s", e.Name,
				strings.Join(append(names(settable(e)), toOnes(e)...), ", "))
		}
		id, ok := reference(v)
		if !ok {
			return o, Errorf(BadParameter, `%s: %s is not of the form {"id":1}`, e.Name, r.Name)
		}
		to := NewObject(r.Entity())
		to.Set("id", id)
		o.Related = append(o.Related, Related{r, []Object{to}})
	}
	return o, nil
}

// reference reads {"id":7}.
func reference(v any) (int64, bool) {
	members, ok := v.(map[string]any)
	if !ok || len(members) != 1 {
		return 0, false
	}
	number, ok := members["id"].(json.Number)
	if !ok {
		return 0, false
	}
	id, err := number.Int64()
	return id, err == nil && id > 0
}

func parseValue(e *Entity, f Field, v any) (any, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	values, err := oneValue(f, f.Kind, raw)
	if err != nil {
		return nil, Errorf(BadParameter, "%s: %s takes %s", e.Name, f.Name, f.Kind)
	}
	if s, ok := values[0].(string); ok && utf8.RuneCountInString(s) > f.Max {
		return nil, Errorf(Validation, "%s: %s cannot have length > %d", e.Name, f.Name, f.Max)
	}
	if n, ok := values[0].(int64); ok && n < 0 {
		return nil, Errorf(Validation, "%s: %s cannot be negative", e.Name, f.Name)
	}
	return values[0], nil
}

// complete reports what a new object lacks.
func complete(o Object) error {
	for i, f := range o.Entity.Fields {
		if f.Required && o.Values[i] == nil && !f.Kept {
			if f.Kind == Boolean {
				o.Values[i] = false
				continue
			}
			return Errorf(Validation, "%s: %s cannot be null.", o.Entity.Name, f.Name)
		}
	}
	for _, r := range o.Entity.Relations {
		if r.Required && len(o.To(r.Name)) == 0 {
			return Errorf(Validation, "%s: %s cannot be null.", o.Entity.Name, r.Name)
		}
	}
	return nil
}

func settable(e *Entity) []Field {
	return slices.DeleteFunc(slices.Clone(e.Fields), func(f Field) bool { return f.Kept })
}

func toOnes(e *Entity) []string {
	var names []string
	for _, r := range e.Relations {
		if !r.Many() {
			names = append(names, r.Name)
		}
	}
	return names
}

func names(fields []Field) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.Name
	}
	return out
}

// DecodeObject reads an object as a catalogue answers it. Members that the
// schema does not know are passed over, absent ones are null; a value of the
// wrong kind is an error.
func DecodeObject(e *Entity, b []byte) (Object, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(b, &members); err != nil {
		return Object{}, Wrap(BadUpstream, e.Name+" is not an object", err)
	}
	o := NewObject(e)
	for i, f := range e.Fields {
		raw, ok := members[f.Name]
		if !ok || string(raw) == "null" {
			continue
		}
		values, err := oneValue(f, f.Kind, raw)
		if err != nil {
			return o, Errorf(BadUpstream, "%s: %s is not %s", e.Name, f.Name, f.Kind)
		}
		o.Values[i] = values[0]
	}
	for _, r := range e.Relations {
		raw, ok := members[r.Name]
		if !ok || string(raw) == "null" {
			continue
		}
		related := Related{Relation: r}
		list := []json.RawMessage{raw}
		if r.Many() {
			if err := json.Unmarshal(raw, &list); err != nil {
				return o, Wrap(BadUpstream, e.Name+": "+r.Name+" is not an array", err)
			}
		}
		for _, item := range list {
			child, err := DecodeObject(r.Entity(), item)
			if err != nil {
				return o, err
			}
			related.Objects = append(related.Objects, child)
		}
		o.Related = append(o.Related, related)
	}
	return o, nil
}
