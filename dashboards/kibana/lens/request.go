package lens

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

const (
	layout       = "2006-01-02T15:04:05.000Z"
	searchWithin = "10s" // Elasticsearch then answers with what it has, which Read refuses
)

// Request writes the search that Lens sends for the panel, and where it sends it.
func (p Panel) Request(s Scope) (index string, body []byte, err error) {
	aggs, err := p.aggregations(s)
	if err == nil {
		var query object
		if query, err = p.documents(s); err == nil {
			body, err = json.MarshalIndent(object{"size": 0, "track_total_hits": true, "timeout": searchWithin, "query": query, "aggs": aggs}, "", "  ")
		}
	}
	if err != nil {
		return "", nil, fmt.Errorf("panel %s: %w", p.ID, err)
	}
	return p.Index, body, nil
}

// documents are those that the panel looks at.
func (p Panel) documents(s Scope) (object, error) {
	filters := []any{object{"range": object{p.timeField: object{
		"gte": s.From.UTC().Format(layout), "lt": s.To.UTC().Format(layout), "format": "strict_date_optional_time",
	}}}}
	if p.query != "" {
		o, err := translate(p.query)
		if err != nil {
			return nil, err
		}
		filters = append(filters, o)
	}
	for _, field := range slices.Sorted(maps.Keys(s.Only)) {
		filters = append(filters, object{"match_phrase": object{field: s.Only[field]}})
	}
	return object{"bool": object{"filter": filters}}, nil
}

// name is what a column's aggregation is called: its place among the asked ones.
func (p Panel) name(id string) string { return strconv.Itoa(slices.Index(p.asked(), id)) }

// aggregations nests the buckets, the first outermost, with the metrics in the
// innermost.
func (p Panel) aggregations(s Scope) (object, error) {
	inner := object{}
	for _, id := range p.metrics() {
		if err := p.metric(id, s, inner); err != nil {
			return nil, fmt.Errorf("column %s: %w", id, err)
		}
	}
	buckets := p.buckets()
	for i, id := range slices.Backward(buckets) {
		o, extra, err := p.bucket(id, s, i == len(buckets)-1)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", id, err)
		}
		maps.Copy(inner, extra)
		if len(inner) > 0 {
			o["aggs"] = inner
		}
		inner = object{p.name(id): o}
	}
	return inner, nil
}

// bucket is an aggregation that makes rows, and what has to be within it to order
// them; innermost is whether the metrics are within it anyway.
func (p Panel) bucket(id string, s Scope, innermost bool) (o, extra object, err error) {
	c := p.layer.Columns[id]
	switch c.OperationType {
	case "date_histogram":
		step, err := c.step(s)
		if err != nil {
			return nil, nil, err
		}
		histogram := object{"field": c.SourceField, "fixed_interval": strconv.FormatInt(step.Milliseconds(), 10) + "ms", "time_zone": "UTC", "min_doc_count": 1}
		if c.Params.IncludeEmptyRows {
			histogram["min_doc_count"] = 0
			histogram["extended_bounds"] = object{"min": s.From.UnixMilli(), "max": s.To.UnixMilli() - 1}
		}
		return object{"date_histogram": histogram}, nil, nil
	case "filters":
		named := object{}
		for _, f := range c.Params.Filters {
			if named[f.Label], err = translate(f.Input.Query); err != nil {
				return nil, nil, err
			}
		}
		return object{"filters": object{"filters": named}}, nil, nil
	case "terms":
		order, extra, err := p.order(c, s, innermost)
		return object{"terms": object{"field": c.SourceField, "size": c.Params.Size, "order": order}}, extra, err
	}
	return nil, nil, fmt.Errorf("unknown operation %s", c.OperationType)
}

// order is how groups are ordered: by their keys, or by a metric of theirs.
func (p Panel) order(c column, s Scope, innermost bool) (order, extra object, err error) {
	if c.Params.OrderBy.Type != "column" {
		return object{"_key": c.Params.OrderDirection}, nil, nil
	}
	id := c.Params.OrderBy.ColumnID
	by, there := p.layer.Columns[id]
	if !there {
		return nil, nil, fmt.Errorf("ordered by %s, which is not there", id)
	}
	path := p.name(id)
	switch by.OperationType {
	case "count":
		return object{"_count": c.Params.OrderDirection}, nil, nil
	case "percentile":
		path = p.name(p.digest(id)) + "." + strconv.FormatFloat(by.Params.Percentile, 'f', -1, 64)
	}
	extra = object{}
	if !innermost {
		err = p.metric(id, s, extra)
	}
	return object{path: c.Params.OrderDirection}, extra, err
}

// digest is the first of the columns that ask for percentiles of the same field:
// they are asked for together.
func (p Panel) digest(id string) string {
	for _, other := range p.metrics() {
		if o := p.layer.Columns[other]; o.OperationType == "percentile" && o.SourceField == p.layer.Columns[id].SourceField {
			return other
		}
	}
	return id
}

// metric adds what is asked for a value. A count without a filter is asked for by
// every bucket.
func (p Panel) metric(id string, s Scope, aggs object) error {
	c := p.layer.Columns[id]
	var o object
	switch c.OperationType {
	case "count":
	case "max", "min", "sum":
		o = object{c.OperationType: object{"field": c.SourceField}}
	case "average":
		o = object{"avg": object{"field": c.SourceField}}
	case "unique_count":
		o = object{"cardinality": object{"field": c.SourceField}}
	case "percentile":
		var percents []float64
		for _, other := range p.metrics() {
			if p.layer.Columns[other].OperationType == "percentile" && p.digest(other) == p.digest(id) {
				percents = append(percents, p.layer.Columns[other].Params.Percentile)
			}
		}
		aggs[p.name(p.digest(id))] = object{"percentiles": object{"field": c.SourceField, "percents": percents, "keyed": false}}
		return nil
	case "last_value":
		sort := object{c.Params.SortField: "desc"}
		o = object{"top_metrics": object{"metrics": object{"field": c.SourceField}, "size": 1, "sort": sort}}
		if s.TopHits {
			o = object{"top_hits": object{"size": 1, "_source": false, "fields": []string{c.SourceField}, "sort": sort}}
		}
	default:
		return fmt.Errorf("unknown operation %s", c.OperationType)
	}
	if c.Filter == nil || c.Filter.Query == "" {
		if o != nil {
			aggs[p.name(id)] = o
		}
		return nil
	}
	filter, err := translate(c.Filter.Query)
	if err != nil {
		return err
	}
	filtered := object{"filter": filter}
	if o != nil {
		filtered["aggs"] = object{p.name(id) + "-metric": o}
	}
	aggs[p.name(id)+"-filter"] = filtered
	return nil
}

// step is how wide a time bucket is: as the column says, or as Lens chooses.
func (c column) step(s Scope) (time.Duration, error) {
	step := s.Interval
	if c.Params.Interval != "auto" {
		var err error
		if step, err = time.ParseDuration(c.Params.Interval); err != nil {
			return 0, err
		}
	}
	if step <= 0 {
		return 0, fmt.Errorf("how wide is a time bucket?")
	}
	return step, nil
}
