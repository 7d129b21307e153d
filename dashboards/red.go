package dashboards

import (
	"time"

	"plumbline/demo-app/telemetry"
)

// RED is the dashboard of the service: rate, errors, duration, and how old
// its own data is.
func RED() Dashboard {
	return Dashboard{
		ID:      "red",
		Title:   "Service RED",
		Purpose: "Is the ICAT API answering, correctly and quickly, and can these figures be trusted right now?",
		Narrow:  []string{telemetry.FieldRoute},
		Next:    []string{"route", "slo", "logs", "accounted"},
		Panels: []Panel{
			requests(),
			errorRatio(),
			slowestPercent(),
			worstLag(),
			requestRate(),
			errorRatioOverTime(),
			durationOverTime(),
			pipelineLag(),
			requestsByStatus(),
			slowestRoutes(),
			durationBands("duration-bands", 12),
			requestsByRoute(),
			requestsByJourney(),
			errorCodes(),
			slowestRequests("slowest-requests"),
		},
	}
}

// maxRoutes is far above the number of route templates an API has; a panel
// whose breakdown overflows says so.
const maxRoutes = 200

func lag() Source { return ofRun(telemetry.StreamLag) }

func serverErrors() Condition { return AtLeast(telemetry.FieldStatus, 500) }

func byRoute() Breakdown {
	return Breakdown{Label: "Route", Field: telemetry.FieldRoute, Size: maxRoutes, Drill: "route"}
}

func duration(label string, q float64) Measure {
	return Percentile(label, telemetry.FieldEventDuration, q)
}

// asMuchAsComes is why there are no limits for what callers decide.
const asMuchAsComes = "callers decide how much there is"

func requests() Panel {
	return Panel{
		ID:      "requests",
		Title:   "Requests",
		Purpose: "Requests answered in this range, without probes and scrapes.",
		Advice:  "If it is far from what was sent, look at the verdict before anything else here.",
		Kind:    Stat, Source: access(), Width: 3,
		Limits:   Limits{None: asMuchAsComes},
		Measures: []Measure{Count("Requests")},
	}
}

func errorRatio() Panel {
	return Panel{
		ID:      "error-ratio",
		Title:   "Error ratio",
		Purpose: "Share of requests answered with a status of 500 or more.",
		Advice:  "Above zero: find the route in the table below, then its log lines by trace.id.",
		Kind:    Stat, Source: access(), Width: 3,
		Limits:   Limits{Warn: 1 - availability, Bad: 0.01},
		Measures: []Measure{Ratio("Error ratio", serverErrors())},
	}
}

func slowestPercent() Panel {
	return Panel{
		ID:      "duration-p99",
		Title:   "Duration p99",
		Purpose: "One request in a hundred took longer than this, measured in the server.",
		Advice:  "If it grows while p50 does not, a single route or resource is slow: see the slowest routes.",
		Kind:    Stat, Source: access(), Width: 3,
		Limits:   Limits{Warn: nanoseconds(latencyBound), Bad: nanoseconds(4 * latencyBound)},
		Measures: []Measure{duration("p99", 0.99)},
	}
}

func worstLag() Panel {
	return Panel{
		ID:      "lag-max",
		Title:   "Worst pipeline lag",
		Purpose: "The longest time from an answer to its line being searchable.",
		Advice:  "The other panels are blind for this long; above a few seconds look at the shipper's queue.",
		Kind:    Stat, Source: lag(), Width: 3,
		Limits:   Limits{Warn: nanoseconds(2 * time.Second), Bad: nanoseconds(30 * time.Second)},
		Measures: []Measure{Max("Worst lag", telemetry.FieldLagMax, UnitNanoseconds)},
	}
}

