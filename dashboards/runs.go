package dashboards

import (
	"encoding/json"
	"fmt"
	"time"

	"plumbline/demo-app/telemetry"
)

// Run is a load run that left documents.
type Run struct {
	ID          string
	Requests    int64
	First, Last time.Time
}

const recentRuns = 20

// RunsQuery writes the search for the most recent load runs since a time.
func RunsQuery(since time.Time) (index string, body []byte, err error) {
	body, err = json.MarshalIndent(object{
		"size":             0,
		"track_total_hits": true,
		"timeout":          searchTimeout,
		"query": object{"range": object{telemetry.FieldTimestamp: object{
			"gte": since.UTC().Format(time.RFC3339), "format": "strict_date_optional_time",
		}}},
		"aggs": object{aggGroups: object{
			"terms": object{"field": telemetry.FieldRunID, "size": recentRuns, "order": object{"last": "desc"}},
			"aggs": object{
				"first": object{"min": object{"field": telemetry.FieldTimestamp}},
				"last":  object{"max": object{"field": telemetry.FieldTimestamp}},
			},
		}},
	}, "", "  ")
	return telemetry.StreamAccess, body, err
}

// DecodeRuns reads the answer to RunsQuery, the latest run first.
func DecodeRuns(response []byte) ([]Run, error) {
	runs, err := decodeRuns(response)
	if err != nil {
		return nil, fmt.Errorf("list of runs: answer of %s: %w", telemetry.StreamAccess, err)
	}
	return runs, nil
}

func decodeRuns(response []byte) ([]Run, error) {
	top, err := parse(response)
	if err != nil {
		return nil, err
	}
	if err := complete(top); err != nil {
		return nil, err
	}
	aggs, err := top.child("aggregations")
	if err != nil {
		return nil, err
	}
	groups, err := aggs.child(aggGroups)
	if err != nil {
		return nil, err
	}
	buckets, err := groups.list("buckets")
	if err != nil {
		return nil, err
	}
	runs := make([]Run, len(buckets))
	for i, b := range buckets {
		if runs[i].ID, err = b.text("key"); err != nil {
			return nil, err
		}
		if runs[i].Requests, err = b.count("doc_count"); err != nil {
			return nil, err
		}
		for name, into := range map[string]*time.Time{"first": &runs[i].First, "last": &runs[i].Last} {
			agg, err := b.child(name)
			if err != nil {
				return nil, err
			}
			var ms float64
			if err := agg.value("value", &ms); err != nil {
				return nil, err
			}
			*into = time.UnixMilli(int64(ms)).UTC()
		}
	}
	return runs, nil
}
