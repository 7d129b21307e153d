package canary

import (
	"context"
	"encoding/json"
	"fmt"

	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/arrival/fate"
)

// mostDocuments is as many as Elasticsearch returns at once, by default.
const mostDocuments = 10_000

// object is a piece of a request body.
type object map[string]any

func term(field string, value any) object { return object{"term": object{field: value}} }

func all(filters ...object) object { return object{"bool": object{"filter": filters}} }

func numbers(of []*probe) object {
	wanted := []int64{}
	for _, p := range of {
		wanted = append(wanted, p.Seq)
	}
	return object{"terms": object{telemetry.FieldRunSeq: wanted}}
}

// search looks for the lines of the probes. An answer that does not cover every
// shard and every document is an error.
func (c *Canary) search(ctx context.Context, of []*probe) (map[int64]sighting, error) {
	query, source := c.subject.query(c.account.Run, of)
	size := min(mostDocuments, 100+10*len(of))
	body, err := json.Marshal(object{"size": size, "_source": source, "track_total_hits": true, "query": query})
	if err != nil {
		return nil, fmt.Errorf("search %s: %w", c.Index, err)
	}
	answer, err := c.Search.Search(ctx, c.Index, body)
	if err != nil {
		return nil, err
	}
	var a struct {
		TimedOut bool                                     `json:"timed_out"`
		Shards   *struct{ Total, Successful, Failed int } `json:"_shards"`
		Hits     *struct {
			Total *struct{ Value int }
			Hits  []struct {
				Source json.RawMessage `json:"_source"`
			}
		}
	}
	err = json.Unmarshal(answer, &a)
	switch {
	case err != nil:
		return nil, fmt.Errorf("search %s: read the answer: %w", c.Index, err)
	case a.Shards == nil || a.Hits == nil || a.Hits.Total == nil:
		return nil, fmt.Errorf("search %s: the answer is none of a search", c.Index)
	case a.TimedOut || a.Shards.Failed > 0 || a.Shards.Successful < a.Shards.Total:
		return nil, fmt.Errorf("search %s: %d of %d shards searched to the end", c.Index, a.Shards.Successful, a.Shards.Total)
	case a.Hits.Total.Value != len(a.Hits.Hits):
		return nil, fmt.Errorf("search %s: %d documents of %d probes, of which %d were returned", c.Index, a.Hits.Total.Value, len(of), len(a.Hits.Hits))
	}
	by := map[int64]*probe{}
	for _, p := range of {
		by[p.Seq] = p
	}
	seen := map[int64]sighting{}
	for _, hit := range a.Hits.Hits {
		document, err := fate.ParseJSON(hit.Source)
		if err != nil {
			return nil, fmt.Errorf("search %s: read a document: %w", c.Index, err)
		}
		seqs, altered := c.subject.read(c.account.Run, document, by)
		for _, seq := range seqs {
			s := seen[seq]
			seen[seq] = sighting{s.documents + 1, s.altered || altered}
		}
	}
	return seen, nil
}
