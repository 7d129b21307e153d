package dashboards

import (
	"fmt"
	"math"
	"time"
)

// rows reads the groups below n, which holds documents and covers span. Within
// a time bucket c holds the counters so far; at the top it is nil.
func (p Panel) rows(n node, documents int64, span time.Duration, c counters) (rows []Row, other int64, err error) {
	if p.By.none() {
		cells, err := p.cells(n, "", documents, span, c)
		return []Row{{Count: documents, Cells: cells}}, 0, err
	}
	groups, err := n.child(aggGroups)
	if err != nil {
		return nil, 0, err
	}
	if p.By.Field == "" {
		rows, err = p.namedRows(groups, span, c)
		return rows, 0, err
	}
	if other, err = groups.count("sum_other_doc_count"); err != nil {
		return nil, 0, err
	}
	inexact, err := groups.count("doc_count_error_upper_bound")
	if err != nil {
		return nil, 0, err
	}
	if inexact != 0 {
		return nil, 0, fmt.Errorf("%s: counts may be wrong by %d", groups.path, inexact)
	}
	buckets, err := groups.list("buckets")
	if err != nil {
		return nil, 0, err
	}
	for _, b := range buckets {
		key, err := b.text("key")
		if err != nil {
			return nil, 0, err
		}
		row, err := p.row(key, b, span, c)
		if err != nil {
			return nil, 0, err
		}
		rows = append(rows, row)
	}
	return rows, other, nil
}

func (p Panel) namedRows(groups node, span time.Duration, c counters) ([]Row, error) {
	buckets, err := groups.child("buckets")
	if err != nil {
		return nil, err
	}
	if len(buckets.fields) != len(p.By.Groups) {
		return nil, fmt.Errorf("%s: %d groups instead of %d", buckets.path, len(buckets.fields), len(p.By.Groups))
	}
	var rows []Row
	for _, g := range p.By.Groups {
		b, err := buckets.child(g.Key)
		if err != nil {
			return nil, err
		}
		row, err := p.row(g.Key, b, span, c)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (p Panel) row(key string, bucket node, span time.Duration, c counters) (Row, error) {
	count, err := bucket.count("doc_count")
	if err != nil {
		return Row{}, err
	}
	cells, err := p.cells(bucket, key, count, span, c)
	return Row{Key: key, Count: count, Cells: cells}, err
}

// cells reads the measures of n, the group key, which holds count documents and
// covers span.
func (p Panel) cells(n node, key string, count int64, span time.Duration, c counters) ([]Cell, error) {
	cells := make([]Cell, len(p.Measures))
	for i, m := range p.Measures {
		cell, err := p.cell(n, i, count, span)
		if err == nil && m.grows() && c != nil {
			err = p.grown(n, i, key, span, c, &cell)
		}
		if err != nil {
			return nil, err
		}
		if count == 0 && m.Op != OpCount && m.Op != OpRate && cell.Value != nil {
			return nil, fmt.Errorf("%s.%s: a value of no document", n.path, measureAgg(i))
		}
		cells[i] = cell
	}
	return cells, nil
}

func (p Panel) cell(n node, i int, count int64, span time.Duration) (Cell, error) {
	m, c := p.Measures[i], Cell{Count: count}
	var err error
	switch m.Op {
	case OpCount:
		c.Value = number(float64(count))
	case OpRate:
		if span <= 0 {
			return c, fmt.Errorf("%s: a rate needs the time that it covers", n.path)
		}
		c.Value = number(float64(count) / span.Seconds())
	case OpRatio, OpBurn, OpLeft:
		c.Part, err = p.part(n, i)
		if err == nil && c.Part > count {
			err = fmt.Errorf("%s.%s: %d of %d documents", n.path, measureAgg(i), c.Part, count)
		}
		c.Value = m.ofShare(c.Part, count)
	case OpMax, OpMean, OpSum, OpUnique:
		c.Value, err = p.single(n, i)
		if count == 0 { // a sum of nothing is 0 in the answer
			c.Value = nil
		}
	case OpLast:
		c.Value, err = p.last(n, i)
	case OpPercentile:
		c.Value, err = p.percentile(n, i)
	}
	return c, err
}

func (p Panel) part(n node, i int) (int64, error) {
	agg, err := n.child(measureAgg(i))
	if err != nil {
		return 0, err
	}
	return agg.count("doc_count")
}

// single reads an aggregation of one value.
func (p Panel) single(n node, i int) (*float64, error) {
	agg, err := n.child(measureAgg(i))
	if err != nil {
		return nil, err
	}
	return agg.optional("value")
}

// last reads the field of the latest document that has it.
func (p Panel) last(n node, i int) (*float64, error) {
	agg, err := n.child(measureAgg(i))
	if err != nil {
		return nil, err
	}
	latest, err := agg.child(aggLast)
	if err != nil {
		return nil, err
	}
	outer, err := latest.child("hits")
	if err != nil {
		return nil, err
	}
	hits, err := outer.list("hits")
	if err != nil || len(hits) == 0 {
		return nil, err
	}
	fields, err := hits[0].child("fields")
	if err != nil {
		return nil, err
	}
	var values []float64
	if err := fields.value(p.Measures[i].Field, &values); err != nil {
		return nil, err
	}
	if len(values) == 0 {
		return nil, fmt.Errorf("%s.%s: no value", fields.path, p.Measures[i].Field)
	}
	return &values[len(values)-1], nil
}

func (p Panel) percentile(n node, i int) (*float64, error) {
	agg, err := n.child(measureAgg(p.digest(i)))
	if err != nil {
		return nil, err
	}
	values, err := agg.list("values")
	if err != nil {
		return nil, err
	}
	for _, v := range values {
		key, err := v.optional("key")
		if err != nil {
			return nil, err
		}
		if key != nil && math.Abs(*key-percent(p.Measures[i].Quantile)) < 1e-9 {
			return v.optional("value")
		}
	}
	return nil, fmt.Errorf("%s.values: no percentile %v", agg.path, percent(p.Measures[i].Quantile))
}

func number(v float64) *float64 { return &v }