func requestRate() Panel {
	return Panel{
		ID:      "request-rate",
		Title:   "Request rate",
		Purpose: "Requests per second, by class of status.",
		Advice:  "A dip without errors means callers stopped coming; a dip with errors means they were turned away.",
		Kind:    TimeSeries, Source: access(), Stacked: true, Width: 6,
		By: Breakdown{Label: "Status class", Groups: []Group{
			{"1xx", Between(telemetry.FieldStatus, 100, 200)},
			{"2xx", Between(telemetry.FieldStatus, 200, 300)},
			{"3xx", Between(telemetry.FieldStatus, 300, 400)},
			{"4xx", Between(telemetry.FieldStatus, 400, 500)},
			{"5xx", serverErrors()},
		}},
		Limits:   Limits{None: asMuchAsComes},
		Measures: []Measure{Rate("Requests per second")},
	}
}

func errorRatioOverTime() Panel {
	return Panel{
		ID:      "error-ratio-over-time",
		Title:   "Error ratio over time",
		Purpose: "When requests were answered with a status of 500 or more.",
		Advice:  "A step points to a release or a lost dependency, a spike to a restart, a slow rise to something filling up.",
		Kind:    TimeSeries, Source: access(), Width: 6,
		Limits:   Limits{Warn: 1 - availability, Bad: 0.01},
		Measures: []Measure{Ratio("Error ratio", serverErrors())},
	}
}

func durationOverTime() Panel {
	return Panel{
		ID:      "duration",
		Title:   "Duration",
		Purpose: "How long the server took for the usual request (p50), the slow ones (p95) and the slowest (p99).",
		Advice:  "All three rising together is saturation; p99 alone is one slow path.",
		Kind:    TimeSeries, Source: access(), Width: 6,
		Limits:   Limits{Warn: nanoseconds(latencyBound), Bad: nanoseconds(4 * latencyBound)},
		Measures: []Measure{duration("p50", 0.50), duration("p95", 0.95), duration("p99", 0.99)},
	}
}

func pipelineLag() Panel {
	return Panel{
		ID:      "pipeline-lag",
		Title:   "Pipeline lag",
		Purpose: "Time from an answer to its line being searchable, as seen while a run was verified live.",
		Advice:  "Rising means the shipper or the index falls behind and every panel here is that much late.",
		Kind:    TimeSeries, Source: lag(), Width: 6,
		Limits: Limits{Warn: nanoseconds(2 * time.Second), Bad: nanoseconds(30 * time.Second)},
		Measures: []Measure{
			Max("p50", telemetry.FieldLagP50, UnitNanoseconds), Max("p95", telemetry.FieldLagP95, UnitNanoseconds),
			Max("p99", telemetry.FieldLagP99, UnitNanoseconds), Max("max", telemetry.FieldLagMax, UnitNanoseconds),
		},
	}
}

func requestsByStatus() Panel {
	return Panel{
		ID:      "requests-by-status",
		Title:   "Requests by status",
		Purpose: "Every status code that was answered, and how often.",
		Advice:  "Many 4xx are the callers' mistakes (404 unknown, 401 no session); 5xx are the service's own.",
		Kind:    Bars, Source: access(), Width: 4,
		By:       Breakdown{Label: "Status", Field: telemetry.FieldStatus, Size: 100},
		Limits:   Limits{None: asMuchAsComes},
		Measures: []Measure{Count("Requests")},
	}
}

func slowestRoutes() Panel {
	return Panel{
		ID:      "slowest-routes",
		Title:   "Slowest routes",
		Purpose: "Routes by the p99 of their duration.",
		Advice:  "A second of work on the topmost saves the most waiting. Check its count in the table first: a p99 of ten requests is just the slowest one.",
		Kind:    Bars, Source: access(), By: byRoute(), Show: 8, Width: 8,
		Limits:   Limits{Warn: nanoseconds(latencyBound), Bad: nanoseconds(4 * latencyBound)},
		Measures: []Measure{duration("p99", 0.99)},
	}
}

func requestsByRoute() Panel {
	return Panel{
		ID:      "requests-by-route",
		Title:   "Requests by route",
		Purpose: "Rate, errors and duration of each route side by side.",
		Advice:  "Start with the route that has both traffic and errors. The rate is the mean over the whole range, idle time included.",
		Kind:    Table, Source: access(), By: byRoute(), Width: 12,
		Limits: Limits{None: asMuchAsComes},
		Measures: []Measure{
			Count("Requests"), Rate("Rate"), Ratio("Error ratio", serverErrors()),
			duration("p50", 0.50), duration("p95", 0.95), duration("p99", 0.99),
		},
	}
}

