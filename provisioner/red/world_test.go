package red

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/ledger"
	"plumbline/provisioner/red/estimate"
	"plumbline/provisioner/red/exact"
)

var (
	began  = time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	bounds = estimate.Buckets{.001, .005, .01, .05, .1, .5, 1}
	schema = estimate.Schema(3)
)

// world is an application that was asked, and scrapers that looked at it: all
// that the sources would know, without a clock or a network.
type world struct {
	requests  []exact.Request
	strangers []exact.Request  // of nobody's run
	length    time.Duration    // of the run
	lives     []time.Time      // when a process of the application began; the first before all
	every     time.Duration    // between scrapes
	phase     time.Duration    // of the first scrape, before the run
	ahead     time.Duration    // the scrapers' clocks
	until     time.Duration    // the last scrape after the run; 0 for one interval
	native    bool             // native histograms are scraped
	bent      func(c *Counter) // falsifies what a scrape found; nil for nothing
	lacks     time.Time        // no scrape within a second of it
	turns     bool             // two processes answer in turn
	beside    *world           // a second process, at an address of its own
	gone      time.Duration    // it was read no more from then on; 0 for always
	piece     time.Duration    // of the scrape within a second of it one series is there; 0 for none
	silent    error            // Prometheus cannot be asked

	memo map[time.Time]map[series]exact.Durations // by counted
}

// steady is a world of so many requests of each route in 30 s, of which every
// tenth of /b fails.
func steady(n int) *world {
	w := &world{length: 30 * time.Second, every: 5 * time.Second, phase: 3 * time.Second, native: true, lives: []time.Time{began.Add(-time.Hour)}}
	for i := range n {
		at := began.Add(time.Duration(float64(w.length) * float64(i) / float64(n)))
		share := float64(i*7919%n) / float64(n) // every share once, in disorder
		w.add(at, "/a", 200, time.Duration((2+40*share*share*share)*1e6))
		status := 200
		if i%10 == 9 {
			status = 503
		}
		w.add(at.Add(time.Millisecond), "/b", status, time.Duration((20+300*share*share)*1e6))
	}
	return w
}

func (w *world) add(at time.Time, route string, status int, took time.Duration) {
	w.requests = append(w.requests, exact.Request{Route: route, Method: "GET", Status: status, Took: took, Ended: at.Add(took)})
}

// run writes the world's ledger and lines, and joins them.
func (w *world) run(t *testing.T) (path string, lines exact.Lines, run *exact.Run) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "run.ledger")
	book, err := ledger.Create(path, ledger.Header{RunID: "synthetic", Target: "http://api", Started: began})
	if err != nil {
		t.Fatal(err)
	}
	for i, q := range w.requests {
		sent := q.Ended.Add(-q.Took).Sub(began)
		a := ledger.Attempt{Seq: uint64(i + 1), Scheduled: sent, Sent: sent, Service: q.Took + time.Millisecond, Journey: "j", Method: q.Method, Route: q.Route, Status: q.Status, Outcome: ledger.Answered}
		if err := errors.Join(book.Send(a), book.Done(a)); err != nil {
			t.Fatal(err)
		}
	}
	if err := book.Close(ledger.Trailer{Planned: uint64(len(w.requests)), Ended: began.Add(w.length)}); err != nil {
		t.Fatal(err)
	}
	lines = func(_ context.Context, _ string, yield func(exact.Line)) error {
		for i, q := range w.requests {
			yield(exact.Line{Seq: uint64(i + 1), Method: q.Method, Route: q.Route, Status: q.Status, Took: q.Took, Ended: q.Ended})
		}
		return nil
	}
	if run, err = exact.Read(t.Context(), path, lines, exact.Patience{}); err != nil {
		t.Fatal(err)
	}
	return path, lines, run
}

// instants are when the scrapers looked, by the application's clock.
func (w *world) instants() []time.Time {
	var all []time.Time
	end := began.Add(w.length + cmp.Or(w.until, 2*w.every))
	for at := began.Add(-w.phase - w.every); !at.After(end); at = at.Add(w.every) {
		if at.Sub(w.lacks).Abs() < time.Second || w.gone > 0 && at.Sub(began) > w.gone {
			continue
		}
		all = append(all, at)
	}
	return all
}

// process is when the process began that answers at a moment.
func (w *world) process(at time.Time) time.Time {
	life := w.lives[0]
	for _, l := range w.lives {
		if !l.After(at) {
			life = l
		}
	}
	return life
}

// series is what tells the counters apart.
type series struct{ route, method, status string }

// counted are the durations in each series at a moment.
func (w *world) counted(at time.Time) map[series]exact.Durations {
	if all, known := w.memo[at]; known {
		return all
	}
	all := map[series]exact.Durations{}
	for _, q := range slices.Concat(w.requests, w.strangers) {
		if !q.Ended.After(at) && w.process(q.Ended).Equal(w.process(at)) {
			of := series{q.Route, q.Method, strconv.Itoa(q.Status)}
			all[of] = append(all[of], q.Took)
		}
	}
	for _, d := range all {
		slices.Sort(d)
	}
	if w.piece != 0 && at.Sub(began.Add(w.piece)).Abs() < time.Second {
		maps.DeleteFunc(all, func(of series, _ exact.Durations) bool { return of.route != "/b" || of.status != "503" })
	}
	if w.memo == nil {
		w.memo = map[time.Time]map[series]exact.Durations{}
	}
	w.memo[at] = all
	return all
}

// at is the scrape of a moment, by the scraper's clock.
func (w *world) at(instant time.Time) Scrape {
	s := Scrape{At: instant.Add(w.ahead), Took: 5 * time.Millisecond, Process: w.process(instant)}
	if w.turns && instant.Unix()/5%2 == 0 {
		s.Process = s.Process.Add(-time.Minute)
	}
	for _, d := range w.counted(instant) {
		s.Total += float64(len(d))
	}
	return s
}

// Scrapes and Counters make a world a store of its classic histograms.
func (w *world) Scrapes(_ context.Context, from, to time.Time) ([]Scrape, error) {
	var all []Scrape
	for _, instant := range w.instants() {
		if s := w.at(instant); !s.At.Before(from) && !s.At.After(to) {
			all = append(all, s)
		}
	}
	return all, nil
}

func (w *world) Counters(_ context.Context, s Scrape) ([]Counter, error) {
	return w.counters(s.At.Add(-w.ahead), func(d exact.Durations) estimate.Histogram { return bounds.Fill(d) })
}

func (w *world) counters(instant time.Time, fill func(exact.Durations) estimate.Histogram) ([]Counter, error) {
	var all []Counter
	for of, d := range w.counted(instant) {
		c := Counter{of.route, of.status, fill(d)}
		if w.bent != nil {
			w.bent(&c)
		}
		all = append(all, c)
	}
	return merged(all)
}

// labels are those of a series, as Prometheus has them.
func (s series) labels() map[string]string {
	return map[string]string{"job": "demo-app", "instance": "api", telemetry.LabelRoute: s.route, telemetry.LabelMethod: s.method, telemetry.LabelStatus: s.status}
}

func (s series) String() string { return fmt.Sprintf("%s %s %s", s.method, s.route, s.status) }
