package panels

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// frame is an answer, or a part of one: a series over time, or a table.
type frame struct {
	ref    string
	name   string
	labels map[string]string
	points []Point
	table  *table
}

type table struct {
	columns []string
	rows    [][]any // a text, a number or nil
}

// Point is a value at a time, or of no time.
type Point struct {
	Time  time.Time
	Value *float64
}

// bucketNode is a bucket of an aggregation.
type bucketNode map[string]json.RawMessage

func (b bucketNode) into(name string, value any) error {
	raw, there := b[name]
	if !there {
		return fmt.Errorf("a bucket has no %s", name)
	}
	return json.Unmarshal(raw, value)
}

func (b bucketNode) key() (string, error) {
	var text string
	if raw := b["key"]; json.Unmarshal(raw, &text) != nil {
		return string(raw), nil // a number
	}
	return text, nil
}

// readSearch reads the answer to a search as Grafana's data source does.
func readSearch(t Target, answer []byte) ([]frame, error) {
	var a struct {
		TimedOut bool                 `json:"timed_out"`
		Shards   struct{ Failed int } `json:"_shards"`
		Error    json.RawMessage
		Hits     struct {
			Hits []struct {
				Source json.RawMessage `json:"_source"`
			}
		}
		Aggregations bucketNode
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		return nil, err
	}
	if len(a.Error) > 0 {
		return nil, fmt.Errorf("refused: %.300s", a.Error)
	}
	if a.TimedOut || a.Shards.Failed > 0 {
		return nil, errors.New("the answer is not complete")
	}
	if t.Metrics[0].Type == "raw_data" {
		var documents []json.RawMessage
		for _, hit := range a.Hits.Hits {
			documents = append(documents, hit.Source)
		}
		return rawData(t, documents)
	}
	r := reader{target: t}
	if err := r.level(a.Aggregations, 0, nil); err != nil {
		return nil, err
	}
	if r.table != nil {
		r.frames = append(r.frames, frame{ref: t.RefID, table: r.table})
	}
	return r.frames, nil
}

// reader walks through the buckets of an answer.
type reader struct {
	target Target
	frames []frame
	table  *table
}

func (r *reader) level(b bucketNode, depth int, keys []string) error {
	agg := r.target.BucketAggs[depth]
	var content struct{ Buckets []bucketNode }
	if err := b.into(agg.ID, &content); err != nil {
		return err
	}
	last := depth == len(r.target.BucketAggs)-1
	switch {
	case last && agg.Type == "date_histogram":
		return r.series(content.Buckets, keys)
	case last:
		return r.rows(content.Buckets, keys)
	}
	for _, inner := range content.Buckets {
		key, err := inner.key()
		if err != nil {
			return err
		}
		if err := r.level(inner, depth+1, append(keys[:len(keys):len(keys)], key)); err != nil {
			return err
		}
	}
	return nil
}

// series makes a frame of each metric that is not hidden.
func (r *reader) series(buckets []bucketNode, keys []string) error {
	for _, m := range r.target.Metrics {
		if m.Hide {
			continue
		}
		f := frame{ref: r.target.RefID, labels: map[string]string{}}
		for i, key := range keys {
			f.labels[r.target.BucketAggs[i].Field] = key
		}
		f.name = alias(r.target.Alias, f.labels)
		for _, b := range buckets {
			var at float64
			if err := b.into("key", &at); err != nil {
				return err
			}
			if _, there := b[m.ID]; !there && m.Type == "serial_diff" {
				continue // there is none before the first
			}
			value, err := m.value(b)
			if err != nil {
				return err
			}
			f.points = append(f.points, Point{time.UnixMilli(int64(at)).UTC(), value})
		}
		r.frames = append(r.frames, f)
	}
	return nil
}

// alias is a name with labels put in.
func alias(pattern string, labels map[string]string) string {
	for name, value := range labels {
		pattern = strings.ReplaceAll(pattern, "{{term "+name+"}}", value)
	}
	return pattern
}

func (m metric) value(b bucketNode) (*float64, error) {
	var value *float64
	if m.Type == "count" {
		return value, b.into("doc_count", &value)
	}
	var content struct {
		Value  *float64
		Values map[string]*float64
	}
	if err := b.into(m.ID, &content); err != nil {
		return nil, err
	}
	if m.Type == "percentiles" {
		if len(content.Values) != 1 {
			return nil, fmt.Errorf("%d percentiles, want one", len(content.Values))
		}
		for _, v := range content.Values {
			value = v
		}
		return value, nil
	}
	return content.Value, nil
}

// rows adds a row for each bucket to the table.
func (r *reader) rows(buckets []bucketNode, keys []string) error {
	types := map[string]int{}
	for _, m := range r.target.Metrics {
		types[m.Type]++
	}
	if r.table == nil {
		r.table = &table{}
		for _, b := range r.target.BucketAggs {
			r.table.columns = append(r.table.columns, b.Field)
		}
		for _, m := range r.target.Metrics {
			name := map[string]string{"count": "Count", "max": "Max", "min": "Min", "avg": "Average", "sum": "Sum", "cardinality": "Unique Count"}[m.Type]
			if types[m.Type] > 1 && m.Type != "count" {
				name += " " + m.Field
			}
			r.table.columns = append(r.table.columns, name)
		}
	}
	for _, b := range buckets {
		var row []any
		for _, key := range keys {
			row = append(row, key)
		}
		key, err := b.key()
		if err != nil {
			return err
		}
		row = append(row, key)
		for _, m := range r.target.Metrics {
			value, err := m.value(b)
			if err != nil {
				return err
			}
			if value == nil {
				row = append(row, nil)
				continue
			}
			row = append(row, *value)
		}
		r.table.rows = append(r.table.rows, row)
	}
	return nil
}

// rawData makes a table of documents, with a column for each field of any.
func rawData(t Target, documents []json.RawMessage) ([]frame, error) {
	var flat []map[string]any
	names := map[string]bool{}
	for _, d := range documents {
		var nested map[string]any
		decoder := json.NewDecoder(bytes.NewReader(d))
		decoder.UseNumber()
		if err := decoder.Decode(&nested); err != nil {
			return nil, err
		}
		fields := map[string]any{}
		flatten(nested, "", fields)
		flat = append(flat, fields)
		for name := range fields {
			names[name] = true
		}
	}
	made := &table{columns: slices.Sorted(maps.Keys(names))}
	for _, fields := range flat {
		var row []any
		for _, name := range made.columns {
			row = append(row, fields[name])
		}
		made.rows = append(made.rows, row)
	}
	return []frame{{ref: t.RefID, table: made}}, nil
}

func flatten(from map[string]any, prefix string, into map[string]any) {
	for name, value := range from {
		switch v := value.(type) {
		case map[string]any:
			flatten(v, prefix+name+".", into)
		case json.Number:
			n, _ := v.Float64()
			into[prefix+name] = n
		default:
			into[prefix+name] = v
		}
	}
}
