package upstream_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
	"plumbline/demo-app/internal/upstream/icatfake"
)

// A filter means the same to the store and, through JPQL and back, to an
// icat.server. Each row is asked for as each of these callers.
func TestSameAnswers(t *testing.T) {
	alone(t)
	p := newPair(t, icatfake.Options{}, nil)
	var who []icat.Session
	for _, user := range []string{facility.RootName, facility.KarenName, icat.Anonymous} {
		who = append(who, p.login(t, user))
	}
	oddNames(t, p, who[0])
	for _, row := range []struct {
		name, entity, query string
		empty               bool // nothing is selected, and that is the point
	}{
		{"all entities of a kind", "Facility", ``, false},
		{"a page in the middle", "User", `limit=7&skip=31`, false},
		{"no limit but a skip", "User", `skip=490`, false},
		{"a limit of none", "User", `limit=0`, true},
		{"a skip past the end", "Instrument", `skip=5000&limit=3`, true},
		{"text equality", "User", `where={"name":{"eq":"Karen482"}}`, false},
		{"text inequality", "Instrument", `where={"name":{"ne":"x"}}`, false},
		{"a quote in a text", "Dataset", `where={"name":{"eq":"it's ' OR '1'='1"}}`, false},
		{"contains", "User", `where={"name":{"like":"aren"}}`, false},
		{"contains, and case matters", "User", `where={"name":{"like":"AREN"}}`, true},
		{"contains in any case", "User", `where={"name":{"ilike":"KAREN4"}}`, false},
		{"percent is no wildcard", "Dataset", `where={"name":{"like":"%25"}}`, false},
		{"underscore is no wildcard", "Dataset", `where={"name":{"ilike":"R_D"}}`, false},
		{"the escape character itself", "Dataset", `where={"name":{"like":"!b"}}`, false},
		{"a backslash", "Dataset", `where={"name":{"like":"b\\c"}}`, false},
		{"a backslash at the end", "Dataset", `where={"name":{"eq":"ends in \\"}}`, false},
		{"letters beyond ASCII, signs beyond the first plane", "Dataset", `where={"name":{"like":"é 😀"}}`, false},
		{"lines and tabs", "Dataset", `where={"name":{"like":"two\nlines\t"}}`, false},
		{"what looks like a time stamp", "Dataset", `where={"name":{"like":"{ts 2011-01-15 00:00:00}"}}`, false},
		{"what looks like the caller", "Dataset", `where={"name":{"like":":user"}}`, false},
		{"contains nothing matches all with a value", "User", `where={"email":{"like":""}}&limit=3`, false},
		{"numbers equal", "Dataset", `where={"id":{"eq":7}}`, false},
		{"numbers in a range", "Dataset", `where={"id":{"gt":3,"lte":9}}`, false},
		{"numbers between", "Dataset", `where={"id":{"between":[3,9]}}`, false},
		{"numbers below nothing", "Dataset", `where={"id":{"gt":-5,"lt":3}}`, false},
		{"a number beyond 32 bits", "Datafile", `where={"fileSize":{"lte":3000000000}}&limit=9`, false},
		{"one of several numbers", "Dataset", `where={"id":{"in":[9,3,100000]}}`, false},
		{"one of several texts", "User", `where={"name":{"in":["Karen482","doiminter","nobody"]}}`, false},
		{"booleans", "Dataset", `where={"complete":{"eq":true}}&limit=5`, false},
		{"booleans that differ", "Dataset", `where={"complete":{"ne":true}}`, false},
		{"dates from", "Investigation", `where={"startDate":{"gte":"2008-06-15T12:00:00Z"}}`, false},
		{"dates with an offset", "Investigation", `where={"endDate":{"lt":"2030-01-01T00:00:00%2B02:00"}}`, false},
		{"dates between", "Investigation", `where={"startDate":{"between":["2005-01-01","2030-01-01"]}}`, false},
		{"null", "Investigation", `where={"doi":{"isnull":true}}`, false},
		{"not null", "Dataset", `where={"sample.id":{"isnull":false}}`, false},
		{"no to-one", "Dataset", `where={"sample.id":{"isnull":true}}`, false},
		{"null at the end of a path", "Dataset", `where={"sample.pid":{"isnull":true}}`, false},
		{"several conditions", "Investigation", `where={"id":{"gt":5}}&where={"title":{"ilike":"a"}}&where={"id":{"lt":50}}`, false},
		{"a to-one path", "Dataset", `where={"investigation.id":{"eq":3}}`, false},
		{"two to-one steps", "Datafile", `where={"dataset.investigation.id":{"eq":3}}&limit=20`, false},
		{"three to-one steps", "Datafile", `where={"dataset.investigation.type.name":{"like":"a"}}&limit=20`, false},
		{"a to-many path", "Investigation", `where={"investigationUsers.user.name":{"eq":"Karen482"}}`, false},
		{"a to-many path that matches often", "Investigation", `where={"datasets.datafiles.fileSize":{"gt":0}}`, false},
		{"two conditions on one related entity", "Investigation", `where={"investigationUsers.user.name":{"like":"a"},"investigationUsers.role":{"eq":"PI"}}`, false},
		{"conditions on two relations", "Investigation", `where={"investigationUsers.user.name":{"like":"a"},"investigationInstruments.instrument.id":{"lt":5}}`, false},
		{"a relation and one behind it", "Investigation", `where={"datasets.id":{"gt":3},"datasets.datafiles.name":{"like":"1"}}`, false},
		{"to-one, then to-many", "Dataset", `where={"investigation.investigationUsers.user.name":{"eq":"Karen482"}}`, false},
		{"cycles of an instrument", "FacilityCycle", `where={"investigationFacilityCycles.investigation.id":{"lt":20}}`, false},
		{"one of several over to-many", "Investigation", `where={"datasets.id":{"in":[1,2,3,4,5,6]}}`, false},
		{"public tables", "Instrument", `where={"instrumentScientists.user.name":{"like":"a"}}`, false},
		{"order down", "Investigation", `order="startDate desc"&limit=10`, false},
		{"order by two", "Investigation", `order=type.name&order="startDate desc"&limit=10`, false},
		{"order by a relation that may be null", "Dataset", `order=sample.name&limit=30`, false},
		{"order by two fields behind it", "Dataset", `order=sample.name desc&order=sample.pid&limit=30&skip=5`, false},
		{"order and a to-many condition", "Investigation", `order="title desc"&where={"datasets.id":{"gt":0}}&limit=10`, false},
		{"order by a relation and a to-many condition", "Investigation", `order=type.name&where={"datasets.id":{"gt":0}}`, false},
		{"order by id itself", "User", `order="id desc"&limit=4`, false},
		{"distinct of one field", "Investigation", `distinct="visitId"`, false},
		{"distinct of one field with nulls", "Dataset", `distinct="description"`, false},
		{"distinct dates", "Investigation", `distinct="releaseDate"&order="releaseDate desc"`, false},
		{"distinct of several fields, a page", "Datafile", `distinct=["fileSize","id"]&limit=5&skip=3`, false},
		{"distinct with conditions over to-many", "Investigation", `distinct=["name","visitId"]&where={"keywords.name":{"like":"e"}}&order="name desc"`, false},
		{"distinct booleans", "Dataset", `distinct="complete"`, false},
		{"include of to-one", "Investigation", `include="type"&limit=5`, false},
		{"include of a to-one that may be null", "Dataset", `include={"sample":"type"}&limit=20`, false},
		{"include of to-many", "Investigation", `include=["datasets","keywords"]&limit=5`, false},
		{"include of a tree", "Investigation", `include=[{"investigationUsers":"user"},{"datasets":{"datafiles":"datafileFormat"}},"type"]&limit=3`, false},
		{"include with a to-many condition", "Investigation", `include={"investigationUsers":"user"}&where={"investigationUsers.user.name":{"eq":"Karen482"}}`, false},
		{"include of what rules hide", "User", `include={"investigationUsers":"investigation"}&limit=40`, false},
		{"include there and back", "Dataset", `include={"investigation":"datasets"}&limit=3`, false},
		{"doubles", "DatafileParameter", `where={"numericValue":{"gt":0.5}}&limit=10`, false},
		{"doubles that are whole", "DatafileParameter", `where={"numericValue":{"lt":1e3}}&limit=10`, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			e := entity(t, row.entity)
			f := filter(t, e, row.query)
			for _, w := range who {
				want, wantErr := p.store.List(t.Context(), w, e, f)
				got, err := p.icat.List(t.Context(), w, e, f)
				if code(err) != code(wantErr) {
					t.Fatalf("as %s: %v, want %v", w.Username, err, wantErr)
				}
				if diff := cmp.Diff(string(icat.AppendArray(nil, want)), string(icat.AppendArray(nil, got))); diff != "" {
					t.Errorf("list as %s: %s", w.Username, diff)
				}
				if w.Username == facility.RootName && len(want) == 0 && !row.empty {
					t.Error("the row selects nothing, and so proves nothing")
				}
				wantN, wantErr := p.store.Count(t.Context(), w, e, f)
				n, err := p.icat.Count(t.Context(), w, e, f)
				if err != nil || wantErr != nil || n != wantN {
					t.Errorf("count as %s: %d %v, want %d %v", w.Username, n, err, wantN, wantErr)
				}
			}
		})
	}
}

