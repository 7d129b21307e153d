package upstream

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/demo-app/icat"
)

func TestJPQL(t *testing.T) {
	for _, row := range []struct {
		name, entity, query, want string
	}{
		{"all", "Facility", ``, `SELECT v FROM Facility v ORDER BY v.id`},
		{"a user", "User", `where={"name":{"eq":"Karen482"}}`, `SELECT v FROM User v WHERE v.name = 'Karen482' ORDER BY v.id`},
		{"a quote is doubled", "User", `where={"name":{"eq":"' OR ''='"}}`, `SELECT v FROM User v WHERE v.name = ''' OR ''''=''' ORDER BY v.id`},
		{"a page", "User", `limit=50&skip=100`, `SELECT v FROM User v ORDER BY v.id LIMIT 100,50`},
		{"a skip alone", "User", `skip=100`, `SELECT v FROM User v ORDER BY v.id LIMIT 100,*`},
		{"a to-many is joined, and DISTINCT", "Investigation", `where={"investigationUsers.user.name":{"eq":"Karen482"}}&order="startDate desc"&limit=50&include={"investigationInstruments":"instrument"}`,
			`SELECT DISTINCT v FROM Investigation v JOIN v.investigationUsers j1 WHERE j1.user.name = 'Karen482' ORDER BY v.startDate DESC, v.id LIMIT 0,50 INCLUDE v.investigationInstruments i1, i1.instrument i2`},
		{"a to-one is navigated", "Datafile", `where={"dataset.investigation.id":{"eq":7}}`, `SELECT v FROM Datafile v WHERE v.dataset.investigation.id = 7 ORDER BY v.id`},
		{"a to-many behind a to-one", "Dataset", `where={"investigation.keywords.name":{"like":"x"}}`, `SELECT DISTINCT v FROM Dataset v JOIN v.investigation.keywords j1 WHERE j1.name LIKE '%x%' ORDER BY v.id`},
		{"dates in UTC, without an offset", "Investigation", `where={"startDate":{"gte":"2015-01-01T01:00:00%2B01:00"}}`, `SELECT v FROM Investigation v WHERE v.startDate >= {ts 2015-01-01 00:00:00} ORDER BY v.id`},
		{"any case", "Investigation", `where={"title":{"ilike":"neutron"}}`, `SELECT v FROM Investigation v WHERE UPPER(v.title) LIKE UPPER('%neutron%') ORDER BY v.id`},
		{"wildcards are none", "Investigation", `where={"title":{"like":"50%25_!"}}`, `SELECT v FROM Investigation v WHERE v.title LIKE '%50!%!_!!%' ESCAPE '!' ORDER BY v.id`},
		{"booleans", "Dataset", `where={"complete":{"eq":true}}`, `SELECT v FROM Dataset v WHERE v.complete = TRUE ORDER BY v.id`},
		{"nulls", "Dataset", `where={"doi":{"isnull":false}}`, `SELECT v FROM Dataset v WHERE v.doi IS NOT NULL ORDER BY v.id`},
		{"numbers", "DatafileParameter", `where={"numericValue":{"between":[-1.5,1e30]}}`, `SELECT v FROM DatafileParameter v WHERE v.numericValue BETWEEN -1.5 AND 1e+30 ORDER BY v.id`},
		{"several values", "Dataset", `where={"id":{"in":[1,-2]}}`, `SELECT v FROM Dataset v WHERE v.id IN (1, -2) ORDER BY v.id`},
		{"order over what may be null", "Dataset", `order=sample.name&order=investigation.name`, `SELECT v FROM Dataset v LEFT JOIN v.sample j1 ORDER BY j1.name, v.investigation.name, v.id`},
		{"distinct", "Investigation", `distinct=["name","visitId"]&order=visitId desc`, `SELECT DISTINCT v.name, v.visitId FROM Investigation v ORDER BY v.visitId DESC, v.name`},
		{"an include of a tree, each once", "Investigation", `include=[{"investigationUsers":"user"},"type","type",{"investigationUsers":"investigation"}]`,
			`SELECT v FROM Investigation v ORDER BY v.id INCLUDE v.investigationUsers i1, i1.user i2, i1.investigation i3, v.type i4`},
	} {
		t.Run(row.name, func(t *testing.T) {
			e, ok := icat.Lookup(row.entity)
			if !ok {
				t.Fatal("no such entity")
			}
			values, err := url.ParseQuery(row.query)
			if err != nil {
				t.Fatal(err)
			}
			f, err := icat.ParseFilter(e, values, icat.ListParameters())
			if err != nil {
				t.Fatal(err)
			}
			u := &ICAT{location: time.UTC}
			got, err := u.listText(e, f)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDatesInTheServersZone(t *testing.T) {
	e, _ := icat.Lookup("Investigation")
	field, _ := e.Field("startDate")
	at := icat.At(time.Date(2015, 7, 1, 12, 0, 0, 0, time.UTC))
	u := &ICAT{location: time.FixedZone("BST", 3600)}
	got, err := u.listText(e, icat.Filter{Where: []icat.Condition{{Field: field, Op: icat.Lt, Values: []any{at}}}, Limit: -1})
	if want := `SELECT v FROM Investigation v WHERE v.startDate < {ts 2015-07-01 13:00:00} ORDER BY v.id`; err != nil || got != want {
		t.Errorf("%s %v, want %s", got, err, want)
	}
}

// A filter that no parser made cannot bring a name of its own into a query.
func TestNamesComeFromTheSchema(t *testing.T) {
	e, _ := icat.Lookup("Investigation")
	id, _ := e.Field("id")
	kind, _ := e.Relation("type")
	evil := icat.Relation{Name: "type t WHERE 1=1", To: "InvestigationType"}
	field := icat.Field{Name: "id OR 1=1", Kind: icat.Integer}
	users, _ := e.Relation("investigationUsers")
	for name, f := range map[string]icat.Filter{
		"a relation of a condition": {Where: []icat.Condition{{Path: []icat.Relation{evil}, Field: id, Op: icat.Eq, Values: []any{int64(1)}}}},
		"a field of a condition":    {Where: []icat.Condition{{Field: field, Op: icat.Eq, Values: []any{int64(1)}}}},
		"an operator":               {Where: []icat.Condition{{Field: id, Op: "= 1 OR", Values: []any{int64(1)}}}},
		"a value of no kind":        {Where: []icat.Condition{{Field: id, Op: icat.Eq, Values: []any{fmt.Errorf("1")}}}},
		"no value":                  {Where: []icat.Condition{{Field: id, Op: icat.In}}},
		"a relation of an order":    {Order: []icat.Order{{Path: []icat.Relation{evil}, Field: id}}},
		"a to-many of an order":     {Order: []icat.Order{{Path: []icat.Relation{users}, Field: id}}},
		"a field of an order":       {Order: []icat.Order{{Field: field}}},
		"a distinct field":          {Distinct: []icat.Field{field}},
		"an include":                {Include: []icat.Include{{Relation: evil}}},
		"an include twice":          {Include: []icat.Include{{Relation: kind}, {Relation: kind}}},
	} {
		u := &ICAT{location: time.UTC}
		if text, err := u.listText(e, f); icat.AsError(err).Code != icat.BadParameter {
			t.Errorf("%s: %s %v, want BAD_PARAMETER", name, text, err)
		}
	}
}

// Whatever the values, a query takes the same course as with harmless ones: it
// comes apart into the same tokens.
func FuzzJPQL(f *testing.F) {
	for _, text := range []string{"x", "'", "''", "\\", "\\'", "' OR 'a'='a", "%_!", "{ts 2011-01-15 00:00:00}", ":user", ":ts20110115000000", "\x00", "é'\u2028", "') INCLUDE 1", "\xff'", "'\n--"} {
		f.Add(text, int64(-1), 1.5, int64(1_300_000_000_000), true)
	}
	f.Add("", int64(-1<<63), -1e308, int64(-62135596800000), false)
	e, _ := icat.Lookup("DatafileParameter")
	datafile, _ := e.Relation("datafile")
	dataset, _ := datafile.Entity().Relation("dataset")
	files, _ := dataset.Entity().Relation("datafiles")
	field := func(e *icat.Entity, name string) icat.Field {
		field, ok := e.Field(name)
		if !ok {
			f.Fatal("no field " + name)
		}
		return field
	}
	many := []icat.Relation{datafile, dataset, files}
	build := func(text string, n int64, x float64, at icat.Time, b bool) (string, error) {
		u := &ICAT{location: time.UTC}
		return u.listText(e, icat.Filter{Limit: 5, Where: []icat.Condition{
			{Field: field(e, "stringValue"), Op: icat.Eq, Values: []any{text}},
			{Field: field(e, "stringValue"), Op: icat.In, Values: []any{text, "b", text}},
			{Field: field(e, "stringValue"), Op: icat.Between, Values: []any{text, text}},
			{Path: many, Field: field(files.Entity(), "name"), Op: icat.Like, Values: []any{text + "!"}}, // so that ESCAPE is always there
			{Path: many, Field: field(files.Entity(), "name"), Op: icat.ILike, Values: []any{text + "!"}},
			{Field: field(e, "id"), Op: icat.Gt, Values: []any{n}},
			{Field: field(e, "numericValue"), Op: icat.Lte, Values: []any{x}},
			{Field: field(e, "dateTimeValue"), Op: icat.Ne, Values: []any{at}},
			{Path: []icat.Relation{datafile, dataset}, Field: field(dataset.Entity(), "complete"), Op: icat.Eq, Values: []any{b}},
		}})
	}
	harmless, err := build("x", 1, 1.5, icat.FromMillis(0), true)
	if err != nil {
		f.Fatal(err)
	}
	want, err := shape(harmless)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string, n int64, x float64, ms int64, b bool) {
		query, err := build(text, n, x, icat.FromMillis(ms), b)
		if err != nil {
			if icat.AsError(err).Code != icat.BadParameter {
				t.Fatal(err)
			}
			return
		}
		got, err := shape(query)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", query, diff)
		}
		if values, _ := url.ParseQuery(url.Values{"query": {query}}.Encode()); values.Get("query") != query {
			t.Errorf("%q does not survive the address", query)
		}
	})
}

func TestShapeTellsAnInjection(t *testing.T) {
	want, err := shape(`SELECT v FROM User v WHERE v.name = 'x' ORDER BY v.id`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := shape(`SELECT v FROM User v WHERE v.name = '` + `x' OR 'a'='a` + `' ORDER BY v.id`)
	if err != nil || cmp.Equal(want, got) {
		t.Errorf("%q %v: not told from %q", got, err, want)
	}
}

// shape takes a query apart in the way of icat.server's tokenizer: it reads
// character by character what its states say. Literals lose their value.
func shape(query string) (string, error) {
	var out []string
	rest := []rune(query)
	for len(rest) > 0 {
		n := 1
		switch r := rest[0]; {
		case r == ' ':
			rest = rest[1:]
			continue
		case r == '\'':
			for ; ; n++ {
				if n >= len(rest) || rest[n] == 0 {
					return "", fmt.Errorf("a string does not end")
				}
				if rest[n] == '\'' {
					if n+1 < len(rest) && rest[n+1] == '\'' {
						n++
						continue
					}
					break
				}
			}
			n++
			if mistaken.MatchString(string(rest[:n])) {
				return "", fmt.Errorf("a string holds a parameter")
			}
			out = append(out, "'text'")
		case r == '{':
			for n < len(rest) && rest[n] != '}' {
				n++
			}
			n++
			if _, err := time.Parse("{ts 2006-01-02 15:04:05}", string(rest[:n])); err != nil {
				return "", err
			}
			out = append(out, "{ts}")
		case r >= '0' && r <= '9' || r == '-' && len(rest) > 1 && rest[1] >= '0' && rest[1] <= '9':
			real := false
			for n < len(rest) && (rest[n] >= '0' && rest[n] <= '9' || rest[n] == '.' || rest[n] == 'e' || real && strings.ContainsRune("+-", rest[n])) {
				real = real || rest[n] == '.' || rest[n] == 'e'
				n++
			}
			out = append(out, "1")
		case r == '_' || r == '$' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z':
			for n < len(rest) && (rest[n] == '_' || rest[n] == '.' || rest[n] >= 'A' && rest[n] <= 'Z' || rest[n] >= 'a' && rest[n] <= 'z' || rest[n] >= '0' && rest[n] <= '9') {
				n++
			}
			word := string(rest[:n])
			if word == "FALSE" {
				word = "TRUE"
			}
			out = append(out, word)
		case strings.ContainsRune("(),=<>*", r):
			out = append(out, string(r))
		default:
			return "", fmt.Errorf("unexpected %q", r)
		}
		rest = rest[n:]
	}
	return strings.Join(out, " "), nil
}
