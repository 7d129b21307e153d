// Package dashboards holds the dashboards as Go values: what each panel asks,
// in the words of the telemetry package, and why anyone should look at it. A
// panel writes its Elasticsearch query, reads the answer strictly, and says
// whether the answer agrees with the truth that a run's ledger holds.
//
// It talks to nobody: board draws the panels, the provisioner executes and
// judges them. Encoders for other front ends take the same values.
package dashboards

import (
	"fmt"
	"time"
)

// Dashboard is a titled set of panels, in reading order.
type Dashboard struct {
	ID      string // stable, used in addresses
	Title   string
	Purpose string // the question this dashboard answers, one line
	Panels  []Panel
}

// Panel looks up the panel with the given id.
func (d Dashboard) Panel(id string) (Panel, bool) {
	for _, p := range d.Panels {
		if p.ID == id {
			return p, true
		}
	}
	return Panel{}, false
}

// Kind is how a panel is drawn.
type Kind string

const (
	Stat       Kind = "stat"        // one measure, one number
	TimeSeries Kind = "time-series" // measures over time; with a breakdown, one series per group
	Bars       Kind = "bars"        // one measure per group
	Table      Kind = "table"       // several measures per group
)

// Panel is one question and the way its answer is drawn.
type Panel struct {
	ID       string // stable within the dashboard
	Title    string
	Purpose  string // what this tells you
	Advice   string // what to do when it looks wrong
	Kind     Kind
	Source   Source
	By       Breakdown // zero: no breakdown
	Measures []Measure
	Show     int  // groups a front end shows, largest first; 0 = all. The query always asks for all.
	Stacked  bool // TimeSeries: groups are parts of one whole
	Width    int  // columns of the 12 column grid
}

// Source is the documents a panel looks at.
type Source struct {
	Stream string // data stream
	Where  []Condition
}

// Breakdown splits documents into groups: by the values of a field, or by
// named conditions that together cover every document once.
type Breakdown struct {
	Label  string // what a group is, e.g. "Route"
	Field  string // values of this field, at most Size of them
	Size   int
	Groups []Group
}

// Group is a named part of a breakdown.
type Group struct {
	Key   string
	Where Condition
}

func (b Breakdown) none() bool { return b.Field == "" && len(b.Groups) == 0 }

// Scope is the time range [From, To) and, when RunID is not empty, the one
// load run that a dashboard looks at. An empty RunID is everybody's traffic.
type Scope struct {
	From, To time.Time
	RunID    string
}

// maxBuckets keeps a line readable and a query cheap.
const maxBuckets = 100

// Step is the width of a time bucket for this scope: the smallest round
// duration that needs no more than about a hundred buckets.
func (s Scope) Step() time.Duration {
	span := s.To.Sub(s.From)
	steps := [...]time.Duration{
		time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
		time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	}
	for _, step := range steps {
		if span <= maxBuckets*step {
			return step
		}
	}
	return 24 * time.Hour
}

// Aligned moves both ends down to a multiple of the step, so that a live view
// draws only buckets whose time is over. Elasticsearch aligns buckets to the
// Unix epoch, and so does this.
func (s Scope) Aligned() Scope {
	step := s.Step().Milliseconds()
	down := func(t time.Time) time.Time { return time.UnixMilli(t.UnixMilli() / step * step).UTC() }
	return Scope{From: down(s.From), To: down(s.To), RunID: s.RunID}
}

func (s Scope) check() error {
	if !s.From.Before(s.To) {
		return fmt.Errorf("time range: from %s is not before to %s", s.From.Format(time.RFC3339), s.To.Format(time.RFC3339))
	}
	return nil
}
