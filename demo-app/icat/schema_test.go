package icat

import (
	"bufio"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// typed returns one value of each entity's Go type.
func typed() []any {
	return []any{
		Facility{}, User{}, Instrument{}, InstrumentScientist{}, FacilityCycle{}, InvestigationType{}, Investigation{}, InvestigationUser{},
		InvestigationInstrument{}, InvestigationFacilityCycle{}, Keyword{}, SampleType{}, Sample{}, DatasetType{}, Dataset{}, DatafileFormat{},
		Datafile{}, ParameterType{}, DatafileParameter{},
	}
}

func TestGoTypesAreTheSchemas(t *testing.T) {
	if got, want := len(typed()), len(Entities()); got != want {
		t.Errorf("%d Go types for %d entities", got, want)
	}
	for _, v := range typed() {
		kind := reflect.TypeOf(v)
		e, ok := Lookup(kind.Name())
		if !ok {
			t.Errorf("no entity %s", kind.Name())
			continue
		}
		members := map[string]reflect.Type{}
		for _, f := range reflect.VisibleFields(kind) {
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
				members[name] = f.Type
			}
		}
		for _, f := range e.Fields {
			got, ok := members[f.Name]
			if !ok || !fits(got, f.Kind) {
				t.Errorf("%s.%s is %v in Go and %v in the schema", e.Name, f.Name, got, f.Kind)
			}
			delete(members, f.Name)
		}
		for _, r := range e.Relations {
			want := "*icat." + r.To
			if r.Many() {
				want = "[]icat." + r.To
			}
			if got := members[r.Name]; got == nil || got.String() != want {
				t.Errorf("%s.%s is %v, want %s", e.Name, r.Name, got, want)
			}
			delete(members, r.Name)
			if _, ok := kind.FieldByNameFunc(func(name string) bool { return strings.EqualFold(name, r.Name+"ID") }); ok == r.Many() {
				t.Errorf("%s.%s: a foreign key is there: %t", e.Name, r.Name, ok)
			}
		}
		for name := range members {
			t.Errorf("%s.%s is not in the schema", e.Name, name)
		}
	}
}

func fits(t reflect.Type, k Kind) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t == map[Kind]reflect.Type{
		String: reflect.TypeFor[string](), Integer: reflect.TypeFor[int64](), Number: reflect.TypeFor[float64](),
		Boolean: reflect.TypeFor[bool](), Date: reflect.TypeFor[Time]()}[k]
}

func TestSchemaIsSound(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range Entities() {
		for _, r := range e.Relations {
			to := r.Entity()
			if !r.Many() && !seen[r.To] {
				t.Errorf("%s comes before %s, which it points at", e.Name, r.To)
			}
			if back, ok := to.Relation(r.Inverse); r.Many() && (!ok || back.Many() || back.To != e.Name) {
				t.Errorf("%s.%s: no way back by %s", e.Name, r.Name, r.Inverse)
			}
		}
		for _, name := range e.Unique {
			_, field := e.Field(name)
			r, relation := e.Relation(name)
			if !field && (!relation || r.Many()) {
				t.Errorf("%s is unique by %s, which it has not", e.Name, name)
			}
		}
		// Every guarded entity leads to an investigation.
		for at, steps := e, 0; !at.Public && at.Name != "Investigation"; steps++ {
			r, ok := at.Relation(at.Owner)
			if !ok || r.Many() || !r.Required || steps > 4 {
				t.Errorf("%s: nothing says who may read it", e.Name)
				break
			}
			at = r.Entity()
		}
		seen[e.Name] = true
	}
	if got := len(Collections()); got != 8 {
		t.Errorf("%d collections, want 8", got)
	}
}

// published is what ICAT itself declares, extracted from its source: a line
// "## Entity" and then "  field: Type NOT NULL len 255" for each.
const published = "../../../shared/reference/icat-schema.txt"

