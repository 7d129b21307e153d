package store

import (
	"encoding/json"
	"fmt"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"plumbline/demo-app/icat"
)

// samples returns conditions of every comparison on a field, with values that
// occur in the catalogue.
func samples(m *model, e *icat.Entity, field icat.Field, path []icat.Relation) []icat.Condition {
	var values []any
	for n, o := range m.objects[e.Name] {
		if v := o.Value(field.Name); v != nil && (len(values) == 0 || n%7 == 3 && len(values) < 3) {
			values = append(values, v)
		}
	}
	is := func(op icat.Op, v ...any) icat.Condition {
		return icat.Condition{Path: path, Field: field, Op: op, Values: v}
	}
	all := []icat.Condition{is(icat.IsNull, true), is(icat.IsNull, false)}
	if len(values) == 0 {
		return all
	}
	last := values[len(values)-1]
	all = append(all, is(icat.Eq, last), is(icat.Ne, last), is(icat.In, values...))
	if field.Kind == icat.Boolean {
		return all
	}
	all = append(all, is(icat.Lt, last), is(icat.Lte, last), is(icat.Gt, last), is(icat.Gte, last), is(icat.Between, values[0], last), is(icat.Between, last, values[0]))
	if s, ok := last.(string); ok {
		part := s[len(s)/3 : len(s)-len(s)/3]
		all = append(all, is(icat.Like, part), is(icat.ILike, part), is(icat.Like, swapCase(part)), is(icat.ILike, swapCase(part)), is(icat.Like, ""), is(icat.ILike, "%"), is(icat.Like, "_"))
	}
	return all
}

func swapCase(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' {
			b[i] ^= 0x20
		}
	}
	return string(b)
}

func describe(who string, e *icat.Entity, c icat.Condition) string {
	path := ""
	for _, r := range c.Path {
		path += r.Name + "."
	}
	values, _ := json.Marshal(c.Values)
	return fmt.Sprintf("%s %s.%s%s %s %s", who, e.Name, path, c.Field.Name, c.Op, values)
}

// agree compares a filter's answers with the model's.
func agree(t *testing.T, w world, who string, e *icat.Entity, f icat.Filter, about string) {
	t.Helper()
	want := w.model.list(who, e, f)
	if got, err := w.Count(t.Context(), as(who), e, f); got != int64(len(want)) || err != nil {
		t.Errorf("%s: counts %d, %v; want %d", about, got, err, len(want))
	}
	const most = 50
	f.Limit = most
	got, err := w.List(t.Context(), as(who), e, f)
	if diff := gocmp.Diff(want[:min(most, len(want))], ids(got)); diff != "" || err != nil {
		t.Errorf("%s: lists otherwise (-want +got), %v:\n%s", about, err, diff)
	}
}

func everyComparison(t *testing.T, w world) {
	for _, e := range icat.Entities() {
		fields := e.Fields
		if e.Name != "Dataset" {
			fields = fields[5:] // those that all entities have are alike
		}
		for _, field := range fields {
			for i, c := range samples(w.model, e, field, nil) {
				user := w.who["root"]
				if i%2 == 0 {
					user = w.who["member"]
				}
				agree(t, w, user, e, icat.Filter{Where: []icat.Condition{c}}, describe(user, e, c))
			}
		}
	}
}

func pathsOfRelations(t *testing.T, w world) {
	n := 0
	for _, e := range icat.Collections() {
		for _, path := range paths(e, 3) {
			to := path[len(path)-1].Entity()
			for _, name := range []string{"id", "name", "modTime", "endDate", "pid"} {
				field, ok := to.Field(name)
				if !ok {
					continue
				}
				all := samples(w.model, to, field, path)
				n++
				c := all[n%len(all)]
				if len(path) > 1 && n%(9*len(path)) != 0 {
					continue // a sample of the many
				}
				for _, user := range []string{w.who["member"], w.who["anonymous"]}[:1+n%2] {
					agree(t, w, user, e, icat.Filter{Where: []icat.Condition{c}}, describe(user, e, c))
				}
			}
		}
	}
}

// paths returns the ways of up to depth relations from e.
func paths(e *icat.Entity, depth int) [][]icat.Relation {
	if depth == 0 {
		return nil
	}
	var all [][]icat.Relation
	for _, r := range e.Relations {
		all = append(all, []icat.Relation{r})
		for _, further := range paths(r.Entity(), depth-1) {
			all = append(all, append([]icat.Relation{r}, further...))
		}
	}
	return all
}
