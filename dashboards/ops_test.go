package dashboards_test

import (
	"math"
	"testing"

	"plumbline/dashboards"
)

// What the truth does not know is held against the arithmetic of the seeded
// documents: 60 rounds, five seconds apart.
func TestMeasuresOfCollectedDocuments(t *testing.T) {
	const rounds = 60
	tests := []struct {
		proves, panel string
		row           string
		measure       int
		want          float64
	}{
		{"a mean of a value that rises evenly", "host-cpu", "one", 0, 0.25 + 0.001*(rounds-1)/2},
		{"the largest of a group", "process-memory", "java", 0, 3e8},
		{"the latest and not the largest", "pipeline-size", "", 0, 1e7 + 1e5*(rounds-1)},
		{"a counter that only grows", "canary-found", "", 0, seedFound * (rounds - 2)},
		{"a counter that stands still has grown by nothing", "canary-lost", "", 0, 0},
		{"a counter that grows now and then", "canary-duplicated", "", 0, (rounds - 1) / 25},
		{"a counter by group", "jobs-outcomes", "failed", 0, seedFinished * (rounds - 1)},
		{"a counter that begins again at zero, of two that are added up", "pipeline-acked", "filebeat", 0, seedAcked * (rounds - 2) / seedLength.Seconds()},
		{"counters of several series, without those left out", "truth-counters", "", 0, 2 * 10 * (rounds - 1) / seedLength.Seconds()},
		{"different values", "log-programs", "", 0, 2},
		{"different values, of the run that was asked for", "log-error-types", "", 0, 1},
		{"a sum of documents of one kind", "requests-by-journey", "search", 0, 8000},
	}
	for _, tt := range tests {
		t.Run(tt.proves, func(t *testing.T) {
			_, got := decoded(t, tt.panel)
			for _, row := range got.Rows {
				if row.Key != tt.row {
					continue
				}
				v := row.Cells[tt.measure].Value
				if v == nil || math.Abs(*v-tt.want) > 1e-9*math.Abs(tt.want) {
					t.Errorf("got %v, want %v", shown(v), tt.want)
				}
				return
			}
			t.Errorf("no row %q in %+v", tt.row, got.Rows)
		})
	}
}

func shown(v *float64) any {
	if v == nil {
		return "nothing"
	}
	return *v
}

// Documents are listed as they stand, the first by the order that was asked for.
func TestLinesOfDocuments(t *testing.T) {
	p, got := decoded(t, "log-latest-errors")
	if len(got.Lines) != p.Show || got.Documents != 69+600 {
		t.Errorf("%d lines of %d documents", len(got.Lines), got.Documents)
	}
	for i := 1; i < len(got.Lines); i++ {
		if got.Lines[i][0] > got.Lines[i-1][0] {
			t.Errorf("line %d of %s after one of %s", i, got.Lines[i][0], got.Lines[i-1][0])
		}
	}
	if _, _, err := decodeWithout(t, "log-latest-errors", "hits"); err == nil {
		t.Error("an answer without documents was read")
	}
}

func decodeWithout(t *testing.T, panel, part string) (dashboards.Panel, dashboards.Result, error) {
	t.Helper()
	p, _ := decoded(t, panel)
	got, err := p.Decode([]byte(`{"took":1,"timed_out":false,"_shards":{"total":1,"successful":1,"failed":0},"without":"` + part + `"}`))
	return p, got, err
}
