package panels

import (
	"strings"
	"testing"

	"plumbline/demo-app/telemetry"
)

// A difference that is put in is found.
func TestDifferencesAreFound(t *testing.T) {
	scope := seeded(t)
	at := seen(scope)
	scale := func(v *float64) { *v *= 1.01 }
	for id, row := range map[string]struct {
		bend func(d *Drawn)
		says string
	}{
		"log-lines":           {func(d *Drawn) { scale(d.Series[0].Points[0].Value) }, "Lines: "},
		"truth-load":          {func(d *Drawn) { d.Series[0].Points = d.Series[0].Points[:9] }, "wanted at"},
		"log-rate":            {func(d *Drawn) { d.Series[0].Labels = map[string]string{telemetry.FieldLogLevel: "fatal"} }, "is missing"},
		"pipeline-queue":      {func(d *Drawn) { scale(d.Series[0].Points[3].Value) }, " at "},
		"requests-by-journey": {func(d *Drawn) { d.Rows = d.Rows[1:] }, "is missing"},
		"process-table":       {func(d *Drawn) { d.Columns[1] = "x" }, "no column"},
		"log-latest-errors":   {func(d *Drawn) { d.Rows[0], d.Rows[1] = d.Rows[1], d.Rows[0] }, "When: "},
	} {
		found := false
		for _, p := range pairs(t) {
			if p.model.ID != id {
				continue
			}
			found = true
			drawn, err := p.rendered.Draw(at, answers(t, p, at))
			if err != nil {
				t.Fatal(err)
			}
			row.bend(&drawn)
			if got := strings.Join(Differences(p.model, scope, result(t, p.model), drawn), "\n"); !strings.Contains(got, row.says) {
				t.Errorf("%s: found %.200q, want %q", id, got, row.says)
			}
		}
		if !found {
			t.Errorf("no panel %s", id)
		}
	}
}