// durationBands is a heatmap whose rows are the classic buckets of Prometheus.
func durationBands(id string, width int) Panel {
	by := Breakdown{Label: "Duration"}
	bounds := telemetry.DurationBounds()
	for i := range len(bounds) + 1 {
		low, high := band(i)
		if i == len(bounds) {
			by.Groups = append(by.Groups, Group{"over " + time.Duration(low-1).String(), AtLeast(telemetry.FieldEventDuration, low)})
			continue
		}
		by.Groups = append(by.Groups, Group{"to " + time.Duration(high).String(), Between(telemetry.FieldEventDuration, low, high+1)})
	}
	return Panel{
		ID:      id,
		Title:   "Durations",
		Purpose: "How many requests took how long, and when: what percentiles fold into one line.",
		Advice:  "Two bands with a gap between them are two ways to answer, say with a cache and without; a band that climbs is a queue.",
		Kind:    Heatmap, Source: access(), By: by, Width: width,
		Limits:   Limits{None: asMuchAsComes},
		Measures: []Measure{Count("Requests")},
	}
}

func requestsByJourney() Panel {
	return Panel{
		ID:      "requests-by-journey",
		Title:   "Requests by journey",
		Purpose: "What the load generator's users did, as it counted by itself; each run once it has ended.",
		Advice:  "Unexpected answers in one journey only: that journey's steps are listed by loadgen journeys.",
		Kind:    Table, Source: ofRun(telemetry.StreamLoad, OneOf(telemetry.FieldLoadDocument, telemetry.LoadJourney)), Width: 6,
		By:     Breakdown{Label: "Journey", Field: telemetry.FieldLoadJourney, Size: 100},
		Limits: Limits{None: asMuchAsComes},
		Measures: []Measure{
			Sum("Sent", telemetry.FieldLoadSent, UnitCount), Sum("Unexpected", telemetry.FieldLoadUnexpected, UnitCount),
			Sum("Dropped", telemetry.FieldLoadDropped, UnitCount),
		},
		Quiet: "no load generator has ended a run in this range",
	}
}

func errorCodes() Panel {
	return Panel{
		ID:      "error-codes",
		Title:   "Errors by code",
		Purpose: "The ICAT error codes of all answers that are errors, the callers' mistakes among them.",
		Advice:  "SESSION and NO_SUCH_OBJECT_FOUND are everyday life; INTERNAL and UNAVAILABLE are the service's own.",
		Kind:    Bars, Source: errorsOf(access()), Width: 6,
		By:       Breakdown{Label: "Code", Field: telemetry.FieldErrorCode, Size: 50},
		Limits:   Limits{None: asMuchAsComes},
		Measures: []Measure{Count("Answers")},
		Quiet:    "no answer was an error",
	}
}

// errorsOf are the documents of a source that name an error. The metric does not know its name.
func errorsOf(s Source) Source {
	s.Where = append(s.Where, Has(telemetry.FieldErrorCode))
	s.Series = Series{}
	return s
}

func slowestRequests(id string) Panel {
	source := access()
	source.Series = Series{} // single requests are not in a metric
	return Panel{
		ID:      id,
		Title:   "Slowest requests",
		Purpose: "The single requests that took longest.",
		Advice:  "The trace id leads to every line that the request left, and to what the backend did meanwhile.",
		Kind:    Lines, Source: source, Show: 10, Width: 12,
		Order: Order{telemetry.FieldEventDuration},
		Columns: []Column{
			{"Duration", telemetry.FieldEventDuration, UnitNanoseconds}, {"Method", telemetry.FieldMethod, UnitText}, {"Path", telemetry.FieldPath, UnitText},
			{"Status", telemetry.FieldStatus, UnitText}, {"When", telemetry.FieldTimestamp, UnitTime}, {"Trace", telemetry.FieldTraceID, UnitText},
		},
	}
}
