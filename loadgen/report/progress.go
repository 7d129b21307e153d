package report

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"plumbline/loadgen/ledger"
)

// Progress shows a run under way: a view of a few lines on a terminal, a line
// every few seconds elsewhere.
type Progress struct {
	Out      io.Writer
	Live     bool       // Out is a terminal; the watch must follow the run then
	Width    func() int // its columns now, 0 for unknown; nil if not Live
	Colour   bool
	Watch    *Watch
	Planned  uint64          // 0 if the target decides
	Stopping <-chan struct{} // closed when the run is asked to end early; nil for never
	Notes    <-chan string   // lines to be shown in between; nil for none
}

const (
	liveEvery  = 500 * time.Millisecond
	plainEvery = 5 * time.Second
	usualWidth = 80 // columns of a terminal that does not tell
)

// Show writes until ctx is done and clears a live view at the end.
func (p Progress) Show(ctx context.Context) {
	every := plainEvery
	if p.Live {
		every = liveEvery
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	stopping := p.Stopping
	height := 0 // lines of the view that stand there now
	var last passed
	for {
		select {
		case <-ctx.Done():
			fmt.Fprint(p.Out, erase(height))
			return
		case <-stopping:
			stopping = nil // once
			fmt.Fprint(p.Out, erase(height), "stopping: no new requests, waiting for ", p.Watch.InFlight(), " in flight\n")
			height = 0
		case note := <-p.Notes:
			fmt.Fprint(p.Out, erase(height), note, "\n")
			height = 0
		case <-ticker.C:
			if !p.Live {
				var line string
				line, last = p.line(last)
				fmt.Fprintln(p.Out, line)
				continue
			}
			width := p.Width()
			if width <= 0 {
				width = usualWidth
			}
			lines := p.view(p.Watch.State(), width)
			fmt.Fprint(p.Out, erase(height), strings.Join(lines, "\n"))
			height = len(lines)
		}
	}
}

// erase clears that many lines, the last of which the cursor is in.
func erase(lines int) string {
	switch lines {
	case 0:
		return ""
	case 1:
		return "\r\x1b[J"
	}
	return fmt.Sprintf("\r\x1b[%dA\x1b[J", lines-1)
}

// passed is what a plain line has told.
type passed struct {
	at   time.Duration
	sent uint64
}

// line is the plain one; its rates are over the time since the last.
func (p Progress) line(last passed) (string, passed) {
	s, inFlight, elapsed := p.Watch.Recorder.Snapshot(), p.Watch.InFlight(), max(time.Since(p.Watch.Start), 0)
	now := passed{min(elapsed, p.Watch.Length), s.Ended + uint64(inFlight)}
	start := p.phase(elapsed)
	if elapsed <= p.Watch.Length {
		start += "  " + p.rate(per(now.sent, last.sent, now.at-last.at), p.Watch.Wanted(elapsed))
	}
	return fmt.Sprintf("%s  sent %s  in flight %d  errors %s  dropped %s  p99 %s",
		start, p.sent(now.sent), inFlight, comma(s.Unexpected+s.NoAnswer), comma(s.Dropped), short(s.P99)), now
}

func (p Progress) phase(elapsed time.Duration) string {
	if elapsed > p.Watch.Length {
		return "waiting for the last answers"
	}
	if p.Watch.Paused != nil && p.Watch.Paused() {
		return fmt.Sprintf("paused at %.0fs of %v", elapsed.Seconds(), p.Watch.Length)
	}
	return fmt.Sprintf("%3.0fs of %v", elapsed.Seconds(), p.Watch.Length)
}

func (p Progress) rate(achieved, wanted float64) string {
	if p.Planned == 0 || wanted == 0 && achieved > 0 { // the target decides, or all is sent
		return fmt.Sprintf("%.0f/s", achieved)
	}
	return fmt.Sprintf("%.0f/s of %.0f/s", achieved, wanted)
}

func (p Progress) sent(n uint64) string {
	if p.Planned == 0 {
		return comma(n)
	}
	return comma(n) + " of " + comma(p.Planned)
}

// view is the live one, no line wider than width.
func (p Progress) view(s State, width int) []string {
	elapsed := max(s.Elapsed, 0)
	latency := "nothing ended in the last seconds"
	if s.Recent.Count > 0 {
		latency = fmt.Sprintf("p50 %s  p95 %s  p99 %s  last %d s", short(s.Recent.P50), short(s.Recent.P95), short(s.Recent.P99), recent)
	}
	minute := s.History[max(0, len(s.History)-60):]
	rates, waits := make([]float64, len(minute)), make([]float64, len(minute))
	for i, point := range minute {
		rates[i], waits[i] = point.Sent, float64(point.P99)
	}
	columns := min(60, max(width-30, 10))
	lines := []string{
		fmt.Sprintf("%s  %s", bar(elapsed.Seconds()/p.Watch.Length.Seconds(), min(24, max(width/3, 1))), strings.TrimSpace(p.phase(elapsed))),
		fmt.Sprintf("rate     %s  sent %s  in flight %s", p.rate(s.Achieved, s.Wanted), p.sent(s.Sent), comma(uint64(s.InFlight))),
		"errors   " + p.errors(s),
		"latency  " + latency,
	}
	if len(minute) > 1 {
		lines = append(lines,
			fmt.Sprintf("minute   %s  rate up to %.0f/s", spark(rates, columns), highestOf(rates)),
			fmt.Sprintf("         %s  p99 up to %s", spark(waits, columns), short(time.Duration(highestOf(waits)))))
	}
	for i, line := range lines {
		lines[i] = text.Trim(line, width-1)
	}
	return lines
}

// errors lists what went wrong by its kind.
func (p Progress) errors(s State) string {
	var parts []string
	if s.Unexpected > 0 {
		parts = append(parts, comma(s.Unexpected)+" unexpected")
	}
	for _, o := range []ledger.Outcome{ledger.Timeout, ledger.Reset, ledger.Refused, ledger.Dropped} {
		if n := s.Outcomes[o]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", comma(n), o))
		}
	}
	switch {
	case parts == nil:
		return "none"
	case p.Colour:
		return "\x1b[31m" + strings.Join(parts, ", ") + "\x1b[0m"
	}
	return strings.Join(parts, ", ")
}

// bar is how much of something is over.
func bar(share float64, width int) string {
	full := int(min(max(share, 0), 1) * float64(width))
	return strings.Repeat("█", full) + strings.Repeat("░", width-full)
}

// spark draws the last values, one a column, from zero to the highest.
func spark(values []float64, width int) string {
	const levels = "▁▂▃▄▅▆▇█"
	values = values[max(0, len(values)-width):]
	highest := highestOf(values)
	var out strings.Builder
	for _, v := range values {
		level := 0
		if highest > 0 {
			level = int(v / highest * 7.999)
		}
		out.WriteRune([]rune(levels)[level])
	}
	return out.String()
}

func highestOf(values []float64) float64 {
	highest := 0.0
	for _, v := range values {
		highest = max(highest, v)
	}
	return highest
}
