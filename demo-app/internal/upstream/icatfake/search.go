package icatfake

import (
	"encoding/json"
	"net/http"

	"plumbline/demo-app/icat"
)

// search answers GET /search/documents.
func (s *Server) search(r *http.Request, parameters map[string]string) (any, error) {
	if _, ok := parameters["query"]; !ok {
		return nil, icat.Errorf(icat.BadParameter, "query is not set")
	}
	who, err := s.who(parameters)
	if err != nil {
		return nil, err
	}
	values := map[string][]string{}
	for name, v := range parameters {
		if name != "sessionId" {
			values[name] = []string{v}
		}
	}
	q, err := icat.ParseSearch(values)
	if err != nil {
		return nil, err
	}
	result, err := s.options.Store.Search(r.Context(), who, q)
	if err != nil {
		return nil, err
	}
	type hit struct {
		ID     int64          `json:"id"`
		Score  float64        `json:"score"`
		Source map[string]any `json:"source"`
	}
	answer := struct {
		After      json.RawMessage `json:"search_after,omitempty"`
		Dimensions map[string]any  `json:"dimensions"`
		Results    []hit           `json:"results"`
	}{Dimensions: map[string]any{}, Results: []hit{}}
	if result.After != "" {
		answer.After = json.RawMessage(result.After)
	}
	for _, h := range result.Results {
		answer.Results = append(answer.Results, hit{h.ID, h.Score, document(h.Source)})
	}
	return answer, nil
}

// document is what a search engine stores: dates as milliseconds since 1970.
func document(o icat.Object) map[string]any {
	members := map[string]any{}
	for i, f := range o.Entity.Fields {
		switch v := o.Values[i].(type) {
		case nil:
		case icat.Time:
			members[f.Name] = v.Millis()
		default:
			members[f.Name] = v
		}
	}
	return members
}
