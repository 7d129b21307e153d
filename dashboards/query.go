package dashboards

import (
	"encoding/json"
	"fmt"
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
)

// searchTimeout bounds one search. Elasticsearch then answers with what it
// has and timed_out, which Decode refuses.
const searchTimeout = "10s"

// Query writes the search that answers the panel: the data stream to search
// and the request body in Elasticsearch's query DSL. Ratios and rates are not
// asked for: Decode computes them from exact counts, so that no scripting is
// needed.
func (p Panel) Query(s Scope) (index string, body []byte, err error) {
	if err := s.check(); err != nil {
		return "", nil, fmt.Errorf("panel %s: %w", p.ID, err)
	}
	aggs := p.groupAggs(s)
	if p.Kind == TimeSeries {
		aggs[aggTime] = object{
			"date_histogram": object{
				"field":          telemetry.FieldTimestamp,
				"fixed_interval": strconv.FormatInt(int64(s.Step()/time.Second), 10) + "s",
				"min_doc_count":  0,
			},
			"aggs": p.groupAggs(s),
			"meta": scopeMeta(s),
		}
	}
	search := object{
		"size":             0,
		"track_total_hits": true,
		"timeout":          searchTimeout,
		"query":            object{"bool": object{"filter": p.filters(s)}},
	}
	if len(aggs) > 0 {
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
	if s.RunID != "" {
		filters = append(filters, object{"term": object{telemetry.FieldRunID: s.RunID}})
	}
	for _, c := range p.Source.Where {
		filters = append(filters, c.query())
	}
	return filters
}

// bounds are the ends of the scope in whole milliseconds, rounded outwards.
func (s Scope) bounds() (from, to time.Time) {
	from, to = s.From.UTC().Truncate(time.Millisecond), s.To.UTC().Truncate(time.Millisecond)
	if to.Before(s.To) {
		to = to.Add(time.Millisecond)
	}
	return from, to
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

// groupAggs asks for the measures of each group, or of all documents when
// there is no breakdown.
func (p Panel) groupAggs(s Scope) object {
	measures := p.measureAggs()
	if p.By.none() {
		return measures
	}
	groups := object{"meta": scopeMeta(s)}
	if p.By.Field != "" {
		groups["terms"] = object{"field": p.By.Field, "size": p.By.Size}
	} else {
		named := object{}
		for _, g := range p.By.Groups {
			named[g.Key] = g.Where.query()
		}
		groups["filters"] = object{"filters": named}
	}
	if len(measures) > 0 {
		groups["aggs"] = measures
	}
	return object{aggGroups: groups}
}

// measureAggs asks for what the measures need besides the document count.
// Percentiles of one field share a digest.
func (p Panel) measureAggs() object {
	aggs := object{}
	for i, m := range p.Measures {
		switch m.Op {
		case OpRatio:
			aggs[measureAgg(i)] = object{"filter": m.Where.query()}
		case OpMax:
			aggs[measureAgg(i)] = object{"max": object{"field": m.Field}}
		case OpPercentile:
			if p.digest(i) != i {
				continue
			}
			var percents []float64
			for j, other := range p.Measures {
				if other.Op == OpPercentile && p.digest(j) == i {
					percents = append(percents, percent(other.Quantile))
				}
			}
			aggs[measureAgg(i)] = object{"percentiles": object{
				"field": m.Field, "percents": percents, "keyed": false,
				"tdigest": object{"compression": compression},
			}}
		}
	}
	return aggs
}

// measureAgg names the aggregation of the i-th measure.
func measureAgg(i int) string { return "measure_" + strconv.Itoa(i) }

// digest is the index of the first percentile measure on the same field: the
// one whose aggregation holds the i-th measure's value.
func (p Panel) digest(i int) int {
	for j, m := range p.Measures {
		if m.Op == OpPercentile && m.Field == p.Measures[i].Field {
			return j
		}
	}
	return i
}

// percent turns 0.999 into 99.9, without the noise of binary fractions.
func percent(q float64) float64 {
	v, _ := strconv.ParseFloat(strconv.FormatFloat(q*100, 'g', 12, 64), 64)
	return v
}
