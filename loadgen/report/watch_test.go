package report

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"plumbline/loadgen/ledger"
)

// Ten requests a second, answered in 10 ms, and from the tenth second on in 1 s.
func TestWatchTellsTheLastSecondsFromTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r := NewRecorder(ledger.Header{})
		w := &Watch{Recorder: r, InFlight: func() int { return 2 }, Start: time.Now(), Length: 30 * time.Second,
			Wanted: func(at time.Duration) float64 { return 10 + at.Seconds() }}
		go w.Follow(ctx)
		time.Sleep(50 * ms)
		for seq := range uint64(170) {
			a := ledger.Attempt{Seq: seq + 1, Outcome: ledger.Answered, Status: 200, Expect: 200, Latency: 10 * ms}
			if seq >= 100 {
				a.Latency, a.Status = time.Second, 500
			}
			r.Add(a)
			time.Sleep(100 * ms)
		}
		synctest.Wait()
		got := w.State()
		if got.Sent != 172 || got.InFlight != 2 || got.Achieved != 10 || got.Unexpected != 70 {
			t.Errorf("sent %d, in flight %d, %v/s, %d unexpected", got.Sent, got.InFlight, got.Achieved, got.Unexpected)
		}
		if got.Recent.P50 < 990*ms || got.Latency.Percentiles().P50 > 11*ms {
			t.Errorf("p50 of the last seconds %v, of the run %v", got.Recent.P50, got.Latency.Percentiles().P50)
		}
		if n := len(got.History); n != 17 {
			t.Fatalf("%d points, want 17", n)
		}
		if p := got.History[4]; p.At != 5*time.Second || p.Sent != 10 || p.Wanted != 15 || p.Errors != 0 || p.P99 > 11*ms {
			t.Errorf("the fifth second is %+v", p)
		}
		if p := got.History[16]; p.Errors != 10 || p.P50 < 990*ms {
			t.Errorf("the last second is %+v", p)
		}
		time.Sleep(10 * time.Minute)
		if got := w.State(); len(got.History) != keptPoints || got.Wanted != 0 || got.Recent.Count != 0 {
			t.Errorf("long after: %d points, wanted %v, recent %+v", len(got.History), got.Wanted, got.Recent)
		}
	})
}

// What a request costs the figures, and what a look at them does.
func BenchmarkRecorder(b *testing.B) {
	attempt := func(seq int) ledger.Attempt {
		due := time.Duration(seq) * 100 * time.Microsecond
		return ledger.Attempt{Seq: uint64(seq), Scheduled: due, Sent: due, Service: 5 * ms, Latency: time.Duration(1+seq%100) * ms,
			Journey: "search", Method: "GET", Route: "/datasets", Expect: 200, Status: 200, Outcome: ledger.Answered}
	}
	b.Run("add", func(b *testing.B) {
		r, seq := NewRecorder(ledger.Header{}), 0
		b.ReportAllocs()
		for b.Loop() {
			seq++
			r.Add(attempt(seq))
		}
	})
	b.Run("look", func(b *testing.B) {
		r := NewRecorder(ledger.Header{})
		for seq := range 100_000 {
			r.Add(attempt(seq))
		}
		w := &Watch{Recorder: r, InFlight: func() int { return 0 }, Start: time.Now(), Length: time.Hour, Wanted: func(time.Duration) float64 { return 0 }}
		for b.Loop() {
			w.look(time.Second)
		}
	})
}
