// Package truth tells Elasticsearch what a run did, in the load generator's own
// words, so that a dashboard can show it beside what others saw of the run: a
// document each second while it goes, some for single routes now and then, and a
// summary at the end. Their fields are telemetry's.
//
// Nothing of it may disturb the run. What is told is looked up once a second,
// documents wait in a queue that is bounded, and a goroutine of its own sends
// them; an Elasticsearch that is slow, away or refuses costs documents, which are
// counted. The record that a verdict rests on stays package ledger's.
package truth

import (
	"context"
	"sync"
	"time"

	"plumbline/loadgen/ledger"
	"plumbline/loadgen/report"
	"plumbline/provisioner/elastic"
)

const (
	every       = time.Second
	routesEvery = 5   // intervals
	maxRoutes   = 100 // that have documents: the first to be asked for
	lastTries   = 10 * time.Second
)

// Store takes documents. It is *elastic.Client, or the one of the tests.
type Store interface {
	CreateAll(ctx context.Context, stream string, docs []elastic.Document) ([]error, error)
}

// Connect reads the files that say whom to trust and who asks, "" for none, and
// returns a store. It does not ask it yet.
func Connect(url, caFile, keyFile string) (Store, error) {
	return elastic.New(elastic.Config{URL: url, CAFile: caFile, KeyFile: keyFile})
}

// Options says what a Writer tells, and whom. All fields must be set.
type Options struct {
	Store    Store
	Run      ledger.Header
	Start    time.Time // the zero of the run
	Recorder *report.Recorder
	Sent     func() uint64                  // attempts so far, with those in flight
	Wanted   func(at time.Duration) float64 // requests per second; 0 if the target decides
	Due      func(at time.Duration) uint64  // arrivals by a moment; asked in order
	Say      func(line string)              // hears once, of the first trouble
}

// Writer tells of one run: Follow while it goes, then Close.
type Writer struct {
	Options
	out      *outbox
	interval uint64 // the last that was told
	last     look
	routes   map[route]look // of those that have documents
}

type route struct{ method, template string }

// look is what was seen of something at a moment of the run.
type look struct {
	at               time.Duration
	count            uint64
	latency, service report.Waits
}

// New returns a writer that has told nothing yet.
func New(o Options) *Writer {
	return &Writer{Options: o, out: newOutbox(o.Store, o.Say), routes: map[route]look{}}
}

// Follow tells of each interval of the run until ctx is done.
func (w *Writer) Follow(ctx context.Context) {
	var sending sync.WaitGroup
	defer sending.Wait()
	sending.Go(func() { w.out.send(ctx) })
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		// One that could not be told in time is left out: the next is longer.
		next := max(w.interval, uint64(w.now()/every)) + 1
		timer.Reset(time.Until(w.Start.Add(time.Duration(next) * every)))
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			w.tell(next, next%routesEvery == 0)
		}
	}
}

// Close tells how the run ended, after Follow has returned, and tries a while to
// write what could not be written yet, the summary first.
func (w *Writer) Close(ctx context.Context, r report.Report) *report.Told {
	w.tell(w.interval+1, true)
	for _, j := range r.Journeys {
		w.out.first(w.journey(j))
	}
	w.out.first(w.summary(r))
	ctx, cancel := context.WithTimeout(ctx, lastTries)
	defer cancel()
	return w.out.finish(ctx)
}

// now is the moment of the run.
func (w *Writer) now() time.Duration { return max(0, time.Since(w.Start)) }

// tell adds the documents of an interval that ends now.
func (w *Writer) tell(interval uint64, routes bool) {
	// In this order nothing can have ended that was not sent, or was sent before
	// it was due.
	figures := w.Recorder.Figures()
	sent := w.Sent()
	now := look{w.now(), sent, figures.Latency, figures.Service}
	w.out.add(w.whole(interval, figures, now))
	w.interval, w.last = interval, now
	if !routes {
		return
	}
	for _, f := range w.Recorder.Routes(w.followed) {
		key, now := route{f.Method, f.Route}, look{at: w.now(), latency: f.Latency}
		for _, n := range f.Outcomes {
			now.count += n
		}
		if now.count != w.routes[key].count {
			w.out.add(w.single(interval, f, now))
		}
		w.routes[key] = now
	}
}

// followed reports whether a route has documents of its own.
func (w *Writer) followed(method, template string) bool {
	key := route{method, template}
	_, is := w.routes[key]
	if !is && len(w.routes) < maxRoutes {
		w.routes[key], is = look{}, true
	}
	return is
}
