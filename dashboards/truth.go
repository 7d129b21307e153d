package dashboards

import (
	"fmt"
	"strconv"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"plumbline/demo-app/telemetry"
)

// Truth is what is known about a run without asking the panels' queries: the
// attempts of the ledger that are in Elasticsearch, the exact duration of each
// audited document, and the lag documents that were written. Its memory grows
// with the number of routes and not with the number of requests. The zero
// value is empty and ready to use; it is not safe for concurrent use.
type Truth struct {
	requests  map[request]int64
	durations map[string]*hdrhistogram.Histogram // by route, nanoseconds
	lagDocs   int64
	lagMax    map[string]int64 // largest value by field
}

// request is a kind of request, as far as the ledger tells them apart.
type request struct {
	route  string
	status int
}

// field is the value that a request has in a field of its access line: always
// as text, and as a number where it is one.
func (r request) field(name string) (text string, number *int64, err error) {
	switch name {
	case telemetry.FieldRoute:
		return r.route, nil, nil
	case telemetry.FieldStatus:
		status := int64(r.status)
		return strconv.Itoa(r.status), &status, nil
	}
	return "", nil, fmt.Errorf("the ledger does not know the field %s", name)
}

// maxDuration is the longest duration told apart from a longer one.
const maxDuration = time.Hour

// Request adds one attempt of the ledger that is in Elasticsearch.
func (t *Truth) Request(route string, status int) {
	if t.requests == nil {
		t.requests = make(map[request]int64)
	}
	t.requests[request{route, status}]++
}

// Duration adds the exact server duration of one audited document.
func (t *Truth) Duration(route string, d time.Duration) {
	if t.durations == nil {
		t.durations = make(map[string]*hdrhistogram.Histogram)
	}
	h := t.durations[route]
	if h == nil {
		h = newHistogram()
		t.durations[route] = h
	}
	// Within its limits a histogram cannot refuse a value.
	_ = h.RecordValue(min(max(d, 1), maxDuration).Nanoseconds())
}

func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, maxDuration.Nanoseconds(), 3)
}

// LagDoc is one lag document: what a searcher saw of one interval's arrivals.
type LagDoc struct {
	Count              int64
	P50, P95, P99, Max time.Duration
}

// Lag adds one lag document that was written.
func (t *Truth) Lag(doc LagDoc) {
	if t.lagMax == nil {
		t.lagMax = make(map[string]int64)
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
}
