package loop

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/ledger"
	"plumbline/provisioner/elastic"
)

// made is a run that nobody sent: its ledger is written by the test, and so is
// each document.
type made struct {
	run, ledger string
	sent        []ledger.Attempt
	began       time.Time
}

// book writes the ledger of n answered attempts, of one kind or of several.
func (l *loop) book(t *testing.T, run string, n, kinds uint64) made {
	t.Helper()
	m := made{run: run, ledger: l.path(run + ".ledger"), began: time.Now().Add(-time.Minute)}
	w, err := ledger.Create(m.ledger, ledger.Header{RunID: run, Started: m.began, Target: l.API, Rate: 1000, Duration: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	for seq := uint64(1); seq <= n; seq++ {
		at, kind := time.Duration(seq)*time.Millisecond, seq%kinds
		a := ledger.Attempt{
			Seq: seq, Scheduled: at, Sent: at, Latency: time.Millisecond, Service: time.Millisecond, Journey: "made", Outcome: ledger.Answered,
			Method: []string{http.MethodGet, http.MethodPost}[kind%2], Route: fmt.Sprintf("/made/%d", kind), Status: 200 + int(kind%5),
		}
		m.sent = append(m.sent, a)
		err = errors.Join(err, w.Send(a), w.Done(a))
	}
	if err := errors.Join(err, w.Close(ledger.Trailer{Planned: n, Ended: time.Now()})); err != nil {
		t.Fatal(err)
	}
	return m
}

// document is the one that an attempt's line becomes, but for some fields; a copy
// has an id of its own, and nil takes a field away.
func (m made) document(t *testing.T, seq uint64, copied int, but map[string]any) elastic.Document {
	t.Helper()
	a := m.sent[seq-1]
	ended := m.began.Add(a.Sent + a.Service)
	id := fmt.Sprintf("%s/%d/%d", m.run, seq, copied)
	fields := map[string]any{
		telemetry.FieldTimestamp: stamp(ended), telemetry.FieldEventCreated: stamp(ended.Add(20 * time.Millisecond)), telemetry.FieldEventID: id,
		telemetry.FieldRunID: m.run, telemetry.FieldRunSeq: seq, telemetry.FieldTraceID: ledger.TraceID(m.run, seq),
		telemetry.FieldMethod: a.Method, telemetry.FieldRoute: a.Route, telemetry.FieldStatus: a.Status, telemetry.FieldEventDuration: a.Service.Nanoseconds(),
	}
	maps.Copy(fields, but)
	maps.DeleteFunc(fields, func(_ string, v any) bool { return v == nil })
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return elastic.Document{ID: id, JSON: text}
}

// documents are one for each attempt but some.
func (m made) documents(t *testing.T, but ...uint64) (docs []elastic.Document) {
	t.Helper()
	for _, a := range m.sent {
		if !slices.Contains(but, a.Seq) {
			docs = append(docs, m.document(t, a.Seq, 0, nil))
		}
	}
	return docs
}

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

// store adds documents to a data stream, and makes them searchable.
func (l *loop) store(t *testing.T, es *administrator, stream string, docs []elastic.Document) {
	t.Helper()
	writer, err := elastic.New(elastic.Config{
		URL: l.Elasticsearch, CAFile: l.CAFile, Username: "elastic", PasswordFile: filepath.Join(l.KeysDir, "elastic.password"),
	})
	if err != nil {
		t.Fatal(err)
	}
	for part := range slices.Chunk(docs, 4000) {
		refused, err := writer.CreateAll(t.Context(), stream, part)
		if err := errors.Join(append(refused, err)...); err != nil {
			t.Fatal(err)
		}
	}
	es.ask(t, http.MethodPost, "/"+stream+"/_refresh", nil)
}

// rollOver begins a data stream's next backing index, and returns the one before.
func rollOver(t *testing.T, es *administrator, stream string) string {
	t.Helper()
	var rolled struct {
		Old string `json:"old_index"`
	}
	if err := json.Unmarshal(es.ask(t, http.MethodPost, "/"+stream+"/_rollover", nil), &rolled); err != nil || rolled.Old == "" {
		t.Fatalf("roll %s over: %+v, %v", stream, rolled, err)
	}
	return rolled.Old
}
