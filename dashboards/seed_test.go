package dashboards_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"time"

	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
)

const seedRun = "20260101T120000Z-seeded"

// seedStart is when the seeded run begins: not on a bucket's edge, so that the
// first and last bucket are cut.
var seedStart = time.Date(2026, 1, 1, 12, 0, 0, 350e6, time.UTC)

const (
	seedLength   = 5 * time.Minute
	seedRequests = 20_000
)

func seedScope() dashboards.Scope {
	return dashboards.Scope{From: seedStart, To: seedStart.Add(seedLength), RunID: seedRun}
}

// seedDoc is an access line reduced to what the panels look at.
type seedDoc struct {
	at       time.Time
	route    string
	status   int
	duration time.Duration
	run      string
}

func (d seedDoc) fields(i int) map[string]any {
	fields := map[string]any{
		telemetry.FieldTimestamp:     d.at.Format(time.RFC3339Nano),
		telemetry.FieldRoute:         d.route,
		telemetry.FieldStatus:        d.status,
		telemetry.FieldEventDuration: d.duration.Nanoseconds(),
		telemetry.FieldRunID:         d.run,
		telemetry.FieldMethod:        "GET",
		telemetry.FieldPath:          d.route,
		telemetry.FieldLogLevel:      "info",
		telemetry.FieldMessage:       "request answered",
		telemetry.FieldServiceNode:   "api-" + strconv.Itoa(i%2),
		telemetry.FieldTraceID:       fmt.Sprintf("%032x", i+1),
		telemetry.FieldDataset:       telemetry.DatasetAccess,
	}
	if d.status >= 400 {
		fields[telemetry.FieldErrorType] = "icat.Error"
		fields[telemetry.FieldErrorCode] = map[int]string{400: "BAD_PARAMETER", 401: "SESSION", 404: "NO_SUCH_OBJECT_FOUND", 500: "INTERNAL", 503: "UNAVAILABLE"}[d.status]
	}
	if d.status >= 500 {
		fields[telemetry.FieldLogLevel] = "error"
		fields[telemetry.FieldErrorMessage] = "the database is gone"
	}
	return fields
}

// seedDocs are the access lines of the seeded run and the lines of others
// around it, always the same: several routes of different speed, two with
// server errors, one bimodal, one rare; a quiet stretch in the middle.
func seedDocs() []seedDoc {
	routes := []struct {
		name   string
		weight float64
		median time.Duration
		spread float64 // sigma of the logarithm
		status map[int]float64
	}{
		{"/investigations/{id}", 30, 900 * time.Microsecond, 0.5, map[int]float64{404: 0.04, 401: 0.01}},
		{"/investigations", 22, 2400 * time.Microsecond, 0.6, map[int]float64{400: 0.01, 500: 0.006}},
		{"/datasets", 16, 3100 * time.Microsecond, 0.7, map[int]float64{401: 0.02}},
		{"/datafiles", 12, 5200 * time.Microsecond, 0.9, map[int]float64{503: 0.02}},
		{"/icat/{username}", 12, 400 * time.Microsecond, 0.4, map[int]float64{404: 0.1}},
		{"/sessions", 6, 21 * time.Millisecond, 0.2, map[int]float64{403: 0.08}},
		{"/users/{id}", 1.9, 700 * time.Microsecond, 0.4, map[int]float64{304: 0.05}},
		{"/datafiles/count", 0.1, 30 * time.Millisecond, 1.1, nil},
	}
	r := rand.New(rand.NewPCG(1, 2))
	var docs []seedDoc
	for i := range seedRequests {
		share := float64(i) / seedRequests
		if share > 0.5 { // the quiet stretch, 20 s long
			share = 0.5 + 20/seedLength.Seconds() + (share-0.5)*(1-40/seedLength.Seconds())
		}
		doc := seedDoc{at: seedStart.Add(time.Duration(share * float64(seedLength))), run: seedRun}
		pick := r.Float64() * 100
		for _, route := range routes {
			if pick -= route.weight; pick > 0 {
				continue
			}
			doc.route, doc.status = route.name, 200
			p := r.Float64()
			for _, status := range []int{304, 400, 401, 403, 404, 500, 503} {
				if p -= route.status[status]; p < 0 {
					doc.status = status
					break
				}
			}
			doc.duration = time.Duration(float64(route.median) * math.Exp(route.spread*r.NormFloat64()))
			if doc.status == 503 {
				doc.duration = 250*time.Millisecond + time.Duration(r.IntN(1e6))
			}
			break
		}
		docs = append(docs, doc)
	}
	for i := range 600 { // probes of the same run, and another run's traffic
		at := seedStart.Add(time.Duration(i) * seedLength / 600)
		docs = append(docs,
			seedDoc{at, "/healthz", 503, time.Second, seedRun},
			seedDoc{at, "/investigations", 500, time.Second, "20260101T120000Z-other"})
	}
	return docs
}

func seedLag() []dashboards.LagDoc {
	r := rand.New(rand.NewPCG(3, 4))
	var docs []dashboards.LagDoc
	for i := range int(seedLength / time.Second) {
		p50 := time.Duration(120+r.IntN(80)) * time.Millisecond
		docs = append(docs, dashboards.LagDoc{
			Count: 67, P50: p50, P95: p50 + 130*time.Millisecond,
			P99: p50 + 190*time.Millisecond, Max: p50 + 200*time.Millisecond + time.Duration(r.IntN(3e7)),
			Buckets: seedBuckets(i),
		})
	}
	return docs
}

// seedBuckets are the hops of 67 documents: each by a bucket or two further than
// the one before it, and now and then some of them much later.
func seedBuckets(i int) map[string]int64 {
	buckets := map[string]int64{}
	for h, hop := range telemetry.Hops() {
		for b := range len(telemetry.LagBounds()) + 1 {
			buckets[telemetry.FieldLagBucket(hop, b)] = 0
		}
		late := int64(i % 5 / 4 * (h + 1))
		buckets[telemetry.FieldLagBucket(hop, h)] = 40 - late
		buckets[telemetry.FieldLagBucket(hop, h+1)] = 27
		buckets[telemetry.FieldLagBucket(hop, 5+h)] = late
	}
	return buckets
}

func seedLagFields(i int, d dashboards.LagDoc) map[string]any {
	fields := map[string]any{
		telemetry.FieldTimestamp: seedStart.Add(time.Duration(i) * time.Second).Format(time.RFC3339Nano),
		telemetry.FieldRunID:     seedRun,
		telemetry.FieldLagCount:  d.Count,
		telemetry.FieldLagP50:    d.P50.Nanoseconds(),
		telemetry.FieldLagP95:    d.P95.Nanoseconds(),
		telemetry.FieldLagP99:    d.P99.Nanoseconds(),
		telemetry.FieldLagMax:    d.Max.Nanoseconds(),
	}
	for field, n := range d.Buckets {
		fields[field] = n
	}
	return fields
}

// seedTruth is what a verifier would know of the seeded run.
func seedTruth(edit func(i int, d *seedDoc) (keep bool)) *dashboards.Truth {
	var t dashboards.Truth
	for i, d := range seedDocs() {
		if d.run != seedRun || edit != nil && !edit(i, &d) {
			continue
		}
		t.Request(d.route, d.status)
		t.Durations(d.route, d.status).Add(d.duration)
	}
	for _, d := range seedLag() {
		t.Lag(d)
	}
	for _, d := range seedTold() {
		t.Tell(d.stream, d.fields)
	}
	return &t
}

func seedID(i int) string { return "seed-" + strconv.Itoa(i) }
