package icat

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

func investigation(t testing.TB) *Entity {
	t.Helper()
	e, ok := Lookup("Investigation")
	if !ok {
		t.Fatal("no entity Investigation")
	}
	return e
}

func TestParseFilterRefuses(t *testing.T) {
	const secret = "s3cr3t"
	long := `{"id":{"in":[` + strings.Repeat("1,", maxValues) + `1]}}`
	half := `{"datasets":["type","datafiles","sample","investigation"],"samples":["type","datasets","investigation"]}`
	otherHalf := `{"investigationUsers":["user","investigation"],"investigationInstruments":["instrument","investigation"],"keywords":"investigation"}`
	wide := "[" + half + "," + otherHalf + "]"
	for _, row := range []struct{ proves, key, value, want string }{
		{"an unknown parameter", secret, "1", "unknown parameter"},
		{"a where that is no JSON", "where", secret, "where: not of the form"},
		{"a where that is null", "where", "null", "where: not of the form"},
		{"a where with a bare value", "where", `{"name":"` + secret + `"}`, "where: not of the form"},
		{"a where with text after it", "where", `{"id":{"eq":1}} ` + secret, "where: not of the form"},
		{"invalid UTF-8", "where", "{\"name\":{\"eq\":\"\xff\"}}", "where: not of the form"},
		{"an unknown field", "where", `{"` + secret + `":{"eq":1}}`, "unknown field of Investigation; known: createId, createTime, id"},
		{"an unknown relation", "where", `{"` + secret + `.name":{"eq":"x"}}`, "unknown relation of Investigation; known: facility, type"},
		{"a relation as a field", "where", `{"investigationUsers":{"eq":1}}`, "unknown field of Investigation"},
		{"a field that the schema hides", "where", `{"investigationUsers.user.password_hash":{"like":"$2a"}}`, "unknown field of User"},
		{"a path that is too deep", "where", `{"datasets.investigation.datasets.investigation.type.id":{"eq":1}}`, "more than 3 relations"},
		{"a path that is deeper than the id of a to-one", "where", `{"datasets.investigation.datasets.investigation.name":{"eq":"x"}}`, "more than 3 relations"},
		{"a path to the ids of many", "where", `{"type.investigations.type.investigations.id":{"eq":1}}`, "more than 3 relations"},
		{"an empty path", "where", `{"":{"eq":1}}`, "unknown field"},
		{"an unknown operator", "where", `{"name":{"` + secret + `":"x"}}`, "unknown operator; known: eq"},
		{"a number for text", "where", `{"name":{"eq":1}}`, "name takes a string"},
		{"text for a number", "where", `{"fileSize":{"gt":"` + secret + `"}}`, "fileSize takes a whole number"},
		{"a fraction", "where", `{"fileSize":{"gt":1.5}}`, "fileSize takes a whole number"},
		{"a number beyond 64 bits", "where", `{"fileSize":{"gt":99999999999999999999}}`, "fileSize takes a whole number"},
		{"null", "where", `{"name":{"eq":null}}`, "name takes a string"},
		{"a date that is none", "where", `{"startDate":{"lt":"` + secret + `"}}`, "startDate takes an RFC 3339 date"},
		{"like on a number", "where", `{"id":{"ilike":"1"}}`, "need a text field"},
		{"isnull with text", "where", `{"name":{"isnull":"yes"}}`, "takes true or false"},
		{"an empty in", "where", `{"id":{"in":[]}}`, "in takes a list"},
		{"an in that is too long", "where", long, "in takes a list of 1 to 500"},
		{"between with three", "where", `{"id":{"between":[1,2,3]}}`, "between one of 2"},
		{"a negative limit", "limit", "-1", "limit: not a whole number"},
		{"a limit that is text", "limit", secret, "limit: not a whole number"},
		{"a skip beyond 32 bits", "skip", "4294967296", "skip: not a whole number"},
		{"an order by an unknown field", "order", secret + " asc", "order: unknown field"},
		{"an order by a relation", "order", "type", "order: unknown field"},
		{"an order across many", "order", "datasets.name", "order: datasets leads to many"},
		{"an order by an unknown relation", "order", secret + ".name", "order: unknown relation"},
		{"a distinct that is no JSON", "distinct", secret, "distinct: not of the form"},
		{"a distinct of nothing", "distinct", "[]", "distinct: not of the form"},
		{"a distinct of null", "distinct", "null", "distinct: not of the form"},
		{"a distinct of an unknown field", "distinct", `["` + secret + `"]`, "distinct: unknown field"},
		{"a distinct of a relation", "distinct", `"type"`, "distinct: unknown field"},
		{"an include that is no JSON", "include", secret, "include: not of the form"},
		{"an include with text after it", "include", `"type" ` + secret, "include: not of the form"},
		{"an include of a number", "include", `[1]`, "include: not of the form"},
		{"an include of invalid UTF-8", "include", "\"\xff\"", "include: not of the form"},
		{"an include of an unknown relation", "include", `"` + secret + `"`, "include: unknown relation of Investigation; known: facility"},
		{"an include of an unknown relation below", "include", `{"type":"` + secret + `"}`, "include: unknown relation of InvestigationType"},
		{"an include that is too deep", "include", `{"datasets":{"datafiles":{"parameters":"type"}}}`, "deeper than 3 relations"},
		{"an include that is too wide", "include", wide, "more than 16 relations"},
		{"an order in an unknown direction", "order", "name " + secret, "order: not of the form"},
		{"an order with SQL behind it", "order", "name asc; DROP", "order: not of the form"},
		{"an empty order", "order", `""`, "order: not of the form"},
	} {
		_, err := ParseFilter(investigation(t), url.Values{row.key: {row.value}}, ListParameters())
		if err == nil || AsError(err).Code != BadParameter || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want BAD_PARAMETER with %q", row.proves, err, row.want)
			continue
		}
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the message repeats what was sent: %v", row.proves, err)
		}
	}
	for proves, query := range map[string]url.Values{
		"count takes no limit":          {"limit": {"1"}},
		"one limit only":                {"limit": {"1", "2"}},
		"distinct excludes an include":  {"distinct": {`"name"`}, "include": {`"type"`}},
		"all includes count together":   {"include": {half, otherHalf}},
		"a wide filter is refused once": {"where": slices.Repeat([]string{`{"id":{"gt":0}}`}, maxConditions+1)},
	} {
		allowed := ListParameters()
		if strings.HasPrefix(proves, "count") {
			allowed = CountParameters()
		}
		if _, err := ParseFilter(investigation(t), query, allowed); err == nil || AsError(err).Code != BadParameter {
			t.Errorf("%s: %v", proves, err)
		}
	}
}

