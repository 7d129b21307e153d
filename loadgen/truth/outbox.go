package truth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/report"
	"plumbline/provisioner/elastic"
)

const (
	maxWaiting = 5000 // documents, about 5 MB
	maxAtOnce  = 500
	answerIn   = 5 * time.Second
	againIn    = 5 * time.Second        // while the run goes
	lastIn     = 500 * time.Millisecond // after its end
)

// outbox holds the documents that have not been written. Its methods may be
// called concurrently, but for send and finish, of which one goes at a time.
type outbox struct {
	store Store
	say   func(line string)
	some  chan struct{} // has a token when something was added

	mu      sync.Mutex
	waiting []entry // the oldest first
	told    report.Told
	said    bool
}

// entry is a document on its way.
type entry struct {
	elastic.Document
	summary bool
	tried   bool // it may be there already
}

func newOutbox(store Store, say func(string)) *outbox {
	return &outbox{store: store, say: say, some: make(chan struct{}, 1), told: report.Told{Stream: telemetry.StreamLoad}}
}

// add puts a document behind those that wait. When too many do, the oldest go:
// the counts of later ones include theirs.
func (o *outbox) add(e entry) {
	o.mu.Lock()
	o.waiting = append(o.waiting, e)
	if over := len(o.waiting) - maxWaiting; over > 0 {
		o.waiting = slices.Delete(o.waiting, 0, over)
		o.told.Unwritten += uint64(over)
	}
	o.mu.Unlock()
	select {
	case o.some <- struct{}{}:
	default:
	}
}

// first puts a document before those that wait; nobody adds any after it.
func (o *outbox) first(e entry) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting = slices.Insert(o.waiting, 0, e)
}

// send writes what is added until ctx is done.
func (o *outbox) send(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-o.some:
			o.empty(ctx, againIn)
		}
	}
}

// finish tries to write what is left until ctx is done, and sums up.
func (o *outbox) finish(ctx context.Context) *report.Told {
	o.empty(ctx, lastIn)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.told.Unwritten += uint64(len(o.waiting))
	switch {
	case o.told.Unwritten == 0:
		o.told.Cause = nil // what went wrong was made good
	case o.told.Cause == nil:
		o.told.Cause = errors.New("no time was left")
	}
	told := o.told
	if told.Cause != nil {
		told.Error = told.Cause.Error()
	}
	return &told
}

// empty writes until nothing waits or ctx is done, with a pause after each
// request that did not succeed.
func (o *outbox) empty(ctx context.Context, pause time.Duration) {
	for batch := o.take(); len(batch) > 0; batch = o.take() {
		wait := time.Duration(0)
		if !o.write(ctx, batch) {
			wait = pause
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

func (o *outbox) take() []entry {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := min(len(o.waiting), maxAtOnce)
	batch := slices.Clone(o.waiting[:n])
	o.waiting = slices.Delete(o.waiting, 0, n)
	return batch
}

// write sends a batch once and reports whether all of it is settled: written, or
// refused for good. What is not goes back to where it was.
func (o *outbox) write(ctx context.Context, batch []entry) (settled bool) {
	docs := make([]elastic.Document, 0, len(batch))
	for _, e := range batch {
		docs = append(docs, e.Document)
	}
	within, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	answers, err := o.store.CreateAll(within, telemetry.StreamLoad, docs)
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil {
		answers = slices.Repeat([]error{err}, len(batch))
	}
	var back []entry
	for i, e := range batch {
		switch why := answers[i]; {
		case why == nil, e.tried && errors.Is(why, &elastic.Error{Status: http.StatusConflict}):
			o.told.Written++
			o.told.Summary = o.told.Summary || e.summary
			continue
		case passing(why):
			e.tried = true
			back = append(back, e)
		case errors.Is(why, &elastic.Error{Status: http.StatusConflict}):
			o.told.Unwritten++
			answers[i] = &TakenError{ID: e.ID}
		default:
			o.told.Unwritten++
		}
		o.trouble(ctx, answers[i])
	}
	o.waiting = slices.Concat(back, o.waiting)
	return len(back) == 0
}

// TakenError says that a document is there already, and not from this run.
type TakenError struct{ ID string }

func (e *TakenError) Error() string {
	return "document " + e.ID + " is there already: another run has had this run's id"
}

// Hint says what to type next.
func (e *TakenError) Hint() string { return "leave -run-id out, or give another" }

// passing reports whether something else may come of the same request later: all
// but a refusal of what it says. A node that starts refuses even the right key.
func passing(why error) bool {
	var refusal *elastic.Error
	if !errors.As(why, &refusal) {
		return true
	}
	return refusal.Status >= http.StatusInternalServerError || refusal.Status == http.StatusTooManyRequests || refusal.Status == http.StatusUnauthorized
}

// trouble keeps why something was not written and says it the first time. That
// the run is over is none.
func (o *outbox) trouble(ctx context.Context, why error) {
	if errors.Is(ctx.Err(), context.Canceled) {
		return
	}
	o.told.Cause = why
	if !o.said {
		o.said = true
		o.say(fmt.Sprintf("elasticsearch: %v; the load goes on, and what can be written later is", why))
	}
}
