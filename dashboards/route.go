package dashboards

import (
	"plumbline/demo-app/telemetry"
)

// Route is the dashboard of one route: narrow it to one.
func Route() Dashboard {
	return Dashboard{
		ID:      "route",
		Title:   "One route",
		Purpose: "What is wrong with this route: how often it is asked, what it answers, how long it takes, and its single requests?",
		Narrow:  []string{telemetry.FieldRoute},
		Next:    []string{"logs", "red"},
		Panels: []Panel{
			{
				ID:      "route-rate",
				Title:   "Rate by status",
				Purpose: "Requests per second, by status code.",
				Advice:  "A status that is new, or gone, tells when something changed.",
				Kind:    TimeSeries, Source: access(), Stacked: true, Width: 6,
				By:       Breakdown{Label: "Status", Field: telemetry.FieldStatus, Size: 100},
				Limits:   Limits{None: asMuchAsComes},
				Measures: []Measure{Rate("Requests per second")},
			},
			{
				ID:      "route-duration",
				Title:   "Duration",
				Purpose: "How long this route's requests took.",
				Advice:  "Compare with the heatmap: two ways to answer look like one that changes its mind.",
				Kind:    TimeSeries, Source: access(), Width: 6,
				Limits:   Limits{Warn: nanoseconds(latencyBound), Bad: nanoseconds(4 * latencyBound)},
				Measures: []Measure{duration("p50", 0.50), duration("p95", 0.95), duration("p99", 0.99)},
			},
			durationBands("route-bands", 12),
			{
				ID:      "route-statuses",
				Title:   "Answers by status",
				Purpose: "How many requests got which answer, and how long those took.",
				Advice:  "Errors that are fast were refused; errors that are slow were waited for.",
				Kind:    Table, Source: access(), Width: 6,
				By:       Breakdown{Label: "Status", Field: telemetry.FieldStatus, Size: 100},
				Limits:   Limits{None: asMuchAsComes},
				Measures: []Measure{Count("Requests"), Rate("Rate")},
			},
			{
				ID:      "route-errors",
				Title:   "Errors by code",
				Purpose: "The ICAT error codes of this route's answers.",
				Advice:  "The code says whose mistake it is; the lines of Logs say what exactly.",
				Kind:    Bars, Source: errorsOf(access()), Width: 6,
				By:       Breakdown{Label: "Code", Field: telemetry.FieldErrorCode, Size: 50},
				Limits:   Limits{None: asMuchAsComes},
				Measures: []Measure{Count("Answers")},
				Quiet:    "no answer was an error",
			},
			slowestRequests("route-slowest"),
		},
	}
}
