// Package compare holds two ledgers against each other: were the runs meant to
// be the same, were the same requests sent at the same times, and did they end
// the same way. Latencies are never the same twice: they are put side by side
// for a reader to judge.
package compare

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"plumbline/loadgen/ledger"
	"plumbline/loadgen/report"
)

// Comparison is what two runs have in common and what not. In its JSON form
// times are nanoseconds.
type Comparison struct {
	A         Side      `json:"a"`
	B         Side      `json:"b"`
	Same      bool      `json:"same"`     // settings, plan and counts; not the latencies
	Settings  []Setting `json:"settings"` // those that differ
	Plan      Plan      `json:"plan"`
	Counts    []Count   `json:"counts"`
	Latencies []Latency `json:"latencies"`
}

// Side is one of the ledgers.
type Side struct {
	Path     string `json:"path"`
	Run      string `json:"run"`
	Attempts uint64 `json:"attempts"`
	Err      error  `json:"-"` // why it could not be read to its end; nil if it was
}

// Setting is a field of the header that differs.
type Setting struct {
	Name  string `json:"name"`
	A     string `json:"a"`
	B     string `json:"b"`
	Plays bool   `json:"plays"` // makes the runs different; a run's name or target does not
}

// Plan tells whether the runs asked the same, attempt by attempt, as far as both go.
type Plan struct {
	Compared uint64 `json:"compared"`          // attempts that both have; 0 if seed or scale differ
	Skipped  string `json:"skipped,omitempty"` // why nothing was compared
	Request  *Parts `json:"first_request,omitempty"`
	Schedule *Parts `json:"first_schedule,omitempty"`
}

// Parts is where two plans part.
type Parts struct {
	Seq uint64 `json:"seq"`
	A   string `json:"a"`
	B   string `json:"b"`
}

// Count is how many attempts have something in common.
type Count struct {
	Of   string `json:"of"` // outcome, status, route, unexpected
	Name string `json:"name"`
	A    uint64 `json:"a"`
	B    uint64 `json:"b"`
}

// Latency is a percentile of both runs.
type Latency struct {
	From       string        `json:"from"` // schedule or sending
	Percentile string        `json:"percentile"`
	A          time.Duration `json:"a"`
	B          time.Duration `json:"b"`
	Ratio      float64       `json:"ratio"` // B/A; 0 if A is 0
}

// Ledgers reads both to their ends, in step.
func Ledgers(a, b *ledger.Reader) Comparison {
	c := Comparison{Settings: settings(a.Header, b.Header)}
	if a.Header.Seed != b.Header.Seed || a.Header.Scale != b.Header.Scale {
		c.Plan.Skipped = "seed or scale differ"
	}
	left, right := newSide(a), newSide(b)
	for {
		x, more := left.next()
		y, too := right.next()
		if more && too && c.Plan.Skipped == "" {
			c.Plan.add(x, y)
		}
		if !more && !too {
			break
		}
	}
	c.A, c.B = left.side, right.side
	p, q := left.report(), right.report()
	c.Counts, c.Latencies = counts(p, q), latencies(p, q)
	c.Same = c.Plan.Request == nil && c.Plan.Schedule == nil && c.A.Attempts == c.B.Attempts &&
		!slices.ContainsFunc(c.Settings, func(s Setting) bool { return s.Plays }) &&
		!slices.ContainsFunc(c.Counts, func(n Count) bool { return n.A != n.B })
	return c
}

// reading is a ledger on its way through the comparison.
type reading struct {
	side     Side
	book     *ledger.Reader
	recorder *report.Recorder
	ended    bool
}

func newSide(book *ledger.Reader) *reading {
	return &reading{side: Side{Path: book.Path(), Run: book.Header.RunID}, book: book, recorder: report.NewRecorder(book.Header)}
}

func (r *reading) next() (ledger.Attempt, bool) {
	if r.ended {
		return ledger.Attempt{}, false
	}
	a, err := r.book.Next()
	if err != nil {
		r.ended = true
		if !errors.Is(err, io.EOF) {
			r.side.Err = err
		}
		return ledger.Attempt{}, false
	}
	r.side.Attempts++
	r.recorder.Add(a)
	return a, true
}