func TestParseFilterAccepts(t *testing.T) {
	f, err := ParseFilter(investigation(t), url.Values{
		"where": {`{"title":{"ilike":"neutron"},"startDate":{"gte":"2015-01-01 00:00:00+00:00"}}`, `{"investigationUsers.user.name":{"eq":"Karen482"}}`},
		"order": {`"startDate desc"`, "name"}, "limit": {"50"}, "skip": {"100"},
	}, ListParameters())
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Where) != 3 || len(f.Order) != 2 || !f.Order[0].Desc || f.Order[1].Desc || f.Limit != 50 || f.Skip != 100 {
		t.Errorf("filter is %+v", f)
	}
	if f, err = ParseFilter(investigation(t), nil, ListParameters()); err != nil || f.Limit != -1 {
		t.Errorf("no parameters: %+v, %v; want no limit", f, err)
	}
}

func TestIncludesOfAllFormsMakeOneTree(t *testing.T) {
	draw := func(tree []Include) string {
		var walk func([]Include) string
		walk = func(tree []Include) string {
			var parts []string
			for _, i := range tree {
				part := i.Relation.Name
				if len(i.Include) > 0 {
					part += "(" + walk(i.Include) + ")"
				}
				parts = append(parts, part)
			}
			return strings.Join(parts, " ")
		}
		return walk(tree)
	}
	for _, row := range []struct {
		proves string
		values []string
		want   string
	}{
		{"a name", []string{`"type"`}, "type"},
		{"a list", []string{`["type","facility"]`}, "type facility"},
		{"an object", []string{`{"investigationUsers":"user"}`}, "investigationUsers(user)"},
		{"a nested mix", []string{`[{"datasets":["type",{"datafiles":"datafileFormat"}]},"facility"]`}, "datasets(type datafiles(datafileFormat)) facility"},
		{"an object with nothing below", []string{`{"type":null}`}, "type"},
		{"the same relation twice is one", []string{`["samples",{"samples":"type"}]`}, "samples(type)"},
		{"several parameters join", []string{`"type"`, `{"datasets":"type"}`, `{"datasets":"sample"}`}, "type datasets(type sample)"},
	} {
		f, err := ParseFilter(investigation(t), url.Values{"include": row.values}, GetParameters())
		if got := draw(f.Include); err != nil || got != row.want {
			t.Errorf("%s: %q, %v; want %q", row.proves, got, err, row.want)
		}
	}
}

