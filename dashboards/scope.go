package dashboards

import (
	"fmt"
	"time"

	"plumbline/demo-app/telemetry"
)

// Scope is the time range [From, To) that a dashboard looks at, and what it is
// narrowed to. An empty RunID is everybody's traffic. What a panel's documents
// know nothing of does not narrow that panel.
type Scope struct {
	From, To time.Time
	RunID    string            // one load run
	Only     map[string]string // one value by field
}

// Narrowed are the scope's values that apply to a source, by field.
func (s Scope) Narrowed(source Source) map[string]string {
	values := map[string]string{}
	if s.RunID != "" && source.narrows(telemetry.FieldRunID) {
		values[telemetry.FieldRunID] = s.RunID
	}
	for field, value := range s.Only {
		if source.narrows(field) {
			values[field] = value
		}
	}
	return values
}

const (
	beside = 15 * time.Second // more than two rounds of Metricbeat
	after  = time.Minute      // until a run has been summed up and verified
)

// For is the scope for a panel of a run's dashboard. What knows of no run is looked
// for a little further to both sides: it was collected every few seconds, and a
// short run may have nothing of it within. What is said of a run is said when it is
// over.
func (s Scope) For(p Panel) Scope {
	switch {
	case s.RunID == "":
	case !p.Source.narrows(telemetry.FieldRunID):
		s.From, s.To = s.From.Add(-beside), s.To.Add(beside)
	case p.Source.Stream == telemetry.StreamLoad || p.Source.Stream == telemetry.StreamVerdict:
		s.To = s.To.Add(after)
	}
	return s
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
	s.From, s.To = down(s.From), down(s.To)
	return s
}

func (s Scope) check() error {
	if !s.From.Before(s.To) {
		return fmt.Errorf("time range: from %s is not before to %s", s.From.Format(time.RFC3339), s.To.Format(time.RFC3339))
	}
	return nil
}

// bounds are the ends of the scope in whole milliseconds, rounded outwards.
func (s Scope) bounds() (from, to time.Time) {
	from, to = s.From.UTC().Truncate(time.Millisecond), s.To.UTC().Truncate(time.Millisecond)
	if to.Before(s.To) {
		to = to.Add(time.Millisecond)
	}
	return from, to
}
