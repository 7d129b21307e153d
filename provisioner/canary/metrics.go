package canary

import (
	"math"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/arrival"
)

// metrics are what Prometheus and Metricbeat are told: the last status, and the
// histogram of lags, which begins with the process.
type metrics struct {
	registry *prometheus.Registry
	lag      prometheus.Histogram
}

// number is a metric that a status has the value of.
type number struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*Status) float64
}

func counter(name, help string, value func(totals) int64) number {
	return number{prometheus.NewDesc(name, help, nil, nil), prometheus.CounterValue, func(s *Status) float64 { return float64(value(s.Totals)) }}
}

func gauge(name, help string, value func(*Status) float64) number {
	return number{prometheus.NewDesc(name, help, nil, nil), prometheus.GaugeValue, value}
}

func numbersTold() []number {
	return []number{
		counter(telemetry.MetricCanaryRequests, "Probes sent: requests, or lines written.", func(t totals) int64 { return t.Requests }),
		counter(telemetry.MetricCanaryUnanswered, "Probes that nobody answered.", func(t totals) int64 { return t.Unanswered }),
		counter(telemetry.MetricCanaryInterrupted, "Probes whose answer the canary did not live to see.", func(t totals) int64 { return t.Interrupted }),
		counter(telemetry.MetricCanaryFound, "Answered probes whose line a search has found.", func(t totals) int64 { return t.Found }),
		counter(telemetry.MetricCanaryLost, "Answered probes whose line no search has found in time, though Elasticsearch answered.", func(t totals) int64 { return t.Lost }),
		counter(telemetry.MetricCanaryRecovered, "Lost probes whose line was found later; they count as late, too.", func(t totals) int64 { return t.Recovered }),
		counter(telemetry.MetricCanaryLate, "Found probes whose line was not there in the time allowed.", func(t totals) int64 { return t.Late }),
		counter(telemetry.MetricCanaryDuplicated, "Found probes whose line is there more than once.", func(t totals) int64 { return t.Duplicated }),
		counter(telemetry.MetricCanaryCorrupted, "Found probes whose line is not as it should be.", func(t totals) int64 { return t.Corrupted }),
		counter(telemetry.MetricCanarySearchErrors, "Searches that failed, or did not cover every shard.", func(t totals) int64 { return t.SearchErrors }),
		gauge(telemetry.MetricCanaryPending, "Answered probes that are neither found nor lost yet.", func(s *Status) float64 { return float64(s.Pending) }),
		gauge(telemetry.MetricCanaryLastFound, "When a probe's line was last found first; 0 if never.", func(s *Status) float64 { return unix(s.LastFound) }),
		gauge(telemetry.MetricCanaryLastSearch, "When a search last covered everything; 0 if never.", func(s *Status) float64 { return unix(s.LastSearch) }),
		gauge(telemetry.MetricCanaryVerdict, "Whether every line of the window was delivered, once and unaltered: 1 or 0, NaN if it could not be measured.", verdict),
		gauge(telemetry.MetricCanaryLagP50, "Median of the window's lags; NaN without any.", lag(func(l *Lag) time.Duration { return l.P50 })),
		gauge(telemetry.MetricCanaryLagP99, "99th percentile of the window's lags; NaN without any.", lag(func(l *Lag) time.Duration { return l.P99 })),
	}
}

func unix(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

func verdict(s *Status) float64 {
	switch s.Verdict {
	case arrival.Holds:
		return 1
	case arrival.Fails:
		return 0
	}
	return math.NaN()
}

func lag(of func(*Lag) time.Duration) func(*Status) float64 {
	return func(s *Status) float64 {
		if s.Window.Lag == nil {
			return math.NaN()
		}
		return of(s.Window.Lag).Seconds()
	}
}

// collector tells a status.
type collector struct {
	status  func() *Status
	numbers []number
}

func newMetrics(status func() *Status) *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), lag: prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    telemetry.MetricCanaryLag,
		Help:    "From a probe's answer until a search found its line, as finely as searches follow each other; since this process began.",
		Buckets: []float64{.25, .5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 45, 60, 120},

		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  160,
		NativeHistogramMinResetDuration: time.Hour,
	})}
	m.registry.MustRegister(m.lag, collector{status, numbersTold()})
	return m
}

func (c collector) Describe(out chan<- *prometheus.Desc) {
	for _, n := range c.numbers {
		out <- n.desc
	}
}

func (c collector) Collect(out chan<- prometheus.Metric) {
	s := c.status()
	for _, n := range c.numbers {
		out <- prometheus.MustNewConstMetric(n.desc, n.kind, n.value(s))
	}
}

// Metrics returns the handler of /metrics.
func (c *Canary) Metrics() http.Handler {
	return promhttp.HandlerFor(c.metrics.registry, promhttp.HandlerOpts{})
}
