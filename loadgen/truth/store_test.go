package truth

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/ledger"
	"plumbline/loadgen/report"
	"plumbline/provisioner/elastic"
)

// memory is a store that keeps each document once, and may be made to fail.
type memory struct {
	t  *testing.T
	mu sync.Mutex

	order  []string
	docs   map[string]map[string]any
	asked  int
	wait   func(ctx context.Context) error // before a request is looked at
	fail   func() error                    // of a whole request
	lose   func() error                    // the same, after it was stored
	refuse func(doc map[string]any) error  // of one document
}

func newMemory(t *testing.T) *memory { return &memory{t: t, docs: map[string]map[string]any{}} }

func (m *memory) CreateAll(ctx context.Context, stream string, docs []elastic.Document) ([]error, error) {
	if m.wait != nil {
		if err := m.wait(ctx); err != nil {
			return nil, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked++
	if stream != telemetry.StreamLoad {
		m.t.Errorf("documents for %s", stream)
	}
	if m.fail != nil {
		if err := m.fail(); err != nil {
			return nil, err
		}
	}
	answers := make([]error, len(docs))
	for i, d := range docs {
		answers[i] = m.create(d)
	}
	if m.lose != nil {
		if err := m.lose(); err != nil {
			return nil, err
		}
	}
	return answers, nil
}

func (m *memory) create(d elastic.Document) error {
	var doc map[string]any
	if err := json.Unmarshal(d.JSON, &doc); err != nil {
		m.t.Errorf("document %s: %v", d.ID, err)
	}
	if m.refuse != nil {
		if err := m.refuse(doc); err != nil {
			return err
		}
	}
	if m.docs[d.ID] != nil {
		return status(http.StatusConflict)
	}
	m.docs[d.ID] = doc
	m.order = append(m.order, d.ID)
	return nil
}

// of are the documents of a kind, in the order in which they came.
func (m *memory) of(kind string) (docs []map[string]any) {
	for _, id := range m.order {
		if m.docs[id][telemetry.FieldLoadDocument] == kind {
			docs = append(docs, m.docs[id])
		}
	}
	return docs
}

func status(code int) error {
	return &elastic.Error{Op: "create in " + telemetry.StreamLoad, Status: code}
}

// load is a run of ten requests a second, each of which takes 20 ms, to one
// route, but every tenth to another, which does not answer as it should.
type load struct {
	*Writer
	recorder *report.Recorder
	sent     uint64
	mu       sync.Mutex
	said     []string
	ended    time.Time
}

const (
	gap = 100 * time.Millisecond
	off = 90 * time.Millisecond // when the first is due, so that nothing happens just at a full second
)

func newLoad(store Store) *load {
	l := &load{}
	start := time.Now().Add(10 * time.Millisecond)
	header := ledger.Header{RunID: "run-1", Seed: 1<<63 + 7, Target: "http://127.0.0.1:8000", Rate: 10, Duration: time.Minute, Scale: "small", Started: start, Version: "test"}
	l.recorder = report.NewRecorder(header)
	l.Writer = New(Options{
		Store: store, Run: header, Start: start, Recorder: l.recorder,
		Sent:   func() uint64 { l.mu.Lock(); defer l.mu.Unlock(); return l.sent },
		Wanted: func(time.Duration) float64 { return 10 },
		Due:    func(at time.Duration) uint64 { return uint64((at + gap - off) / gap) },
		Say:    func(line string) { l.mu.Lock(); defer l.mu.Unlock(); l.said = append(l.said, line) },
	})
	return l
}

// run sends for so long while the writer follows, then closes it.
func (l *load) run(t *testing.T, length time.Duration, thresholds ...report.Threshold) *report.Told {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	var follows sync.WaitGroup
	follows.Go(func() { l.Follow(ctx) })
	n := uint64(length / gap)
	time.Sleep(time.Until(l.Start))
	for seq := range n {
		time.Sleep(time.Until(l.Start.Add(off + time.Duration(seq)*gap)))
		l.mu.Lock()
		l.sent++
		l.mu.Unlock()
		time.Sleep(20 * time.Millisecond)
		a := ledger.Attempt{Seq: seq + 1, Journey: "my data", Method: "GET", Route: "/investigations", Expect: 200, Status: 200, Outcome: ledger.Answered,
			Latency: 20 * time.Millisecond, Service: 19 * time.Millisecond}
		if seq%10 == 9 {
			a.Journey, a.Method, a.Route, a.Status = "ingest", "POST", "/datasets", 500
		}
		l.recorder.Add(a)
	}
	l.ended = time.Now()
	leave()
	follows.Wait()
	r := l.recorder.Report(ledger.Trailer{Planned: n}, true, "")
	r.Judge(thresholds)
	return l.Close(t.Context(), r)
}
