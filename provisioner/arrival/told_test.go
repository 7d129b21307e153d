package arrival

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/ledger"
)

// summary is what a load generator says of a run that ended as t.
func summary(at time.Time, t ledger.Trailer) doc {
	d := told(at, telemetry.LoadSummary)
	for _, w := range tallies(t) {
		d.fields[w.field] = w.ledger
	}
	return d
}

func told(at time.Time, kind string) doc {
	d := measurement(at, telemetry.FieldLoadDocument, kind)
	d.fields[telemetry.FieldRunID] = runID
	return d
}

func TestAwaitTold(t *testing.T) {
	const patience = 30 * time.Second
	trailer := ledger.Trailer{Planned: 4000, Sent: 3990, Answered: 3980, Timeout: 4, Reset: 3, Refused: 3, Dropped: 10}
	other := func(at time.Time, kind string) doc { return told(at, kind).with(telemetry.FieldRunID, "another") }
	for _, row := range []struct {
		proves    string
		docs      func(begin time.Time) []doc
		truncated bool
		took      time.Duration
		outcome   Outcome
		text      string
	}{
		{"a summary that agrees", func(at time.Time) []doc { return []doc{told(at, telemetry.LoadInterval), summary(at, trailer)} }, false, 0, Holds,
			"7 counts as in the ledger; 2 documents in metrics-loadgen.run-default"},
		{"one that comes late is waited for", func(at time.Time) []doc {
			return []doc{told(at, telemetry.LoadInterval), summary(at.Add(10*time.Second), trailer)}
		}, false, 10 * time.Second, Holds, "7 counts as in the ledger; 2 documents in metrics-loadgen.run-default"},
		{"one that never comes could not be read", func(at time.Time) []doc { return []doc{told(at, telemetry.LoadInterval)} }, false, patience, Unmeasured,
			"1 document in metrics-loadgen.run-default and no summary"},
		{"what nobody asked for is not waited for", func(at time.Time) []doc {
			return []doc{other(at, telemetry.LoadInterval), other(at, telemetry.LoadSummary)}
		}, false, 0, NotJudged,
			"nothing of the run is in metrics-loadgen.run-default: loadgen run -es writes it"},
		{"nor is a stream that is not there", func(time.Time) []doc { return nil }, false, 0, NotJudged,
			"nothing of the run is in metrics-loadgen.run-default: loadgen run -es writes it"},
		{"each count is compared", func(at time.Time) []doc {
			return []doc{summary(at, ledger.Trailer{Planned: 1, Sent: 2, Answered: 3, Timeout: 5, Reset: 6, Refused: 7, Dropped: 8})}
		}, false, 0, Fails, "planned: 1, in the ledger 4000; sent: 2, in the ledger 3990; answered: 3, in the ledger 3980; timeout: 5, in the ledger 4; " +
			"reset: 6, in the ledger 3; refused: 7, in the ledger 3; dropped: 8, in the ledger 10"},
		{"a count that is missing differs", func(at time.Time) []doc { return []doc{summary(at, trailer).with(telemetry.FieldLoadSent, nil)} }, false, 0, Fails,
			"sent: nothing, in the ledger 3990"},
		{"two values for one differ", func(at time.Time) []doc {
			return []doc{summary(at, trailer).with(telemetry.FieldLoadSent, []any{3990, 3990})}
		}, false, 0, Fails, "sent: nothing, in the ledger 3990"},
		{"two summaries are one too many", func(at time.Time) []doc {
			return []doc{summary(at, trailer), summary(at, trailer), summary(at, trailer)}
		}, false, 0, Fails,
			"more than one in metrics-loadgen.run-default"},
		{"a ledger without its end has nothing to compare", func(at time.Time) []doc { return []doc{told(at, telemetry.LoadInterval)} }, true, 0, NotJudged,
			"the ledger was cut off before its counts"},
	} {
		t.Run(row.proves, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, begin := newNode(t), time.Now()
				if docs := row.docs(begin); docs != nil {
					n.streams[telemetry.StreamLoad] = docs
				}
				got, err := AwaitTold(t.Context(), n, &Account{Run: runID, Trailer: trailer, Truncated: row.truncated, Truth: &dashboards.Truth{}}, patience, silent)
				if err != nil {
					t.Fatal(err)
				}
				if p := got.property(row.truncated); p.Outcome != row.outcome || p.Text != row.text {
					t.Errorf("%s, %q, want %s, %q", p.Outcome, p.Text, row.outcome, row.text)
				}
				if took := time.Since(begin); took != row.took {
					t.Errorf("took %v, want %v", took, row.took)
				}
			})
		})
	}
}

// A node that cannot be asked is an error: neither absent nor agreed.
func TestAwaitToldThatCannotBeAsked(t *testing.T) {
	for call, op := range map[int]string{1: "count", 2: "search"} {
		n := newNode(t)
		n.streams[telemetry.StreamLoad] = []doc{told(started, telemetry.LoadInterval)}
		n.fail = func(at int, _ string) error {
			if at == call {
				return errors.New("connection refused")
			}
			return nil
		}
		if got, err := AwaitTold(t.Context(), n, &Account{Run: runID}, 0, silent); err == nil {
			t.Errorf("%s fails: %+v", op, got)
		}
	}
}
