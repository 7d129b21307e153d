package dashboards

import "plumbline/demo-app/telemetry"

// Canary is the dashboard of the one small request that is sent over and over.
func Canary() Dashboard {
	canary := scraped(telemetry.StreamOwn, telemetry.MetricCanaryRequests)
	grown := func(label, metric string) Measure {
		return Increase(label, telemetry.ScrapedMetric(metric), telemetry.FieldServiceAddress, UnitCount)
	}
	const none = "no canary is at work: in containers it has a profile of its own"
	return Dashboard{
		ID:      "canary",
		Title:   "Canary",
		Purpose: "Do lines get lost, doubled or late between load runs, when nobody verifies?",
		Next:    []string{"pipeline", "accounted"},
		Panels: []Panel{
			{
				ID:      "canary-lost",
				Title:   "Lost",
				Purpose: "Canary requests that were answered and whose line no search has found in time.",
				Advice:  "Other requests get lost as well: verify a load run, it names each and its hop.",
				Kind:    Stat, Source: canary, Width: 4,
				Limits:   Limits{Warn: 1, Bad: 1},
				Measures: []Measure{grown("Lost", telemetry.MetricCanaryLost)},
				Quiet:    none,
			},
			{
				ID:      "canary-duplicated",
				Title:   "Duplicated",
				Purpose: "Canary requests whose line is in Elasticsearch more than once.",
				Advice:  "Rates and errors are counted too high: two ship one file, or Filebeat has lost its registry. The canary's /status names them.",
				Kind:    Stat, Source: canary, Width: 4,
				Limits:   Limits{Warn: 1, Bad: 1},
				Measures: []Measure{grown("Duplicated", telemetry.MetricCanaryDuplicated)},
				Quiet:    none,
			},
			{
				ID:      "canary-corrupted",
				Title:   "Corrupted",
				Purpose: "Canary requests whose line says something else than what was asked and answered.",
				Advice:  "Something on the way rewrites lines: an ingest pipeline, a processor of the shipper.",
				Kind:    Stat, Source: canary, Width: 4,
				Limits:   Limits{Warn: 1, Bad: 1},
				Measures: []Measure{grown("Corrupted", telemetry.MetricCanaryCorrupted)},
				Quiet:    none,
			},
			{
				ID:      "canary-found",
				Title:   "Found",
				Purpose: "Canary requests whose line a search has found.",
				Advice:  "None: the canary does not run, or the service answers nobody.",
				Kind:    Stat, Source: canary, Width: 3,
				Limits:   Limits{Warn: 1, Bad: 1, Falling: true},
				Measures: []Measure{grown("Found", telemetry.MetricCanaryFound)},
				Quiet:    none,
			},
			{
				ID:      "canary-late",
				Title:   "Late",
				Purpose: "Canary requests whose line was found later than it may be; those that were lost before are among them.",
				Advice:  "The shipper is behind, or Elasticsearch refuses it for a while: Pipeline has both.",
				Kind:    Stat, Source: canary, Width: 3,
				Limits:   Limits{Warn: 1, Bad: 10},
				Measures: []Measure{grown("Late", telemetry.MetricCanaryLate)},
				Quiet:    none,
			},
			{
				ID:      "canary-unanswered",
				Title:   "Unanswered",
				Purpose: "Canary requests that nobody answered.",
				Advice:  "The service was down or cut off: its log says until when.",
				Kind:    Stat, Source: canary, Width: 3,
				Limits:   Limits{Warn: 1, Bad: 10},
				Measures: []Measure{grown("Unanswered", telemetry.MetricCanaryUnanswered)},
				Quiet:    none,
			},
			{
				ID:      "canary-unsearched",
				Title:   "Searches failed",
				Purpose: "The canary's searches that failed, or did not cover every shard: in that time nothing is found, and nothing lost.",
				Advice:  "The canary's /status has the last errors.",
				Kind:    Stat, Source: canary, Width: 3,
				Limits:   Limits{Warn: 1, Bad: 60},
				Measures: []Measure{grown("Searches failed", telemetry.MetricCanarySearchErrors)},
				Quiet:    none,
			},
			{
				ID:      "canary-over-time",
				Title:   "Canary over time",
				Purpose: "Requests sent, found and lost, each moment.",
				Advice:  "Found lags sent by as long as a line takes; a growing distance is a growing lag.",
				Kind:    TimeSeries, Source: canary, Width: 6,
				Limits: Limits{None: "the numbers above say it"},
				Measures: []Measure{
					grown("sent", telemetry.MetricCanaryRequests), grown("found", telemetry.MetricCanaryFound), grown("lost", telemetry.MetricCanaryLost),
				},
				Quiet: none,
			},
			{
				ID:      "canary-lag",
				Title:   "Lag over time",
				Purpose: "From the answer until a search finds the line: percentiles of what the canary saw in the hour before.",
				Advice:  "As fine as the canary searches, a second. Above 10 s: Filebeat waits for Elasticsearch; Pipeline has its queue.",
				Kind:    TimeSeries, Source: scraped(telemetry.StreamOwn, telemetry.MetricCanaryLagP50), Width: 6,
				Limits: Limits{Warn: 10, Bad: 30},
				Measures: []Measure{
					Max("p99", telemetry.ScrapedMetric(telemetry.MetricCanaryLagP99), UnitSeconds), Max("p50", telemetry.ScrapedMetric(telemetry.MetricCanaryLagP50), UnitSeconds),
				},
				Quiet: none,
			},
		},
	}
}
