package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"plumbline/demo-app/telemetry"
)

// depthTimeout bounds what a scrape waits for a queue that does not answer.
const depthTimeout = time.Second

type metrics struct {
	finished      *prometheus.CounterVec   // outcome: complete, failed, dead
	durations     *prometheus.HistogramVec // outcome of an attempt: those, and retry, lost, returned
	notifications *prometheus.CounterVec   // outcome: sent, logged, retry, refused, dead, lost, returned
}

func newMetrics() metrics {
	outcome := []string{telemetry.LabelOutcome}
	return metrics{
		finished: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: telemetry.MetricJobsFinished, Help: "Downloads that came to their end in this process.",
		}, outcome),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: telemetry.MetricJobsDuration, Help: "Time a worker spent on one attempt to prepare a download.",
			Buckets:                         []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
			NativeHistogramBucketFactor:     1.1,
			NativeHistogramMaxBucketNumber:  160,
			NativeHistogramMinResetDuration: time.Hour,
		}, outcome),
		notifications: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: telemetry.MetricNotifications, Help: "Attempts to notify who asked for a download.",
		}, outcome),
	}
}

func (m metrics) register(r prometheus.Registerer, q Queue) error {
	return errors.Join(r.Register(m.finished), r.Register(m.durations), r.Register(m.notifications), r.Register(gauges{
		queue:  q,
		depth:  prometheus.NewDesc(telemetry.MetricJobsDepth, "Jobs in the queue, the same in every process that shares it; absent while the queue cannot be reached.", []string{telemetry.LabelState}, nil),
		oldest: prometheus.NewDesc(telemetry.MetricJobsOldest, "Time since the oldest unfinished download was asked for; absent while the queue cannot be reached.", nil, nil),
	}))
}

// gauges asks the queue when it is scraped.
type gauges struct {
	queue         Records
	depth, oldest *prometheus.Desc
}

func (g gauges) Describe(ch chan<- *prometheus.Desc) {
	ch <- g.depth
	ch <- g.oldest
}

func (g gauges) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), depthTimeout)
	defer cancel()
	d, err := g.queue.Depth(ctx)
	if err != nil {
		return // one silent queue must not spoil the whole scrape
	}
	for state, n := range map[string]int64{"ready": d.Ready, "leased": d.Leased, "delayed": d.Delayed, "dead": d.Dead} {
		ch <- prometheus.MustNewConstMetric(g.depth, prometheus.GaugeValue, float64(n), state)
	}
	ch <- prometheus.MustNewConstMetric(g.oldest, prometheus.GaugeValue, d.Oldest.Seconds())
}
