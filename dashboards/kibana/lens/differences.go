package lens

import (
	"fmt"
	"math"
	"slices"
	"time"

	"plumbline/dashboards"
)

// exactly is up to how many values Lens' percentiles are exact: its digest has
// Elasticsearch's own compression of 100, and the first 20 times as many are kept.
const exactly = 2000

// Differences says in what Lens' rows of panel p are not what p's own query gives.
// What the two compute in different ways is left out: percentiles of more values
// than Lens keeps, which can only be held against exact ones by their rank, and
// counters in time buckets of another width.
func (l Panel) Differences(p dashboards.Panel, rows []Row, want dashboards.Result) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	shown := l.Shown()
	if len(shown) != len(p.Measures) {
		fault("%d values are shown, want %d", len(shown), len(p.Measures))
		return faults
	}
	for i, m := range p.Measures {
		if l.Label(shown[i]) != m.Label {
			fault("%s is called %s", m.Label, l.Label(shown[i]))
		}
	}
	seen := map[string]bool{}
	for _, row := range rows {
		at := slices.IndexFunc(want.Rows, func(r dashboards.Row) bool { return r.Key == row.Group })
		if at < 0 {
			fault("group %q is not the panel's", row.Group)
			continue
		}
		seen[row.Group] = true
		cells := func(i int) (dashboards.Cell, bool) { return want.Rows[at].Cells[i], true }
		if !row.Time.IsZero() {
			cells = func(i int) (dashboards.Cell, bool) { return moment(want, at, i, row.Time) }
		}
		for i, m := range p.Measures {
			cell, there := cells(i)
			grows := m.Op == dashboards.OpIncrease || m.Op == dashboards.OpSpeed
			if m.Op == dashboards.OpPercentile && cell.Count >= exactly || grows && !row.Time.IsZero() && row.step != want.Step {
				continue
			}
			if got := row.Values[shown[i]]; !same(p, m, got, cell, there, row.Time, want) {
				fault("%s %s at %s: %s, want %s", row.Group, m.Label, row.Time.Format(time.TimeOnly), show(got), show(cell.Value))
			}
		}
	}
	for _, r := range want.Rows {
		if !seen[r.Key] && r.Count > 0 && !(p.Show > 0 && len(seen) == p.Show) {
			fault("group %q is missing", r.Key)
		}
	}
	return faults
}

// moment is the model's cell of a time bucket; Lens also draws those before the
// first document and after the last.
func moment(want dashboards.Result, row, measure int, at time.Time) (dashboards.Cell, bool) {
	i := slices.IndexFunc(want.Times, at.Equal)
	if i < 0 {
		return dashboards.Cell{}, false
	}
	return want.Rows[row].Points[measure][i], true
}

func same(p dashboards.Panel, m dashboards.Measure, got *float64, want dashboards.Cell, there bool, at time.Time, result dashboards.Result) bool {
	switch {
	case !there:
		return got == nil || *got == 0
	case (m.Op == dashboards.OpIncrease || m.Op == dashboards.OpSpeed) && !at.IsZero() && len(result.Times) > 0 && at.Equal(result.Times[0]):
		return got == nil // what a counter grew within the first bucket Lens does not say
	case want.Value == nil:
		return got == nil
	case got == nil:
		return *want.Value == 0 && p.Kind == dashboards.Heatmap
	}
	return math.Abs(*got-*want.Value) <= 1e-9*math.Max(1, math.Abs(*want.Value))
}

func show(v *float64) string {
	if v == nil {
		return "no value"
	}
	return fmt.Sprint(*v)
}

// Differences says in what the documents of a saved search are not those that panel
// p lists. Discover may show more of them.
func (l List) Differences(p dashboards.Panel, got []map[string]string, want dashboards.Result) (faults []string) {
	if len(got) < len(want.Lines) {
		return []string{fmt.Sprintf("%d documents, want %d", len(got), len(want.Lines))}
	}
	for i, line := range want.Lines {
		for j, c := range p.Columns {
			if got[i][c.Field] != line[j] {
				faults = append(faults, fmt.Sprintf("document %d: %s is %q, want %q", i, c.Field, got[i][c.Field], line[j]))
			}
		}
	}
	return faults
}
