package arrival

import (
	"context"
	"fmt"
	"strings"
	"time"

	"plumbline/demo-app/telemetry"
)

// StreamCheck is the documents of one group of metric streams since a run began.
type StreamCheck struct {
	Stream    string `json:"stream"`
	Documents int64  `json:"documents"`
}

// Streams waits until each of the metric streams holds at least one document
// stamped at or after the start of the run, or until patience ends; either way
// it returns what it saw last. The first scrape after a short run counts, too:
// it is the one that carries the run's last counters.
func Streams(ctx context.Context, search Searcher, started time.Time, within time.Duration, progress Progress) ([]StreamCheck, error) {
	checks := []StreamCheck{{Stream: telemetry.StreamPrometheus}, {Stream: telemetry.StreamsSystem}, {Stream: telemetry.StreamsBeats}}
	since := object{"range": object{telemetry.FieldTimestamp: object{
		"gte": started.UTC().Format("2006-01-02T15:04:05.000Z"), "format": "strict_date_optional_time",
	}}}
	query := encode(object{"query": since})
	for end := time.Now().Add(within); ; {
		var empty []string
		for i := range checks {
			c := &checks[i]
			if c.Documents > 0 {
				continue
			}
			n, err := search.Count(ctx, c.Stream, query)
			if err != nil && !missing(err) {
				return nil, err
			}
			if c.Documents = n; n == 0 {
				empty = append(empty, c.Stream)
			}
		}
		if len(empty) == 0 || !time.Now().Before(end) {
			return checks, nil
		}
		progress(fmt.Sprintf("waiting for metrics in %s, %v left", strings.Join(empty, ", "), time.Until(end).Round(time.Second)))
		if err := sleep(ctx, min(poll, time.Until(end))); err != nil {
			return nil, err
		}
	}
}
