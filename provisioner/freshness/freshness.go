// Package freshness tells Prometheus, and so Metricbeat, how new the newest
// document of each data stream is. That is the far end of both ways through the
// stack, lines and metrics, as a searcher sees it: whatever stops on the way makes
// it grow old. And it tells how much Elasticsearch holds, of what it can.
//
// How old is too old, and how much too much, is for the alert rules to say.
package freshness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/elastic"
)

// Metric is the event time of the newest document, in seconds since 1970, by
// LabelStream.
const (
	Metric      = "plumbline_newest_document_timestamp_seconds"
	LabelStream = "stream"
)

// Streams are the data streams that are asked: what demo-app writes, and one of
// each kind that Metricbeat sends every few seconds.
func Streams() []string {
	return []string{
		telemetry.StreamAccess,
		telemetry.StreamPrometheus,
		telemetry.StreamBeats,
	}
}

// timeout bounds what a scrape waits for Elasticsearch; it is shorter than the
// scrape's own.
const timeout = 3 * time.Second

// Store is Elasticsearch: *elastic.Client, or the one of the tests.
type Store interface {
	// Search runs one search of an index and returns the answer as it came.
	Search(ctx context.Context, index string, body []byte) ([]byte, error)
	Holdings(ctx context.Context) (elastic.Holdings, error)
}

// Metrics returns the handler of /metrics: freshness, holdings, and this process
// itself.
func Metrics(s Store) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registry.MustRegister(collector{s, prometheus.NewDesc(Metric,
		"Event time of the newest document that a search finds; absent while there is none, or Elasticsearch cannot be asked.", []string{LabelStream}, nil)})
	registry.MustRegister(newHoldings(s))
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}

// collector asks when it is scraped.
type collector struct {
	search Store
	newest *prometheus.Desc
}

func (c collector) Describe(out chan<- *prometheus.Desc) { out <- c.newest }

func (c collector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	var asked sync.WaitGroup
	for _, stream := range Streams() {
		asked.Go(func() {
			at, err := newest(ctx, c.search, stream)
			if err != nil {
				return // absent: an alert of its own speaks for that
			}
			out <- prometheus.MustNewConstMetric(c.newest, prometheus.GaugeValue, float64(at.UnixMilli())/1000, stream)
		})
	}
	asked.Wait()
}

// errNone is a stream without a document.
var errNone = errors.New("no document yet")

// newest asks for the latest event time of a stream. Without a query, the
// answer comes from the index' summary of the field and not from its documents.
func newest(ctx context.Context, s Store, stream string) (time.Time, error) {
	answer, err := s.Search(ctx, stream, []byte(`{"size":0,"track_total_hits":false,"aggs":{"newest":{"max":{"field":"`+telemetry.FieldTimestamp+`"}}}}`))
	if err != nil {
		return time.Time{}, err
	}
	var found struct {
		Aggregations struct {
			Newest struct{ Value *float64 }
		}
	}
	if err := json.Unmarshal(answer, &found); err != nil {
		return time.Time{}, fmt.Errorf("newest document of %s: %w", stream, err)
	}
	if found.Aggregations.Newest.Value == nil {
		return time.Time{}, fmt.Errorf("newest document of %s: %w", stream, errNone)
	}
	return time.UnixMilli(int64(*found.Aggregations.Newest.Value)), nil
}
