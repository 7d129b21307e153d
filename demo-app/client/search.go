package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	"plumbline/demo-app/icat"
)

// Search returns documents by text, the best match first. To go on, repeat it
// with After of its result, which is "" when there are no more. MinCount and
// MaxCount at 0 are the server's own.
func (c *Client) Search(ctx context.Context, s icat.Search) (icat.SearchResult, error) {
	if s.Target == nil {
		return icat.SearchResult{}, icat.Errorf(icat.BadParameter, "search: no target")
	}
	text, err := json.Marshal(struct {
		Target string `json:"target"`
		Text   string `json:"text"`
		User   string `json:"user,omitempty"`
		Lower  string `json:"lower,omitempty"`
		Upper  string `json:"upper,omitempty"`
	}{s.Target.Name, s.Text, s.User, minute(s.Lower), minute(s.Upper)})
	if err != nil {
		return icat.SearchResult{}, icat.Wrap(icat.BadParameter, "search: does not encode", err)
	}
	query := url.Values{"query": {string(text)}, "restrict": {strconv.FormatBool(s.Restrict)}}
	for name, n := range map[string]int64{"minCount": int64(s.MinCount), "maxCount": int64(s.MaxCount)} {
		if n > 0 {
			query.Set(name, strconv.FormatInt(n, 10))
		}
	}
	if s.After != "" {
		query.Set("search_after", s.After)
	}
	var page struct {
		After   json.RawMessage `json:"search_after"`
		Results []struct {
			ID     int64           `json:"id"`
			Score  float64         `json:"score"`
			Source json.RawMessage `json:"source"`
		} `json:"results"`
	}
	if err := c.do(ctx, request{method: http.MethodGet, path: "/search/documents", query: query}, &page); err != nil {
		return icat.SearchResult{}, err
	}
	result := icat.SearchResult{After: string(page.After)}
	for _, r := range page.Results {
		source, err := icat.DecodeObject(s.Target, r.Source)
		if err != nil {
			return result, err
		}
		result.Results = append(result.Results, icat.Hit{ID: r.ID, Score: r.Score, Source: source})
	}
	return result, nil
}

// minute writes a date as a search takes it.
func minute(t icat.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Time().UTC().Format("200601021504")
}
