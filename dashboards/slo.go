package dashboards

import (
	"time"

	"plumbline/demo-app/telemetry"
)

// The objectives, those of the alert rules in prometheus/rules: a share of the
// requests is answered without a 5xx status, and of these a share in time.
const (
	availability = 0.999
	latency      = 0.99
	latencyBound = 250 * time.Millisecond // a bound of the classic buckets, so that all sources count alike
)

func nanoseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) }

// SLO is the dashboard of the objectives.
func SLO() Dashboard {
	return Dashboard{
		ID:      "slo",
		Title:   "Objectives",
		Purpose: "Is the service as good as promised, and how fast is what it may fail being used up?",
		Narrow:  []string{telemetry.FieldRoute},
		Next:    []string{"red", "route", "logs"},
		Panels: []Panel{
			{
				ID:      "slo-availability-left",
				Title:   "Availability budget left",
				Purpose: "Of the one request in a thousand that may fail, the share that has not failed in this range.",
				Advice:  "Below zero the objective of 99.9 % is missed over this range. Which route? See errors by route below.",
				Kind:    Stat, Source: access(), Width: 3,
				Limits:   Limits{Warn: 0.5, Bad: 0, Falling: true},
				Measures: []Measure{Left("Left", serverErrors(), budget(availability))},
			},
			{
				ID:      "slo-latency-left",
				Title:   "Latency budget left",
				Purpose: "Of the one answer in a hundred that may take more than 250 ms, the share that has not in this range.",
				Advice:  "Below zero the objective of 99 % is missed over this range. The heatmap of Service RED shows since when.",
				Kind:    Stat, Source: answered(), Width: 3,
				Limits:   Limits{Warn: 0.5, Bad: 0, Falling: true},
				Measures: []Measure{Left("Left", slow(), budget(latency))},
			},
			{
				ID:      "slo-failed",
				Title:   "Failed",
				Purpose: "Requests answered with a status of 500 or more.",
				Advice:  "Each of them has a line with its error: see Logs.",
				Kind:    Stat, Source: where(access(), serverErrors()), Width: 3,
				Limits:   Limits{Warn: 1, Bad: 100},
				Measures: []Measure{Count("Failed")},
				Quiet:    "no request failed",
			},
			{
				ID:      "slo-slow",
				Title:   "Slow",
				Purpose: "Requests that were answered without a 5xx status and took more than 250 ms.",
				Advice:  "The slowest of them are listed in Service RED.",
				Kind:    Stat, Source: where(answered(), slow()), Width: 3,
				Limits:   Limits{Warn: 1, Bad: 1000},
				Measures: []Measure{Count("Slow")},
				Quiet:    "no request was slow",
			},
			{
				ID:      "slo-availability-burn",
				Title:   "Availability burn",
				Purpose: "How many times faster than allowed requests fail; at 1 the budget of 30 days lasts 30 days.",
				Advice:  "14.4 over an hour wakes somebody, and so does 6 over six hours: a fiftieth and a twentieth of the budget.",
				Kind:    TimeSeries, Source: access(), Width: 6,
				Limits:   Limits{Warn: 1, Bad: 14.4},
				Measures: []Measure{Burn("Burn rate", serverErrors(), budget(availability))},
			},
			{
				ID:      "slo-latency-burn",
				Title:   "Latency burn",
				Purpose: "How many times faster than allowed answers come too late.",
				Advice:  "A burn without failures is saturation or a slow dependency: see Hosts and processes.",
				Kind:    TimeSeries, Source: answered(), Width: 6,
				Limits:   Limits{Warn: 1, Bad: 14.4},
				Measures: []Measure{Burn("Burn rate", slow(), budget(latency))},
			},
			{
				ID:      "slo-by-route",
				Title:   "Burn by route",
				Purpose: "Which routes use the availability budget up.",
				Advice:  "A route with few requests burns fast and matters little: look at its count.",
				Kind:    Table, Source: access(), By: byRoute(), Width: 12,
				Limits:   Limits{None: asMuchAsComes},
				Measures: []Measure{Count("Requests"), Ratio("Error ratio", serverErrors()), Burn("Burn rate", serverErrors(), budget(availability))},
			},
		},
	}
}

// budget is the share that may miss an objective.
func budget(objective float64) float64 { return 1 - objective }

// answered are requests that the latency objective is about.
func answered() Source { return where(access(), Between(telemetry.FieldStatus, 0, 500)) }

func slow() Condition { return AtLeast(telemetry.FieldEventDuration, latencyBound.Nanoseconds()+1) }

func where(s Source, more ...Condition) Source {
	s.Where = append(s.Where, more...)
	return s
}
