package red

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/promql"
	"plumbline/provisioner/red/estimate"
	"plumbline/provisioner/red/exact"
)

// prometheus answers from a world the expressions that this package asks, and
// refuses others. Its increase is written after Prometheus' description of it.
type prometheus struct{ *world }

func (p prometheus) Samples(_ context.Context, selector string, from, to time.Time) ([]promql.Sample, error) {
	name, _, _ := strings.Cut(selector, "{")
	var all []promql.Sample
	if p.silent != nil {
		return nil, p.silent
	}
	switch name {
	case promCount:
		for _, of := range p.all() {
			all = append(all, p.samples(of, from, to)...)
		}
	case processStart, "scrape_duration_seconds":
		for _, instant := range p.instants() {
			s := p.at(instant)
			if s.At.After(from) && !s.At.After(to) {
				value := s.Took.Seconds()
				if name == processStart {
					value = float64(s.Process.UnixMilli()) / 1000
				}
				all = append(all, promql.Sample{At: s.At, Value: value})
			}
		}
	default:
		return nil, fmt.Errorf("unknown selector %s", selector)
	}
	return all, nil
}

// all are the series that there ever were.
func (p prometheus) all() []series {
	seen := map[series]bool{}
	var all []series
	for _, q := range p.requests {
		of := series{q.Route, q.Method, strconv.Itoa(q.Status)}
		if !seen[of] {
			seen[of] = true
			all = append(all, of)
		}
	}
	return all
}

func (p prometheus) samples(of series, from, to time.Time) (all []promql.Sample) {
	for _, instant := range p.instants() {
		at := instant.Add(p.ahead)
		d, there := p.counted(instant)[of]
		if there && at.After(from) && !at.After(to) {
			all = append(all, promql.Sample{Labels: of.labels(), At: at, Value: float64(len(d))})
		}
	}
	return all
}

func (p prometheus) Stored(context.Context, string, time.Time, time.Time) (int64, int64, error) {
	return 1000, 4000, nil
}

var (
	sumExpression      = regexp.MustCompile(`^sum by \(([a-z_]*)\) \((histogram_count\()?(increase|rate)\(\w+\{([^}]*)\}\[(\d+)ms\]\)\)?\)$`)
	quantileExpression = regexp.MustCompile(`^histogram_quantile\(([0-9.]+), sum by \((le)?(?:, )?([a-z_]*)\) \(increase\(\w+\{([^}]*)\}\[(\d+)ms\]\)\)\)$`)
	selectorExpression = regexp.MustCompile(`^(\w+)\{[^}]*\}$`)
)

func (p prometheus) At(_ context.Context, expression string, at time.Time) ([]promql.Sample, error) {
	if p.silent != nil {
		return nil, p.silent
	}
	if m := sumExpression.FindStringSubmatch(expression); m != nil {
		width := milliseconds(m[5])
		sums := p.increased(at, width, m[1], strings.Contains(m[4], "5.."), bounds.Fill)
		return vector(m[1], sums, func(h estimate.Histogram) float64 {
			if m[3] == "rate" {
				return h.Count / width.Seconds()
			}
			return h.Count
		}), nil
	}
	if m := quantileExpression.FindStringSubmatch(expression); m != nil {
		q, _ := strconv.ParseFloat(m[1], 64)
		if m[2] == "le" {
			return vector(m[3], p.increased(at, milliseconds(m[5]), m[3], false, bounds.Fill), func(h estimate.Histogram) float64 { return h.Linear(q) }), nil
		}
		return vector(m[3], p.increased(at, milliseconds(m[5]), m[3], false, schema.Fill), func(h estimate.Histogram) float64 { return h.Exponential(q) }), nil
	}
	if m := selectorExpression.FindStringSubmatch(expression); m != nil {
		return p.instant(m[1], at), nil
	}
	if strings.HasPrefix(expression, "sum(count_over_time(") {
		return []promql.Sample{{Value: 500}}, nil
	}
	return nil, fmt.Errorf("unknown expression %s", expression)
}

func (p prometheus) instant(metric string, at time.Time) (all []promql.Sample) {
	for of := range p.counted(at.Add(-p.ahead)) {
		switch {
		case metric == promBucket:
			atMost := 0.0
			held := p.held(of, at.Add(-p.ahead), bounds.Fill)
			for _, r := range held.Ranges {
				labels := of.labels()
				labels["le"] = strconv.FormatFloat(r.Upper, 'g', -1, 64)
				atMost += r.Count
				all = append(all, promql.Sample{Labels: labels, Value: atMost})
			}
		case metric == telemetry.MetricDuration && p.native:
			held := p.held(of, at.Add(-p.ahead), schema.Fill)
			h := &promql.Histogram{Count: held.Count}
			for _, r := range held.Ranges {
				h.Buckets = append(h.Buckets, promql.Bucket(r))
			}
			all = append(all, promql.Sample{Labels: of.labels(), Native: h})
		}
	}
	return all
}

func (p prometheus) held(of series, instant time.Time, fill func(exact.Durations) estimate.Histogram) estimate.Histogram {
	c := Counter{of.route, of.status, fill(p.counted(instant)[of])}
	if p.bent != nil {
		p.bent(&c)
	}
	return c.Held
}

// increased sums up the increase of each series, by a label.
func (p prometheus) increased(at time.Time, width time.Duration, by string, failed bool, fill func(exact.Durations) estimate.Histogram) map[string]estimate.Histogram {
	sums := map[string]estimate.Histogram{}
	for _, of := range p.all() {
		samples := p.samples(of, at.Add(-width), at)
		if len(samples) < 2 || failed && of.status[0] != '5' {
			continue
		}
		var h estimate.Histogram
		for i := 1; i < len(samples); i++ {
			now, before := p.held(of, samples[i].At.Add(-p.ahead), fill), p.held(of, samples[i-1].At.Add(-p.ahead), fill)
			if samples[i].Value >= samples[i-1].Value {
				now, _ = now.Minus(before)
			}
			h, _ = h.Plus(now)
		}
		factor := extrapolation(samples, h.Count, at.Add(-width), at)
		for i := range h.Ranges {
			h.Ranges[i].Count *= factor
		}
		h.Count *= factor
		key := of.labels()[by]
		sums[key], _ = sums[key].Plus(h)
	}
	return sums
}

// extrapolation is by what Prometheus multiplies what it saw between samples, to
// make up for the time to both ends of the range.
func extrapolation(samples []promql.Sample, seen float64, from, to time.Time) float64 {
	first, last := samples[0], samples[len(samples)-1]
	span := last.At.Sub(first.At).Seconds()
	mean := span / float64(len(samples)-1)
	start, end := first.At.Sub(from).Seconds(), to.Sub(last.At).Seconds()
	if start >= 1.1*mean {
		start = mean / 2
	}
	if seen > 0 && first.Value >= 0 {
		start = math.Min(start, span*first.Value/seen)
	}
	if end >= 1.1*mean {
		end = mean / 2
	}
	return (span + start + end) / span
}

func milliseconds(text string) time.Duration {
	n, _ := strconv.Atoi(text)
	return time.Duration(n) * time.Millisecond
}

func vector(by string, sums map[string]estimate.Histogram, value func(estimate.Histogram) float64) (all []promql.Sample) {
	for key, h := range sums {
		all = append(all, promql.Sample{Labels: map[string]string{by: key}, Value: value(h)})
	}
	slices.SortFunc(all, func(a, b promql.Sample) int { return strings.Compare(a.Labels[by], b.Labels[by]) })
	return all
}
