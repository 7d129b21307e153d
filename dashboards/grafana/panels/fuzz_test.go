package panels

import (
	"fmt"
	"testing"
)

// Whatever a server answers is drawn or refused.
func FuzzDraw(f *testing.F) {
	f.Add([]byte(`{"aggregations": {"3": {"buckets": [{"key": "a", "doc_count": 1, "5": {"buckets": [{"key": 1, "doc_count": 1, "1": {"value": 2}}]}}]}}}`))
	f.Add([]byte(`{"aggregations": {"10": {"buckets": [{"key": 7, "doc_count": 1, "1": {"value": null}}]}}, "hits": {"hits": [{"_source": {"a": {"b": 1}}}]}}`))
	f.Add([]byte(`{"status": "success", "data": {"result": [{"metric": {"le": "+Inf"}, "value": [1, "NaN"], "values": [[1, "2"]]}]}}`))
	search := `{"refId": "A", "datasource": {"type": "elasticsearch"}, "metrics": [{"id": "1", "type": "max", "field": "f"}], "bucketAggs": [%s]}`
	var all []Panel
	for _, target := range []string{
		`{"refId": "A", "datasource": {"type": "prometheus"}, "instant": true}`, `{"refId": "A", "datasource": {"type": "prometheus"}}`,
		`{"refId": "A", "datasource": {"type": "elasticsearch"}, "metrics": [{"id": "1", "type": "raw_data"}]}`,
		fmt.Sprintf(search, `{"id": "10", "type": "terms", "field": "g"}`), fmt.Sprintf(search, `{"id": "3", "type": "terms", "field": "g"}, {"id": "5", "type": "date_histogram"}`),
	} {
		d, err := Read([]byte(`{"panels": [{"targets": [` + target + `], "transformations": [{"id": "merge"}, {"id": "organize"}]}, {"targets": [` + target + `], "options": {"reduceOptions": {"calcs": ["sum"]}}}]}`))
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, d.Panels...)
	}
	f.Fuzz(func(_ *testing.T, answer []byte) {
		for _, p := range all {
			_, _ = p.Draw(At{}, map[string][]byte{"A": answer})
		}
	})
}
