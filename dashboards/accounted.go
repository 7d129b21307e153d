package dashboards

import "plumbline/demo-app/telemetry"

// Accounted is the dashboard of the truth: what was sent beside what arrived.
func Accounted() Dashboard {
	summaries := ofRun(telemetry.StreamLoad, OneOf(telemetry.FieldLoadDocument, telemetry.LoadSummary))
	verdicts := ofRun(telemetry.StreamVerdict)
	oneRun := where(access(), Has(telemetry.FieldRunID))
	oneRun.Series = Series{} // no run in a metric
	lines := access()
	lines.Series = Series{} // it is the lines that are looked at, whatever else has the signal
	counters := scraped(telemetry.StreamPrometheus, telemetry.MetricDuration+"_count")
	counters.Where = append(counters.Where, NoneOf(telemetry.ScrapedLabel(telemetry.LabelRoute), telemetry.OperationalRoutes()...))
	counters.Series.Labels[telemetry.ScrapedLabel(telemetry.LabelRoute)] = telemetry.LabelRoute
	return Dashboard{
		ID:      "accounted",
		Title:   "Truth",
		Purpose: "Can the other dashboards be believed: is what the load generators sent what logs and metrics say?",
		Next:    []string{"pipeline", "red"},
		Panels: []Panel{
			{
				ID:      "truth-sent",
				Title:   "Sent",
				Purpose: "Requests that the load generators sent, by their own count; each run once it has ended.",
				Advice:  "It is the reference: the ledger has every one of them by name.",
				Kind:    Stat, Source: summaries, Width: 3,
				Limits:   Limits{None: asMuchAsComes},
				Measures: []Measure{Sum("Sent", telemetry.FieldLoadSent, UnitCount)},
				Quiet:    "no load generator has ended a run in this range",
			},
			{
				ID:      "truth-logged",
				Title:   "Found in the logs",
				Purpose: "Access lines that carry the number of a load run.",
				Advice:  "Not the number sent? A run that is still going, or a loss: provisioner verify names each lost request.",
				Kind:    Stat, Source: oneRun, Width: 3,
				Limits:   Limits{None: asMuchAsComes},
				Measures: []Measure{Count("Lines")},
			},
			{
				ID:      "truth-lost",
				Title:   "Lost",
				Purpose: "Requests that verdicts could not find.",
				Advice:  "More than none: the verdict says at which hop each was lost.",
				Kind:    Stat, Source: verdicts, Width: 3,
				Limits:   Limits{Warn: 1, Bad: 1},
				Measures: []Measure{Sum("Lost", telemetry.FieldVerdictLost, UnitCount)},
				Quiet:    "no run was verified in this range",
			},
			{
				ID:      "truth-doubled",
				Title:   "Duplicated",
				Purpose: "Requests that verdicts found more than once.",
				Advice:  "More than none: is the document id still made of the line, beats/filebeat.yml?",
				Kind:    Stat, Source: verdicts, Width: 3,
				Limits:   Limits{Warn: 1, Bad: 1},
				Measures: []Measure{Sum("Duplicated", telemetry.FieldVerdictDuplicated, UnitCount)},
				Quiet:    "no run was verified in this range",
			},
			{
				ID:      "truth-load",
				Title:   "Rate wanted and sent",
				Purpose: "What the schedule asked for and what left, each second, by the load generator's own clock.",
				Advice:  "Sent below wanted: the load generator is starved, or its limit of requests in flight is reached.",
				Kind:    TimeSeries, Source: ofRun(telemetry.StreamLoad, OneOf(telemetry.FieldLoadDocument, telemetry.LoadInterval)), Width: 6,
				Limits: Limits{None: asMuchAsComes},
				Measures: []Measure{
					Max("wanted", telemetry.FieldLoadWanted, UnitPerSecond), Max("sent", telemetry.FieldLoadRate, UnitPerSecond),
				},
				Quiet: "no load generator was at work in this range",
			},
			{
				ID:      "truth-rates",
				Title:   "Rate in the logs",
				Purpose: "Requests per second, counted in the access lines.",
				Advice:  "Compare with the panel beside it: a difference that stays is a loss, in lines or in scrapes.",
				Kind:    TimeSeries, Source: lines, Width: 6,
				Limits:   Limits{None: asMuchAsComes},
				Measures: []Measure{Rate("lines")},
			},
			{
				ID:      "truth-counters",
				Title:   "Rate in the metrics",
				Purpose: "Requests per second by the service's own counters, as they were collected every five seconds.",
				Advice:  "What happened before the first collection of a counter is not in it: a new route begins at its first value.",
				Kind:    TimeSeries, Source: counters, Width: 6,
				Limits:   Limits{None: asMuchAsComes},
				Measures: []Measure{Speed("counted", telemetry.ScrapedMetric(telemetry.MetricDuration+"_count"), telemetry.FieldSeries)},
			},
			{
				ID:      "truth-latency",
				Title:   "Waiting, as callers saw it",
				Purpose: "Time from the moment a request was due to its answer: what the server's own durations leave out.",
				Advice:  "Far above the server's p99: requests wait before they are served, in a queue or for a connection.",
				Kind:    TimeSeries, Source: ofRun(telemetry.StreamLoad, OneOf(telemetry.FieldLoadDocument, telemetry.LoadInterval)), Width: 6,
				Limits: Limits{Warn: nanoseconds(latencyBound), Bad: nanoseconds(4 * latencyBound)},
				Measures: []Measure{
					Max("p99", telemetry.FieldLoadLatencyP99, UnitNanoseconds), Max("p95", telemetry.FieldLoadLatencyP95, UnitNanoseconds),
					Max("p50", telemetry.FieldLoadLatencyP50, UnitNanoseconds),
				},
				Quiet: "no load generator was at work in this range",
			},
			{
				ID:      "truth-verdicts",
				Title:   "Verdicts",
				Purpose: "Each run that was verified: what was sent, and what was found.",
				Advice:  "A run that is missing here was not verified: provisioner verify with its ledger.",
				Kind:    Table, Source: verdicts, Width: 12,
				By:     Breakdown{Label: "Run", Field: telemetry.FieldRunID, Size: 500},
				Limits: Limits{None: asMuchAsComes},
				Measures: []Measure{
					Max("Sent", telemetry.FieldVerdictSent, UnitCount), Max("Delivered", telemetry.FieldVerdictDelivered, UnitCount),
					Max("Lost", telemetry.FieldVerdictLost, UnitCount), Max("Duplicated", telemetry.FieldVerdictDuplicated, UnitCount),
					Max("Corrupted", telemetry.FieldVerdictCorrupted, UnitCount),
				},
				Quiet: "no run was verified in this range",
			},
			{
				ID:      "truth-verdicts-over-time",
				Title:   "Verdict over time",
				Purpose: "How many requests the verdicts accounted for, and how many they did not.",
				Advice:  "A step in lost or duplicated has a date: what was changed that day?",
				Kind:    TimeSeries, Source: verdicts, Width: 12,
				Limits: Limits{None: asMuchAsComes},
				Measures: []Measure{
					Sum("delivered", telemetry.FieldVerdictDelivered, UnitCount), Sum("lost", telemetry.FieldVerdictLost, UnitCount),
					Sum("duplicated", telemetry.FieldVerdictDuplicated, UnitCount), Sum("corrupted", telemetry.FieldVerdictCorrupted, UnitCount),
				},
				Quiet: "no run was verified in this range",
			},
		},
	}
}
