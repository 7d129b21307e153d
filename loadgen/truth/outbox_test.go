package truth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/elastic"
)

var errAway = errors.New("create in metrics-loadgen.run-default: es:9200: connection refused")

func TestTroubleCostsDocumentsAndNothingElse(t *testing.T) {
	// Twelve seconds of the load are 22 documents: 13 intervals, 6 of routes, 2 of journeys, 1 summary.
	between := func(from, to time.Duration, err error) func(begin time.Time) error {
		return func(begin time.Time) error {
			if at := time.Since(begin); at >= from && at < to {
				return err
			}
			return nil
		}
	}
	const forever = time.Hour
	for _, row := range []struct {
		proves             string
		fail, lose         func(begin time.Time) error
		refuse             func(doc map[string]any) error
		written, unwritten uint64
		summary            bool
		said, error        string // begin of the line; "" for none
		most               time.Duration
	}{
		{proves: "away for a while, and all is made good", fail: between(3*time.Second, 9*time.Second, errAway),
			written: 22, summary: true, said: "elasticsearch: " + errAway.Error() + "; the load goes on"},
		{proves: "a request whose answer is lost is sent again, and stored once", lose: between(0, 4*time.Second, errAway),
			written: 22, summary: true, said: "elasticsearch: " + errAway.Error()},
		{proves: "back only after the end, and all is made good", fail: between(0, 14*time.Second, errAway),
			written: 22, summary: true, said: "elasticsearch: " + errAway.Error(), most: 3 * time.Second},
		{proves: "away for good: the end waits no longer than it says", fail: between(0, forever, errAway),
			unwritten: 22, said: "elasticsearch: " + errAway.Error(), error: errAway.Error(), most: lastTries},
		{proves: "away from the very end on: no summary", fail: between(11500*time.Millisecond, forever, errAway),
			written: 15, unwritten: 7, said: "elasticsearch: " + errAway.Error(), error: errAway.Error(), most: lastTries},
		{proves: "a node that starts refuses the right key, and all is made good", fail: between(0, 9*time.Second, status(http.StatusUnauthorized)),
			written: 22, summary: true, said: "elasticsearch: create in metrics-loadgen.run-default: 401"},
		{proves: "a node with too much to do is asked again", refuse: onceEach(http.StatusTooManyRequests),
			written: 22, summary: true, said: "elasticsearch: create in metrics-loadgen.run-default: 429", most: 2 * time.Second},
		{proves: "a key that may not never will: nothing is waited for", fail: between(0, forever, status(http.StatusForbidden)),
			unwritten: 22, said: "elasticsearch: create in metrics-loadgen.run-default: 403", error: "create in metrics-loadgen.run-default: 403"},
		{proves: "a refused kind of document is not sent again", refuse: ofKind(telemetry.LoadRoute, http.StatusBadRequest),
			written: 16, unwritten: 6, summary: true, said: "elasticsearch: create in metrics-loadgen.run-default: 400", error: "create in metrics-loadgen.run-default: 400"},
		{proves: "a refused summary is none", refuse: ofKind(telemetry.LoadSummary, http.StatusBadRequest),
			written: 21, unwritten: 1, said: "elasticsearch: create in metrics-loadgen.run-default: 400", error: "create in metrics-loadgen.run-default: 400"},
		{proves: "documents that were there before are another run's", refuse: ofKind(telemetry.LoadInterval, http.StatusConflict),
			written: 9, unwritten: 13, summary: true, said: "elasticsearch: document run-1/interval/1 is there already", error: "document run-1/interval/13 is there already"},
	} {
		t.Run(row.proves, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, begin := newMemory(t), time.Now()
				store.refuse = row.refuse
				if row.fail != nil {
					store.fail = func() error { return row.fail(begin) }
				}
				if row.lose != nil {
					store.lose = func() error { return row.lose(begin) }
				}
				l := newLoad(store)
				told := l.run(t, 12*time.Second)
				if told.Written != row.written || told.Unwritten != row.unwritten || told.Summary != row.summary || uint64(len(store.docs)) != row.written {
					t.Errorf("told %+v with %d stored, want %d written, %d not, summary %v", told, len(store.docs), row.written, row.unwritten, row.summary)
				}
				if !strings.HasPrefix(told.Error, row.error) || (told.Error == "") != (row.error == "") || (told.Cause == nil) != (row.error == "") {
					t.Errorf("error %q (%v), want %q", told.Error, told.Cause, row.error)
				}
				if said := strings.Join(l.said, "\n"); !strings.HasPrefix(said, row.said) || strings.Contains(said, "\n") || (said == "") != (row.said == "") {
					t.Errorf("said %q, want one line %q", said, row.said)
				}
				if took := time.Since(l.ended); took > row.most {
					t.Errorf("the end took %v, want at most %v", took, row.most)
				}
			})
		})
	}
}

