package lines

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/dustin/go-humanize"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"plumbline/loadgen/ledger"
)

// LateAfter is how long after its due time a line has to be written to count as
// on time.
const LateAfter = 10 * time.Millisecond

var errBlocked = errors.New("the output took nothing until the time limit")

// Tally counts what became of lines. It is safe for concurrent use.
type Tally struct {
	mu       sync.Mutex
	outcomes map[ledger.Outcome]uint64
	kinds    map[Kind]uint64
	bytes    uint64
	late     uint64
	ended    uint64
	last     time.Duration // Scheduled of the last line that was written
	cause    error
	lateness *hdrhistogram.Histogram
}

// NewTally returns an empty one.
func NewTally() *Tally {
	return &Tally{
		outcomes: map[ledger.Outcome]uint64{}, kinds: map[Kind]uint64{},
		lateness: hdrhistogram.New(1000, int64(time.Hour), 3),
	}
}

func (t *Tally) end(a ledger.Attempt, bytes int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended++
	t.outcomes[a.Outcome]++
	if a.Outcome != ledger.Answered {
		return
	}
	t.kinds[Kind(a.Journey)]++
	t.bytes += uint64(bytes)
	t.last = max(t.last, a.Sent)
	if a.Latency > LateAfter {
		t.late++
	}
	_ = t.lateness.RecordValue(min(int64(a.Latency), int64(time.Hour)))
}

func (t *Tally) failure(cause error) {
	if cause == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cause = cause
}

// Ended is how many lines have been written, have failed or were dropped.
func (t *Tally) Ended() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ended
}

// Report is what a run of lines did. Durations are nanoseconds.
type Report struct {
	Run          string                    `json:"run"`
	Out          string                    `json:"out"`
	Format       Format                    `json:"format"`
	Planned      uint64                    `json:"planned"`
	Written      uint64                    `json:"written"`
	Outcomes     map[ledger.Outcome]uint64 `json:"outcomes"` // answered means written
	Kinds        map[Kind]uint64           `json:"kinds"`    // of the written
	Malformed    uint64                    `json:"malformed"`
	Bytes        uint64                    `json:"bytes"` // of the written
	RateWanted   float64                   `json:"rate_wanted"`
	RateAchieved float64                   `json:"rate_achieved"` // written lines per second
	Late         uint64                    `json:"late"`          // written more than 10 ms after they were due
	Lateness     Lateness                  `json:"lateness"`      // of the written: from due to the end of the write
	Rotations    uint64                    `json:"rotations"`
	Removed      uint64                    `json:"removed"` // rotated files that were removed
	Reconnects   uint64                    `json:"reconnects"`
	Failure      string                    `json:"failure,omitempty"` // the last one
	Complete     bool                      `json:"complete"`
	Stopped      string                    `json:"stopped,omitempty"` // why it ended early
	Ledger       string                    `json:"ledger"`
}

// Lateness is how long after its due time a line was written.
type Lateness struct {
	P50 time.Duration `json:"p50"`
	P99 time.Duration `json:"p99"`
	Max time.Duration `json:"max"`
}

// Report gives the figures so far. The caller adds what a tally cannot know.
func (t *Tally) Report(header ledger.Header, trailer ledger.Trailer, stats Stats) Report {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := Report{
		Run: header.RunID, Out: header.Target, Planned: trailer.Planned, Written: t.outcomes[ledger.Answered],
		Outcomes: maps.Clone(t.outcomes), Kinds: maps.Clone(t.kinds), Bytes: t.bytes, RateWanted: header.Rate, Late: t.late,
		Lateness:  Lateness{at(t.lateness, 50), at(t.lateness, 99), time.Duration(t.lateness.Max())},
		Rotations: stats.Rotations, Removed: stats.Removed, Reconnects: stats.Reconnects,
		Complete: trailer.Stopped == "", Stopped: trailer.Stopped,
	}
	for kind, n := range t.kinds {
		if kind.Malformed() {
			r.Malformed += n
		}
	}
	if r.Written > 0 && header.Rate > 0 {
		// The last line stands for the interval after it too.
		r.RateAchieved = float64(r.Written) / (t.last.Seconds() + 1/header.Rate)
	}
	if t.cause != nil {
		r.Failure = describe(t.cause)
	}
	return r
}

func at(h *hdrhistogram.Histogram, quantile float64) time.Duration {
	return time.Duration(h.ValueAtQuantile(quantile))
}

// WriteJSON writes the report as one indented object.
func (r Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// WriteTable writes the report for a reader.
func (r Report) WriteTable(w io.Writer) error {
	t := table.NewWriter()
	style := table.StyleLight
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	t.AppendRows([]table.Row{
		{"run", r.Run},
		{"out", fmt.Sprintf("%s  (%s)", r.Out, r.Format)},
		{"planned", fmt.Sprintf("%s  (%v/s)", comma(r.Planned), r.RateWanted)},
		{"written", fmt.Sprintf("%s  (%.2f/s, %s)", comma(r.Written), r.RateAchieved, humanize.IBytes(r.Bytes))},
		{"not written", r.unwritten()},
		{"kinds", r.kinds()},
		{"late", fmt.Sprintf("%s by more than %v  (p50 %.2f ms, p99 %.2f ms, max %.2f ms)", comma(r.Late), LateAfter, ms(r.Lateness.P50), ms(r.Lateness.P99), ms(r.Lateness.Max))},
	})
	if r.Rotations > 0 {
		t.AppendRow(table.Row{"rotations", fmt.Sprintf("%s  (%s old files removed)", comma(r.Rotations), comma(r.Removed))})
	}
	if r.Reconnects > 0 {
		t.AppendRow(table.Row{"reconnects", comma(r.Reconnects)})
	}
	if r.Failure != "" {
		t.AppendRow(table.Row{"last failure", r.Failure})
	}
	t.AppendRow(table.Row{"ledger", r.Ledger})
	if !r.Complete {
		t.AppendRow(table.Row{"ended early", r.Stopped})
	}
	_, err := fmt.Fprintln(w, t.Render())
	return err
}

func (r Report) unwritten() string {
	var parts []string
	for _, o := range []ledger.Outcome{ledger.Timeout, ledger.Reset, ledger.Refused, ledger.Dropped} {
		if n := r.Outcomes[o]; n > 0 {
			parts = append(parts, comma(n)+" "+string(o))
		}
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, ", ")
}

func (r Report) kinds() string {
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(r.Kinds)) {
		parts = append(parts, comma(r.Kinds[kind])+" "+string(kind))
	}
	return strings.Join(parts, ", ")
}

func comma(n uint64) string { return humanize.Comma(int64(n)) }

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
