package dashboards_test

import (
	"fmt"
	"time"

	"plumbline/demo-app/telemetry"
)

// streamDoc is a document of one of the other streams.
type streamDoc struct {
	stream, id string
	fields     map[string]any
}

// seedStreams are the documents beside the access lines and the lag: what the
// program, the load generator, the verifier and Metricbeat had to say meanwhile.
func seedStreams() []streamDoc {
	docs := append(seedTold(), seedIntervals()...)
	docs = append(docs, seedApp()...)
	for i := 0; i*5 < int(seedLength/time.Second); i++ {
		docs = append(docs, seedCollected(i)...)
	}
	for _, d := range docs {
		if _, there := d.fields[telemetry.FieldTimestamp]; !there {
			d.fields[telemetry.FieldTimestamp] = stamp(seedLength - time.Second)
		}
		d.fields[telemetry.FieldDataset] = d.stream[len(d.stream[:5]) : len(d.stream)-len("-default")]
	}
	return docs
}

func stamp(after time.Duration) string { return seedStart.Add(after).UTC().Format(time.RFC3339Nano) }

// seedTold are the documents whose every field the verifier knows.
func seedTold() []streamDoc {
	docs := []streamDoc{
		{telemetry.StreamLoad, "summary", map[string]any{
			telemetry.FieldRunID: seedRun, telemetry.FieldLoadDocument: telemetry.LoadSummary, telemetry.FieldLoadSent: int64(seedRequests),
		}},
		{telemetry.StreamVerdict, "verdict", map[string]any{
			telemetry.FieldRunID: seedRun, telemetry.FieldVerdictSent: int64(seedRequests), telemetry.FieldVerdictDelivered: int64(seedRequests - 3),
			telemetry.FieldVerdictLost: int64(2), telemetry.FieldVerdictDuplicated: int64(1), telemetry.FieldVerdictCorrupted: int64(0),
		}},
	}
	for i, name := range []string{"my data", "search", "misuse"} {
		docs = append(docs, streamDoc{telemetry.StreamLoad, "journey-" + name, map[string]any{
			telemetry.FieldRunID: seedRun, telemetry.FieldLoadDocument: telemetry.LoadJourney, telemetry.FieldLoadJourney: name,
			telemetry.FieldLoadSent: int64(12_000 - 4_000*i), telemetry.FieldLoadUnexpected: int64(10 * i), telemetry.FieldLoadDropped: int64(i),
		}})
	}
	return docs
}

// seedIntervals are the load generator's, each ten seconds.
func seedIntervals() (docs []streamDoc) {
	for at := 10 * time.Second; at < seedLength; at += 10 * time.Second {
		docs = append(docs, streamDoc{telemetry.StreamLoad, "interval-" + at.String(), map[string]any{
			telemetry.FieldTimestamp: stamp(at), telemetry.FieldRunID: seedRun, telemetry.FieldLoadDocument: telemetry.LoadInterval,
			telemetry.FieldLoadWanted: 70.0, telemetry.FieldLoadRate: 69.5, telemetry.FieldLoadLatencyP50: 3e6, telemetry.FieldLoadLatencyP95: 9e6, telemetry.FieldLoadLatencyP99: 2e7,
		}})
	}
	return docs
}

func seedApp() (docs []streamDoc) {
	for i, level := range []string{"info", "info", "warn", "error"} {
		fields := map[string]any{
			telemetry.FieldTimestamp: stamp(time.Duration(i+1) * time.Minute), telemetry.FieldLogLevel: level, telemetry.FieldMessage: "line " + level,
			telemetry.FieldServiceNode: "api-0",
		}
		if level == "error" {
			fields[telemetry.FieldErrorType], fields[telemetry.FieldErrorMessage] = "net.OpError", "connection refused"
		}
		docs = append(docs, streamDoc{telemetry.StreamApp, "app-" + fmt.Sprint(i), fields})
	}
	return docs
}

// Counters of the collected documents: by how much each grows in five seconds,
// and the document before which Filebeat was started again.
const (
	seedAcked    = 350.0
	seedFound    = 1.0
	seedFinished = 2.0
	seedReset    = 30
)

