package savedobject_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plumbline/dashboards/kibana/savedobject"
)

// example is two objects as an export has them: with everything that Kibana says
// besides, in an order of its own.
const example = `{"type":"dashboard","id":"red","attributes":{"title":"R < E > D","panelsJSON":"[{\"panelIndex\":\"p1\", \"gridData\":{\"w\":12,\"x\":0}}]","kibanaSavedObjectMeta":{"searchSourceJSON":"{\"filter\":[]}"}},"references":[{"type":"tag","id":"t","name":"b"},{"type":"index-pattern","id":"v","name":"a"}],"coreMigrationVersion":"8.8.0","typeMigrationVersion":"10.2.0","managed":false,"updated_at":"2026-01-01T00:00:00.000Z","version":"WzEsMV0="}

{"type":"index-pattern","id":"v","attributes":{"title":"logs-*","fieldFormatMap":"{\"event.duration\":{\"id\":\"duration\"}}"},"references":[],"typeMigrationVersion":"8.0.0"}
{"exportedCount":2,"missingRefCount":1,"missingReferences":[{"type":"tag","id":"t"}]}
`

const canonical = `{"attributes":{"kibanaSavedObjectMeta":{"searchSourceJSON":"{\"filter\":[]}"},"panelsJSON":"[{\"gridData\":{\"w\":12,\"x\":0},\"panelIndex\":\"p1\"}]","title":"R < E > D"},"coreMigrationVersion":"8.8.0","id":"red","references":[{"id":"v","name":"a","type":"index-pattern"},{"id":"t","name":"b","type":"tag"}],"type":"dashboard","typeMigrationVersion":"10.2.0"}
{"attributes":{"fieldFormatMap":"{\"event.duration\":{\"id\":\"duration\"}}","title":"logs-*"},"id":"v","references":[],"type":"index-pattern","typeMigrationVersion":"8.0.0"}
`

func parse(t *testing.T, text string) []savedobject.Object {
	t.Helper()
	objects, _, err := savedobject.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

func TestOneFormForTheSameObjects(t *testing.T) {
	objects, end, err := savedobject.Parse([]byte(example))
	if err != nil || end == nil || *end.Exported != 2 || end.Missing != 1 || end.Absent[0].ID != "t" {
		t.Fatalf("%v, %+v", err, end)
	}
	for range 2 { // what is written is read as the same
		text, err := savedobject.Encode(objects)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(canonical, string(text)); diff != "" {
			t.Fatal(diff)
		}
		objects = parse(t, string(text))
	}
	readable, err := savedobject.Readable(objects)
	if err != nil || !strings.Contains(string(readable), "\n        \"gridData\": {\n          \"w\": 12,") {
		t.Errorf("%v: %s", err, readable)
	}
}

func TestWhatIsNoObject(t *testing.T) {
	for text, says := range map[string]string{
		"{":                   "line 1: unexpected end of JSON input",
		`{"type":"tag"}`:      "line 1: not a saved object",
		canonical + canonical: "line 3: dashboard red for the second time",
		example + canonical[:0] + `{"type":"tag","id":"x","attributes":{}}`:                                "line 5: an object after the end of an export",
		`{"type":"dashboard","id":"x","attributes":{"panelsJSON":[]}}`:                                     "line 1: dashboard x: attribute panelsJSON: not a string",
		`{"type":"search","id":"x","attributes":{"kibanaSavedObjectMeta":{"searchSourceJSON":"no JSON"}}}`: "attribute kibanaSavedObjectMeta: attribute searchSourceJSON: not JSON",
	} {
		if _, _, err := savedobject.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}

func TestDiffer(t *testing.T) {
	sent := parse(t, canonical)[0]
	for proves, row := range map[string]struct{ old, new, says string }{
		"order means nothing":                     {`{\"gridData\":{\"w\":12,\"x\":0},\"panelIndex\":\"p1\"}`, `{\"panelIndex\":\"p1\", \"gridData\":{\"x\":0,\"w\":12}}`, ""},
		"nor does the order of references":        {`[{"id":"v","name":"a","type":"index-pattern"},{"id":"t","name":"b","type":"tag"}]`, `[{"id":"t","name":"b","type":"tag"},{"id":"v","name":"a","type":"index-pattern"}]`, ""},
		"a title":                                 {"R <", "r <", `attributes.title is "r < E > D", not "R < E > D"`},
		"a number deep in a string":               {`\"w\":12`, `\"w\":24`, "attributes.panelsJSON[0].gridData.w is 24, not 12"},
		"a panel more":                            {`[{\"grid`, `[{},{\"grid`, "attributes.panelsJSON is a list of 2, not a list of 1"},
		"a member gone":                           {`\"x\":0`, `\"y\":0`, "attributes.panelsJSON[0].gridData.x is absent, not 0"},
		"a member more":                           {`\"x\":0`, `\"x\":0,\"y\":0`, "attributes.panelsJSON[0].gridData.y is 0, not absent"},
		"another kind of value":                   {`{\"filter\":[]}`, `[]`, "attributes.kibanaSavedObjectMeta.searchSourceJSON is a list of 0, not {filter}"},
		"a reference to another":                  {`"id":"v","name":"a"`, `"id":"w","name":"a"`, `references[0].id is "w", not "v"`},
		"a newer form may have more":              {`"title"`, `"more":1,"title"`, ""},
		"and may not have less, or other than it": {`\"x\":0`, `\"x\":1`, "attributes.panelsJSON[0].gridData.x is 1, not 0"},
	} {
		text := strings.Replace(canonical, row.old, row.new, 1)
		if strings.Contains(proves, "newer") || strings.HasPrefix(proves, "and") {
			text = strings.Replace(text, "10.2.0", "10.3.0", 1)
		}
		stored := parse(t, text)[0]
		if got := savedobject.Differ(stored, sent); got != row.says {
			t.Errorf("%s: %q, want %q", proves, got, row.says)
		}
		lacks := row.says
		if proves == "a member more" {
			lacks = ""
		}
		if got := savedobject.Lacks(stored, sent); got != lacks {
			t.Errorf("%s lacks %q, want %q", proves, got, lacks)
		}
	}
}

// Whatever is read can be written, and means the same then.
func FuzzParse(f *testing.F) {
	f.Add([]byte(example))
	f.Add([]byte(canonical))
	if files, err := filepath.Glob("../../rendered/kibana/*.ndjson"); err == nil {
		for _, file := range files {
			if text, err := os.ReadFile(file); err == nil {
				f.Add(text)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		objects, _, err := savedobject.Parse(text)
		if err != nil {
			return
		}
		written, err := savedobject.Encode(objects)
		if err != nil {
			t.Fatal(err)
		}
		again, _, err := savedobject.Parse(written)
		if err != nil || len(again) != len(objects) {
			t.Fatalf("%v: %d objects of %d: %s", err, len(again), len(objects), written)
		}
		for _, o := range objects {
			found := false
			for _, other := range again {
				found = found || other.Name() == o.Name() && savedobject.Differ(other, o) == ""
			}
			if !found {
				t.Fatalf("%s is another: %s", o.Name(), written)
			}
		}
	})
}
