package arrival

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// schema is what the repository promises of the JSON report.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	file, err := os.Open("verdict.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	doc, err := jsonschema.UnmarshalJSON(file)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("verdict.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("verdict.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestJSONIsAsItsSchemaSays(t *testing.T) {
	s := schema(t)
	check := func(text string) error {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return s.Validate(doc)
	}
	written := func(r *Report) string {
		var b bytes.Buffer
		if err := r.WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	unread := &Report{Judged: started}
	unread.Failed(os.ErrNotExist)
	for name, r := range map[string]*Report{"healthy": healthyReport(t), "broken": brokenReport(t), "lines": brokenLinesReport(t), "traced": tracedReport(t), "unread": unread} {
		if err := check(written(r)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	var whole map[string]any
	for _, row := range []struct {
		proves string
		spoil  func(account map[string]any)
	}{
		{"a field that is not promised is found", func(a map[string]any) { a["surprise"] = 1 }},
		{"a field that is promised and lacks is found", func(a map[string]any) { delete(a, "lost") }},
		{"a set that is none is found", func(a map[string]any) { a["lost"] = []int{1} }},
		{"a time that is none is found", func(a map[string]any) { a["first"] = "yesterday" }},
	} {
		if err := json.Unmarshal([]byte(written(tracedReport(t))), &whole); err != nil {
			t.Fatal(err)
		}
		row.spoil(whole["account"].(map[string]any))
		text, err := json.Marshal(whole)
		if err != nil {
			t.Fatal(err)
		}
		if check(string(text)) == nil {
			t.Errorf("not so: %s", row.proves)
		}
	}
}
