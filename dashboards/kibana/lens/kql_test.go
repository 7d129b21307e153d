package lens

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTranslate(t *testing.T) {
	for query, want := range map[string]string{
		``:                              `{"match_all":{}}`,
		`a : "b"`:                       `{"match_phrase":{"a":"b"}}`,
		`a: b`:                          `{"match":{"a":"b"}}`,
		`a : "not \"b\" \\ and"`:        `{"match_phrase":{"a":"not \"b\" \\ and"}}`,
		`"a.b": *`:                      `{"exists":{"field":"a.b"}}`,
		`a >= 500`:                      `{"range":{"a":{"gte":500}}}`,
		`a >= 1 and a < 2`:              `{"bool":{"filter":[{"range":{"a":{"gte":1}}},{"range":{"a":{"lt":2}}}]}}`,
		`not a : ("x" or "y")`:          `{"bool":{"must_not":{"bool":{"minimum_should_match":1,"should":[{"match_phrase":{"a":"x"}},{"match_phrase":{"a":"y"}}]}}}}`,
		`a : 1 or b : 2 and c: 3`:       `{"bool":{"minimum_should_match":1,"should":[{"match":{"a":"1"}},{"bool":{"filter":[{"match":{"b":"2"}},{"match":{"c":"3"}}]}}]}}`,
		`(a : 1 or b : 2) and NOT c: 3`: `{"bool":{"filter":[{"bool":{"minimum_should_match":1,"should":[{"match":{"a":"1"}},{"match":{"b":"2"}}]}},{"bool":{"must_not":{"match":{"c":"3"}}}}]}}`,
	} {
		got, err := translate(query)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		text, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(text)); diff != "" {
			t.Errorf("%s: %s", query, diff)
		}
	}
}

func TestWhatIsNoQuery(t *testing.T) {
	for query, says := range map[string]string{
		`a`:                         "ends too early",
		`a :`:                       "ends too early",
		`a : "b`:                    "quote is not closed",
		`(a : b`:                    "parenthesis is not closed",
		`a : (b or c`:               "parenthesis is not closed",
		`a : b c`:                   "c is left over",
		`a ~ b`:                     "~ is no operator",
		`a > b`:                     "b is not a number",
		`a : b*`:                    "b* is not a value that this package knows",
		strings.Repeat("not ", 100): "nested too deep",
	} {
		if _, err := translate(query); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", query, err, says)
		}
	}
}

func FuzzTranslate(f *testing.F) {
	for _, query := range []string{`not a : ("x" or "y")`, `(a : 1 or b : 2) and not c: 3`, `a >= 1 and a < 2`, `"a.b": *`, `a : "\"`} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		o, err := translate(query)
		if err != nil {
			return
		}
		if _, err := json.Marshal(o); err != nil {
			t.Fatal(err)
		}
	})
}
