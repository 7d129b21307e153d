package red

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/red/estimate"
	"plumbline/provisioner/red/exact"
)

// Where Metricbeat's prometheus collector puts labels and values.
const (
	beatLabel  = "prometheus.labels."
	beatMetric = "prometheus.metrics."

	beatRoute   = beatLabel + telemetry.LabelRoute
	beatStatus  = beatLabel + telemetry.LabelStatus
	beatBound   = beatLabel + "le"
	beatBucket  = beatMetric + telemetry.MetricDuration + "_bucket"
	beatCount   = beatMetric + telemetry.MetricDuration + "_count"
	beatProcess = beatMetric + processStart

	processStart = "process_start_time_seconds"
)

// Metricbeat is the application's classic histograms as Metricbeat ships them to
// Elasticsearch: one document for each bucket of each series and scrape.
// Elasticsearch has no quantile of such documents, so they are worked out here
// as Prometheus would.
type Metricbeat struct {
	Search Searcher
	Index  string // data stream

	address string // of the one process that is asked about; "" for whoever is in the stream
}

// only are the filters of a search, with the one for the address.
func (b Metricbeat) only(filters ...object) []object {
	if b.address == "" {
		return filters
	}
	return append(filters, term(telemetry.FieldServiceAddress, b.address))
}

// Name returns the name of the source.
func (Metricbeat) Name() string { return "Metricbeat" }

// Parts are Metricbeat, which tells other things, too, and Elasticsearch.
func (Metricbeat) Parts() (own, shared []string) { return nil, []string{"metricbeat", "elasticsearch"} }

// Measure counts between the scrapes that enclose the run.
func (b Metricbeat) Measure(ctx context.Context, run *exact.Run, p Patience) (*Measurement, error) {
	c, err := await(ctx, b, run, p)
	if err != nil {
		return nil, err
	}
	counted, err := count(ctx, b, c, run)
	if err != nil {
		return nil, err
	}
	rates, err := evenRates(ctx, b, c, run)
	if err != nil {
		return nil, err
	}
	m := &Measurement{Told: map[string]Told{}, Coverage: c}
	for route, n := range counted {
		told := Told{Requests: n.Requests.Count, Errors: n.Errors, Histogram: n.Requests, Method: n.Requests.Bounds()}
		told.Off, told.ErrorsOff = Off{Blind: c.blind(route, false)}, Off{Blind: c.blind(route, true)}
		told.Shown = Shown{Requests: n.Requests.Count, Errors: n.Errors, Rate: math.NaN()}
		if rate, ok := rates[route]; ok {
			told.Rate = &rate
			told.Shown.Rate = (rate.Seen + rate.Added) / run.Seconds()
		}
		for _, q := range exact.Quantiles() {
			told.Shown.Quantiles = append(told.Shown.Quantiles, duration(n.Requests.Linear(q), time.Second))
		}
		m.Told[route] = told
	}
	m.Cost.Visible = c.visible(run.Requests, "until the next scrape; how long its documents then take is not in it")
	m.Cost.Stored, err = b.stored(ctx, c, run)
	return m, err
}

// stored is the disk space of the documents that hold the histograms.
func (b Metricbeat) stored(ctx context.Context, c *Coverage, run *exact.Run) (*Stored, error) {
	holds := object{"bool": object{"should": []object{exists(beatBucket), exists(beatCount)}, "minimum_should_match": 1}}
	documents, err := ask(ctx, b.Search, b.Index, users(beatRoute, during(c.Begin().At, c.End().At), holds), nil, nil)
	if err != nil {
		return nil, err
	}
	return stored(ctx, b.Search, b.Index, documents, run)
}

// Scrapes returns the scrapes that reached the application and are whole: one that
// did not reach it still becomes a document, with up = 0 and nothing else. The newest
// of all is left out, since its documents may still be on their way: they arrive in
// order, so what comes before another has all that Metricbeat sent.
func (b Metricbeat) Scrapes(ctx context.Context, from, to time.Time) ([]Scrape, error) {
	scrapes, err := b.scrapes(ctx, from, to)
	if n := len(scrapes); n > 0 && scrapes[n-1].newest {
		scrapes = scrapes[:n-1]
	}
	return scrapes, err
}