// seedCollected is the i-th round of Metricbeat.
func seedCollected(i int) []streamDoc {
	at, n := time.Duration(i)*5*time.Second+2*time.Second, float64(i)
	acked := seedAcked * n
	if i >= seedReset {
		acked = seedAcked * (n - seedReset)
	}
	var docs []streamDoc
	add := func(stream, id string, fields map[string]any) {
		fields[telemetry.FieldTimestamp] = stamp(at)
		docs = append(docs, streamDoc{stream, fmt.Sprintf("%s-%d", id, i), fields})
	}
	add(telemetry.StreamCPU, "cpu", map[string]any{telemetry.FieldHostName: "one", telemetry.FieldHostCPU: 0.25 + 0.001*n})
	add(telemetry.StreamMemory, "memory", map[string]any{telemetry.FieldHostName: "one", telemetry.FieldHostMemory: 0.5})
	for p, name := range []string{"demo-app", "filebeat", "java"} {
		add(telemetry.StreamProcess, name, map[string]any{
			telemetry.FieldProcessName: name, telemetry.FieldProcessCPU: 0.1 * float64(p+1), telemetry.FieldProcessMemory: 1e8 * float64(p+1),
		})
	}
	for _, beat := range []string{"filebeat", "metricbeat"} {
		add(telemetry.StreamBeats, beat, map[string]any{
			telemetry.FieldBeatType: beat, telemetry.FieldBeatID: "id-of-" + beat, telemetry.FieldBeatAcked: acked, telemetry.FieldBeatDropped: 0.0,
			telemetry.FieldBeatDuplicates: float64(i / 20), telemetry.FieldBeatFailed: 0.0,
		})
	}
	add(telemetry.StreamQueue, "queue", map[string]any{telemetry.FieldBeatType: "filebeat", telemetry.FieldQueueActive: float64(i % 7)})
	metric := telemetry.ScrapedMetric
	add(telemetry.StreamOwn, "board", map[string]any{
		metric(telemetry.MetricClusterHeap): 2e8 + 1e6*n, metric(telemetry.MetricClusterHeapMax): 5e8,
		metric(telemetry.MetricClusterStore): 1e7 + 1e5*n, metric(telemetry.MetricClusterDocs): 1000 * n,
	})
	add(telemetry.StreamOwn, "canary", map[string]any{
		telemetry.FieldServiceAddress: "canary", metric(telemetry.MetricCanaryRequests): seedFound * n, metric(telemetry.MetricCanaryFound): seedFound * max(n-1, 0),
		metric(telemetry.MetricCanaryLost): 0.0, metric(telemetry.MetricCanaryUnanswered): 0.0,
		metric(telemetry.MetricCanaryDuplicated): float64(i / 25), metric(telemetry.MetricCanaryCorrupted): 0.0, metric(telemetry.MetricCanaryLate): float64(i / 40),
		metric(telemetry.MetricCanarySearchErrors): 0.0, metric(telemetry.MetricCanaryLagP50): 1.0, metric(telemetry.MetricCanaryLagP99): 1 + 0.1*n,
	})
	add(telemetry.StreamPrometheus, "app", map[string]any{
		metric(telemetry.MetricResident): 6e7, metric(telemetry.MetricHeap): 2e7, metric(telemetry.MetricGoroutines): 20 + n, metric(telemetry.MetricJobsOldest): float64(i % 4),
	})
	for s, state := range []string{"ready", "leased"} {
		add(telemetry.StreamPrometheus, "depth-"+state, map[string]any{
			telemetry.ScrapedLabel(telemetry.LabelState): state, metric(telemetry.MetricJobsDepth): float64(s + i%3),
		})
	}
	for _, outcome := range []string{"complete", "failed"} {
		add(telemetry.StreamPrometheus, "finished-"+outcome, map[string]any{
			telemetry.FieldServiceAddress: "app", telemetry.ScrapedLabel(telemetry.LabelOutcome): outcome, metric(telemetry.MetricJobsFinished): seedFinished * n,
		})
	}
	for _, route := range []string{"/datasets", "/users/{id}", "/healthz"} {
		add(telemetry.StreamPrometheus, "count-"+route, map[string]any{
			telemetry.FieldSeries: "series of " + route, telemetry.ScrapedLabel(telemetry.LabelRoute): route,
			metric(telemetry.MetricDuration + "_count"): 10 * n,
		})
	}
	return docs
}
