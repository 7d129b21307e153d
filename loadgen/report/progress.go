package report

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
)

// Progress shows a run under way: one live line on a terminal, a line every few
// seconds elsewhere.
type Progress struct {
	Out      io.Writer
	Live     bool // Out is a terminal
	Width    int  // its columns; 0 for any
	Recorder *Recorder
	InFlight func() int
	Start    time.Time
	Planned  uint64
	Rate     float64 // wanted, per second
	Length   time.Duration
	Stopping <-chan struct{} // closed when the run is asked to end early; nil for never
}

const (
	liveEvery  = 200 * time.Millisecond
	plainEvery = 5 * time.Second
)

// Show writes until ctx is done and clears a live line at the end.
func (p Progress) Show(ctx context.Context) {
	every := plainEvery
	if p.Live {
		every = liveEvery
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	stopping := p.Stopping
	for {
		select {
		case <-ctx.Done():
			fmt.Fprint(p.Out, p.erase())
			return
		case <-stopping:
			stopping = nil // once
			fmt.Fprint(p.Out, p.erase(), "stopping: no new requests, waiting for ", p.InFlight(), " in flight\n")
		case <-ticker.C:
			line := p.line(time.Since(p.Start))
			if p.Live && p.Width > 0 {
				line = text.Trim(line, p.Width-1)
			}
			if p.Live {
				fmt.Fprint(p.Out, p.erase(), line)
			} else {
				fmt.Fprintln(p.Out, line)
			}
		}
	}
}

// erase clears the live line, if there is one.
func (p Progress) erase() string {
	if p.Live {
		return "\r\x1b[K"
	}
	return ""
}

func (p Progress) line(elapsed time.Duration) string {
	s, inFlight := p.Recorder.Snapshot(), p.InFlight()
	sent := s.Ended + uint64(inFlight)
	elapsed = max(elapsed, 0)
	phase := fmt.Sprintf("%3.0fs of %v", min(elapsed, p.Length).Seconds(), p.Length)
	if elapsed > p.Length {
		phase = "waiting for the last answers"
	}
	achieved := 0.0
	if sending := min(elapsed, p.Length); sending > 0 {
		achieved = float64(sent) / sending.Seconds()
	}
	return fmt.Sprintf("%s  %.0f/s of %.0f/s  sent %s of %s  in flight %d  errors %s  dropped %s  p99 %s",
		phase, achieved, p.Rate, comma(sent), comma(p.Planned), inFlight, comma(s.Unexpected+s.NoAnswer), comma(s.Dropped), short(s.P99))
}
