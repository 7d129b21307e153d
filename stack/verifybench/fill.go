package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/ledger"
	"plumbline/provisioner/elastic"
	"plumbline/stack/native"
)

const (
	batch      = 1600 // documents in one request, as Filebeat has it
	writers    = 2
	searchable = time.Minute // patience for the last refresh
)

// benchRun is a run that nobody sent.
type benchRun struct {
	id     string
	ledger string // path
	n      uint64
}

// What is spoiled, by number.
func (r benchRun) lost() uint64    { return r.n / 3 }
func (r benchRun) doubled() uint64 { return r.n/2 + 1 }
func (r benchRun) altered() uint64 { return r.n - r.n/7 }

// attempt is the one of a number: as many methods, routes and statuses as the
// usual journeys have.
func (r benchRun) attempt(seq uint64) ledger.Attempt {
	steps := []struct {
		method, route string
		status        int
	}{
		{"GET", "/investigations", 200}, {"GET", "/investigations/{id}", 200}, {"GET", "/datasets", 200},
		{"GET", "/icat/{username}", 200}, {"POST", "/sessions", 201}, {"GET", "/datafiles/count", 200},
		{"GET", "/icat/{username}", 404}, {"PATCH", "/datasets/{id}", 200}, {"DELETE", "/sessions", 204},
	}
	step := steps[seq*2654435761>>7%uint64(len(steps))]
	due := time.Duration(seq) * 100 * time.Microsecond
	return ledger.Attempt{
		Seq: seq, Scheduled: due, Sent: due + time.Duration(seq*7919%300_000), Service: time.Duration(100_000 + seq*104_729%900_000),
		Journey: "bench", Method: step.method, Route: step.route, Expect: step.status, Status: step.status, Outcome: ledger.Answered,
	}
}

// fill writes the ledger and the documents, and waits until all are searchable.
func (r benchRun) fill(ctx context.Context, stack *native.Stack, stderr io.Writer) error {
	started := time.Now().Add(-time.Hour).UTC()
	if err := r.writeLedger(started); err != nil {
		return err
	}
	key := func(name string) (*elastic.Client, error) {
		return elastic.New(elastic.Config{URL: stack.Elasticsearch, CAFile: stack.CAFile, KeyFile: stack.KeyFile(name)})
	}
	shipper, err := key("shipper_logs")
	if err != nil {
		return err
	}
	admin, err := administrate(stack)
	if err != nil {
		return err
	}
	if err := create(ctx, shipper); err != nil {
		return err
	}
	if err := admin.refreshEvery(ctx, `"-1"`); err != nil {
		return err
	}
	group, within := errgroup.WithContext(ctx)
	batches := make(chan []elastic.Document, writers)
	group.Go(func() error {
		defer close(batches)
		return r.documents(within, started, batches)
	})
	for range writers {
		group.Go(func() error {
			for docs := range batches {
				refused, err := shipper.CreateAll(within, telemetry.StreamAccess, docs)
				if err := errors.Join(append(refused, err)...); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := admin.refreshEvery(ctx, "null"); err != nil {
		return err
	}
	reader, err := key("reader")
	if err != nil {
		return err
	}
	return r.await(ctx, reader)
}

// create makes the data stream, as its first document does.
func create(ctx context.Context, shipper *elastic.Client) error {
	first := elastic.Document{ID: "first", JSON: fmt.Appendf(nil, `{"@timestamp":%q}`, time.Now().UTC().Format(time.RFC3339))}
	refused, err := shipper.CreateAll(ctx, telemetry.StreamAccess, []elastic.Document{first})
	if err == nil && !errors.Is(refused[0], &elastic.Error{Status: http.StatusConflict}) {
		err = refused[0]
	}
	return err
}

func (r benchRun) writeLedger(started time.Time) error {
	w, err := ledger.Create(r.ledger, ledger.Header{RunID: r.id, Started: started, Target: "http://127.0.0.1:8000", Rate: 10_000, Version: "bench"})
	if err != nil {
		return err
	}
	for seq := uint64(1); seq <= r.n && err == nil; seq++ {
		a := r.attempt(seq)
		err = errors.Join(w.Send(a), w.Done(a))
		if seq%500_000 == 0 { // it saves once a second, and no load is as fast as this loop
			time.Sleep(1500 * time.Millisecond)
		}
	}
	return errors.Join(err, w.Close(ledger.Trailer{Planned: r.n, Ended: time.Now().UTC()}))
}

// documents makes those that demo-app and Filebeat would have made of the run,
// but for the spoiled ones.
func (r benchRun) documents(ctx context.Context, started time.Time, batches chan<- []elastic.Document) error {
	var line bytes.Buffer
	log := telemetry.NewLog(&line, telemetry.Service{Name: "icat-demo-api", Version: "bench", Environment: "demo", Node: "bench"}, telemetry.LevelInfo)
	var docs []elastic.Document
	flush := func() error {
		if len(docs) == 0 {
			return nil
		}
		select {
		case batches <- docs:
			docs = nil
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for seq := uint64(1); seq <= r.n; seq++ {
		copies := 1
		switch seq {
		case r.lost():
			continue
		case r.doubled():
			copies = 2
		}
		a := r.attempt(seq)
		if seq == r.altered() {
			a.Status = 500
		}
		for range copies {
			line.Reset()
			log.Access(r.access(a, started))
			docs = append(docs, shipped(line.Bytes(), started.Add(a.Sent+a.Service+20*time.Millisecond), seq))
		}
		if len(docs) >= batch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

func (r benchRun) access(a ledger.Attempt, started time.Time) *telemetry.Access {
	trace := ledger.TraceID(r.id, a.Seq)
	return &telemetry.Access{
		Identity: telemetry.Identity{TraceID: trace, SpanID: trace[8:24], RequestID: trace[16:], RunID: r.id, RunSeq: int64(a.Seq)},
		Ended:    started.Add(a.Sent + a.Service), Duration: a.Service, Method: a.Method, Route: a.Route, Path: a.Route, Status: a.Status,
		Bytes: int64(a.Seq % 5000), User: "Karen482", ClientIP: "127.0.0.1", UserAgent: "loadgen/bench",
	}
}

// shipped adds to a line what Filebeat does. The id is the event's, and so differs
// between two lines of one attempt.
func shipped(line []byte, read time.Time, offset uint64) elastic.Document {
	_, id, _ := bytes.Cut(line, []byte(`"outcome":"`)) // of the event
	_, id, _ = bytes.Cut(id, []byte(`"id":"`))
	text := append([]byte{}, bytes.TrimSuffix(line, []byte("}\n"))...)
	text = fmt.Appendf(text, `,"event.created":%q,"log.file.path":"/var/log/demo-app.json","log.offset":%d,`+
		`"data_stream":{"type":"logs","dataset":"icat.access","namespace":"default"}}`, read.Format("2006-01-02T15:04:05.000Z"), offset*600)
	return elastic.Document{ID: string(id[:32]), JSON: text}
}

// await waits until as many documents are searchable as were written: one is
// missing, one there twice.
func (r benchRun) await(ctx context.Context, reader *elastic.Client) error {
	query, err := json.Marshal(map[string]any{"query": map[string]any{"term": map[string]any{telemetry.FieldRunID: r.id}}})
	if err != nil {
		return err
	}
	for end := time.Now().Add(searchable); ; {
		n, err := reader.Count(ctx, telemetry.StreamAccess, query)
		if err != nil {
			return err
		}
		if uint64(n) == r.n {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%d of %d documents are searchable after %v", n, r.n, searchable)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
