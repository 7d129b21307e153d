package arrival

import (
	"errors"
	"strings"
	"testing"
	"time"

	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/ledger"
)

func TestPanelsOfStreamsThatDoNotExist(t *testing.T) {
	acc, err := small(newNode(t, linesOf(attempts(40))...), writeLedger(t, attempts(40))).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	checks, err := Panels(t.Context(), newNode(t), []dashboards.Dashboard{dashboards.RED()}, Scope(acc, nil, time.Time{}), acc.Truth, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(checks) != len(dashboards.RED().Panels) {
		t.Errorf("%d checks", len(checks))
	}
	for _, c := range checks {
		p, _ := dashboards.RED().Panel(c.ID)
		want := dashboards.Empty
		if p.Source.Stream == telemetry.StreamLag || p.Quiet != "" { // nobody followed the run; it may be right
			want = dashboards.NotJudged
		}
		if c.Outcome != want {
			t.Errorf("%s: %s, want %s", c.ID, c.Outcome, want)
		}
	}
}

func TestPanelsWithoutElasticsearch(t *testing.T) {
	n := newNode(t)
	n.fail = func(int, string) error { return errors.New("connection refused") }
	acc := &Account{Run: runID, Truth: &dashboards.Truth{}, First: started, Latest: started}
	_, err := Panels(t.Context(), n, dashboards.All(), Scope(acc, nil, time.Time{}), acc.Truth, nil)
	if err == nil || !strings.Contains(err.Error(), "panel requests: connection refused") {
		t.Errorf("got %v", err)
	}
}

// The scope holds the run and every document, whatever the clocks say.
func TestScope(t *testing.T) {
	end := started.Add(20 * time.Second)
	acc := &Account{Run: runID}
	acc.Header.Started, acc.Trailer.Ended = started.Add(123456), end
	acc.First, acc.Latest = started.Add(-time.Second), end.Add(-time.Second)
	s := Scope(acc, &Followed{FirstLag: started.Add(time.Second), LastLag: end.Add(3 * time.Second)}, time.Time{})
	if !s.From.Equal(acc.First) || !s.To.Equal(end.Add(3*time.Second+time.Millisecond)) || s.RunID != runID {
		t.Errorf("got %v", s)
	}
	if s := Scope(&Account{Header: acc.Header, Trailer: acc.Trailer}, nil, time.Time{}); !s.From.Equal(started) || !s.To.Equal(end.Add(time.Millisecond)) {
		t.Errorf("without documents: got %v", s)
	}
}

// What the application answered is in the truth even where the client did not
// see it: the document says it, and nobody else can.
func TestTruthOfAnUnseenAnswer(t *testing.T) {
	sent := attempts(2) // 204, 200
	sent[0].Outcome, sent[0].Status = ledger.Timeout, 0
	docs := linesOf(sent)
	docs[0] = docs[0].with(telemetry.FieldStatus, 500)
	acc, err := small(newNode(t, docs...), writeLedger(t, sent)).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	byStatus, _ := dashboards.RED().Panel("requests-by-status")
	row := func(status string) dashboards.Row {
		one := 1.0
		return dashboards.Row{Key: status, Count: 1, Cells: []dashboards.Cell{{Value: &one, Count: 1}}}
	}
	shown := dashboards.Result{Documents: 2, Rows: []dashboards.Row{row("200"), row("500")}}
	if a := byStatus.Agree(shown, acc.Truth); a.Outcome != dashboards.Held {
		t.Errorf("got %+v", a)
	}
}
