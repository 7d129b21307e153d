package report

import (
	"context"
	"sync"
	"time"
)

// Watch follows a run under way: it looks once a second and keeps what the last
// minutes were like. Start is its zero of time.
type Watch struct {
	Recorder *Recorder
	InFlight func() int
	Start    time.Time
	Length   time.Duration
	Wanted   func(at time.Duration) float64 // requests per second; 0 if the target decides
	Paused   func() bool                    // somebody holds the schedule; nil for never

	mu     sync.Mutex
	points []Point
	looks  []look // the last few, one a second
}

const (
	lookEvery  = time.Second
	keptPoints = 300
	recent     = 5 // seconds that recent percentiles are over
)

// Point is one second of a run. Latencies are those of the requests that ended
// in it, from the scheduled time.
type Point struct {
	At       time.Duration `json:"at"`     // end of the second, since the start
	Wanted   float64       `json:"wanted"` // per second
	Sent     float64       `json:"sent"`   // per second
	Errors   float64       `json:"errors"` // unexpected or no answer, per second
	InFlight int           `json:"in_flight"`
	P50      time.Duration `json:"p50"`
	P95      time.Duration `json:"p95"`
	P99      time.Duration `json:"p99"`
}

// look is what was seen at a moment.
type look struct {
	at           time.Duration
	sent, errors uint64
	latency      Waits
}

// State is a run under way at one moment.
type State struct {
	Elapsed  time.Duration // since the start, negative before it
	Wanted   float64       // per second, now
	Achieved float64       // sent per second, over the last full second
	Sent     uint64        // with those in flight
	InFlight int
	Figures
	Recent  Percentiles // of the last 5 s, from the scheduled time
	History []Point     // of the last 5 minutes at most
}

// Follow looks until ctx is done.
func (w *Watch) Follow(ctx context.Context) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			w.look(time.Since(w.Start))
		}
	}
}

func (w *Watch) look(at time.Duration) {
	if at <= 0 {
		return
	}
	figures, inFlight := w.Recorder.Figures(), w.InFlight()
	now := look{at: at, sent: figures.Sent + uint64(inFlight), errors: figures.Unexpected + figures.NoAnswer, latency: figures.Latency}
	w.mu.Lock()
	defer w.mu.Unlock()
	var last look
	if len(w.looks) > 0 {
		last = w.looks[len(w.looks)-1]
	}
	p := now.latency.Since(last.latency).Percentiles()
	point := Point{At: at, Sent: per(now.sent, last.sent, at-last.at), Errors: per(now.errors, last.errors, at-last.at), InFlight: inFlight, P50: p.P50, P95: p.P95, P99: p.P99}
	if at <= w.Length {
		point.Wanted = w.Wanted(at)
	}
	w.points = append(w.points, point)
	if len(w.points) > keptPoints {
		w.points = append([]Point(nil), w.points[1:]...)
	}
	w.looks = append(w.looks, now)
	if len(w.looks) > recent+1 {
		w.looks = append([]look(nil), w.looks[1:]...)
	}
}

// per is a rate; a request may be counted between its end and the look.
func per(now, before uint64, in time.Duration) float64 {
	if in <= 0 || now < before {
		return 0
	}
	return float64(now-before) / in.Seconds()
}

// State returns the present one.
func (w *Watch) State() State {
	figures, inFlight, elapsed := w.Recorder.Figures(), w.InFlight(), time.Since(w.Start)
	s := State{Elapsed: elapsed, Sent: figures.Sent + uint64(inFlight), InFlight: inFlight, Figures: figures}
	if elapsed <= w.Length {
		s.Wanted = w.Wanted(max(elapsed, 0))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	s.History = append(s.History, w.points...)
	if n := len(s.History); n > 0 {
		s.Achieved = s.History[n-1].Sent
	}
	var earlier Waits
	if len(w.looks) > recent {
		earlier = w.looks[len(w.looks)-1-recent].latency
	}
	s.Recent = figures.Latency.Since(earlier).Percentiles()
	return s
}
