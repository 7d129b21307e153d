// Package canary asks the service one small request after the other, for ever,
// and looks for the line of each in Elasticsearch. A load run's verdict names
// every lost request, but of one run; the canary notices between the runs that
// lines get lost, and tells Prometheus how many.
//
// Whom to wake is for the alert rules to say.
package canary

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"plumbline/demo-app/telemetry"
)

// path is asked: an operational route, so that no panel and no objective counts
// the canary.
const path = "/version"

const (
	patience   = 5 * time.Second // for an answer of either
	maxPending = 1000            // answered requests that are neither found nor lost yet
)

// Searcher runs one search of an index and returns the answer as it came.
type Searcher interface {
	Search(ctx context.Context, index string, body []byte) ([]byte, error)
}

// Options say whom to ask and how often.
type Options struct {
	Target string // http://127.0.0.1:8000
	Search Searcher
	Every  time.Duration // between requests
	Within time.Duration // a line has to be found in
}

// Canary is one of them. Its metrics are in a registry of its own. A request that
// was answered is found or lost in the end; one that was not may have a line or
// none, and is not looked for.
type Canary struct {
	Options
	run      string // its run.id
	http     *http.Client
	registry *prometheus.Registry
	counts   struct{ requests, unanswered, found, lost prometheus.Counter }

	mu      sync.Mutex
	seq     int64
	pending map[int64]time.Time // when each was answered, by run.seq
}

// New returns a canary that has not asked yet.
func New(o Options) *Canary {
	c := &Canary{
		Options: o, run: "canary-" + rand.Text()[:12], http: &http.Client{Timeout: patience},
		registry: prometheus.NewRegistry(), pending: map[int64]time.Time{},
	}
	counter := func(name, help string) prometheus.Counter {
		made := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
		c.registry.MustRegister(made)
		return made
	}
	c.counts.requests = counter(telemetry.MetricCanaryRequests, "Requests sent.")
	c.counts.unanswered = counter(telemetry.MetricCanaryUnanswered, "Requests that nobody answered.")
	c.counts.found = counter(telemetry.MetricCanaryFound, "Answered requests whose line a search has found.")
	c.counts.lost = counter(telemetry.MetricCanaryLost, "Answered requests whose line no search has found in time, though Elasticsearch answered.")
	return c
}

// Metrics returns the handler of /metrics.
func (c *Canary) Metrics() http.Handler {
	return promhttp.HandlerFor(c.registry, promhttp.HandlerOpts{})
}

// Run asks and looks until ctx ends.
func (c *Canary) Run(ctx context.Context) {
	tick := time.NewTicker(c.Every)
	defer tick.Stop()
	for {
		c.ask(ctx)
		c.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// ask sends one request, unless far too many wait to be found already.
func (c *Canary) ask(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.pending) >= maxPending {
		return
	}
	c.seq++
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Target+path, nil)
	if err != nil {
		return // the target was a URL when the program began
	}
	request.Header.Set("User-Agent", "plumbline-canary")
	request.Header.Set("Baggage", telemetry.FieldRunID+"="+c.run+","+telemetry.FieldRunSeq+"="+strconv.FormatInt(c.seq, 10))
	c.counts.requests.Inc()
	res, err := c.http.Do(request)
	if err == nil {
		_, err = io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		c.counts.unanswered.Inc()
		return
	}
	c.pending[c.seq] = time.Now()
}

// look searches for the lines that are not found yet. What cannot be asked for
// is neither found nor lost.
func (c *Canary) look(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.pending) == 0 {
		return
	}
	asked := time.Now()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	there, err := c.lines(ctx)
	if err != nil {
		return
	}
	for seq, answered := range c.pending {
		switch {
		case slices.Contains(there, seq):
			c.counts.found.Inc()
		case asked.Sub(answered) > c.Within:
			c.counts.lost.Inc()
		default:
			continue
		}
		delete(c.pending, seq)
	}
}

// lines returns which of the pending requests have a line.
func (c *Canary) lines(ctx context.Context) ([]int64, error) {
	var wanted []int64
	for seq := range c.pending {
		wanted = append(wanted, seq)
	}
	type object map[string]any
	body, err := json.Marshal(object{
		"size": len(wanted), "_source": false, "fields": []string{telemetry.FieldRunSeq}, "track_total_hits": false,
		"query": object{"bool": object{"filter": []object{
			{"term": object{telemetry.FieldRunID: c.run}}, {"terms": object{telemetry.FieldRunSeq: wanted}},
		}}},
	})
	if err != nil {
		return nil, err
	}
	answer, err := c.Search.Search(ctx, telemetry.StreamAccess, body)
	if err != nil {
		return nil, err
	}
	var found struct {
		Hits *struct {
			Hits []struct{ Fields map[string][]int64 }
		}
		TimedOut bool `json:"timed_out"`
	}
	if err := json.Unmarshal(answer, &found); err != nil {
		return nil, fmt.Errorf("canary: %w", err)
	}
	if found.Hits == nil || found.TimedOut {
		return nil, fmt.Errorf("canary: %s was not searched to the end", telemetry.StreamAccess)
	}
	var there []int64
	for _, hit := range found.Hits.Hits {
		there = append(there, hit.Fields[telemetry.FieldRunSeq]...)
	}
	return there, nil
}
