package dashboards

import (
	"fmt"

	"plumbline/demo-app/telemetry"
)

// expected is what a panel must show for the truth to agree.
type expected struct {
	documents int64
	rows      map[string]expectedRow
}

type expectedRow struct {
	count     int64
	parts     []int64 // per measure: OpRatio
	largest   []int64 // per measure: OpMax
	durations spread  // OpPercentile
}

// expect computes from the truth what the panel must show. It fails for a
// panel that asks for something the truth does not know.
func (p Panel) expect(t *Truth) (expected, error) {
	switch p.Source.Stream {
	case telemetry.StreamAccess:
		return p.expectRequests(t)
	case telemetry.StreamLag:
		return p.expectLag(t)
	}
	return expected{}, fmt.Errorf("nothing: the truth does not cover %s", p.Source.Stream)
}

func (p Panel) expectLag(t *Truth) (expected, error) {
	row := expectedRow{count: t.lagDocs, largest: make([]int64, len(p.Measures)), parts: make([]int64, len(p.Measures))}
	if !p.By.none() || len(p.Source.Where) > 0 {
		return expected{}, fmt.Errorf("nothing: the truth does not break down lag documents")
	}
	for i, m := range p.Measures {
		if m.Op == OpPercentile || m.Op == OpRatio {
			return expected{}, fmt.Errorf("nothing: the truth has no %s of lag documents", m.Op)
		}
		row.largest[i] = t.lagMax[m.Field]
	}
	return expected{documents: t.lagDocs, rows: map[string]expectedRow{"": row}}, nil
}

// expectRequests adds up the truth's requests the way the panel's query does.
func (p Panel) expectRequests(t *Truth) (expected, error) {
	want := expected{rows: make(map[string]expectedRow)}
	for _, g := range p.By.Groups { // a group of no document is shown, as zero
		want.rows[g.Key] = p.emptyRow()
	}
	if p.By.none() {
		want.rows[""] = p.emptyRow()
	}
	for r, n := range t.requests {
		inScope, err := all(p.Source.Where, r)
		if err != nil {
			return expected{}, fmt.Errorf("nothing: %w", err)
		}
		if !inScope {
			continue
		}
		want.documents += n
		keys, err := p.By.keys(r)
		if err != nil {
			return expected{}, fmt.Errorf("nothing: %w", err)
		}
		for _, key := range keys {
			row, known := want.rows[key]
			if !known {
				row = p.emptyRow()
			}
			row.count += n
			if err := p.addParts(row, r, n); err != nil {
				return expected{}, fmt.Errorf("nothing: %w", err)
			}
			want.rows[key] = row
		}
	}
	return want, p.addDurations(want, t)
}

func (p Panel) emptyRow() expectedRow {
	return expectedRow{parts: make([]int64, len(p.Measures))}
}

func (p Panel) addParts(row expectedRow, r request, n int64) error {
	for i, m := range p.Measures {
		switch m.Op {
		case OpRatio:
			counted, err := m.Where.holds(r)
			if err != nil {
				return err
			}
			if counted {
				row.parts[i] += n
			}
		case OpMax:
			return fmt.Errorf("the truth has no largest %s", m.Field)
		}
	}
	return nil
}

// addDurations gives each row its exact durations, which are known by route.
func (p Panel) addDurations(want expected, t *Truth) error {
	asked := false
	for _, m := range p.Measures {
		if m.Op != OpPercentile {
			continue
		}
		if m.Field != telemetry.FieldEventDuration {
			return fmt.Errorf("nothing: the truth has no distribution of %s", m.Field)
		}
		asked = true
	}
	if !asked {
		return nil
	}
	byRoute := p.By.Field == telemetry.FieldRoute
	if !byRoute && !p.By.none() {
		return fmt.Errorf("nothing: the truth has no durations by %s", p.By.Label)
	}
	for _, c := range p.Source.Where {
		if c.Field != telemetry.FieldRoute {
			return fmt.Errorf("nothing: the truth has no durations by %s", c.Field)
		}
	}
	merged := newHistogram()
	for route, h := range t.durations {
		inScope, err := all(p.Source.Where, request{route: route})
		if err != nil {
			return fmt.Errorf("nothing: %w", err)
		}
		if !inScope {
			continue
		}
		if row, known := want.rows[route]; byRoute && known {
			row.durations = newSpread(h)
			want.rows[route] = row
		}
		merged.Merge(h)
	}
	if p.By.none() {
		row := want.rows[""]
		row.durations = newSpread(merged)
		want.rows[""] = row
	}
	return nil
}

func all(conditions []Condition, r request) (bool, error) {
	for _, c := range conditions {
		if ok, err := c.holds(r); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// keys are the groups that a request belongs to.
func (b Breakdown) keys(r request) ([]string, error) {
	if b.none() {
		return []string{""}, nil
	}
	if b.Field != "" {
		key, _, err := r.field(b.Field)
		return []string{key}, err
	}
	var keys []string
	for _, g := range b.Groups {
		in, err := g.Where.holds(r)
		if err != nil {
			return nil, err
		}
		if in {
			keys = append(keys, g.Key)
		}
	}
	return keys, nil
}
