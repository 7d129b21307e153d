package arrival

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"plumbline/provisioner/elastic"
)

// single reports that no document that matches has two values in a field that is
// judged: as many values as documents that have one, of each. The fields can be sorted
// by, then, and nothing is lost by it.
//
// A field that is of one type here and of another there cannot be sorted by, and one
// document is asked for to know that.
func (p *pass) single(ctx context.Context, query object) (bool, error) {
	if p.pit == "" {
		return false, nil
	}
	counts := object{}
	for i, f := range judged() {
		counts[fmt.Sprint("values", i)] = object{"value_count": object{"field": f.field}}
		counts[fmt.Sprint("having", i)] = object{"filter": exists(f.field)}
	}
	body := newSearch(1, auditLayout(true), query)
	body.PIT, body.Aggs = p.view(), counts
	answer, err := p.Search.SearchPIT(ctx, encode(body), nil)
	switch {
	case errors.Is(err, &elastic.Error{Status: http.StatusBadRequest}):
		return false, nil
	case err != nil:
		return false, err
	}
	var got struct {
		covered
		Aggregations map[string]struct {
			Values uint64 `json:"value"`
			Having uint64 `json:"doc_count"`
		}
	}
	if err := json.Unmarshal(answer, &got); err != nil {
		return false, fmt.Errorf("read the answer to a search: %w", err)
	}
	for i := range judged() {
		values, counted := got.Aggregations[fmt.Sprint("values", i)]
		if !counted || values.Values != got.Aggregations[fmt.Sprint("having", i)].Having {
			return false, got.all()
		}
	}
	return true, got.all()
}
