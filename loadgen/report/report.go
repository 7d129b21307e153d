package report

import (
	"cmp"
	"encoding/json"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"plumbline/loadgen/ledger"
	"plumbline/loadgen/pace"
)

// Report is the summary of a run. Its JSON form is what -o json prints; times
// are nanoseconds.
type Report struct {
	Run          ledger.Header             `json:"run"`
	Planned      uint64                    `json:"planned"` // 0 when a ledger without a trailer does not say
	Sent         uint64                    `json:"sent"`
	Complete     bool                      `json:"complete"`          // the whole schedule was gone through
	Stopped      string                    `json:"stopped,omitempty"` // why not
	RateAchieved float64                   `json:"rate_achieved"`     // sent per second
	Outcomes     map[ledger.Outcome]uint64 `json:"outcomes"`
	Statuses     map[int]uint64            `json:"statuses"`
	Unexpected   uint64                    `json:"unexpected"` // answered with another status than the journey expects
	Latency      Percentiles               `json:"latency"`    // from the scheduled time
	Service      Percentiles               `json:"service"`    // from the sending
	Journeys     []Journey                 `json:"journeys"`
	Routes       []Route                   `json:"routes"`
	Ledger       File                      `json:"ledger"`
	Told         *Told                     `json:"elasticsearch,omitempty"` // nil unless it was asked for
	Thresholds   []Verdict                 `json:"thresholds,omitempty"`
	Note         string                    `json:"note,omitempty"` // what a reader has to know about the figures
}

// Percentiles of attempts that reached the target, timeouts included, to 3
// significant digits.
type Percentiles struct {
	Count uint64        `json:"count"` // of those attempts
	Mean  time.Duration `json:"mean"`
	P50   time.Duration `json:"p50"`
	P90   time.Duration `json:"p90"`
	P95   time.Duration `json:"p95"`
	P99   time.Duration `json:"p99"`
	P999  time.Duration `json:"p99.9"`
	Max   time.Duration `json:"max"`
}

// Journey counts the requests of one journey.
type Journey struct {
	Name       string `json:"name"`
	Sent       uint64 `json:"sent"`
	Unexpected uint64 `json:"unexpected"`
	NoAnswer   uint64 `json:"no_answer"`
	Dropped    uint64 `json:"dropped"`
}

// Route counts the requests of one method and route template.
type Route struct {
	Method     string         `json:"method"`
	Route      string         `json:"route"`
	Sent       uint64         `json:"sent"`
	Statuses   map[int]uint64 `json:"statuses"`
	Unexpected uint64         `json:"unexpected"`
	NoAnswer   uint64         `json:"no_answer"`
	Dropped    uint64         `json:"dropped"`
	Latency    Percentiles    `json:"latency"`
}

// File is the ledger on disk.
type File struct {
	Path  string `json:"path"`
	Bytes int64  `json:"bytes"`
}

// Told is what became of the documents in which Elasticsearch was told of a run.
type Told struct {
	Stream    string `json:"stream"`
	Written   uint64 `json:"written"` // documents
	Unwritten uint64 `json:"unwritten"`
	Summary   bool   `json:"summary"`         // the one that sums up the run was written
	Error     string `json:"error,omitempty"` // why some were not, as it was last
	Cause     error  `json:"-"`               // the same, with its hint
}

// Report sums up what was added. The trailer gives what attempts cannot say;
// ended is false when the ledger has none.
func (r *Recorder) Report(t ledger.Trailer, ended bool, path string) Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.total()
	out := Report{
		Run: r.header, Planned: t.Planned, Sent: all.sent(), Complete: ended && t.Stopped == "", Stopped: t.Stopped,
		Outcomes: all.outcomes.byName(), Statuses: all.statuses, Unexpected: all.unexpected,
		Latency: percentiles(r.latency), Service: percentiles(r.service), Ledger: File{Path: path},
	}
	if !ended {
		out.Stopped = "no trailer: the run was killed or is still going on"
	}
	out.RateAchieved = r.rate(out.Sent, out.Complete)
	if strings.HasPrefix(r.header.Pace, "closed:") {
		out.Note = pace.ClosedNote
	}
	if info, err := os.Stat(path); err == nil {
		out.Ledger.Bytes = info.Size()
	}
	out.Journeys = r.byJourney()
	for key, t := range sums(r, func(s step) route { return s.route }) {
		out.Routes = append(out.Routes, Route{key.method, key.template, t.sent(), t.statuses, t.unexpected, t.noAnswer(), t.outcomes.of(ledger.Dropped), percentiles(t.latency)})
	}
	slices.SortFunc(out.Routes, func(a, b Route) int { return cmp.Or(cmp.Compare(a.Route, b.Route), cmp.Compare(a.Method, b.Method)) })
	return out
}

// rate is how many requests were sent per second.
func (r *Recorder) rate(sent uint64, complete bool) float64 {
	seconds := r.lastSent.Seconds()
	switch {
	case sent == 0:
		return 0
	case r.header.Rate > 0: // the last request stands for the interval after it too
		seconds += 1 / r.header.Rate
	case complete:
		seconds = r.header.Duration.Seconds()
	}
	if seconds <= 0 {
		return 0
	}
	return float64(sent) / seconds
}

func percentiles(h *hdrhistogram.Histogram) Percentiles {
	at := h.ValueAtPercentilesSlice([]float64{50, 90, 95, 99, 99.9, 100}) // in one pass
	d := func(i int) time.Duration { return time.Duration(at[i]) }
	return Percentiles{uint64(h.TotalCount()), time.Duration(h.Mean()), d(0), d(1), d(2), d(3), d(4), d(5)}
}

// WriteJSON writes the report as one indented object.
func (r Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false) // conditions have < and >
	return e.Encode(r)
}
