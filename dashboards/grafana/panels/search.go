package panels

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

type object map[string]any

// Search is what a panel asks Elasticsearch: one of the searches of Grafana's
// _msearch, to the index of a data source.
type Search struct {
	Ref    string
	Source string // the data source, by uid
	Body   []byte
}

// Searches are what the panel asks Elasticsearch.
func (p Panel) Searches(at At) ([]Search, error) {
	var all []Search
	for _, t := range p.Targets {
		if t.Datasource.Type != "elasticsearch" {
			continue
		}
		body, err := p.search(t, at)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", p.Title, t.RefID, err)
		}
		all = append(all, Search{t.RefID, t.Datasource.UID, body})
	}
	return all, nil
}

func (p Panel) search(t Target, at At) ([]byte, error) {
	query, err := p.put(t.Query, at, false)
	if err != nil {
		return nil, err
	}
	from, to := at.From.UnixMilli(), at.To.UnixMilli()
	body := object{"size": 0, "query": object{"bool": object{"filter": []object{
		{"range": object{t.TimeField: object{"gte": from, "lte": to, "format": "epoch_millis"}}},
		{"query_string": object{"analyze_wildcard": true, "query": query}},
	}}}}
	if len(t.Metrics) == 0 {
		return nil, fmt.Errorf("asks for nothing")
	}
	if t.Metrics[0].Type == "raw_data" {
		size, err := strconv.Atoi(fmt.Sprint(t.Metrics[0].Settings["size"]))
		if err != nil {
			return nil, err
		}
		body["size"] = size
		body["sort"] = []object{{t.TimeField: object{"order": "desc", "unmapped_type": "boolean"}}, {"_doc": object{"order": "desc"}}}
		body["docvalue_fields"] = []string{t.TimeField}
		return json.Marshal(body)
	}
	if len(t.BucketAggs) == 0 {
		return nil, fmt.Errorf("metrics without buckets")
	}
	// From the innermost buckets, which have the metrics, outwards.
	aggs, err := metrics(t.Metrics)
	if err != nil {
		return nil, err
	}
	for i := len(t.BucketAggs) - 1; i >= 0; i-- {
		b := t.BucketAggs[i]
		agg, err := b.agg(t, at)
		if err != nil {
			return nil, err
		}
		if len(aggs) > 0 {
			inner, _ := agg["aggs"].(object)
			if inner == nil {
				inner = object{}
			}
			for id, a := range aggs {
				inner[id] = a
			}
			agg["aggs"] = inner
		}
		aggs = object{b.ID: agg}
	}
	body["aggs"] = aggs
	return json.Marshal(body)
}

func (b bucketAgg) agg(t Target, at At) (object, error) {
	setting := func(name string) string { s, _ := b.Settings[name].(string); return s }
	minimum, err := strconv.Atoi(setting("min_doc_count"))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.Type, err)
	}
	switch b.Type {
	case "date_histogram":
		interval := setting("interval")
		if interval == "auto" {
			interval = fmt.Sprintf("%dms", at.Step.Milliseconds())
		}
		return object{"date_histogram": object{
			"field": b.Field, "fixed_interval": interval, "min_doc_count": minimum, "format": "epoch_millis",
			"extended_bounds": object{"min": at.From.UnixMilli(), "max": at.To.UnixMilli()},
		}}, nil
	case "terms":
		size, err := strconv.Atoi(setting("size"))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", b.Type, err)
		}
		by, order := setting("orderBy"), object{}
		agg := object{"field": b.Field, "size": size, "min_doc_count": minimum, "order": order}
		if !regexp.MustCompile(`^\d+$`).MatchString(by) {
			order[by] = setting("order")
			return object{"terms": agg}, nil
		}
		for _, m := range t.Metrics {
			switch {
			case m.ID != by:
			case m.Type == "count":
				order["_count"] = setting("order")
				return object{"terms": agg}, nil
			default: // the metric has to be there to order by it
				order[by] = setting("order")
				return object{"terms": agg, "aggs": object{by: object{m.Type: object{"field": m.Field}}}}, nil
			}
		}
		return nil, fmt.Errorf("terms are ordered by metric %s, which there is not", by)
	}
	return nil, fmt.Errorf("buckets of type %s", b.Type)
}

func metrics(all []metric) (object, error) {
	aggs := object{}
	for _, m := range all {
		switch m.Type {
		case "count": // each bucket has its count
		case "serial_diff":
			lag, err := strconv.ParseFloat(fmt.Sprint(m.Settings["lag"]), 64)
			if err != nil {
				return nil, err
			}
			aggs[m.ID] = object{m.Type: object{"buckets_path": path(all, m.Field), "lag": lag}}
		case "max", "min", "avg", "sum", "cardinality", "percentiles":
			settings := object{"field": m.Field}
			for name, value := range m.Settings {
				settings[name] = value
			}
			aggs[m.ID] = object{m.Type: settings}
		default:
			return nil, fmt.Errorf("metric of type %s", m.Type)
		}
	}
	return aggs, nil
}

// path is how one metric names another.
func path(all []metric, id string) string {
	for _, m := range all {
		if m.ID == id && m.Type == "count" {
			return "_count"
		}
	}
	return strings.TrimSpace(id)
}
