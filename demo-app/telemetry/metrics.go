package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Names of the metrics and their labels: OpenTelemetry's semantic conventions
// in Prometheus form where it has a word. The count of the duration histogram
// is the request counter.
const (
	MetricDuration     = "http_server_request_duration_seconds"
	MetricResponseSize = "http_server_response_body_size_bytes"
	MetricActive       = "http_server_active_requests"
	MetricOperation    = "icat_backend_operation_duration_seconds"
	MetricBuild        = "icat_build_info"

	LabelRoute     = "http_route"
	LabelMethod    = "http_request_method"
	LabelStatus    = "http_response_status_code"
	LabelBackend   = "backend"   // what does the work: "sqlite", "mariadb", "redis", "icat", …
	LabelOperation = "operation" // what it does: "list", "count", …
	LabelEntity    = "entity"    // what with: "Dataset", …; "" if with no entity
	LabelCode      = "code"      // CodeOK or the ICAT code of the failure

	LabelExemplarTrace = "trace_id"
)

// Other stands in a label for what would make too many series.
const Other = "_OTHER"

// Metrics holds the metrics of one server in a registry of its own. How many
// series it can grow to is bounded whatever clients send: routes are those
// registered, methods and statuses are folded, backend operations are capped.
type Metrics struct {
	Registry *prometheus.Registry
	Active   prometheus.Gauge // requests being answered

	durations, sizes, operations *prometheus.HistogramVec

	backends table[operation, prometheus.Observer]
}

// NewMetrics returns metrics without a request yet.
func NewMetrics(version, goVersion string) *Metrics {
	durations := native(MetricDuration, "Time from the request's head to the complete answer.", DurationBounds()...)
	operations := native(MetricOperation, "Time of one operation on a backend, from its start to its last row.",
		.00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10)
	m := &Metrics{
		Registry:   prometheus.NewRegistry(),
		Active:     prometheus.NewGauge(prometheus.GaugeOpts{Name: MetricActive, Help: "Requests being answered."}),
		durations:  prometheus.NewHistogramVec(durations, []string{LabelRoute, LabelMethod, LabelStatus}),
		operations: prometheus.NewHistogramVec(operations, []string{LabelBackend, LabelOperation, LabelEntity, LabelCode}),
		sizes: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: MetricResponseSize, Help: "Bytes of the answer's body.",
			Buckets: prometheus.ExponentialBuckets(64, 4, 10), // to 16 MiB
		}, []string{LabelRoute}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: MetricBuild, Help: "Always 1; the labels tell what runs.",
		ConstLabels: prometheus.Labels{"version": version, "go_version": goVersion},
	})
	build.Set(1)
	m.Registry.MustRegister(m.Active, m.durations, m.sizes, m.operations, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// DurationBounds are the upper bounds, in seconds, of the classic buckets of
// MetricDuration. A bound belongs to the bucket below it.
func DurationBounds() []float64 {
	return []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
}

// native are the options of a histogram that is both classic and native.
func native(name, help string, buckets ...float64) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: buckets,
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  160,
		NativeHistogramMinResetDuration: time.Hour,
	}
}
