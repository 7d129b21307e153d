package dashboards

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"plumbline/demo-app/telemetry"
)

// object is a JSON object; its keys come out sorted, so the same panel and
// scope always give the same query.
type object map[string]any

// Names of the aggregations that Query asks for and Decode reads.
const (
	aggGroups = "groups" // one bucket per group of the breakdown
	aggTime   = "time"   // one bucket per step; inside, the same as at the top
	aggLow    = "low"    // smallest and largest value of one counter
	aggHigh   = "high"
)

// maxCounters is how many counters of one measure are followed in a group.
const maxCounters = 1000

// searchTimeout bounds one search. Elasticsearch then answers with what it
// has and timed_out, which Decode refuses.
const searchTimeout = "10s"

// Query writes the search that answers the panel: the data stream to search
// and the request body in Elasticsearch's query DSL. Ratios, rates and
// increases are not asked for: Decode computes them from exact counts, so that
// no scripting is needed. A Note has no query.
func (p Panel) Query(s Scope) (index string, body []byte, err error) {
	if p.Kind == Note {
		return "", nil, fmt.Errorf("panel %s: a note asks nothing", p.ID)
	}
	if err := s.check(); err != nil {
		return "", nil, fmt.Errorf("panel %s: %w", p.ID, err)
	}
	search := object{
		"size":             0,
		"track_total_hits": true,
		"timeout":          searchTimeout,
		"query":            object{"bool": object{"filter": p.filters(s)}},
	}
	if p.Kind == Lines {
		p.askLines(search)
	} else if aggs := p.allAggs(s); len(aggs) > 0 {
		search["aggs"] = aggs
	}
	body, err = json.MarshalIndent(search, "", "  ")
	if err != nil {
		return "", nil, fmt.Errorf("panel %s: write query: %w", p.ID, err)
	}
	return p.Source.Stream, body, nil
}

// filters are the documents in scope: [From, To) in whole milliseconds, which
// is what Elasticsearch keeps of a date.
func (p Panel) filters(s Scope) []object {
	const layout = "2006-01-02T15:04:05.000Z"
	from, to := s.bounds()
	filters := []object{{"range": object{telemetry.FieldTimestamp: object{
		"gte": from.Format(layout), "lt": to.Format(layout), "format": "strict_date_optional_time",
	}}}}
	values := s.Narrowed(p.Source)
	for _, field := range slices.Sorted(maps.Keys(values)) {
		filters = append(filters, object{"term": object{field: values[field]}})
	}
	for _, c := range p.Source.Where {
		filters = append(filters, c.query())
	}
	return filters
}

// askLines asks for single documents.
func (p Panel) askLines(search object) {
	search["size"] = p.Show
	search["_source"] = false
	search["sort"] = []object{{p.Order.Field: object{"order": "desc"}}}
	fields := make([]object, len(p.Columns))
	for i, c := range p.Columns {
		fields[i] = object{"field": c.Field}
		if c.Unit == UnitTime {
			fields[i]["format"] = "strict_date_optional_time_nanos"
		}
	}
	search["fields"] = fields
}

// overTime reports whether the answer has time buckets.
func (p Panel) overTime() bool {
	return p.Kind == TimeSeries || p.Kind == Heatmap || slices.ContainsFunc(p.Measures, Measure.grows)
}

func (p Panel) allAggs(s Scope) object {
	aggs := p.groupAggs(s, false)
	if p.overTime() {
		aggs[aggTime] = object{
			"date_histogram": object{
				"field":          telemetry.FieldTimestamp,
				"fixed_interval": strconv.FormatInt(int64(s.Step()/time.Second), 10) + "s",
				"min_doc_count":  0,
			},
			"aggs": p.groupAggs(s, true),
			"meta": scopeMeta(s),
		}
	}
	return aggs
}

// meta travels with the query, and Elasticsearch hands it back in the answer:
// an answer says by itself which time it is about.
type meta struct {
	FromMS int64 `json:"from_ms"`
	ToMS   int64 `json:"to_ms"`
	StepMS int64 `json:"step_ms"`
}

func scopeMeta(s Scope) meta {
	from, to := s.bounds()
	return meta{FromMS: from.UnixMilli(), ToMS: to.UnixMilli(), StepMS: s.Step().Milliseconds()}
}
