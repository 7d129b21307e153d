package red

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/arrival"
	"plumbline/provisioner/red/estimate"
	"plumbline/provisioner/red/exact"
)

// asked is what the ledger of a world's run says.
func (w *world) asked() arrival.Asked {
	kinds := map[arrival.Kind]uint64{}
	requests := w.requests
	if w.beside != nil {
		requests = slices.Concat(requests, w.beside.requests)
	}
	for _, q := range requests {
		kinds[arrival.Kind{Route: q.Route, Status: q.Status}]++
	}
	return arrival.Asked{Run: "synthetic", From: began, To: began.Add(w.length), Kinds: kinds}
}

func (w *world) tally(t *testing.T, run arrival.Asked, p Patience) *arrival.Counters {
	t.Helper()
	c, err := Metricbeat{Search: elasticsearch{w}, Index: telemetry.StreamPrometheus}.Tally(t.Context(), run, telemetry.StreamAccess, p)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// second is another process that is asked just as the first, from its beginning on,
// and read a little later.
func second(first *world, begins time.Duration) *world {
	w := steady(300)
	w.phase = first.phase - time.Second
	if begins > 0 {
		w.lives[0] = began.Add(begins)
		w.requests = slices.DeleteFunc(w.requests, func(q exact.Request) bool { return q.Ended.Sub(began) <= begins })
		w.phase = -begins - w.every - time.Second
	}
	return w
}

func TestCountersAreHeldAgainstTheLedger(t *testing.T) {
	stranger := func(at time.Duration) exact.Request {
		return exact.Request{Route: "/a", Method: "GET", Status: 200, Took: time.Millisecond, Ended: began.Add(at)}
	}
	for _, row := range []struct {
		proves string
		change func(w *world, run *arrival.Asked)
		want   arrival.Counters // but for the times
		text   string           // of what differs, or of why nothing can be said
	}{
		{"all that was asked was counted", func(*world, *arrival.Asked) {}, arrival.Counters{Counted: 600, Asked: 600, Kinds: 3}, ""},
		{"a request that was not counted is found", func(w *world, run *arrival.Asked) { run.Kinds[arrival.Kind{Route: "/b", Status: 503}]++ },
			arrival.Counters{Counted: 600, Asked: 601, Kinds: 3}, "/b 503: counted 30, asked 31"},
		{"one that was counted under another status is found, twice", func(w *world, run *arrival.Asked) {
			run.Kinds[arrival.Kind{Route: "/b", Status: 503}]--
			run.Kinds[arrival.Kind{Route: "/b", Status: 500}]++
		}, arrival.Counters{Counted: 600, Asked: 600, Kinds: 4}, "/b 500: counted 0, asked 1; /b 503: counted 30, asked 29"},
		{"an attempt of unknown fate may have been counted", func(w *world, run *arrival.Asked) {
			run.Kinds[arrival.Kind{Route: "/b", Status: 503}]--
			run.Open = 1
		}, arrival.Counters{Counted: 600, Asked: 599, Kinds: 3}, ""},
		{"but just one", func(w *world, run *arrival.Asked) {
			run.Kinds[arrival.Kind{Route: "/b", Status: 503}] -= 2
			run.Open = 1
		}, arrival.Counters{Counted: 600, Asked: 598, Kinds: 3}, "/b 503: counted 30, asked 28"},
		{"requests of others are told apart", func(w *world, run *arrival.Asked) { w.strangers = []exact.Request{stranger(10 * time.Second)} },
			arrival.Counters{Counted: 601, Asked: 600, Others: 1, Kinds: 3}, ""},
		{"at the moment of a scrape they may be counted or not", func(w *world, run *arrival.Asked) {
			w.strangers = []exact.Request{stranger(-w.phase), stranger(-w.phase + 50*time.Millisecond)}
		}, arrival.Counters{Counted: 601, Asked: 600, Others: 2, Unseen: 1, Kinds: 3}, ""},
		{"a restart is understood, and what nobody read before it", func(w *world, run *arrival.Asked) {
			w.lives = append(w.lives, began.Add(10*time.Second))
		}, arrival.Counters{Counted: 540, Asked: 600, Unseen: 60, Kinds: 3, Restarts: 1}, ""},
		{"a restart does not excuse what was read", func(w *world, run *arrival.Asked) {
			w.lives = append(w.lives, began.Add(10*time.Second))
			run.Kinds[arrival.Kind{Route: "/a", Status: 200}] += 40
		}, arrival.Counters{Counted: 540, Asked: 640, Kinds: 3, Restarts: 1}, "/a 200: counted 270"},
		{"a scrape that is missing changes nothing", func(w *world, run *arrival.Asked) { w.lacks = began.Add(12 * time.Second) },
			arrival.Counters{Counted: 600, Asked: 600, Kinds: 3, Gaps: 1}, ""},
		{"nobody read the counters after the run", func(w *world, run *arrival.Asked) { w.until = -time.Second },
			arrival.Counters{}, "its last scrape, at 15:04:32.000, is not after the last request"},
		{"two processes that answer in turn are no restarts", func(w *world, run *arrival.Asked) { w.turns = true },
			arrival.Counters{Several: true}, ""},
		{"those of two processes with addresses of their own are added up", func(w *world, run *arrival.Asked) {
			w.beside = second(w, -time.Hour)
			*run = w.asked()
		}, arrival.Counters{Counted: 1200, Asked: 1200, Kinds: 3}, ""},
		{"a request that neither counted is found", func(w *world, run *arrival.Asked) {
			w.beside = second(w, -time.Hour)
			*run = w.asked()
			run.Kinds[arrival.Kind{Route: "/b", Status: 503}]++
		}, arrival.Counters{Counted: 1200, Asked: 1201, Kinds: 3}, "/b 503: counted 60, asked 61"},
		{"one that begins in mid-run counts from zero", func(w *world, run *arrival.Asked) {
			w.beside = second(w, 10*time.Second)
			*run = w.asked()
		}, arrival.Counters{Counted: 1001, Asked: 1001, Kinds: 3}, ""},
		{"one that goes in mid-run is believed as far as it was read", func(w *world, run *arrival.Asked) {
			w.beside = second(w, -time.Hour)
			w.beside.gone = 12 * time.Second
			w.beside.requests = slices.DeleteFunc(w.beside.requests, func(q exact.Request) bool { return q.Ended.Sub(began) > 13*time.Second })
			*run = w.asked()
		}, arrival.Counters{Counted: 759, Asked: 859, Unseen: 100, Kinds: 3}, ""},
		{"that does not excuse what ended long before", func(w *world, run *arrival.Asked) {
			w.beside = second(w, -time.Hour)
			w.beside.gone = 12 * time.Second
			*run = w.asked()
		}, arrival.Counters{Counted: 759, Asked: 1200, Kinds: 3}, "/a 200: counted"},
		{"one that is gone as soon as the run is over was read to the end", func(w *world, run *arrival.Asked) {
			w.every = time.Second
			w.beside = second(w, -time.Hour)
			w.beside.every, w.beside.phase, w.beside.gone = time.Second, 5*time.Second-50*time.Millisecond, 30*time.Second+60*time.Millisecond
			w.until = 20 * time.Second
			*run = w.asked()
		}, arrival.Counters{Counted: 1200, Asked: 1200, Kinds: 3}, ""},
		{"of which scrapes just a piece is there is no restart", func(w *world, run *arrival.Asked) { w.piece = 12 * time.Second },
			arrival.Counters{Counted: 600, Asked: 600, Kinds: 3, Gaps: 1}, ""},
		{"a piece before the run does not tell what was counted by then", func(w *world, run *arrival.Asked) {
			w.strangers = []exact.Request{stranger(-9 * time.Second), stranger(-5 * time.Second)}
			w.piece = -w.phase
		}, arrival.Counters{Counted: 601, Asked: 600, Others: 1, Kinds: 3, Gaps: 1}, ""},
		{"nor one after it what was counted since", func(w *world, run *arrival.Asked) { w.piece = 32 * time.Second },
			arrival.Counters{Counted: 600, Asked: 600, Kinds: 3, Gaps: 1}, ""},
		{"a piece tells that the process was there until then", func(w *world, run *arrival.Asked) {
			w.beside = second(w, -time.Hour)
			w.beside.gone, w.beside.piece = 14*time.Second, 13*time.Second
			w.beside.requests = slices.DeleteFunc(w.beside.requests, func(q exact.Request) bool { return q.Ended.Sub(began) > 22*time.Second })
			*run = w.asked()
		}, arrival.Counters{Counted: 759, Asked: 1039, Unseen: 280, Kinds: 3}, ""},
		{"one that was gone before the run is nobody", func(w *world, run *arrival.Asked) {
			w.every = time.Second
			w.beside = second(w, -time.Hour)
			w.beside.every, w.beside.phase, w.beside.gone, w.beside.requests = time.Second, 30*time.Second, 1, nil
			w.beside.until = -50 * time.Second
		}, arrival.Counters{Counted: 600, Asked: 600, Kinds: 3}, ""},
	} {
		w := steady(300)
		run := w.asked()
		row.change(w, &run)
		c := w.tally(t, run, Patience{})
		if c.Several {
			if !row.want.Several {
				t.Errorf("%s: several processes", row.proves)
			}
			continue
		}
		got := arrival.Counters{Kinds: c.Kinds, Counted: c.Counted, Asked: c.Asked, Others: c.Others, Unseen: c.Unseen, Restarts: c.Restarts, Gaps: c.Gaps}
		text := strings.Join(c.Differs, "; ") + c.Missing
		if row.text == "" && text != "" || !strings.Contains(text, row.text) {
			t.Errorf("%s: %q, want %q", row.proves, text, row.text)
		}
		if row.want.Unseen == 0 && row.text != "" {
			got.Unseen = 0 // what differs is not explained
		}
		if got.Counted != row.want.Counted || got.Asked != row.want.Asked || got.Others != row.want.Others || got.Kinds != row.want.Kinds ||
			got.Restarts != row.want.Restarts || got.Gaps != row.want.Gaps || got.Unseen != row.want.Unseen {
			t.Errorf("%s: %+v, want %+v", row.proves, got, row.want)
		}
	}
}

// late is a world whose last scrape becomes searchable piece by piece.
type late struct {
	elasticsearch
	whole time.Time
}

func (l late) Search(ctx context.Context, index string, body []byte) ([]byte, error) {
	w := *l.world
	if time.Now().Before(l.whole) {
		w.bent = func(c *Counter) {
			if c.Route == "/b" {
				c.Held = estimate.Histogram{}
			}
		}
	}
	return elasticsearch{&w}.Search(ctx, index, body)
}

func TestCountersThatAreNotWholeYetAreWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := steady(300)
		source := Metricbeat{Search: late{elasticsearch{w}, time.Now().Add(4 * time.Second)}, Index: telemetry.StreamPrometheus}
		var told []string
		c, err := source.Tally(t.Context(), w.asked(), telemetry.StreamAccess, Patience{Within: 10 * time.Second, Told: func(s string) { told = append(told, s) }})
		if err != nil || len(c.Differs) > 0 || c.Counted != 600 {
			t.Errorf("%+v, %v", c, err)
		}
		if len(told) == 0 || !strings.Contains(told[0], "waiting for the counters of the service: /b 200: counted 0") {
			t.Errorf("it told %q", told)
		}
		source.Search = late{elasticsearch{w}, time.Now().Add(time.Hour)}
		if c, err := source.Tally(t.Context(), w.asked(), telemetry.StreamAccess, Patience{Within: 3 * time.Second}); err != nil || len(c.Differs) == 0 {
			t.Errorf("what never becomes whole: %+v, %v", c, err)
		}
	})
}
