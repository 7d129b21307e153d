package facility

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"plumbline/demo-app/icat"
)

// fields returns a row's values by JSON name, those of Base included; nil is null.
func fields(row any) map[string]any {
	out := map[string]any{}
	collect(out, reflect.ValueOf(row).Elem())
	return out
}

func collect(out map[string]any, v reflect.Value) {
	for i := range v.NumField() {
		field, value := v.Type().Field(i), v.Field(i)
		if field.Anonymous {
			collect(out, value)
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "-" || isRelation(field.Type) {
			continue
		}
		switch {
		case value.Kind() == reflect.Pointer && value.IsNil(), value.Kind() != reflect.Bool && value.Kind() != reflect.Pointer && value.IsZero():
			out[name] = nil
		case value.Kind() == reflect.Pointer:
			out[name] = value.Elem().Interface()
		default:
			out[name] = value.Interface()
		}
	}
}

func isRelation(t reflect.Type) bool {
	return t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct
}

// related returns the ids that a row points to, by relation; 0 is null.
func related(row any) map[string]int64 {
	out := map[string]int64{}
	v := reflect.ValueOf(row).Elem()
	for i := range v.NumField() {
		if field := v.Type().Field(i); field.Tag.Get("json") == "-" {
			name := strings.TrimSuffix(field.Name, "ID")
			out[strings.ToLower(name[:1])+name[1:]] = v.Field(i).Int()
		}
	}
	return out
}

// relations returns the relations that a type can decode: "name To", to-many with a star.
func relations(t reflect.Type) map[string]bool {
	out := map[string]bool{}
	for i := range t.NumField() {
		field := t.Field(i)
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); isRelation(field.Type) {
			star := ""
			if field.Type.Kind() == reflect.Slice {
				star = " *"
			}
			out[name+" "+field.Type.Elem().Name()+star] = true
		}
	}
	return out
}

func TestParentsComeFirstAndNothingIsMissing(t *testing.T) {
	seen := map[string]bool{}
	for entity := range New(1, Small()).All() {
		e, ok := icat.Lookup(entity)
		if !ok {
			t.Fatalf("%s is not in the schema", entity)
		}
		for _, r := range e.Relations {
			if !r.Many() && !seen[r.To] {
				t.Errorf("%s comes before %s, which it points to", entity, r.To)
			}
		}
		seen[entity] = true
	}
	for _, e := range icat.Entities() {
		if !seen[e.Name] {
			t.Errorf("no %s is made", e.Name)
		}
	}
}

func TestTypesAreThoseOfTheSchema(t *testing.T) {
	for entity, kind := range New(1, Small()).All() {
		e, _ := icat.Lookup(entity)
		for row := range kind {
			want, got := map[string]bool{}, map[string]bool{}
			for _, f := range e.Fields {
				want[f.Name] = true
			}
			for name := range fields(row) {
				got[name] = true
			}
			for _, r := range e.Relations {
				if star := " *"; r.Many() {
					want[r.Name+" "+r.To+star] = true
				} else {
					want[r.Name+" "+r.To], want[r.Name+" id"] = true, true
				}
			}
			for name := range relations(reflect.TypeOf(row).Elem()) {
				got[name] = true
			}
			for name := range related(row) {
				got[name+" id"] = true
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-schema +type):\n%s", entity, diff)
			}
			break
		}
	}
}

func TestRowsKeepTheSchemasRules(t *testing.T) {
	for _, f := range []*Facility{New(1, Small()), New(7, Small()), New(1, Full())} {
		if broken := breaches(f); len(broken) > 0 {
			t.Errorf("%s, seed %d: %d breaches, for example %s", f.Scale.Name, f.Seed, len(broken), broken[0])
		}
	}
}

// Without it, nobody knows whether the rules are looked at.
func TestABrokenRowIsFound(t *testing.T) {
	for _, row := range []struct {
		name  string
		spoil func(*Facility)
	}{
		{"a name twice", func(f *Facility) { f.users[3].Name = f.users[4].Name }},
		{"a pair of ids twice", func(f *Facility) {
			f.beamtime[1].InvestigationID, f.beamtime[1].InstrumentID = f.beamtime[0].InvestigationID, f.beamtime[0].InstrumentID
		}},
		{"a name that is null", func(f *Facility) { f.datasets[5].Name = "" }},
		{"a text too long", func(f *Facility) { f.samples[5].Name = strings.Repeat("x", 256) }},
		{"a parent that is null", func(f *Facility) { f.samples[5].InvestigationID = 0 }},
		{"a parent that does not exist", func(f *Facility) { f.datasets[5].SampleID = 9999 }},
		{"an id left out", func(f *Facility) { f.cycles[2].ID = 99 }},
	} {
		f := New(1, Small())
		row.spoil(f)
		if len(breaches(f)) == 0 {
			t.Errorf("%s: not noticed", row.name)
		}
	}
}

func breaches(f *Facility) (broken []string) {
	sizes := map[string]int64{}
	for entity, kind := range f.All() {
		e, _ := icat.Lookup(entity)
		unique := map[string]bool{}
		for row := range kind {
			values, ids := fields(row), related(row)
			sizes[entity]++
			complain := func(what string, args ...any) {
				broken = append(broken, fmt.Sprintf("%s[id:%v]: ", entity, values["id"])+fmt.Sprintf(what, args...))
			}
			if values["id"] != sizes[entity] {
				complain("is row %d", sizes[entity])
			}
			for _, field := range e.Fields {
				if values[field.Name] == nil && field.Required {
					complain("%s is null", field.Name)
				}
				if s, ok := values[field.Name].(string); ok && utf8.RuneCountInString(s) > field.Max {
					complain("%s is longer than %d", field.Name, field.Max)
				}
			}
			for _, r := range e.Relations {
				if id := ids[r.Name]; !r.Many() && (id == 0 && r.Required || id < 0 || id > sizes[r.To]) {
					complain("%s is %d", r.Name, id)
				}
			}
			var key strings.Builder
			for _, name := range e.Unique {
				if id, ok := ids[name]; ok {
					fmt.Fprintf(&key, "%d|", id)
				} else {
					fmt.Fprintf(&key, "%q|", values[name])
				}
			}
			if len(e.Unique) > 0 && unique[key.String()] {
				complain("%v is there twice", e.Unique)
			}
			unique[key.String()] = true
		}
	}
	return broken
}
