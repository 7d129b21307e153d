package report

import (
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"plumbline/loadgen/ledger"
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
}

// Percentiles of attempts that reached the target, timeouts included, to 3
// significant digits.
type Percentiles struct {
	P50  time.Duration `json:"p50"`
	P95  time.Duration `json:"p95"`
	P99  time.Duration `json:"p99"`
	P999 time.Duration `json:"p99.9"`
	Max  time.Duration `json:"max"`
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

// Report sums up what was added. The trailer gives what attempts cannot say;
// ended is false when the ledger has none.
func (r *Recorder) Report(t ledger.Trailer, ended bool, path string) Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := Report{
		Run: r.header, Planned: t.Planned, Sent: r.all.sent, Complete: ended && t.Stopped == "", Stopped: t.Stopped,
		Outcomes: maps.Clone(r.all.outcomes), Statuses: maps.Clone(r.all.statuses), Unexpected: r.all.unexpected,
		Latency: r.all.percentiles(), Service: percentiles(r.service), Ledger: File{Path: path},
	}
	if !ended {
		out.Stopped = "no trailer: the run was killed or is still going on"
	}
	if r.all.sent > 0 && r.header.Rate > 0 {
		// The last request stands for the interval after it too.
		out.RateAchieved = float64(r.all.sent) / (r.lastSent.Seconds() + 1/r.header.Rate)
	}
	if info, err := os.Stat(path); err == nil {
		out.Ledger.Bytes = info.Size()
	}
	for name, t := range r.journeys {
		out.Journeys = append(out.Journeys, Journey{name, t.sent, t.unexpected, t.noAnswer(), t.outcomes[ledger.Dropped]})
	}
	slices.SortFunc(out.Journeys, func(a, b Journey) int { return cmp.Or(cmp.Compare(b.Sent, a.Sent), cmp.Compare(a.Name, b.Name)) })
	for key, t := range r.routes {
		out.Routes = append(out.Routes, Route{key.method, key.template, t.sent, maps.Clone(t.statuses), t.unexpected, t.noAnswer(), t.outcomes[ledger.Dropped], t.percentiles()})
	}
	slices.SortFunc(out.Routes, func(a, b Route) int { return cmp.Or(cmp.Compare(a.Route, b.Route), cmp.Compare(a.Method, b.Method)) })
	return out
}

func (t *tally) percentiles() Percentiles { return percentiles(t.latency) }

func percentiles(h *hdrhistogram.Histogram) Percentiles {
	at := func(q float64) time.Duration { return time.Duration(h.ValueAtQuantile(q)) }
	return Percentiles{at(50), at(95), at(99), at(99.9), time.Duration(h.Max())}
}

// WriteJSON writes the report as one indented object.
func (r Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
