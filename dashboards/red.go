package dashboards

import "plumbline/demo-app/telemetry"

// RED is the dashboard of the service: rate, errors, duration, and how old
// its own data is.
func RED() Dashboard {
	return Dashboard{
		ID:      "red",
		Title:   "Service RED",
		Purpose: "Is the ICAT API answering, correctly and quickly, and can these figures be trusted right now?",
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
			requestsByRoute(),
		},
	}
}

// maxRoutes is far above the number of route templates an API has; a panel
// whose breakdown overflows says so.
const maxRoutes = 200

func access() Source {
	return Source{
		Stream: telemetry.StreamAccess,
		Where:  []Condition{NoneOf(telemetry.FieldRoute, telemetry.OperationalRoutes()...)},
	}
}

func lag() Source { return Source{Stream: telemetry.StreamLag} }

func serverErrors() Condition { return AtLeast(telemetry.FieldStatus, 500) }

func byRoute() Breakdown {
	return Breakdown{Label: "Route", Field: telemetry.FieldRoute, Size: maxRoutes}
}

func duration(label string, q float64) Measure {
	return Percentile(label, telemetry.FieldEventDuration, q)
}

func requests() Panel {
	return Panel{
		ID:      "requests",
		Title:   "Requests",
		Purpose: "Requests answered in this range, without probes and scrapes.",
		Advice:  "If it is far from what was sent, look at the verdict before anything else here.",
		Kind:    Stat, Source: access(), Width: 3,
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
		Measures: []Measure{Max("Worst lag", telemetry.FieldLagMax)},
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
		Measures: []Measure{
			Max("p50", telemetry.FieldLagP50), Max("p95", telemetry.FieldLagP95),
			Max("p99", telemetry.FieldLagP99), Max("max", telemetry.FieldLagMax),
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
		Measures: []Measure{
			Count("Requests"), Rate("Rate"), Ratio("Error ratio", serverErrors()),
			duration("p50", 0.50), duration("p95", 0.95), duration("p99", 0.99),
		},
	}
}
