package icat

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

func TestParseSearch(t *testing.T) {
	s, err := ParseSearch(url.Values{
		"query":        {`{"target":"Dataset","text":"neutron","user":"Karen482","lower":"201509030842","upper":"201609030842"}`},
		"search_after": {"[17]"}, "minCount": {"5"}, "maxCount": {"50"}, "restrict": {"true"}, "sort": {""},
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.Target.Name != "Dataset" || s.Text != "neutron" || s.User != "Karen482" || s.After != "[17]" || s.MinCount != 5 || s.MaxCount != 50 || !s.Restrict ||
		s.Lower.String() != "2015-09-03T08:42:00+00:00" || s.Upper.IsZero() {
		t.Errorf("search is %+v", s)
	}
	const secret = "s3cr3t"
	const ok = `{"target":"Dataset"}`
	for _, row := range []struct {
		proves string
		query  url.Values
		want   string
	}{
		{"no query", url.Values{}, "query is not set"},
		{"a query that is no JSON", url.Values{"query": {secret}}, "query: not of the form"},
		{"a query with text after it", url.Values{"query": {ok + secret}}, "query: not of the form"},
		{"a query twice", url.Values{"query": {ok, ok}}, "more than once"},
		{"an unknown target", url.Values{"query": {`{"target":"User"}`}}, "target is Investigation, Dataset or Datafile"},
		{"an unknown member", url.Values{"query": {`{"target":"Dataset","` + secret + `":1}`}}, "known besides: user, lower, upper"},
		{"a text that is too long", url.Values{"query": {`{"target":"Dataset","text":"` + strings.Repeat("x", maxText+1) + `"}`}}, "text exceeds 256 bytes"},
		{"a bound of another form", url.Values{"query": {`{"target":"Dataset","lower":"2015-09-03"}`}}, "yyyyMMddHHmm"},
		{"an unknown parameter", url.Values{secret: {"1"}}, "unknown parameter; known here: query"},
		{"a sort", url.Values{"query": {ok}, "sort": {`{"date":"asc"}`}}, "only the order by score"},
		{"restrict with another word", url.Values{"query": {ok}, "restrict": {secret}}, "takes true or false"},
		{"maxCount 0", url.Values{"query": {ok}, "minCount": {"0"}, "maxCount": {"0"}}, "maxCount from 1 to 10000"},
		{"maxCount beyond the bound", url.Values{"query": {ok}, "maxCount": {"10001"}}, "maxCount from 1 to 10000"},
		{"minCount above maxCount", url.Values{"query": {ok}, "minCount": {"11"}, "maxCount": {"10"}}, "0 <= minCount <= maxCount"},
		{"a search_after that is none", url.Values{"query": {ok}, "search_after": {"{" + secret}}, "search_after: not what"},
	} {
		_, err := ParseSearch(row.query)
		if err == nil || AsError(err).Code != BadParameter || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v, want BAD_PARAMETER with %q", row.proves, err, row.want)
		}
	}
}

func TestSearchResultHasICATsShape(t *testing.T) {
	o := NewObject(entity(t, "Dataset"))
	o.Set("id", int64(5))
	o.Set("name", "ds1")
	got, err := json.Marshal(SearchResult{Results: []Hit{{ID: 5, Score: 1.5, Source: o}}, After: "[5]"})
	want := `{"search_after":[5],"dimensions":{},"results":[{"id":5,"score":1.5,"source":{"id":5,"name":"ds1"}}]}`
	if err != nil || string(got) != want {
		t.Errorf("written as %s (%v), want %s", got, err, want)
	}
	if got, _ := json.Marshal(SearchResult{}); string(got) != `{"dimensions":{},"results":[]}` {
		t.Errorf("an empty result is %s", got)
	}
}
