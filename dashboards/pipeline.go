package dashboards

import (
	"time"

	"plumbline/demo-app/telemetry"
)

// Pipeline is the dashboard of the way from the line to the search.
func Pipeline() Dashboard {
	byBeat := Breakdown{Label: "Shipper", Field: telemetry.FieldBeatType, Size: 10}
	beats := collected(telemetry.StreamBeats)
	cluster := scraped(telemetry.StreamOwn, telemetry.MetricClusterHeap)
	return Dashboard{
		ID:      "pipeline",
		Title:   "Pipeline",
		Purpose: "Does everything that is written arrive, how late, and what fills up?",
		Next:    []string{"accounted", "logs", "hosts"},
		Panels: []Panel{
			{
				ID:      "pipeline-dropped",
				Title:   "Dropped",
				Purpose: "Events that a shipper gave up on, because Elasticsearch refused their content.",
				Advice:  "Each is lost for good. The shipper's log names the field that did not fit.",
				Kind:    Stat, Source: beats, Width: 3,
				Limits:   Limits{Warn: 1, Bad: 1},
				Measures: []Measure{Increase("Dropped", telemetry.FieldBeatDropped, telemetry.FieldBeatID, UnitCount)},
			},
			{
				ID:      "pipeline-again",
				Title:   "Sent again",
				Purpose: "Events that Elasticsearch had already: a batch was sent twice, and nothing was doubled.",
				Advice:  "A few after a restart are as they should be. Many without: answers get lost or come too late.",
				Kind:    Stat, Source: beats, Width: 3,
				Limits:   Limits{None: "harmless: the second is refused"},
				Measures: []Measure{Increase("Sent again", telemetry.FieldBeatDuplicates, telemetry.FieldBeatID, UnitCount)},
			},
			{
				ID:      "pipeline-heap",
				Title:   "Heap of Elasticsearch",
				Purpose: "Bytes of Java heap in use, the most in this range.",
				Advice:  "Near its limit all the time: searches and writes get slow, then refused. Give it more, or it fewer shards.",
				Kind:    Stat, Source: cluster, Width: 3,
				Limits:   Limits{None: "the limit differs from node to node: see the panel below"},
				Measures: []Measure{Max("Heap", telemetry.ScrapedMetric(telemetry.MetricClusterHeap), UnitBytes)},
			},
			{
				ID:      "pipeline-size",
				Title:   "Size of the indices",
				Purpose: "Bytes on disk of all indices now, replicas included.",
				Advice:  "Growing faster than expected: which stream? See documents by stream.",
				Kind:    Stat, Source: cluster, Width: 3,
				Limits:   Limits{None: "as much as is kept"},
				Measures: []Measure{Last("Size", telemetry.ScrapedMetric(telemetry.MetricClusterStore), UnitBytes)},
			},
			{
				ID:      "pipeline-acked",
				Title:   "Acknowledged",
				Purpose: "Events per second that Elasticsearch took from each shipper.",
				Advice:  "Zero while lines are written: is Elasticsearch up, and does the shipper's key still hold?",
				Kind:    TimeSeries, Source: beats, By: byBeat, Width: 6,
				Limits:   Limits{None: asMuchAsComes},
				Measures: []Measure{Speed("Events per second", telemetry.FieldBeatAcked, telemetry.FieldBeatID)},
			},
			{
				ID:      "pipeline-refused",
				Title:   "Refused for a while",
				Purpose: "Events per second that Elasticsearch did not take yet; the shipper sends them again.",
				Advice:  "It cannot keep up: fewer shards, a longer refresh interval, or more processors.",
				Kind:    TimeSeries, Source: beats, By: byBeat, Width: 6,
				Limits:   Limits{Warn: 1, Bad: 100},
				Measures: []Measure{Speed("Events per second", telemetry.FieldBeatFailed, telemetry.FieldBeatID)},
			},
			{
				ID:      "pipeline-queue",
				Title:   "Queue",
				Purpose: "Events that each shipper has read and Elasticsearch has not acknowledged, the most in each moment.",
				Advice:  "Full (4096) means that reading waits; nothing is lost, and everything is late.",
				Kind:    TimeSeries, Source: collected(telemetry.StreamQueue), Width: 6,
				By:       Breakdown{Label: "Shipper", Field: telemetry.FieldBeatType, Size: 10},
				Limits:   Limits{Warn: 2048, Bad: 4096},
				Measures: []Measure{Max("Events", telemetry.FieldQueueActive, UnitCount)},
			},
			{
				ID:      "pipeline-ingest-lag",
				Title:   "Ingest lag",
				Purpose: "Time from an answer to its line being searchable, as seen while a run was verified live.",
				Advice:  "Rising with the queue: Elasticsearch is slow. Rising without: the shipper reads late.",
				Kind:    TimeSeries, Source: lag(), Width: 6,
				Limits: Limits{Warn: nanoseconds(2 * time.Second), Bad: nanoseconds(30 * time.Second)},
				Measures: []Measure{
					Max("max", telemetry.FieldLagMax, UnitNanoseconds), Max("p99", telemetry.FieldLagP99, UnitNanoseconds), Max("p50", telemetry.FieldLagP50, UnitNanoseconds),
				},
				Quiet: "no run was verified live in this range",
			},
			lagOf("pipeline-lag-read", "Until read", telemetry.HopRead,
				"Lines by how long it took from the event until the shipper read them.",
				"High: the shipper looks at its files too seldom, or has no time to; see beats/profiles."),
			lagOf("pipeline-lag-indexed", "From read to indexed", telemetry.HopIndexed,
				"Lines by how long it took from reading until Elasticsearch took them: the shipper's queue, and the request.",
				"High with the queue below its limit: the shipper waits for more. High with a full one: Elasticsearch cannot keep up."),
			lagOf("pipeline-lag-searchable", "From indexed to searchable", telemetry.HopSearchable,
				"Lines by how long it took from indexing until a search found them: the refresh, and half a look of the verifier.",
				"About the refresh interval is as it should be. Far above it: refreshes take long, so look at segments and merges."),
			{
				ID:      "pipeline-heap-over-time",
				Title:   "Heap over time",
				Purpose: "Heap in use, and the heap there is.",
				Advice:  "A saw whose valleys rise is what does not fit: caches, too many shards, too large requests.",
				Kind:    TimeSeries, Source: cluster, Width: 6,
				Limits:   Limits{None: "the second line is the limit"},
				Measures: []Measure{Max("used", telemetry.ScrapedMetric(telemetry.MetricClusterHeap), UnitBytes), Max("there is", telemetry.ScrapedMetric(telemetry.MetricClusterHeapMax), UnitBytes)},
			},
			{
				ID:      "pipeline-documents",
				Title:   "Documents by stream",
				Purpose: "Documents per second that carry a time in this range, by data set.",
				Advice:  "A stream that stops has lost its shipper; one that leaps has a new, talkative source.",
				Kind:    TimeSeries, Source: collected(telemetry.StreamsAll), Stacked: true, Width: 6,
				By:       Breakdown{Label: "Data set", Field: telemetry.FieldDataset, Size: 100},
				Limits:   Limits{None: asMuchAsComes},
				Measures: []Measure{Rate("Documents per second")},
			},
		},
	}
}

// lagOf is a histogram of the lag at one hop, over time.
func lagOf(id, title string, hop telemetry.Hop, purpose, advice string) Panel {
	p := Panel{
		ID: id, Title: title, Purpose: purpose, Advice: advice,
		Kind: TimeSeries, Source: lag(), Stacked: true, Width: 4,
		Limits: Limits{None: "how many is no matter, how late is"},
		Quiet:  "no run was verified live in this range",
	}
	bounds := telemetry.LagBounds()
	for i := range len(bounds) + 1 {
		label := "over " + bounds[len(bounds)-1].String()
		if i < len(bounds) {
			label = "to " + bounds[i].String()
		}
		p.Measures = append(p.Measures, Sum(label, telemetry.FieldLagBucket(hop, i), UnitCount))
	}
	return p
}