func (r *reading) report() report.Report {
	trailer, ended := r.book.Trailer()
	return r.recorder.Report(trailer, ended, r.side.Path)
}

func (p *Plan) add(a, b ledger.Attempt) {
	p.Compared++
	if x, y := request(a), request(b); p.Request == nil && (a.Seq != b.Seq || x != y) {
		p.Request = &Parts{min(a.Seq, b.Seq), x.String(), y.String()}
	}
	if p.Schedule == nil && a.Scheduled != b.Scheduled {
		p.Schedule = &Parts{min(a.Seq, b.Seq), a.Scheduled.String(), b.Scheduled.String()}
	}
}

// asked is what the plan says of an attempt, but when.
type asked struct {
	journey, method, route string
	expect                 int
}

func request(a ledger.Attempt) asked { return asked{a.Journey, a.Method, a.Route, a.Expect} }

func (r asked) String() string {
	text := fmt.Sprintf("%s %s (%s)", r.method, r.route, r.journey)
	if r.expect != 0 {
		text += fmt.Sprintf(" expecting %d", r.expect)
	}
	return text
}

func settings(a, b ledger.Header) []Setting {
	var differ []Setting
	for _, s := range []Setting{
		{"run", a.RunID, b.RunID, false},
		{"started", a.Started.Format(time.RFC3339), b.Started.Format(time.RFC3339), false},
		{"version", a.Version, b.Version, false},
		{"target", a.Target, b.Target, false},
		{"seed", fmt.Sprint(a.Seed), fmt.Sprint(b.Seed), true},
		{"scale", a.Scale, b.Scale, true},
		{"rate", fmt.Sprint(a.Rate), fmt.Sprint(b.Rate), true},
		{"duration", a.Duration.String(), b.Duration.String(), true},
		{"pace", a.Pace, b.Pace, true},
		{"lines", string(a.Lines), string(b.Lines), true},
	} {
		if s.A != s.B {
			differ = append(differ, s)
		}
	}
	return differ
}

func counts(a, b report.Report) []Count {
	all := []Count{{"sent", "", a.Sent, b.Sent}}
	all = append(all, each("outcome", a.Outcomes, b.Outcomes)...)
	all = append(all, each("status", a.Statuses, b.Statuses)...)
	all = append(all, Count{"unexpected", "", a.Unexpected, b.Unexpected})
	return append(all, each("route", routes(a), routes(b))...)
}

func routes(r report.Report) map[string]uint64 {
	sent := map[string]uint64{}
	for _, route := range r.Routes {
		sent[route.Method+" "+route.Route] = route.Sent
	}
	return sent
}

// each lines two counts up by name.
func each[K ~string | ~int](of string, a, b map[K]uint64) []Count {
	names := maps.Clone(a)
	maps.Copy(names, b)
	var all []Count
	for _, name := range slices.Sorted(maps.Keys(names)) {
		all = append(all, Count{of, fmt.Sprint(name), a[name], b[name]})
	}
	return all
}

func latencies(a, b report.Report) []Latency {
	var all []Latency
	for _, from := range []struct {
		name string
		a, b report.Percentiles
	}{{"schedule", a.Latency, b.Latency}, {"sending", a.Service, b.Service}} {
		for _, row := range []Latency{
			{Percentile: "p50", A: from.a.P50, B: from.b.P50},
			{Percentile: "p95", A: from.a.P95, B: from.b.P95},
			{Percentile: "p99", A: from.a.P99, B: from.b.P99},
			{Percentile: "p99.9", A: from.a.P999, B: from.b.P999},
			{Percentile: "max", A: from.a.Max, B: from.b.Max},
		} {
			row.From = from.name
			if row.A > 0 {
				row.Ratio = float64(row.B) / float64(row.A)
			}
			all = append(all, row)
		}
	}
	return all
}
