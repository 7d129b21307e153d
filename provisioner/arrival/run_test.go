package arrival

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/ledger"
)

const runID = "20260102T030405Z-abcdef"

var started = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// attempt is the one that the tests send as number seq, answered.
func attempt(seq uint64) ledger.Attempt {
	routes := []string{"/users", "/investigations/{id}", "/icat/{username}"}
	at := time.Duration(seq) * 5 * time.Millisecond
	return ledger.Attempt{
		Seq: seq, Scheduled: at, Sent: at, Latency: time.Millisecond, Service: time.Millisecond, Journey: "test",
		Method: "GET", Route: routes[seq%3], Status: 200 + int(seq%2)*4, Outcome: ledger.Answered,
	}
}

func attempts(n uint64) []ledger.Attempt {
	var list []ledger.Attempt
	for seq := uint64(1); seq <= n; seq++ {
		list = append(list, attempt(seq))
	}
	return list
}

// line is the document that the application's line about an attempt becomes.
func line(a ledger.Attempt) doc {
	at := started.Add(a.Sent)
	status := a.Status
	if status == 0 {
		status = 200
	}
	return doc{index: ".ds-" + stream, fields: map[string]any{
		telemetry.FieldRunID: runID, telemetry.FieldRunSeq: a.Seq, telemetry.FieldEventID: fmt.Sprintf("event-%d", a.Seq),
		telemetry.FieldMethod: a.Method, telemetry.FieldRoute: a.Route, telemetry.FieldStatus: status,
		telemetry.FieldTraceID: ledger.TraceID(runID, a.Seq), telemetry.FieldEventDuration: int64(a.Seq) * 1000,
		telemetry.FieldTimestamp:     at.Format("2006-01-02T15:04:05.000Z"),
		telemetry.FieldEventCreated:  at.Add(time.Duration(a.Seq%100) * time.Millisecond).Format("2006-01-02T15:04:05.000Z"),
		telemetry.FieldEventIngested: at.Add(time.Duration(a.Seq%100+a.Seq%40+3) * time.Millisecond).Format("2006-01-02T15:04:05.000Z"),
	}}
}

func linesOf(list []ledger.Attempt) []doc {
	var docs []doc
	for _, a := range list {
		docs = append(docs, line(a))
	}
	return docs
}

// with is a copy of a document with one field changed; nil takes it away.
func (d doc) with(field string, value any) doc {
	d.fields = maps.Clone(d.fields)
	d.fields[field] = value
	if value == nil {
		delete(d.fields, field)
	}
	return d
}

// writeLedger writes a whole ledger and returns its path.
func writeLedger(t testing.TB, list []ledger.Attempt) string {
	t.Helper()
	return writeRun(t, 200, list, ledger.Trailer{Planned: uint64(len(list))})
}

// writeRun is writeLedger for a load of another rate, plan or end.
func writeRun(t testing.TB, rate float64, list []ledger.Attempt, end ledger.Trailer) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ledger.zst")
	end.Ended = started.Add(time.Minute)
	w, err := ledger.Create(path, ledger.Header{
		RunID: runID, Started: started, Target: "http://127.0.0.1:8000", Rate: rate, Duration: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list {
		if a.Outcome != ledger.Dropped {
			err = errors.Join(err, w.Send(a))
		}
		if a.Outcome != ledger.Unfinished {
			err = errors.Join(err, w.Done(a))
		}
	}
	if err := errors.Join(err, w.Close(end)); err != nil {
		t.Fatal(err)
	}
	return path
}

// tear rewrites a ledger as one whose writer was killed: without its trailer.
func tear(t testing.TB, path string) string {
	t.Helper()
	zipped, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dec, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	text, err := dec.DecodeAll(zipped, nil)
	if err != nil {
		t.Fatal(err)
	}
	text = text[:bytes.LastIndexByte(text[:len(text)-1], '\n')+1]
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	torn := filepath.Join(t.TempDir(), "torn.zst")
	if err := os.WriteFile(torn, enc.EncodeAll(text, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	return torn
}

// small is an audit whose pages are small enough to have borders.
func small(n *node, path string) Audit {
	return Audit{Search: n, Index: stream, Ledger: path, page: 5, part: 20}
}
