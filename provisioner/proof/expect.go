package proof

import (
	"context"
	"fmt"
	"math"
	"strings"

	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/proof/raw"
	"plumbline/provisioner/red/estimate"
)

// expected is what a panel has to show for one measure, at one moment, of one group.
type expected struct {
	value *interval // by the samples: one number, unless digits decide; nil for none
	truth *interval // by the lines; nil where they say nothing
}

// exactly is a number that the samples give.
func exactly(v float64) *interval {
	if math.IsNaN(v) {
		return nil
	}
	return &interval{v, v}
}

// expect works out a measure over a span, from the model and not from what was
// rendered.
func (w *watch) expect(ctx context.Context, m dashboards.Measure, k pick, in span) (expected, error) {
	if k.source.Series.Form == dashboards.Scraped {
		return w.expectScraped(ctx, m, k, in)
	}
	metric, seconds := k.source.Series.Metric, in.to.Sub(in.from).Seconds()
	switch m.Op {
	case dashboards.OpCount:
		t, err := w.requests(ctx, metric, k, in)
		return t.expected(1), err
	case dashboards.OpRate:
		t, err := w.requests(ctx, metric, k, in)
		return t.expected(seconds), err
	case dashboards.OpRatio, dashboards.OpBurn, dashboards.OpLeft:
		all, err := w.requests(ctx, metric, k, in)
		if err != nil {
			return expected{}, err
		}
		part, err := w.requests(ctx, metric, k.and(m.Where), in)
		return share(m, part, all), err
	case dashboards.OpPercentile:
		return w.quantile(ctx, metric, m.Quantile, k, in)
	}
	return expected{}, fmt.Errorf("no %s of a histogram", m.Op)
}

// expected is the number, by so many seconds.
func (t tally) expected(seconds float64) (e expected) {
	if !t.told {
		return e
	}
	e.value = exactly(t.shown / seconds)
	if t.judged {
		truth := t.truth()
		e.truth = &interval{truth.low / seconds, truth.high / seconds}
	}
	return e
}

// share is a part of all, or what a budget makes of that. There is none of nothing.
func share(m dashboards.Measure, part, all tally) (e expected) {
	of := func(ratio float64) float64 {
		switch m.Op {
		case dashboards.OpBurn:
			return ratio / m.Budget
		case dashboards.OpLeft:
			return 1 - ratio/m.Budget
		}
		return ratio
	}
	if !all.told || all.shown <= 0 {
		return e
	}
	if !part.told {
		part.shown = 0
	}
	e.value = exactly(of(part.shown / all.shown))
	if !all.judged || !part.judged {
		return e
	}
	some, whole := part.truth(), all.truth()
	low, high := of(0), of(1)
	if whole.high > 0 {
		low = of(some.low / whole.high)
	}
	if whole.low > 0 {
		high = of(min(some.high/whole.low, 1))
	}
	e.truth = &interval{min(low, high), max(low, high)}
	return e
}

// digits is how exact a rank is that is worked out with fractions.
const digits = 1e-9

// quantile works out a quantile of native histograms.
func (w *watch) quantile(ctx context.Context, metric string, q float64, k pick, in span) (e expected, err error) {
	some, err := w.find(ctx, metric, k)
	if err != nil {
		return e, err
	}
	var sum estimate.Histogram
	off := 0.0
	for _, s := range some {
		g, told, err := s.Grown(in.from, in.to, w.looks(s))
		if err == nil && told {
			sum, err = sum.Plus(g.Scaled())
		}
		if err != nil {
			return e, err
		}
		off += g.Over() + g.Under()
	}
	if sum.Count <= 0 {
		return e, nil
	}
	e.value = &interval{sum.Exponential(max(q-digits, 0)), sum.Exponential(min(q+digits, 1))}
	f, judged, err := w.happened(k, in)
	if judged && err == nil {
		e.truth = bound(sum.Schema, q, f, off)
	}
	return e, err
}

