package red

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"plumbline/demo-app/telemetry"
)

// Searcher reads Elasticsearch. It is *elastic.Client, or a recording of one.
type Searcher interface {
	Search(ctx context.Context, index string, body []byte) ([]byte, error)
	// Stored returns the documents and bytes of a data stream.
	Stored(ctx context.Context, stream string) (documents, bytes int64, err error)
}

// object is a piece of a request body.
type object map[string]any

func term(field string, value any) object { return object{"term": object{field: value}} }

func exists(field string) object { return object{"exists": object{"field": field}} }

// during is a time range with both its ends.
func during(from, to time.Time) object {
	return object{"range": object{telemetry.FieldTimestamp: object{
		"gte": from.UnixMilli(), "lte": to.UnixMilli(), "format": "epoch_millis",
	}}}
}

// users keeps the requests of users: probes and scrapes are left out.
func users(routeField string, filters ...object) object {
	return object{"bool": object{
		"filter":   filters,
		"must_not": object{"terms": object{routeField: telemetry.OperationalRoutes()}},
	}}
}

// ask runs an aggregation and reads its results into out. An index that does
// not exist has no documents.
func ask(ctx context.Context, s Searcher, index string, query, aggregations object, out any) (documents int64, err error) {
	search := object{"size": 0, "track_total_hits": true, "query": query}
	if len(aggregations) > 0 {
		search["aggs"] = aggregations
	}
	body, err := json.Marshal(search)
	if err != nil {
		return 0, fmt.Errorf("search %s: %v", index, err)
	}
	text, err := s.Search(ctx, index, body)
	if missing(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	var answer struct {
		TimedOut bool                 `json:"timed_out"`
		Shards   struct{ Failed int } `json:"_shards"`
		Hits     struct {
			Total struct{ Value int64 }
		}
		Aggregations json.RawMessage
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return 0, fmt.Errorf("search %s: read the answer: %w", index, err)
	}
	if answer.TimedOut || answer.Shards.Failed > 0 {
		return 0, fmt.Errorf("search %s: only a part of it answered", index)
	}
	if len(aggregations) == 0 {
		return answer.Hits.Total.Value, nil
	}
	if err := json.Unmarshal(answer.Aggregations, out); err != nil {
		return 0, fmt.Errorf("search %s: read the aggregations: %w", index, err)
	}
	return answer.Hits.Total.Value, nil
}

// groups is how many groups an aggregation may have; one more is an error.
const groups = 10_000

// whole says whether an aggregation had room for all of its groups.
func whole(index string, other int64) error {
	if other > 0 {
		return fmt.Errorf("search %s: more than %d groups", index, groups)
	}
	return nil
}
