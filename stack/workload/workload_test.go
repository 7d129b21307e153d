package workload

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestChoose(t *testing.T) {
	for _, row := range []struct {
		proves, names string
		want          string // names, or what the error says
		fails         bool
	}{
		{"the usual ones exist", strings.Join(Usual(), ","), "steady bimodal heavy-tail burst restart", false},
		{"all are all", "all", "steady bimodal heavy-tail burst restart low", false},
		{"the order is the caller's", "low,steady", "low steady", false},
		{"an unknown name says which there are", "steady,busy", `no workload is called "busy": want all, or some of steady,bimodal,`, true},
		{"nothing is no workload", "", `no workload is called ""`, true},
		{"twice the same would overwrite its report", "low,low", "named twice", true},
	} {
		chosen, err := Choose(row.names)
		if row.fails {
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("%s: %v, want %q", row.proves, err, row.want)
			}
			continue
		}
		var names []string
		for _, w := range chosen {
			names = append(names, w.Name)
		}
		if got := strings.Join(names, " "); err != nil || got != row.want {
			t.Errorf("%s: %s, %v; want %s", row.proves, got, err, row.want)
		}
	}
}

func TestEachWorkloadIsWhole(t *testing.T) {
	ids := map[string]bool{}
	for _, w := range All() {
		w = w.With(UsualRate, UsualLength)
		if w.About == "" || w.Rate <= 0 || w.Length <= 0 || w.Restart < 0 || w.Restart >= 1 {
			t.Errorf("%s: %+v", w.Name, w)
		}
		for _, f := range w.Faults {
			var rule struct{ Route, For string }
			if err := json.Unmarshal([]byte(f.Body(w)), &rule); err != nil || rule.Route == "" {
				t.Errorf("%s: %s: %v", w.Name, f.Body(w), err)
			}
			if length, err := time.ParseDuration(rule.For); err != nil || length <= 0 || w.At(f.From) >= w.Length {
				t.Errorf("%s: fault %s: from %v for %q, %v", w.Name, f.ID, f.From, rule.For, err)
			}
			if ids[f.ID] {
				t.Errorf("%s: two faults are called %s", w.Name, f.ID)
			}
			ids[f.ID] = true
		}
	}
}