// What DataGateway's interface asks for the cycles of an instrument.
func TestTheIdOfAToOneCrossesNothing(t *testing.T) {
	f, err := ParseFilter(entity(t, "FacilityCycle"), url.Values{
		"where": {`{"investigationFacilityCycles.investigation.investigationInstruments.instrument.id":{"eq":1}}`}}, ListParameters())
	if err != nil || len(f.Where[0].Path) != 4 {
		t.Errorf("filter is %+v, %v", f, err)
	}
}

func TestDistinctAndOrderByPath(t *testing.T) {
	f, err := ParseFilter(investigation(t), url.Values{"distinct": {`["name","title"]`, `"name"`}, "order": {"type.name desc"}}, ListParameters())
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Distinct) != 2 || f.Distinct[1].Name != "title" {
		t.Errorf("distinct is %v", f.Distinct)
	}
	if o := f.Order[0]; len(o.Path) != 1 || o.Path[0].To != "InvestigationType" || o.Field.Name != "name" || !o.Desc {
		t.Errorf("order is %+v", o)
	}
}

// Whatever a client sends, either it is refused as BAD_PARAMETER or the filter
// holds nothing but names of the schema and values of the field's kind.
func FuzzParseFilter(f *testing.F) {
	f.Add(`{"name":{"eq":"x' OR 1=1 --"}}`, "name desc", "10")
	f.Add(`{"investigationUsers.user.name":{"in":["a","b"]}}`, `"id asc"`, "0")
	f.Add(`{"startDate":{"between":["2015-01-01","9999-12-31T23:59:59Z"]}}`, "id", "-1")
	f.Add(`{"fileSize":{"isnull":true}}`, "\xff", "")
	e := investigation(f)
	f.Fuzz(func(t *testing.T, where, order, limit string) {
		got, err := ParseFilter(e, url.Values{"where": {where}, "order": {order}, "limit": {limit}}, ListParameters())
		if err != nil {
			if AsError(err).Code != BadParameter {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		for _, c := range got.Where {
			at := e
			for _, r := range c.Path {
				if known, ok := at.Relation(r.Name); !ok || known != r {
					t.Fatalf("path %v leaves the schema", c.Path)
				}
				at, _ = Lookup(r.To)
			}
			if known, ok := at.Field(c.Field.Name); !ok || known != c.Field || len(c.Values) == 0 || len(c.Values) > maxValues {
				t.Fatalf("condition %+v leaves the schema", c)
			}
			for _, v := range c.Values {
				if !hasKind(v, c) {
					t.Fatalf("%s of %s got the value %#v", c.Op, c.Field.Name, v)
				}
			}
		}
		for _, o := range got.Order {
			if known, ok := e.Field(o.Field.Name); !ok || known != o.Field {
				t.Fatalf("order %+v leaves the schema", o)
			}
		}
	})
}

func hasKind(v any, c Condition) bool {
	kind := c.Field.Kind
	if c.Op == IsNull {
		kind = Boolean
	}
	switch v.(type) {
	case int64:
		return kind == Integer
	case float64:
		return kind == Number
	case bool:
		return kind == Boolean
	case Time:
		return kind == Date
	case string:
		return kind == String
	}
	return false
}