// oddNames adds datasets whose names try what can go wrong on the way.
func oddNames(t *testing.T, p *pair, who icat.Session) {
	t.Helper()
	var objects []icat.Object
	for _, name := range []string{
		"it's ' OR '1'='1", "100% r_d", "a!b", `a!b\c`, `ends in \`, "é 😀", "two\nlines\t", "{ts 2011-01-15 00:00:00}", ":user", "''", "%_!",
	} {
		objects = append(objects, dataset(t, name))
	}
	if _, err := p.store.Create(t.Context(), who, objects); err != nil {
		t.Fatal(err)
	}
}

// dataset returns a new one of investigation 1.
func dataset(t *testing.T, name string) icat.Object {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"name": name, "complete": false, "startDate": "2024-02-03T04:05:06Z", "location": "/tmp/\"x\"",
		"investigation": map[string]int{"id": 1}, "type": map[string]int{"id": 1}})
	if err != nil {
		t.Fatal(err)
	}
	objects, err := icat.ParseObjects(entity(t, "Dataset"), body)
	if err != nil {
		t.Fatal(err)
	}
	return objects[0]
}

// The comparison of TestSameAnswers can fail.
func TestDifferentFiltersDiffer(t *testing.T) {
	p := newPair(t, icatfake.Options{}, nil)
	root := p.login(t, facility.RootName)
	e := entity(t, "User")
	want, err := p.store.List(t.Context(), root, e, filter(t, e, `limit=2`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.icat.List(t.Context(), root, e, filter(t, e, `limit=2&skip=1`))
	if err != nil {
		t.Fatal(err)
	}
	if cmp.Equal(string(icat.AppendArray(nil, want)), string(icat.AppendArray(nil, got))) {
		t.Error("two pages are the same")
	}
}
