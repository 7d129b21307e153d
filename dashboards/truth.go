package dashboards

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"plumbline/demo-app/telemetry"
)

// Truth is what is known about a run without asking the panels' queries: the
// attempts of the ledger that are in Elasticsearch, the exact duration of each
// audited document, the lag documents that were written, and what the load
// generator and the verifier told. Its memory grows with the number of routes and
// not with the number of requests. The zero value is empty and ready to use; it is
// not safe for concurrent use.
type Truth struct {
	requests map[request]int64                  // of the ledger, without a band
	timed    map[request]*Durations             // of the audited documents, likewise
	byRoute  map[string]*hdrhistogram.Histogram // of their durations, nanoseconds
	lagDocs  int64
	lagMax   map[string]int64 // largest value by field
	lagSum   map[string]int64 // sum by field
	told     map[string][]Told
}

// request is a kind of request, as far as the truth tells them apart.
type request struct {
	route  string
	status int
	band   int // of its duration, from 1; 0: not known
}

// value is what a request has in a field of its access line.
type value struct {
	text      string
	numeric   bool
	low, high int64 // what is known of the number
}

func (r request) field(name string) (value, error) {
	switch name {
	case telemetry.FieldRoute:
		return value{text: r.route}, nil
	case telemetry.FieldRunID: // which one the scope says
		return value{}, nil
	case telemetry.FieldStatus:
		status := int64(r.status)
		return value{strconv.Itoa(r.status), true, status, status}, nil
	case telemetry.FieldEventDuration:
		if r.band == 0 {
			return value{}, errors.New("the ledger does not know how long the server took")
		}
		low, high := band(r.band - 1)
		return value{numeric: true, low: low, high: high}, nil
	}
	return value{}, fmt.Errorf("the ledger does not know the field %s", name)
}

// Told is a document of the load generator or the verifier, by its fields.
type Told map[string]any

// Request adds one attempt of the ledger that is in Elasticsearch.
func (t *Truth) Request(route string, status int) {
	if t.requests == nil {
		t.requests = make(map[request]int64)
	}
	t.requests[request{route: route, status: status}]++
}

// LagDoc is one lag document: what a searcher saw of one interval's arrivals.
type LagDoc struct {
	Count              int64
	P50, P95, P99, Max time.Duration
	Buckets            map[string]int64 // documents by telemetry.FieldLagBucket
}

// Lag adds one lag document that was written.
func (t *Truth) Lag(doc LagDoc) {
	if t.lagMax == nil {
		t.lagMax, t.lagSum = make(map[string]int64), make(map[string]int64)
	}
	t.lagDocs++
	for field, d := range map[string]time.Duration{
		telemetry.FieldLagP50: doc.P50,
		telemetry.FieldLagP95: doc.P95,
		telemetry.FieldLagP99: doc.P99,
		telemetry.FieldLagMax: doc.Max,
	} {
		t.lagMax[field] = max(t.lagMax[field], d.Nanoseconds())
	}
	for field, n := range doc.Buckets {
		t.lagSum[field] += n
	}
}

// Tell adds a document that a stream holds about the run.
func (t *Truth) Tell(stream string, document Told) {
	if t.told == nil {
		t.told = make(map[string][]Told)
	}
	t.told[stream] = append(t.told[stream], document)
}