// classic works out a quantile of the classic buckets.
func (w *watch) classic(ctx context.Context, metric string, q float64, k pick, in span) (e expected, err error) {
	bounds := estimate.Buckets(telemetry.DurationBounds())
	atMost := make([]float64, len(bounds))
	for i, b := range bounds {
		t, err := w.requests(ctx, metric, k.and(upTo(b)), in)
		if err != nil {
			return e, err
		}
		atMost[i] = t.shown
	}
	all, err := w.grown(ctx, metric+"_bucket", k, in, func(s raw.Series) bool { return s.Labels["le"] == "+Inf" })
	if err != nil || !all.told || all.shown <= 0 {
		return e, err
	}
	h := estimate.Classic(bounds, atMost, all.shown)
	e.value = &interval{h.Linear(max(q-digits, 0)), h.Linear(min(q+digits, 1))}
	f, judged, err := w.happened(k, in)
	if judged && err == nil {
		e.truth = bound(bounds, q, f, all.over+all.under)
	}
	return e, err
}

// upTo holds for durations of at most so many seconds.
func upTo(seconds float64) dashboards.Condition {
	return dashboards.Between(telemetry.FieldEventDuration, 0, int64(math.Round(seconds*1e9))+1)
}

// bound is where a quantile must lie: in the bucket of a duration that has the rank,
// or of one that could have it, given the requests of which nobody knows whether they
// were counted, and those that extrapolation makes up.
func bound(method estimate.Method, q float64, f found, off float64) *interval {
	d := f.durations()
	if len(d) == 0 {
		return nil
	}
	unsure := (float64(len(f.perhaps)) + off) / float64(len(d))
	low, high := estimate.Slack(q, unsure, unsure)
	b := method.Bound(d, max(low-digits, 0), min(high+digits, 1))
	return &interval{b.Low.Seconds(), b.High.Seconds()}
}

// expectScraped works out a measure of a metric that the measure's field names.
func (w *watch) expectScraped(ctx context.Context, m dashboards.Measure, k pick, in span) (e expected, err error) {
	metric, is := strings.CutPrefix(m.Field, telemetry.ScrapedMetric(""))
	if !is {
		return e, fmt.Errorf("%s is no metric", m.Field)
	}
	if m.Op == dashboards.OpIncrease || m.Op == dashboards.OpSpeed {
		t, err := w.counter(ctx, metric, k, in)
		if m.Op == dashboards.OpSpeed {
			return t.expected(in.to.Sub(in.from).Seconds()), err
		}
		return t.expected(1), err
	}
	some, err := w.find(ctx, metric, k)
	sum, n := 0.0, 0
	for _, s := range some {
		read := map[dashboards.Op]func(raw.Series) (float64, bool){
			dashboards.OpMax:  func(s raw.Series) (float64, bool) { return s.Max(in.from, in.to) },
			dashboards.OpLast: func(s raw.Series) (float64, bool) { return s.Last(in.from, in.to) },
			dashboards.OpMean: func(s raw.Series) (float64, bool) { return s.Mean(in.from, in.to) },
		}[m.Op]
		if read == nil {
			return e, fmt.Errorf("no %s of a scraped metric", m.Op)
		}
		v, any := read(s)
		switch {
		case !any:
		case m.Op == dashboards.OpMean:
			sum, n = sum+v, n+1
			e.value = exactly(sum / float64(n))
		case e.value == nil || v > e.value.high:
			e.value = exactly(v)
		}
	}
	return e, err
}

// counter is a counter's tally: the lines know of requests alone.
func (w *watch) counter(ctx context.Context, metric string, k pick, in span) (tally, error) {
	if histogram, is := strings.CutSuffix(metric, "_count"); is && histogram == telemetry.MetricDuration {
		return w.requests(ctx, histogram, k, in)
	}
	return w.grown(ctx, metric, k, in, nil)
}
