package dashboards

import (
	"fmt"
	"slices"

	"plumbline/demo-app/telemetry"
)

// expected is what a panel must show for the truth to agree.
type expected struct {
	documents int64
	rows      map[string]expectedRow
	slowest   *int64 // Lines by duration: the first one's
}

type expectedRow struct {
	count     int64
	parts     []int64   // per measure: of a share
	values    []float64 // per measure: OpMax, OpSum, OpUnique
	durations spread    // OpPercentile
	unique    []map[string]bool
}

// expect computes from the truth what the panel must show. It fails for a
// panel that asks for something the truth does not know.
func (p Panel) expect(t *Truth) (expected, error) {
	switch p.Source.Stream {
	case telemetry.StreamAccess:
		return p.expectRequests(t)
	case telemetry.StreamLag:
		return p.expectLag(t)
	case telemetry.StreamLoad, telemetry.StreamVerdict:
		return p.expectTold(t)
	}
	return expected{}, fmt.Errorf("nothing: the truth does not cover %s", p.Source.Stream)
}

func (p Panel) expectLag(t *Truth) (expected, error) {
	row := p.emptyRow()
	row.count = t.lagDocs
	if !p.By.none() || len(p.Source.Where) > 0 {
		return expected{}, fmt.Errorf("nothing: the truth does not break down lag documents")
	}
	for i, m := range p.Measures {
		switch m.Op {
		case OpMax:
			row.values[i] = float64(t.lagMax[m.Field])
		case OpSum:
			row.values[i] = float64(t.lagSum[m.Field])
		default:
			return expected{}, fmt.Errorf("nothing: the truth has no %s of lag documents", m.Op)
		}
	}
	return expected{documents: t.lagDocs, rows: map[string]expectedRow{"": row}}, nil
}

// kinds are the truth's requests, told apart by duration if the panel asks for that.
func (p Panel) kinds(t *Truth) map[request]int64 {
	timed := func(c Condition) bool { return c.Field == telemetry.FieldEventDuration }
	if slices.ContainsFunc(p.Source.Where, timed) ||
		slices.ContainsFunc(p.By.Groups, func(g Group) bool { return timed(g.Where) }) ||
		slices.ContainsFunc(p.Measures, func(m Measure) bool { return m.share() && timed(m.Where) }) {
		return t.byBand()
	}
	return t.requests
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
	for r, n := range p.kinds(t) {
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
	if p.Kind == Lines {
		return want, p.addSlowest(&want, t)
	}
	return want, p.addDurations(want, t)
}

func (p Panel) emptyRow() expectedRow {
	n := len(p.Measures)
	return expectedRow{parts: make([]int64, n), values: make([]float64, n), unique: make([]map[string]bool, n)}
}

func (p Panel) addParts(row expectedRow, r request, n int64) error {
	for i, m := range p.Measures {
		switch m.Op {
		case OpRatio, OpBurn, OpLeft:
			counted, err := m.Where.holds(r)
			if err != nil {
				return err
			}
			if counted {
				row.parts[i] += n
			}
		case OpUnique:
			v, err := r.field(m.Field)
			if err != nil {
				return err
			}
			if row.unique[i] == nil {
				row.unique[i] = map[string]bool{}
			}
			row.unique[i][v.text] = true
			row.values[i] = float64(len(row.unique[i]))
		case OpMax, OpSum, OpMean, OpLast, OpIncrease, OpSpeed:
			return fmt.Errorf("the truth has no %s of %s", m.Op, m.Field)
		}
	}
	return nil
}

// addSlowest gives a list by duration the duration that comes first.
func (p Panel) addSlowest(want *expected, t *Truth) error {
	if p.Order.Field != telemetry.FieldEventDuration {
		return nil
	}
	for r, d := range t.timed {
		inScope, err := all(p.Source.Where, r)
		if err != nil {
			return fmt.Errorf("nothing: %w", err)
		}
		if inScope && (want.slowest == nil || d.slowest > *want.slowest) {
			want.slowest = &d.slowest
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
	for _, c := range p.Source.Where { // durations are kept by route
		if c.Field != telemetry.FieldRoute {
			return fmt.Errorf("nothing: the truth has no durations by %s", c.Field)
		}
	}
	merged := newHistogram()
	for route, h := range t.byRoute {
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
		v, err := r.field(b.Field)
		return []string{v.text}, err
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
