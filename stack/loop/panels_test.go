package loop

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
)

// panelCheck is what the tests read of one panel in one form.
type panelCheck struct{ Form, ID, Outcome, Compared, Got, Want string }

// checkPanels executes the panels of a run as the board, Kibana and Grafana would.
func (l *loop) checkPanels(t *testing.T, ledger string) ([]panelCheck, error) {
	t.Helper()
	out, err := l.command(t, "provisioner", "dashboards", "check", "-es", l.Elasticsearch, "-ca", l.CAFile, "-key-file", l.KeyFile("reader"),
		"-ledger", ledger, "-prometheus", l.Prometheus, "-o", "json").Output()
	var report struct{ Checks []panelCheck }
	if unread := json.Unmarshal(out, &report); unread != nil {
		t.Fatalf("%v\n%s", errors.Join(err, unread), out)
	}
	return report.Checks, err
}

// lookAtPanels wants every panel of the first load to hold in each form, and those of
// Prometheus that are about requests by comparison with every line.
func (l *loop) lookAtPanels(t *testing.T) {
	t.Helper()
	checks, err := l.checkPanels(t, l.path("calm.ledger"))
	if err != nil {
		t.Error(err)
	}
	held, counted := map[string]int{}, map[string]bool{}
	for _, c := range checks {
		switch c.Outcome {
		case "held":
			held[c.Form]++
		case "not judged":
		default:
			t.Errorf("panel %s as in %s: %s, got %s, want %s", c.ID, c.Form, c.Outcome, c.Got, c.Want)
		}
		if c.Form == "prometheus" && strings.Contains(c.Compared, "requests in the counters, exactly as in the lines of the run, which are the ledger's") {
			counted[c.ID] = true
		}
	}
	if held["board"] < 25 || held["kibana"] < 70 || held["grafana"] < 30 || held["prometheus"] < 30 {
		t.Errorf("held: %v", held)
	}
	for _, d := range dashboards.All() {
		for _, p := range d.Panels {
			if p.Source.Counterpart() && p.Source.Stream == telemetry.StreamAccess && !counted[p.ID] {
				t.Errorf("panel %s was not held against every line", p.ID)
			}
		}
	}
}

// lookAtTrouble wants Prometheus' panels to be right about a run through which the
// service began anew.
func (l *loop) lookAtTrouble(t *testing.T) {
	t.Helper()
	checks, _ := l.checkPanels(t, filepath.Join(l.Reports(), "trouble.ledger"))
	held := 0
	for _, c := range checks {
		switch {
		case c.Form != "prometheus":
		case c.Outcome == "held":
			held++
		case c.Outcome != "not judged": // of a group all may have been asked about the restart
			t.Errorf("panel %s: %s, got %s, want %s", c.ID, c.Outcome, c.Got, c.Want)
		}
	}
	if held < 30 {
		t.Errorf("%d panels of Prometheus held", held)
	}
}