// ofKind refuses the documents of a kind.
func ofKind(kind string, code int) func(map[string]any) error {
	return func(doc map[string]any) error {
		if doc[telemetry.FieldLoadDocument] == kind {
			return status(code)
		}
		return nil
	}
}

// onceEach refuses each document the first time.
func onceEach(code int) func(map[string]any) error {
	seen := map[string]bool{}
	return func(doc map[string]any) error {
		key := fmt.Sprint(doc[telemetry.FieldLoadDocument], doc[telemetry.FieldLoadInterval], doc[telemetry.FieldRoute])
		if !seen[key] {
			seen[key] = true
			return status(code)
		}
		return nil
	}
}

// A store that never answers holds up neither what is looked up nor the end.
func TestAStoreThatHangsDelaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(t)
		hangs := true
		store.wait = func(ctx context.Context) error {
			if !hangs {
				return nil
			}
			<-ctx.Done()
			return fmt.Errorf("no answer: %w", ctx.Err())
		}
		l := newLoad(store)
		time.AfterFunc(12500*time.Millisecond, func() { hangs = false })
		told := l.run(t, 12*time.Second)
		intervals := store.of(telemetry.LoadInterval)
		if len(intervals) != 13 || !told.Summary || told.Unwritten != 0 {
			t.Fatalf("%d intervals, told %+v", len(intervals), told)
		}
		for i, doc := range intervals[:12] {
			if at := number(doc, telemetry.FieldLoadElapsed); at != float64(i+1)*1e9 {
				t.Errorf("interval %d was looked up at %v ns", i+1, at)
			}
		}
	})
}

// What waits is bounded; the newest stay, for their counts include the others'.
func TestTheOldestAreGivenUp(t *testing.T) {
	store := newMemory(t)
	o := newOutbox(store, func(string) {})
	const over = 100
	for i := range maxWaiting + over {
		o.add(entry{Document: elastic.Document{ID: fmt.Sprint(i), JSON: []byte("{}")}})
	}
	o.first(entry{Document: elastic.Document{ID: "summary", JSON: []byte("{}")}, summary: true})
	told := o.finish(t.Context())
	if told.Unwritten != over || told.Written != maxWaiting+1 || !told.Summary || store.order[0] != "summary" || store.order[1] != fmt.Sprint(over) {
		t.Errorf("told %+v, the first written are %v", told, store.order[:2])
	}
	if want := maxWaiting/maxAtOnce + 1; store.asked != want {
		t.Errorf("%d requests, want %d", store.asked, want)
	}
}

// A document that was sent before a later try is told from one of another run.
func TestAConflictIsJudgedByWhetherItWasTried(t *testing.T) {
	for _, tried := range []bool{false, true} {
		store := newMemory(t)
		o := newOutbox(store, func(string) {})
		doc := elastic.Document{ID: "run-1/summary", JSON: []byte("{}")}
		store.docs[doc.ID] = map[string]any{"of": "somebody"}
		o.add(entry{Document: doc, summary: true, tried: tried})
		told := o.finish(t.Context())
		var taken *TakenError
		if told.Summary != tried || errors.As(told.Cause, &taken) == tried {
			t.Errorf("tried %v: told %+v", tried, told)
		}
	}
}
