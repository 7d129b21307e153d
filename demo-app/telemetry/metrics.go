package telemetry

import (
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Names of the RED metrics and their labels: OpenTelemetry's semantic
// conventions in Prometheus form. The histogram's count is the request counter.
const (
	MetricDuration = "http_server_request_duration_seconds"
	MetricActive   = "http_server_active_requests"
	MetricBuild    = "icat_build_info"
	LabelRoute     = "http_route"
	LabelMethod    = "http_request_method"
	LabelStatus    = "http_response_status_code"
)

// Metrics holds the metrics of one server in a registry of its own.
type Metrics struct {
	Registry *prometheus.Registry
	Active   prometheus.Gauge // requests being answered

	durations *prometheus.HistogramVec
}

// NewMetrics returns metrics without a request yet.
func NewMetrics(version, goVersion string) *Metrics {
	m := &Metrics{
		Registry: prometheus.NewRegistry(),
		Active:   prometheus.NewGauge(prometheus.GaugeOpts{Name: MetricActive, Help: "Requests being answered."}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:                            MetricDuration,
			Help:                            "Time from the request's head to the complete answer.",
			Buckets:                         []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
			NativeHistogramBucketFactor:     1.1,
			NativeHistogramMaxBucketNumber:  160,
			NativeHistogramMinResetDuration: time.Hour,
		}, []string{LabelRoute, LabelMethod, LabelStatus}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: MetricBuild, Help: "Always 1; the labels tell what runs.",
		ConstLabels: prometheus.Labels{"version": version, "go_version": goVersion},
	})
	build.Set(1)
	m.Registry.MustRegister(m.Active, m.durations, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Route observes the requests of one route. Each series is looked up once, not
// per request; routes, methods and statuses are all bounded.
type Route struct {
	Template  string
	durations *prometheus.HistogramVec

	mu     sync.Mutex // held to add a series
	series atomic.Pointer[map[seriesKey]prometheus.Observer]
}

type seriesKey struct {
	method string
	status int
}

// Route returns the observer of the route template, for instance "/users/{id}".
func (m *Metrics) Route(template string) *Route {
	r := &Route{Template: template, durations: m.durations}
	r.series.Store(&map[seriesKey]prometheus.Observer{})
	return r
}

// Observe counts one answer. Method is one of Methods or MethodOther.
func (r *Route) Observe(method string, status int, d time.Duration) {
	key := seriesKey{method, status}
	o, ok := (*r.series.Load())[key]
	if !ok {
		o = r.add(key)
	}
	o.Observe(d.Seconds())
}

func (r *Route) add(key seriesKey) prometheus.Observer {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := *r.series.Load()
	grown := make(map[seriesKey]prometheus.Observer, len(old)+1)
	for k, o := range old {
		grown[k] = o
	}
	o := r.durations.WithLabelValues(r.Template, key.method, strconv.Itoa(key.status))
	grown[key] = o
	r.series.Store(&grown)
	return o
}
