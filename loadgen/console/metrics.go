package console

import (
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"plumbline/loadgen/report"
)

// collector makes the metrics from the figures when they are asked for.
type collector struct {
	server                                                                    *server
	run, wanted, achieved, factor, paused, inFlight, planned, elapsed, length *prometheus.Desc
	sent, outcomes, statuses, unexpected, journeys, latency, service          *prometheus.Desc
}

func metrics(s *server) http.Handler {
	d := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("loadgen_"+name, help, labels, nil)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(&collector{
		server:     s,
		run:        d("run_info", "The run under way; always 1.", "run_id", "target", "pace", "version"),
		wanted:     d("rate_wanted", "Requests per second that the schedule wants now; 0 if the target decides."),
		achieved:   d("rate_achieved", "Requests per second that were sent in the last full second."),
		factor:     d("rate_factor", "What the schedule's rate is multiplied by."),
		paused:     d("paused", "1 while the schedule is held."),
		inFlight:   d("in_flight_requests", "Requests that were sent and have not ended."),
		planned:    d("planned_requests", "Arrivals of the whole schedule; 0 if the target decides."),
		elapsed:    d("elapsed_seconds", "Time since the start of the schedule."),
		length:     d("length_seconds", "Length of the schedule."),
		sent:       d("requests_sent_total", "Requests that were sent."),
		outcomes:   d("requests_ended_total", "Arrivals by how they ended; the dropped were never sent.", "outcome"),
		statuses:   d("answers_total", "Answers by status.", "status"),
		unexpected: d("answers_unexpected_total", "Answers with another status than their journey expects."),
		journeys:   d("journey_requests_ended_total", "Requests that were sent and have ended, by journey.", "journey"),
		latency:    d("latency_seconds", "From the scheduled time to the end of the answer, over the whole run."),
		service:    d("service_seconds", "From the sending to the end of the answer, over the whole run."),
	})
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.run, c.wanted, c.achieved, c.factor, c.paused, c.inFlight, c.planned, c.elapsed, c.length,
		c.sent, c.outcomes, c.statuses, c.unexpected, c.journeys, c.latency, c.service} {
		out <- d
	}
}

func (c *collector) Collect(out chan<- prometheus.Metric) {
	s := c.server.now()
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	counter := func(d *prometheus.Desc, value uint64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(value), labels...)
	}
	summary := func(d *prometheus.Desc, p report.Percentiles) {
		out <- prometheus.MustNewConstSummary(d, p.Count, float64(p.Count)*p.Mean.Seconds(), map[float64]float64{
			.5: p.P50.Seconds(), .9: p.P90.Seconds(), .95: p.P95.Seconds(), .99: p.P99.Seconds(), .999: p.P999.Seconds(), 1: p.Max.Seconds(),
		})
	}
	gauge(c.run, 1, s.Run.RunID, s.Run.Target, s.Run.Pace, s.Run.Version)
	gauge(c.wanted, s.Wanted)
	gauge(c.achieved, s.Achieved)
	if s.Factor != nil {
		gauge(c.factor, *s.Factor)
		gauge(c.paused, map[bool]float64{true: 1}[s.Phase == "paused"])
	}
	gauge(c.inFlight, float64(s.InFlight))
	gauge(c.planned, float64(s.Planned))
	gauge(c.elapsed, s.Elapsed.Seconds())
	gauge(c.length, s.Run.Duration.Seconds())
	counter(c.sent, s.Sent)
	for outcome, n := range s.Outcomes {
		counter(c.outcomes, n, string(outcome))
	}
	for status, n := range s.Statuses {
		counter(c.statuses, n, strconv.Itoa(status))
	}
	counter(c.unexpected, s.Unexpected)
	for _, j := range s.Journeys {
		counter(c.journeys, j.Sent, j.Name)
	}
	summary(c.latency, s.Latency)
	summary(c.service, s.Service)
}
