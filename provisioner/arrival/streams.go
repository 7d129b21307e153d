package arrival

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"plumbline/demo-app/telemetry"
)

// fieldRequests is where Metricbeat's prometheus collector puts the count of
// the RED histogram. Only a scrape that reached demo-app has it: one that
// failed still becomes a document, with up = 0 and nothing else.
const fieldRequests = "prometheus.metrics." + telemetry.MetricDuration + "_count"

// StreamCheck is the documents of one metric stream since a run began.
type StreamCheck struct {
	Stream    string `json:"stream"`
	Needs     string `json:"needs,omitempty"` // field without which a document does not count
	Documents int64  `json:"documents"`       // that carry a measurement
	// Of a stream without any:
	Seen      int64  `json:"seen,omitempty"`       // documents of whatever kind
	LastError string `json:"last_error,omitempty"` // what the shipper last said went wrong
}

// metricStreams is every stream that Metricbeat fills, one by one: together, a
// stream that works would hide another that is silent.
func metricStreams() []StreamCheck {
	checks := []StreamCheck{
		{Stream: telemetry.StreamPrometheus, Needs: fieldRequests},
		{Stream: telemetry.StreamOwn, Needs: telemetry.ScrapedMetric(telemetry.MetricClusterHeap)},
	}
	for _, stream := range []string{
		telemetry.StreamCPU, telemetry.StreamMemory, telemetry.StreamProcess,
		telemetry.StreamBeats, telemetry.StreamBeatState, telemetry.StreamQueue,
	} {
		checks = append(checks, StreamCheck{Stream: stream})
	}
	return checks
}

// Streams waits until each of the metric streams holds at least one measurement
// stamped at or after the start of the run, or until patience ends; either way
// it returns what it saw last. The first scrape after a short run counts, too:
// it is the one that carries the run's last counters.
func Streams(ctx context.Context, search Searcher, started time.Time, within time.Duration, progress Progress) ([]StreamCheck, error) {
	checks := metricStreams()
	since := object{"range": object{telemetry.FieldTimestamp: object{
		"gte": started.UTC().Format("2006-01-02T15:04:05.000Z"), "format": "strict_date_optional_time",
	}}}
	for end := time.Now().Add(within); ; {
		var empty []string
		for i := range checks {
			c := &checks[i]
			if c.Documents > 0 {
				continue
			}
			// Metricbeat publishes a fetch that failed, too, with what went wrong.
			filters := []object{since, not(exists(telemetry.FieldErrorMessage))}
			if c.Needs != "" {
				filters = append(filters, exists(c.Needs))
			}
			var err error
			if c.Documents, err = countIn(ctx, search, c.Stream, all(filters...)); err != nil {
				return nil, err
			}
			if c.Documents == 0 {
				empty = append(empty, c.Stream)
			}
		}
		if len(empty) == 0 {
			return checks, nil
		}
		if !time.Now().Before(end) {
			return checks, explain(ctx, search, checks, since)
		}
		progress(fmt.Sprintf("waiting for metrics in %s, %v left", strings.Join(empty, ", "), time.Until(end).Round(time.Second)))
		if err := sleep(ctx, min(poll, time.Until(end))); err != nil {
			return nil, err
		}
	}
}

// explain adds to each stream without a measurement what is in it instead.
func explain(ctx context.Context, search Searcher, checks []StreamCheck, since object) (err error) {
	for i := range checks {
		c := &checks[i]
		if c.Documents > 0 {
			continue
		}
		if c.Seen, err = countIn(ctx, search, c.Stream, since); err != nil {
			return err
		}
		if c.Seen == 0 {
			continue
		}
		if c.LastError, err = lastError(ctx, search, c.Stream, since); err != nil {
			return err
		}
	}
	return nil
}

func countIn(ctx context.Context, search Searcher, stream string, query object) (int64, error) {
	n, err := search.Count(ctx, stream, encode(object{"query": query}))
	if Missing(err) {
		return 0, nil
	}
	return n, err
}

// lastError is the newest error.message, in one line; "" if there is none.
func lastError(ctx context.Context, search Searcher, stream string, since object) (string, error) {
	answer, err := search.Search(ctx, stream, encode(object{
		"size": 1, "_source": false, "fields": []string{telemetry.FieldErrorMessage},
		"query": all(since, exists(telemetry.FieldErrorMessage)),
		"sort":  []object{{telemetry.FieldTimestamp: object{"order": "desc"}}},
	}))
	if err != nil {
		return "", err
	}
	var found struct {
		Hits struct {
			Hits []struct{ Fields map[string][]string }
		}
	}
	if err := json.Unmarshal(answer, &found); err != nil {
		return "", fmt.Errorf("search %s: read the answer: %w", stream, err)
	}
	for _, hit := range found.Hits.Hits {
		return strings.Join(strings.Fields(strings.Join(hit.Fields[telemetry.FieldErrorMessage], " ")), " "), nil
	}
	return "", nil
}
