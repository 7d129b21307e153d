package lens

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// Row is what Lens draws of one group, at one moment, or of all.
type Row struct {
	Group  string              // "" without a breakdown
	Time   time.Time           // zero without a time axis
	per    string              // counter that is told apart before it is added up
	width  time.Duration       // of what is covered of the scope
	step   time.Duration       // of a whole time bucket
	Values map[string]*float64 // by column; nil: no value
}

// answer is the part of a search's answer that every one has.
type answer struct {
	TimedOut bool `json:"timed_out"`
	Shards   *struct {
		Total, Failed int
	} `json:"_shards"`
	Hits struct {
		Total struct {
			Value    int64
			Relation string
		}
	}
	Aggregations map[string]json.RawMessage
}

// Read makes rows of the answer to the panel's request over the same scope, with
// all columns that are asked for or computed, in the order of the answer.
func (p Panel) Read(response []byte, s Scope) ([]Row, error) {
	rows, err := p.read(response, s)
	if err != nil {
		return nil, fmt.Errorf("panel %s: answer of %s: %w", p.ID, p.Index, err)
	}
	return rows, nil
}

func (p Panel) read(response []byte, s Scope) ([]Row, error) {
	var a answer
	if err := json.Unmarshal(response, &a); err != nil {
		return nil, err
	}
	switch {
	case a.TimedOut:
		return nil, fmt.Errorf("the search timed out")
	case a.Shards == nil || a.Shards.Failed > 0:
		return nil, fmt.Errorf("not all shards were searched")
	case a.Hits.Total.Relation != "eq":
		return nil, fmt.Errorf("the number of documents is not exact")
	}
	t := &table{panel: p, scope: s}
	count, err := json.Marshal(a.Hits.Total.Value)
	if err != nil {
		return nil, err
	}
	if a.Aggregations == nil {
		a.Aggregations = map[string]json.RawMessage{}
	}
	a.Aggregations["doc_count"] = count
	if err := t.descend(a.Aggregations, p.buckets(), Row{width: s.To.Sub(s.From)}); err != nil {
		return nil, err
	}
	if err := t.compute(); err != nil {
		return nil, err
	}
	return t.collapse(), nil
}

// table is the rows under way.
type table struct {
	panel Panel
	scope Scope
	rows  []Row
}

// descend reads the buckets below n.
func (t *table) descend(n map[string]json.RawMessage, buckets []string, row Row) error {
	if len(buckets) == 0 {
		return t.values(n, row)
	}
	id := buckets[0]
	c := t.panel.layer.Columns[id]
	var agg struct{ Buckets json.RawMessage }
	if err := json.Unmarshal(n[t.panel.name(id)], &agg); err != nil {
		return fmt.Errorf("column %s: %w", id, err)
	}
	if c.OperationType == "filters" {
		var named map[string]map[string]json.RawMessage
		if err := json.Unmarshal(agg.Buckets, &named); err != nil {
			return fmt.Errorf("column %s: %w", id, err)
		}
		for _, f := range c.Params.Filters {
			bucket, there := named[f.Label]
			if !there {
				return fmt.Errorf("column %s: no bucket %s", id, f.Label)
			}
			if err := t.descend(bucket, buckets[1:], t.named(row, id, f.Label)); err != nil {
				return err
			}
		}
		return nil
	}
	var list []map[string]json.RawMessage
	if err := json.Unmarshal(agg.Buckets, &list); err != nil {
		return fmt.Errorf("column %s: %w", id, err)
	}
	for i, bucket := range list {
		next := row
		if c.OperationType == "date_histogram" {
			var ms int64
			if err := json.Unmarshal(bucket["key"], &ms); err != nil {
				return fmt.Errorf("column %s: bucket %d: %w", id, i, err)
			}
			next.Time = time.UnixMilli(ms).UTC()
			step, err := c.step(t.scope)
			if err != nil {
				return fmt.Errorf("column %s: %w", id, err)
			}
			next.width, next.step = t.covered(next.Time, step), step
		} else {
			var key any
			if err := json.Unmarshal(bucket["key"], &key); err != nil {
				return fmt.Errorf("column %s: bucket %d: %w", id, i, err)
			}
			text, is := key.(string)
			if !is {
				text = string(bucket["key"])
			}
			next = t.named(row, id, text)
		}
		if err := t.descend(bucket, buckets[1:], next); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) named(row Row, id, key string) Row {
	if id == t.panel.collapsed() {
		row.per = key
	} else {
		row.Group = key
	}
	return row
}

// covered is how much of the scope a time bucket has: the first and the last may
// be cut.
func (t *table) covered(start time.Time, step time.Duration) time.Duration {
	end := start.Add(step)
	if start.Before(t.scope.From) {
		start = t.scope.From
	}
	if end.After(t.scope.To) {
		end = t.scope.To
	}
	return end.Sub(start)
}

// values reads the metrics of n into a row.
func (t *table) values(n map[string]json.RawMessage, row Row) error {
	row.Values = map[string]*float64{}
	for _, id := range t.panel.metrics() {
		v, err := t.value(n, id)
		if err != nil {
			return fmt.Errorf("column %s: %w", id, err)
		}
		row.Values[id] = v
	}
	t.rows = append(t.rows, row)
	return nil
}

func (t *table) value(n map[string]json.RawMessage, id string) (*float64, error) {
	c, name := t.panel.layer.Columns[id], t.panel.name(id)
	if c.Filter != nil && c.Filter.Query != "" {
		var filtered map[string]json.RawMessage
		if err := json.Unmarshal(n[name+"-filter"], &filtered); err != nil {
			return nil, fmt.Errorf("filter: %w", err)
		}
		n, name = filtered, name+"-metric"
	}
	var agg struct {
		Value  *float64
		Values []struct{ Key, Value *float64 }
		Top    []struct{ Metrics map[string]*float64 }
		Hits   struct {
			Hits []struct{ Fields map[string][]float64 }
		}
	}
	var v *float64
	switch c.OperationType {
	case "count":
		if err := json.Unmarshal(n["doc_count"], &v); err != nil || v == nil {
			return nil, fmt.Errorf("no number of documents: %w", err)
		}
	case "percentile":
		name = t.panel.name(t.panel.digest(id))
		fallthrough
	default:
		if err := json.Unmarshal(n[name], &agg); err != nil {
			return nil, err
		}
		v = agg.Value
	}
	switch {
	case c.OperationType == "percentile":
		found := false
		for _, one := range agg.Values {
			if one.Key != nil && math.Abs(*one.Key-c.Params.Percentile) < 1e-9 {
				v, found = one.Value, true
			}
		}
		if !found {
			return nil, fmt.Errorf("no percentile %v", c.Params.Percentile)
		}
	case c.OperationType == "last_value" && len(agg.Top) > 0:
		v = agg.Top[0].Metrics[c.SourceField]
	case c.OperationType == "last_value" && len(agg.Hits.Hits) > 0:
		if all := agg.Hits.Hits[0].Fields[c.SourceField]; len(all) > 0 {
			v = &all[len(all)-1]
		}
	}
	if v != nil && *v == 0 && c.Params.EmptyAsNull {
		return nil, nil
	}
	return v, nil
}
