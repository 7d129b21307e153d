package icat

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Include is a relation whose entities come along with the answer, and what
// comes along with those.
type Include struct {
	Relation Relation
	Include  []Include
}

// addOrder reads "field", "field asc" or "field desc", with or without the
// JSON quotes that DataGateway clients send. The field may stand at the end of
// a path of to-one relations.
func (f *Filter) addOrder(e *Entity, v string) error {
	words := strings.Fields(strings.Trim(v, `"`))
	if len(words) == 0 || len(words) > 2 || len(f.Order) == maxConditions {
		return Errorf(BadParameter, `order: not of the form "field asc" or "field desc"`)
	}
	path, field, err := resolve("order", e, words[0])
	if err != nil {
		return err
	}
	for _, r := range path {
		if r.Many() {
			return Errorf(BadParameter, "order: %s leads to many; only to-one relations can be sorted by", r.Name)
		}
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
	f.Order = append(f.Order, Order{path, field, desc})
	return nil
}

// addDistinct reads a field or a list of fields, as JSON.
func (f *Filter) addDistinct(e *Entity, v string) error {
	names, ok := oneOrMore([]byte(v))
	if !ok || len(names) == 0 {
		return Errorf(BadParameter, `distinct: not of the form "field" or ["field", ...]`)
	}
	for _, name := range names {
		field, ok := e.Field(name)
		if !ok {
			return Errorf(BadParameter, "distinct: unknown field of %s; known: %s", e.Name, known(e.Fields, func(f Field) string { return f.Name }))
		}
		if !slices.Contains(f.Distinct, field) {
			f.Distinct = append(f.Distinct, field)
		}
	}
	return nil
}

// oneOrMore reads a JSON string or an array of them.
func oneOrMore(v []byte) ([]string, bool) {
	var name *string
	if json.Unmarshal(v, &name) == nil && name != nil {
		return []string{*name}, utf8.Valid(v)
	}
	var names []string
	err := json.Unmarshal(v, &names)
	return names, err == nil && utf8.Valid(v)
}

const includeForm = `include: not of the form "relation", ["relation", ...] or {"relation": "relation of that"}`

// addInclude reads a relation, a list of them, or an object from relations to
// what comes along with each; these nest, at most three relations deep.
func (f *Filter) addInclude(e *Entity, v string) error {
	if !utf8.ValidString(v) {
		return Errorf(BadParameter, includeForm)
	}
	d := json.NewDecoder(strings.NewReader(v))
	var tree any
	if d.Decode(&tree) != nil {
		return Errorf(BadParameter, includeForm)
	}
	if _, err := d.Token(); err != io.EOF {
		return Errorf(BadParameter, includeForm)
	}
	left := maxIncludes - count(f.Include)
	merged, err := include(f.Include, e, tree, 1, &left)
	f.Include = merged
	return err
}

// count returns how many relations a tree crosses.
func count(tree []Include) int {
	n := len(tree)
	for _, i := range tree {
		n += count(i.Include)
	}
	return n
}

// include adds what tree names to those already there.
func include(to []Include, e *Entity, tree any, depth int, left *int) ([]Include, error) {
	if depth > maxDepth {
		return to, Errorf(BadParameter, "include: deeper than %d relations", maxDepth)
	}
	switch tree := tree.(type) {
	case string:
		return includeOne(to, e, tree, nil, depth, left)
	case []any:
		for _, branch := range tree {
			var err error
			if to, err = include(to, e, branch, depth, left); err != nil {
				return to, err
			}
		}
		return to, nil
	case map[string]any:
		names := make([]string, 0, len(tree))
		for name := range tree {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			var err error
			if to, err = includeOne(to, e, name, tree[name], depth, left); err != nil {
				return to, err
			}
		}
		return to, nil
	default:
		return to, Errorf(BadParameter, includeForm)
	}
}

func includeOne(to []Include, e *Entity, name string, below any, depth int, left *int) ([]Include, error) {
	r, err := relation("include", e, name)
	if err != nil {
		return to, err
	}
	at := slices.IndexFunc(to, func(i Include) bool { return i.Relation.Name == name })
	if at < 0 {
		if *left--; *left < 0 {
			return to, Errorf(BadParameter, "include: more than %d relations", maxIncludes)
		}
		at = len(to)
		to = append(to, Include{Relation: r})
	}
	if below != nil {
		to[at].Include, err = include(to[at].Include, r.Entity(), below, depth+1, left)
	}
	return to, err
}

// ParseInclude reads the value of one include parameter.
func ParseInclude(e *Entity, v string) ([]Include, error) {
	var f Filter
	err := f.addInclude(e, v)
	return f.Include, err
}

// oneJSON decodes exactly one JSON value; numbers keep their digits.
func oneJSON(b []byte) (any, bool) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if !utf8.Valid(b) || d.Decode(&v) != nil {
		return nil, false
	}
	_, err := d.Token()
	return v, err == io.EOF
}
