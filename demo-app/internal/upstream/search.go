package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	"plumbline/demo-app/icat"
)

// minute is ICAT's form of a bound of a search.
const minute = "200601021504"

// Search passes the search on. icat.server has it from 6.1, and only with a
// search engine beside it; NOT_IMPLEMENTED says that there is none.
func (u *ICAT) Search(ctx context.Context, who icat.Session, s icat.Search) (icat.SearchResult, error) {
	q := map[string]string{"target": s.Target.Name}
	for name, text := range map[string]string{"text": s.Text, "user": s.User, "lower": bound(s.Lower), "upper": bound(s.Upper)} {
		if text != "" {
			q[name] = text
		}
	}
	body, err := json.Marshal(q)
	if err != nil {
		return icat.SearchResult{}, icat.Errorf(icat.BadParameter, "query is no text")
	}
	query := url.Values{
		"sessionId": {who.ID}, "query": {string(body)},
		"minCount": {strconv.Itoa(max(s.MinCount, 1))}, // 0 means 10 there
		"maxCount": {strconv.Itoa(s.MaxCount)},
		"restrict": {strconv.FormatBool(s.Restrict)},
	}
	if s.After != "" {
		query.Set("search_after", s.After)
	}
	var answer struct {
		After   json.RawMessage `json:"search_after"`
		Results []struct {
			ID     int64                      `json:"id"`
			Score  float64                    `json:"score"`
			Source map[string]json.RawMessage `json:"source"`
		} `json:"results"`
	}
	err = u.do(ctx, call{operation: "search", entity: s.Target, method: http.MethodGet, path: "/search/documents", session: who.ID, query: query}, &answer)
	if is(err, icat.NotImplemented) {
		return icat.SearchResult{}, icat.Errorf(icat.NotImplemented, "search: this icat.server is older than 6.1 or has no search engine")
	}
	if err != nil {
		return icat.SearchResult{}, err
	}
	result := icat.SearchResult{Results: make([]icat.Hit, len(answer.Results)), After: after(answer.After)}
	for i, r := range answer.Results {
		result.Results[i] = icat.Hit{ID: r.ID, Score: r.Score, Source: document(s.Target, r.Source)}
	}
	return result, nil
}

func bound(t icat.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Time().Format(minute)
}

// after returns where the next page starts, in the form of the search engine
// behind the server.
func after(raw json.RawMessage) string {
	if raw = bytes.TrimSpace(raw); string(raw) == "null" {
		return ""
	}
	return string(raw)
}

// document reads what a search stores of an entity: its dates are milliseconds
// since 1970 began. What is no field, or of another kind, is passed over: the
// search engine's documents are not bound by the schema.
func document(e *icat.Entity, source map[string]json.RawMessage) icat.Object {
	o := icat.NewObject(e)
	for i, f := range e.Fields {
		raw, ok := source[f.Name]
		if !ok {
			continue
		}
		if f.Kind == icat.Date {
			var ms *int64
			if json.Unmarshal(raw, &ms) == nil && ms != nil {
				o.Values[i] = icat.FromMillis(*ms)
			}
			continue
		}
		member, err := json.Marshal(map[string]json.RawMessage{f.Name: raw})
		if err != nil {
			continue
		}
		if one, err := icat.DecodeObject(e, member); err == nil {
			o.Values[i] = one.Values[i]
		}
	}
	return o
}
