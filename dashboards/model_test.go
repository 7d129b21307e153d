package dashboards_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
)

// What every dashboard and panel owes its reader and its encoders.
func TestDashboardsAreComplete(t *testing.T) {
	seen := map[string]string{}
	for _, d := range dashboards.All() {
		for _, fault := range incomplete(d) {
			t.Errorf("dashboard %s: %s", d.ID, fault)
		}
		for _, p := range d.Panels {
			if of, twice := seen[p.ID]; twice {
				t.Errorf("panel %s is in %s and in %s", p.ID, of, d.ID)
			}
			seen[p.ID] = d.ID
		}
	}
}

// A panel that lacks something is found out: the check above can fail.
func TestIncompleteDashboardsAreFound(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(*dashboards.Dashboard)
		want  string
	}{
		{"no purpose", func(d *dashboards.Dashboard) { d.Purpose = "" }, "purpose"},
		{"leads to an unknown one", func(d *dashboards.Dashboard) { d.Next = []string{"nowhere"} }, "nowhere"},
		{"no advice", func(d *dashboards.Dashboard) { d.Panels[0].Advice = "" }, "advice"},
		{"a measure without a unit", func(d *dashboards.Dashboard) {
			d.Panels[0].Measures = []dashboards.Measure{{Label: "x", Op: dashboards.OpCount}}
		}, "unit"},
		{"neither limits nor a reason", func(d *dashboards.Dashboard) { d.Panels[0].Limits = dashboards.Limits{} }, "limits"},
		{"a row that is too wide", func(d *dashboards.Dashboard) { d.Panels[0].Width = 4 }, "columns"},
		{"drills down to an unknown one", func(d *dashboards.Dashboard) {
			d.Panels[0].By = dashboards.Breakdown{Label: "x", Field: "y", Size: 1, Drill: "z"}
		}, "z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := dashboards.RED()
			tt.spoil(&d)
			faults := strings.Join(incomplete(d), "\n")
			if !strings.Contains(faults, tt.want) {
				t.Errorf("found %q, want something about %q", faults, tt.want)
			}
		})
	}
}

func incomplete(d dashboards.Dashboard) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if d.ID == "" || d.Title == "" || d.Purpose == "" || len(d.Next) == 0 {
		fault("lacks id, title, purpose or where to go next")
	}
	for _, next := range d.Next {
		if _, known := dashboards.Find(next); !known {
			fault("leads to %s, which does not exist", next)
		}
	}
	row := 0
	for _, p := range d.Panels {
		if row += p.Width; row > 12 {
			fault("panel %s: its row has %d columns", p.ID, row)
		}
		row %= 12
		for _, missing := range lacks(p) {
			fault("panel %s: %s", p.ID, missing)
		}
	}
	if row != 0 {
		fault("the last row has %d columns", row)
	}
	return faults
}

func lacks(p dashboards.Panel) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if p.ID == "" || p.Title == "" || p.Width < 1 {
		fault("no id, title or width")
	}
	if p.Kind == dashboards.Note {
		if p.Text == "" {
			fault("a note without text")
		}
		return faults
	}
	if p.Purpose == "" || p.Advice == "" || p.Source.Stream == "" {
		fault("no purpose, advice or source")
	}
	if p.By.Drill != "" {
		if to, known := dashboards.Find(p.By.Drill); !known || !slices.Contains(to.Narrow, p.By.Field) {
			fault("drills down to %s, which cannot be narrowed by %s", p.By.Drill, p.By.Field)
		}
	}
	if p.Kind == dashboards.Lines {
		if len(p.Columns) == 0 || p.Show == 0 || !slices.ContainsFunc(p.Columns, func(c dashboards.Column) bool { return c.Field == p.Order.Field }) {
			fault("lines without columns, number or order, or the order is not a column")
		}
		return faults
	}
	if p.Limits.None == "" && p.Limits.Warn == 0 && p.Limits.Bad == 0 {
		fault("neither limits nor a reason for none")
	}
	if p.Limits.Falling != (p.Limits.Warn > p.Limits.Bad) && p.Limits.Warn != p.Limits.Bad {
		fault("limits the wrong way round")
	}
	single := p.Kind == dashboards.Stat || p.Kind == dashboards.Bars || p.Kind == dashboards.Heatmap
	if len(p.Measures) == 0 || single && len(p.Measures) != 1 {
		fault("a %s with %d measures", p.Kind, len(p.Measures))
	}
	grouped := p.By.Field != "" || len(p.By.Groups) > 0
	if needs := p.Kind == dashboards.Bars || p.Kind == dashboards.Table || p.Kind == dashboards.Heatmap; needs && !grouped || p.Kind == dashboards.Stat && grouped {
		fault("a %s, grouped: %v", p.Kind, grouped)
	}
	for _, m := range p.Measures {
		if m.Label == "" || m.Unit == "" {
			fault("a measure without label or unit: %+v", m)
		}
		if (m.Op == dashboards.OpIncrease || m.Op == dashboards.OpSpeed) != (m.Per != "") {
			fault("measure %s: what tells its counters apart?", m.Label)
		}
		if p.Source.Series.Form == dashboards.Scraped && !strings.HasPrefix(m.Field, telemetry.ScrapedMetric("")) {
			fault("measure %s is not of a scraped metric", m.Label)
		}
	}
	return faults
}
