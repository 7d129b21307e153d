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
		Purpose: "Do lines get lost between load runs, when nobody verifies?",
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
				ID:      "canary-found",
				Title:   "Found",
				Purpose: "Canary requests whose line a search has found.",
				Advice:  "None: the canary does not run, or the service answers nobody.",
				Kind:    Stat, Source: canary, Width: 4,
				Limits:   Limits{Warn: 1, Bad: 1, Falling: true},
				Measures: []Measure{grown("Found", telemetry.MetricCanaryFound)},
				Quiet:    none,
			},
			{
				ID:      "canary-unanswered",
				Title:   "Unanswered",
				Purpose: "Canary requests that nobody answered.",
				Advice:  "The service was down or cut off: its log says until when.",
				Kind:    Stat, Source: canary, Width: 4,
				Limits:   Limits{Warn: 1, Bad: 10},
				Measures: []Measure{grown("Unanswered", telemetry.MetricCanaryUnanswered)},
				Quiet:    none,
			},
			{
				ID:      "canary-over-time",
				Title:   "Canary over time",
				Purpose: "Requests sent, found and lost, each moment.",
				Advice:  "Found lags sent by as long as a line takes; a growing distance is a growing lag.",
				Kind:    TimeSeries, Source: canary, Width: 12,
				Limits: Limits{None: "the numbers above say it"},
				Measures: []Measure{
					grown("sent", telemetry.MetricCanaryRequests), grown("found", telemetry.MetricCanaryFound), grown("lost", telemetry.MetricCanaryLost),
				},
				Quiet: none,
			},
		},
	}
}
