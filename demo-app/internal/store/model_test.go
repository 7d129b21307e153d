package store

import (
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
)

// model answers from the facility's Go values what the catalogue should answer
// from SQL. It shares no code with the store: objects are decoded from the JSON
// of the Go types, and conditions are checked by walking over all of them.
type model struct {
	facility *facility.Facility
	now      time.Time
	objects  map[string][]icat.Object // by entity; id n at n-1
	keys     map[string][]map[string]int64
	children map[string]map[int64][]int64 // by entity and to-many relation
	users    map[string]int64             // by name
}

func newModel(t *testing.T, f *facility.Facility) *model {
	t.Helper()
	m := &model{facility: f, now: now, objects: map[string][]icat.Object{}, keys: map[string][]map[string]int64{}, children: map[string]map[int64][]int64{},
		users: map[string]int64{}}
	for name, rows := range f.All() {
		e := lookup(name)
		for row := range rows {
			b, err := json.Marshal(row)
			if err != nil {
				t.Fatal(err)
			}
			o, err := icat.DecodeObject(e, b)
			if err != nil {
				t.Fatal(err)
			}
			o.Related = nil
			keys := map[string]int64{}
			for _, r := range e.Relations {
				if !r.Many() {
					keys[r.Name] = reflect.ValueOf(row).Elem().FieldByName(strings.ToUpper(r.Name[:1]) + r.Name[1:] + "ID").Int()
				}
			}
			m.objects[name] = append(m.objects[name], o)
			m.keys[name] = append(m.keys[name], keys)
		}
	}
	for _, u := range m.objects["User"] {
		m.users[u.Text("name")] = u.ID()
	}
	for _, e := range icat.Entities() {
		for _, r := range e.Relations {
			if r.Many() {
				back := map[int64][]int64{}
				for i, keys := range m.keys[r.To] {
					back[keys[r.Inverse]] = append(back[keys[r.Inverse]], int64(i+1))
				}
				m.children[e.Name+"."+r.Name] = back
			}
		}
	}
	return m
}

func (m *model) reads(who string, e *icat.Entity, id int64) bool {
	if e.Public {
		return true
	}
	for e.Owner != "" {
		owner, _ := e.Relation(e.Owner)
		id, e = m.keys[e.Name][id-1][e.Owner], owner.Entity()
	}
	return m.facility.CanRead(m.users[who], id, m.now) // unknown ones are nobody in particular
}

// reach returns the ids that a relation leads to from id and the user may read.
func (m *model) reach(who string, e *icat.Entity, id int64, r icat.Relation) []int64 {
	to := m.children[e.Name+"."+r.Name][id]
	if !r.Many() {
		to = nil
		if key := m.keys[e.Name][id-1][r.Name]; key != 0 {
			to = []int64{key}
		}
	}
	return slices.DeleteFunc(slices.Clone(to), func(id int64) bool { return !m.reads(who, r.Entity(), id) })
}

func (m *model) holds(who string, e *icat.Entity, id int64, path []icat.Relation, c icat.Condition) bool {
	if len(path) == 0 {
		return compare(m.objects[e.Name][id-1].Value(c.Field.Name), c)
	}
	to := m.reach(who, e, id, path[0])
	// The id of a to-one that leads nowhere is null; other fields do not exist.
	if len(to) == 0 && len(path) == 1 && !path[0].Many() && c.Field.Name == "id" {
		return compare(nil, c)
	}
	return slices.ContainsFunc(to, func(id int64) bool { return m.holds(who, path[0].Entity(), id, path[1:], c) })
}

func compare(v any, c icat.Condition) bool {
	if c.Op == icat.IsNull {
		return (v == nil) == c.Values[0].(bool)
	}
	if v == nil {
		return false
	}
	order := func(i int) int {
		switch v := v.(type) {
		case string:
			return cmp.Compare(v, c.Values[i].(string))
		case int64:
			return cmp.Compare(v, c.Values[i].(int64))
		case float64:
			return cmp.Compare(v, c.Values[i].(float64))
		case icat.Time:
			return v.Time().Compare(c.Values[i].(icat.Time).Time())
		default:
			if v == c.Values[i] {
				return 0
			}
			return 1
		}
	}
	switch c.Op {
	case icat.Eq:
		return order(0) == 0
	case icat.Ne:
		return order(0) != 0
	case icat.Lt:
		return order(0) < 0
	case icat.Lte:
		return order(0) <= 0
	case icat.Gt:
		return order(0) > 0
	case icat.Gte:
		return order(0) >= 0
	case icat.Between:
		return order(0) >= 0 && order(1) <= 0
	case icat.In:
		for i := range c.Values {
			if order(i) == 0 {
				return true
			}
		}
		return false
	case icat.Like:
		return strings.Contains(v.(string), c.Values[0].(string))
	case icat.ILike:
		return strings.Contains(strings.ToLower(v.(string)), strings.ToLower(c.Values[0].(string)))
	}
	panic(c.Op)
}

// list returns the ids that a filter selects, by id.
func (m *model) list(who string, e *icat.Entity, f icat.Filter) []int64 {
	found := []int64{}
	for i := range m.objects[e.Name] {
		id := int64(i + 1)
		if m.reads(who, e, id) && !slices.ContainsFunc(f.Where, func(c icat.Condition) bool { return !m.holds(who, e, id, c.Path, c) }) {
			found = append(found, id)
		}
	}
	return found
}

// object returns the entity with what is to be included.
func (m *model) object(who string, e *icat.Entity, id int64, include []icat.Include) icat.Object {
	o := m.objects[e.Name][id-1]
	for _, i := range include {
		related := icat.Related{Relation: i.Relation}
		for _, to := range m.reach(who, e, id, i.Relation) {
			related.Objects = append(related.Objects, m.object(who, i.Relation.Entity(), to, i.Include))
		}
		o.Related = append(slices.Clip(o.Related), related)
	}
	return o
}
