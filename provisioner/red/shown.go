package red

import (
	"context"
	"fmt"
	"math"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/red/exact"
)

// failures matches the statuses that count as errors.
const failures = telemetry.LabelStatus + `=~"5.."`

// The range of increase leaves its beginning out: a moment more has the first
// scrape in it.
const moment = time.Millisecond

// shown asks what a dashboard asks, over the scrapes that enclose the run, so
// that all of its requests are in; the rate alone over the time of the run.
func (p Prometheus) shown(ctx context.Context, c *Coverage, run *exact.Run) (map[string]Shown, error) {
	var (
		at    = c.End().At
		width = c.Span() + moment
		all   = map[string]Shown{}
	)
	from, to := c.span(run)
	for _, question := range []struct {
		expression func(by string) string
		at         time.Time
		put        func(s *Shown, v float64)
	}{
		{func(by string) string { return p.sum(by, "increase", width) }, at, func(s *Shown, v float64) { s.Requests = v }},
		{func(by string) string { return p.sum(by, "increase", width, failures) }, at, func(s *Shown, v float64) { s.Errors = v }},
		{func(by string) string { return p.sum(by, "rate", to.Sub(from)) }, to, func(s *Shown, v float64) { s.Rate = v }},
	} {
		if err := p.ask(ctx, question.expression, question.at, all, question.put); err != nil {
			return nil, err
		}
	}
	for i, q := range exact.Quantiles() {
		expression := func(by string) string { return p.quantile(q, by, width) }
		err := p.ask(ctx, expression, at, all, func(s *Shown, v float64) {
			if !math.IsNaN(v) {
				s.Quantiles[i] = duration(v, time.Second)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// ask puts an expression's values, by route and in all, where they belong.
func (p Prometheus) ask(ctx context.Context, expression func(by string) string, at time.Time, all map[string]Shown, put func(*Shown, float64)) error {
	for _, by := range []string{"", telemetry.LabelRoute} {
		samples, err := p.Query.At(ctx, expression(by), at)
		if err != nil {
			return err
		}
		for _, sample := range samples {
			route := sample.Labels[by]
			s, known := all[route]
			if !known {
				s = Shown{Rate: math.NaN(), Quantiles: make([]time.Duration, len(exact.Quantiles()))}
			}
			put(&s, sample.Value)
			all[route] = s
		}
	}
	return nil
}

// sum is the expression of how many requests there were, or how many per second.
func (p Prometheus) sum(by, function string, width time.Duration, more ...string) string {
	metric, count := promCount, "%s"
	if p.Native {
		metric, count = telemetry.MetricDuration, "histogram_count(%s)"
	}
	inner := fmt.Sprintf("%s(%s[%dms])", function, p.series(metric, more...), width.Milliseconds())
	return fmt.Sprintf("sum by (%s) ("+count+")", by, inner)
}

// quantile is the expression of a percentile.
func (p Prometheus) quantile(q float64, by string, width time.Duration) string {
	metric, labels := telemetry.MetricDuration, by
	if !p.Native {
		metric = promBucket
		if labels = "le"; by != "" {
			labels = "le, " + by
		}
	}
	return fmt.Sprintf("histogram_quantile(%g, sum by (%s) (increase(%s[%dms])))", q, labels, p.series(metric), width.Milliseconds())
}
