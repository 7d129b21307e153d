package store

import (
	"strings"

	"plumbline/demo-app/icat"
)

// tables are the schema's entities as SQL knows them.
type tables map[*icat.Entity]*table

type table struct {
	entity  *icat.Entity
	name    string
	columns []string          // of the entity's fields, in the schema's order
	column  map[string]string // of a field, by its name
	key     map[string]string // of a to-one relation, by its name
}

func newTables() tables {
	all := tables{}
	for _, e := range icat.Entities() {
		t := &table{entity: e, name: snake(e.Name), column: map[string]string{}, key: map[string]string{}}
		if e.Name == "User" {
			t.name = "user_" // user is a reserved word
		}
		for _, f := range e.Fields {
			c := snake(f.Name)
			t.columns = append(t.columns, c)
			t.column[f.Name] = c
		}
		for _, r := range e.Relations {
			if !r.Many() {
				t.key[r.Name] = snake(r.Name) + "_id"
			}
		}
		all[e] = t
	}
	return all
}

// snake turns a name of the schema into SQL's: createTime is create_time. It
// sees no other names, so its answers need no quoting.
func snake(name string) string {
	var b strings.Builder
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			if i > 0 {
				b.WriteByte('_')
			}
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	return b.String()
}
