package arrival

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/ledger"
)

// groupPage is how many groups are in one answer.
const groupPage = 1_000

// ask sends a search's body.
type ask func(ctx context.Context, body object) ([]byte, error)

// covered is what an answer says of how much it is of.
type covered struct {
	TimedOut bool                  `json:"timed_out"`
	Shards   *struct{ Failed int } `json:"_shards"`
}

// all is nil if it is of everything: what is missing in an answer of some of the
// shards would count as lost.
func (c covered) all() error {
	switch {
	case c.TimedOut:
		return &PartialError{}
	case c.Shards == nil:
		return errors.New("search: the answer does not say which shards it is of")
	case c.Shards.Failed > 0:
		return &PartialError{c.Shards.Failed}
	}
	return nil
}

// counted is what is read of an answer without hits.
type counted struct {
	covered
	Hits struct{ Total struct{ Value uint64 } }

	Aggregations struct {
		Numbers struct {
			Buckets []struct {
				Key float64
				N   uint64 `json:"doc_count"`
				Of  struct {
					Sum     float64
					Squares float64 `json:"sum_of_squares"`
				}
			}
		}
		Groups struct {
			After   json.RawMessage `json:"after_key"`
			Buckets []struct {
				Key struct {
					Method, Route *string
					Status        *json.Number
				}
				N uint64 `json:"doc_count"`
			}
		}
	}
}

// count sends a body and reads the answer.
func (ask ask) count(ctx context.Context, body object) (*counted, error) {
	answer, err := ask(ctx, body)
	if err != nil {
		return nil, err
	}
	var got counted
	if err := json.Unmarshal(answer, &got); err != nil {
		return nil, fmt.Errorf("read the answer to a search: %w", err)
	}
	return &got, got.all()
}

// sums are those of the documents numbered from one to another, by the first
// number of each stretch.
func (g *glancer) sums(ctx context.Context, ask ask, from, to uint64) (map[uint64]ledger.Sums, error) {
	got, err := ask.count(ctx, object{
		"size": 0, "track_total_hits": false, "query": all(term(telemetry.FieldRunID, g.run), between(from, to)),
		"aggs": object{"numbers": object{
			"histogram": object{
				"field": telemetry.FieldRunSeq, "interval": g.Width, "offset": 1, "min_doc_count": 1,
				// Of a document with two numbers the other may be anywhere. Elasticsearch holds
				// a bucket's key against the bounds before it adds the offset.
				"hard_bounds": object{"min": from - 1, "max": to},
			},
			"aggs": object{"of": object{"extended_stats": object{"field": telemetry.FieldRunSeq}}},
		}},
	})
	if err != nil {
		return nil, err
	}
	found := make(map[uint64]ledger.Sums, len(got.Aggregations.Numbers.Buckets))
	for _, b := range got.Aggregations.Numbers.Buckets {
		found[uint64(b.Key)] = ledger.Sums{N: b.N, Sum: b.Of.Sum, Squares: b.Of.Squares}
	}
	return found, nil
}

// found adds to the groups how many documents there are of each.
func (g *glancer) found(ctx context.Context, ask ask, groups map[groupName]Group) error {
	source := func(field string) object {
		return object{"terms": object{"field": field, "missing_bucket": true}}
	}
	composite := object{"size": groupPage, "sources": []object{
		{"route": source(telemetry.FieldRoute)}, {"method": source(telemetry.FieldMethod)}, {"status": source(telemetry.FieldStatus)},
	}}
	for {
		got, err := ask.count(ctx, object{
			"size": 0, "track_total_hits": false, "query": term(telemetry.FieldRunID, g.run),
			"aggs": object{"groups": object{"composite": composite}},
		})
		if err != nil {
			return err
		}
		for _, b := range got.Aggregations.Groups.Buckets {
			var name groupName
			if b.Key.Method != nil {
				name.Method = *b.Key.Method
			}
			if b.Key.Route != nil {
				name.Route = *b.Key.Route
			}
			if b.Key.Status != nil {
				name.Status = b.Key.Status.String()
			}
			group := groups[name]
			group.Found += b.N
			groups[name] = group
		}
		if len(got.Aggregations.Groups.Buckets) < groupPage {
			return nil
		}
		composite["after"] = got.Aggregations.Groups.After
	}
}

// documents is how many there are of the run.
func (g *glancer) documents(ctx context.Context, ask ask) (uint64, error) {
	got, err := ask.count(ctx, object{"size": 0, "track_total_hits": true, "query": term(telemetry.FieldRunID, g.run)})
	if err != nil {
		return 0, err
	}
	return got.Hits.Total.Value, nil
}
