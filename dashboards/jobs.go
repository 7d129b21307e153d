package dashboards

import "plumbline/demo-app/telemetry"

// Jobs is the dashboard of the downloads that are prepared in the background.
func Jobs() Dashboard {
	queue := scraped(telemetry.StreamPrometheus, telemetry.MetricJobsDepth, telemetry.LabelState)
	finished := scraped(telemetry.StreamPrometheus, telemetry.MetricJobsFinished, telemetry.LabelOutcome)
	oldest := scraped(telemetry.StreamPrometheus, telemetry.MetricJobsOldest)
	byState := Breakdown{Label: "State", Field: telemetry.ScrapedLabel(telemetry.LabelState), Size: 10}
	byOutcome := Breakdown{Label: "Outcome", Field: telemetry.ScrapedLabel(telemetry.LabelOutcome), Size: 20}
	const none = "no download came to its end in this range"
	return Dashboard{
		ID:      "jobs",
		Title:   "Jobs",
		Purpose: "Are downloads prepared, how long do they wait, and how do they end?",
		Next:    []string{"red", "hosts"},
		Panels: []Panel{
			{
				ID:      "jobs-oldest",
				Title:   "Longest wait",
				Purpose: "How long the oldest unfinished download has been waiting, the longest in this range.",
				Advice:  "Over two minutes: too few workers, or they fail and try again. See the queue's states.",
				Kind:    Stat, Source: oldest, Width: 4,
				Limits:   Limits{Warn: 30, Bad: 120},
				Measures: []Measure{Max("Longest wait", telemetry.ScrapedMetric(telemetry.MetricJobsOldest), UnitSeconds)},
			},
			{
				ID:      "jobs-outcomes",
				Title:   "Outcomes",
				Purpose: "Downloads that came to their end, by how.",
				Advice:  "dead: given up after its last try. Its line in Logs says why.",
				Kind:    Bars, Source: finished, By: byOutcome, Width: 8,
				Limits:   Limits{None: asMuchAsComes},
				Measures: []Measure{Increase("Downloads", telemetry.ScrapedMetric(telemetry.MetricJobsFinished), telemetry.FieldServiceAddress, UnitCount)},
				Quiet:    none,
			},
			{
				ID:      "jobs-depth",
				Title:   "Queue by state",
				Purpose: "Jobs that are ready to be taken, being worked on, waiting for another try, or given up; the most in each moment.",
				Advice:  "ready grows: too few workers. delayed grows: they fail and are tried again. dead grows: look at Logs.",
				Kind:    TimeSeries, Source: queue, By: byState, Width: 6,
				Limits:   Limits{Warn: 10, Bad: 100},
				Measures: []Measure{Max("Jobs", telemetry.ScrapedMetric(telemetry.MetricJobsDepth), UnitCount)},
			},
			{
				ID:      "jobs-age",
				Title:   "Wait over time",
				Purpose: "How long the oldest unfinished download has been waiting.",
				Advice:  "A straight slope of one second per second: nobody works on it at all.",
				Kind:    TimeSeries, Source: oldest, Width: 6,
				Limits:   Limits{Warn: 30, Bad: 120},
				Measures: []Measure{Max("Oldest", telemetry.ScrapedMetric(telemetry.MetricJobsOldest), UnitSeconds)},
			},
		},
	}
}