// scrapes returns the newest, too.
//
// Metricbeat cuts a scrape off where its module is stopped in between, as autodiscover
// does each time that a pod's status changes. One process never loses a series of its
// requests, so a scrape with fewer of them than another before it is such a piece:
// all it says is that the process was there.
func (b Metricbeat) scrapes(ctx context.Context, from, to time.Time) ([]Scrape, error) {
	var answer struct {
		Times struct {
			Other   int64 `json:"sum_other_doc_count"`
			Buckets []struct {
				Key     int64
				Process struct{ Value *float64 }
				Took    struct{ Value *float64 }
				Users   struct {
					Series   int `json:"doc_count"`
					Requests struct{ Value float64 }
				}
			}
		}
	}
	_, err := ask(ctx, b.Search, b.Index, object{"bool": object{"filter": b.only(during(from, to))}}, object{"times": object{
		"terms": object{"field": telemetry.FieldTimestamp, "size": groups, "order": object{"_key": "asc"}},
		"aggs": object{
			"process": object{"max": object{"field": beatProcess}},
			"took":    object{"max": object{"field": telemetry.FieldEventDuration}},
			"users": object{
				"filter": users(beatRoute, exists(beatRoute)),
				"aggs":   object{"requests": object{"sum": object{"field": beatCount}}},
			},
		},
	}}, &answer)
	if err == nil {
		err = whole(b.Index, answer.Times.Other)
	}
	if err != nil {
		return nil, err
	}
	var scrapes []Scrape
	times := answer.Times.Buckets
	for i, t := range times {
		if t.Process.Value == nil {
			continue
		}
		s := Scrape{
			newest: i == len(times)-1, At: time.UnixMilli(t.Key).UTC(), Process: time.UnixMilli(int64(*t.Process.Value * 1000)).UTC(),
			Total: t.Users.Requests.Value, series: t.Users.Series,
		}
		if t.Took.Value != nil {
			s.Took = time.Duration(*t.Took.Value)
		}
		if n := len(scrapes); n > 0 && s.pieceAfter(scrapes[n-1]) {
			scrapes[n-1].alive = s.At
			continue
		}
		scrapes = append(scrapes, s)
	}
	return scrapes, nil
}

// Counters reads the buckets of one scrape.
func (b Metricbeat) Counters(ctx context.Context, s Scrape) ([]Counter, error) {
	var answer struct {
		Series struct {
			After   json.RawMessage `json:"after_key"`
			Buckets []struct {
				Key struct{ Route, Status, Bound string }
				N   struct{ Value float64 }
			}
		}
	}
	source := func(name, field string) object { return object{name: object{"terms": object{"field": field}}} }
	_, err := ask(ctx, b.Search, b.Index, users(beatRoute, during(s.At, s.At), exists(beatBucket)), object{"series": object{
		"composite": object{"size": groups, "sources": []object{source("route", beatRoute), source("status", beatStatus), source("bound", beatBound)}},
		"aggs":      object{"n": object{"sum": object{"field": beatBucket}}},
	}}, &answer)
	if err != nil {
		return nil, err
	}
	if len(answer.Series.Buckets) == groups {
		return nil, whole(b.Index, 1)
	}
	type series struct{ route, status string }
	atMost := map[series]map[float64]float64{}
	for _, g := range answer.Series.Buckets {
		bound, err := strconv.ParseFloat(g.Key.Bound, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: a bucket's bound is %q", b.Index, g.Key.Bound)
		}
		of := series{g.Key.Route, g.Key.Status}
		if atMost[of] == nil {
			atMost[of] = map[float64]float64{}
		}
		atMost[of][bound] = g.N.Value
	}
	var all []Counter
	for of, counts := range atMost {
		held, err := classic(counts)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", b.Index, of.route, err)
		}
		all = append(all, Counter{of.route, of.status, held})
	}
	return merged(all)
}

// classic makes a histogram of counts by bound.
func classic(atMost map[float64]float64) (estimate.Histogram, error) {
	total, ok := atMost[math.Inf(1)]
	if !ok {
		return estimate.Histogram{}, fmt.Errorf("a histogram without its last bucket")
	}
	var bounds estimate.Buckets
	for bound := range atMost {
		if !math.IsInf(bound, 1) {
			bounds = append(bounds, bound)
		}
	}
	slices.Sort(bounds)
	counts := make([]float64, len(bounds))
	for i, bound := range bounds {
		counts[i] = atMost[bound]
	}
	return estimate.Classic(bounds, counts, total), nil
}