func TestSchemaIsICATs(t *testing.T) {
	file, err := os.Open(published)
	if err != nil {
		t.Skip("not compared with ICAT's own declarations: they are not beside this repository")
	}
	defer file.Close()
	type declared struct {
		kind     string
		required bool
		max      int
	}
	theirs, at := map[string]declared{}, ""
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line, _, _ := strings.Cut(lines.Text(), "//")
		if name, ok := strings.CutPrefix(line, "## "); ok {
			at = strings.Fields(name)[0]
			continue
		}
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		d := declared{kind: words[1], required: strings.Contains(line, "NOT NULL"), max: 255}
		if i := slices.Index(words, "len"); i > 0 {
			d.max, _ = strconv.Atoi(words[i+1])
		}
		theirs[at+"."+strings.TrimSuffix(words[0], ":")] = d
	}
	kinds := map[string]Kind{"String": String, "Long": Integer, "Integer": Integer, "Double": Number, "boolean": Boolean, "Date": Date, "ParameterValueType": String}
	for _, e := range Entities() {
		for _, f := range e.Fields {
			if f.Kept {
				continue // of EntityBaseBean
			}
			d, ok := theirs[e.Name+"."+f.Name]
			if !ok && e.Name == "DatafileParameter" {
				d, ok = theirs["Parameter."+f.Name]
			}
			kind, known := kinds[d.kind]
			if !ok || !known || kind != f.Kind || d.required != f.Required || f.Kind == String && d.max != f.Max {
				t.Errorf("%s.%s: ours %+v, ICAT's %+v", e.Name, f.Name, f, d)
			}
		}
		for _, r := range e.Relations {
			d, ok := theirs[e.Name+"."+r.Name]
			want := r.To
			if r.Many() {
				want = "List<" + r.To + ">"
			}
			if e.Name == "DatafileParameter" && r.Name == "type" {
				continue // of the abstract Parameter
			}
			if !ok || d.kind != want || d.required != r.Required {
				t.Errorf("%s.%s: ours %+v, ICAT's %+v", e.Name, r.Name, r, d)
			}
		}
	}
}

func TestObjectsAreWrittenAndReadBack(t *testing.T) {
	e := investigation(t)
	o := NewObject(e)
	o.Set("id", int64(7))
	o.Set("createId", "user")
	o.Set("createTime", At(time.Date(2009, 2, 18, 13, 40, 27, 0, time.UTC)))
	o.Set("title", "<\"quoted\"> \\ ünïcode \x01")
	o.Set("fileSize", int64(0))
	kind := NewObject(e.relation(t, "type").Entity())
	kind.Set("name", "experiment")
	o.Related = []Related{
		{e.relation(t, "type"), []Object{kind}}, {e.relation(t, "facility"), nil}, {e.relation(t, "datasets"), nil},
	}
	got := string(o.AppendJSON(nil))
	want := `{"createId":"user","createTime":"2009-02-18T13:40:27+00:00","id":7,"fileSize":0,"title":"\u003c\"quoted\"\u003e \\ ünïcode \u0001",` +
		`"type":{"name":"experiment"},"datasets":[]}`
	if got != want {
		t.Errorf("written as\n%s, want\n%s", got, want)
	}
	back, err := DecodeObject(e, []byte(got))
	if err != nil || string(back.AppendJSON(nil)) != `{"createId":"user","createTime":"2009-02-18T13:40:27+00:00","id":7,"fileSize":0,"title":"\u003c\"quoted\"\u003e \\ ünïcode \u0001",`+
		`"type":{"name":"experiment"},"datasets":[]}` {
		t.Errorf("read back as %s, %v", back.AppendJSON(nil), err)
	}
	if o.Count() != 2 || o.ID() != 7 || o.Text("name") != "" || o.To("type")[0].Text("name") != "experiment" {
		t.Errorf("object is %+v", o)
	}
	if _, err := DecodeObject(e, []byte(`{"id":"seven"}`)); err == nil || AsError(err).Code != BadUpstream {
		t.Errorf("an id that is text is read: %v", err)
	}
}

func (e *Entity) relation(t *testing.T, name string) Relation {
	t.Helper()
	r, ok := e.Relation(name)
	if !ok {
		t.Fatalf("%s has no relation %s", e.Name, name)
	}
	return r
}
