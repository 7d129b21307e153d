package dashboards

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// Decode reads the answer to the panel's Query. Everything the panel needs
// must be there: an answer of another shape, a search that timed out or a
// shard that failed is an error and never a zero.
func (p Panel) Decode(response []byte) (Result, error) {
	r, err := p.decode(response)
	if err != nil {
		return Result{}, fmt.Errorf("panel %s: answer of %s: %w", p.ID, p.Source.Stream, err)
	}
	return r, nil
}

func (p Panel) decode(response []byte) (Result, error) {
	top, err := parse(response)
	if err != nil {
		return Result{}, err
	}
	if err := complete(top); err != nil {
		return Result{}, err
	}
	documents, err := total(top)
	if err != nil {
		return Result{}, err
	}
	result := Result{Documents: documents}
	if p.Kind == Lines {
		result.Lines, err = p.lines(top)
		return result, err
	}
	aggs := node{path: "aggregations"}
	if p.needsAggs() {
		if aggs, err = top.child("aggregations"); err != nil {
			return Result{}, err
		}
	}
	if err := p.readScope(aggs, &result); err != nil {
		return Result{}, err
	}
	span := result.To.Sub(result.From)
	if result.Rows, result.Other, err = p.rows(aggs, documents, span, nil); err != nil {
		return Result{}, err
	}
	if p.overTime() {
		if err := p.points(aggs, &result); err != nil {
			return Result{}, err
		}
		if p.Kind != TimeSeries && p.Kind != Heatmap { // time was looked at for the counters' sake
			result.Times, result.Step = nil, 0
			for i := range result.Rows {
				result.Rows[i].Points = nil
			}
		}
	}
	p.sort(result.Rows)
	return result, nil
}

// complete refuses an answer that covers less than everything.
func complete(top node) error {
	var timedOut, early bool
	if err := top.value("timed_out", &timedOut); err != nil {
		return err
	}
	if timedOut {
		return fmt.Errorf("search timed out after %s: choose a shorter time range", searchTimeout)
	}
	if _, there := top.fields["terminated_early"]; there {
		if err := top.value("terminated_early", &early); err != nil {
			return err
		}
	}
	if early {
		return fmt.Errorf("search was terminated early")
	}
	shards, err := top.child("_shards")
	if err != nil {
		return err
	}
	all, err := shards.count("total")
	if err != nil {
		return err
	}
	failed, err := shards.count("failed")
	if err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d shards failed", failed, all)
	}
	if all == 0 {
		return fmt.Errorf("no shard was searched")
	}
	return nil
}

// total is the exact number of documents found.
func total(top node) (int64, error) {
	hits, err := top.child("hits")
	if err != nil {
		return 0, err
	}
	t, err := hits.child("total")
	if err != nil {
		return 0, err
	}
	var relation string
	if err := t.value("relation", &relation); err != nil {
		return 0, err
	}
	if relation != "eq" {
		return 0, fmt.Errorf("%s.relation is %q: the count is not exact", t.path, relation)
	}
	return t.count("value")
}

func (p Panel) needsAggs() bool {
	return p.overTime() || !p.By.none() || len(p.measureAggs(false)) > 0
}

// readScope takes the time range from the first aggregation that carries it.
func (p Panel) readScope(aggs node, r *Result) error {
	name := aggGroups
	switch {
	case p.overTime():
		name = aggTime
	case p.By.none():
		return nil
	}
	agg, err := aggs.child(name)
	if err != nil {
		return err
	}
	var m meta
	if err := agg.value("meta", &m); err != nil {
		return err
	}
	if m.FromMS >= m.ToMS || m.StepMS <= 0 {
		return fmt.Errorf("%s.meta: not a time range: %+v", agg.path, m)
	}
	r.From, r.To = time.UnixMilli(m.FromMS).UTC(), time.UnixMilli(m.ToMS).UTC()
	if p.overTime() {
		r.Step = time.Duration(m.StepMS) * time.Millisecond
	}
	return nil
}

// points reads the time buckets into r, whose rows are known.
func (p Panel) points(aggs node, r *Result) error {
	histogram, err := aggs.child(aggTime)
	if err != nil {
		return err
	}
	buckets, err := histogram.list("buckets")
	if err != nil {
		return err
	}
	for i := range r.Rows {
		r.Rows[i].Points = make([][]Cell, len(p.Measures))
		for m := range p.Measures {
			r.Rows[i].Points[m] = make([]Cell, len(buckets))
		}
	}
	c := counters{}
	for t, b := range buckets {
		if err := p.bucket(b, t, r, c); err != nil {
			return err
		}
	}
	p.addUp(r)
	return nil
}

// addUp gives the counters' measures their values over the whole scope.
func (p Panel) addUp(r *Result) {
	for i, m := range p.Measures {
		if !m.grows() {
			continue
		}
		for _, row := range r.Rows {
			var sum *float64
			for _, point := range row.Points[i] {
				if point.Grown == nil {
					continue
				}
				if sum == nil {
					sum = number(0)
				}
				*sum += *point.Grown
			}
			if sum != nil && m.Op == OpSpeed {
				sum = number(*sum / r.To.Sub(r.From).Seconds())
			}
			row.Cells[i].Value = sum
		}
	}
}

func (p Panel) bucket(b node, t int, r *Result, c counters) error {
	var ms int64
	if err := b.value("key", &ms); err != nil {
		return err
	}
	start := time.UnixMilli(ms).UTC()
	end := start.Add(r.Step)
	if !end.After(r.From) || !start.Before(r.To) {
		return fmt.Errorf("%s: bucket at %s is outside the time range", b.path, start.Format(time.RFC3339))
	}
	if t > 0 && !start.Equal(r.Times[t-1].Add(r.Step)) {
		return fmt.Errorf("%s: bucket at %s does not follow the one before", b.path, start.Format(time.RFC3339))
	}
	r.Times = append(r.Times, start)
	// The first and the last bucket may be cut by the range's ends.
	covered := min(end.UnixMilli(), r.To.UnixMilli()) - max(start.UnixMilli(), r.From.UnixMilli())
	count, err := b.count("doc_count")
	if err != nil {
		return err
	}
	rows, other, err := p.rows(b, count, time.Duration(covered)*time.Millisecond, c)
	if err != nil {
		return err
	}
	if other != 0 {
		return fmt.Errorf("%s: %d documents in groups that were not listed", b.path, other)
	}
	for i := range r.Rows { // a group that is absent from a bucket has no document there
		for m, measure := range p.Measures {
			if measure.Op == OpCount || measure.Op == OpRate {
				r.Rows[i].Points[m][t].Value = number(0)
			}
		}
	}
	for _, row := range rows {
		i := slices.IndexFunc(r.Rows, func(known Row) bool { return known.Key == row.Key })
		if i < 0 {
			return fmt.Errorf("%s: group %q is in a time bucket but not in the whole", b.path, row.Key)
		}
		for m := range p.Measures {
			r.Rows[i].Points[m][t] = row.Cells[m]
		}
	}
	return nil
}

// sort orders the rows of Bars and Table by their first measure, largest first; the order of the
// groups of a time series is the panel's own.
func (p Panel) sort(rows []Row) {
	if p.Kind != Bars && p.Kind != Table {
		return
	}
	size := func(r Row) float64 {
		if v := r.Cells[0].Value; v != nil {
			return *v
		}
		return math.Inf(-1)
	}
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(size(b), size(a)), cmp.Compare(a.Key, b.Key))
	})
}
