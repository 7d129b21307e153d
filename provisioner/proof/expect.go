package proof

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

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
	least, off := 0.0, 0.0 // each bucket is a counter of its own, and may be off otherwise than the next
	for i, b := range bounds {
		t, err := w.requests(ctx, metric, k.and(upTo(b)), in)
		if err != nil {
			return e, err
		}
		least, off = max(least, t.shown), max(off, t.over+t.under)
		atMost[i] = least // as Prometheus has it: no bucket holds less than those below
	}
	all, err := w.grown(ctx, metric+"_bucket", k, in, func(s raw.Series) bool { return s.Labels["le"] == "+Inf" })
	if err != nil || !all.told {
		return e, err
	}
	least, off = max(least, all.shown), max(off, all.over+all.under)
	if least <= 0 {
		return e, nil
	}
	h := estimate.Classic(bounds, atMost, least)
	e.value = &interval{h.Linear(max(q-digits, 0)), h.Linear(min(q+digits, 1))}
	f, judged, err := w.happened(k, in)
	if judged && err == nil {
		e.truth = bound(bounds, q, f, 2*off) // the bucket's count may be off, and that of all
	}
	return e, err
}

// upTo holds for durations of at most so many seconds.
func upTo(seconds float64) dashboards.Condition {
	return dashboards.Between(telemetry.FieldEventDuration, 0, int64(math.Round(seconds*1e9))+1)
}

// bound is where a quantile must lie: in the bucket of a duration that has the rank,
// or of one that could have it, given the requests of which nobody knows whether they
// were counted, and by how much counters are off what was counted. Where that is more
// than there are above the quantile, or below it, nothing limits it there: what is
// made up may lie in a bucket in which nothing was.
func bound(method estimate.Method, q float64, f found, off float64) *interval {
	d := f.durations()
	if len(d) == 0 {
		return nil
	}
	unsure := (float64(len(f.perhaps))+off)/float64(len(d)) + digits
	b := method.Bound(d, max(q-unsure, 0), min(q+unsure, 1))
	limits := interval{b.Low.Seconds(), b.High.Seconds()}
	if q < unsure {
		limits.low = 0
	}
	if q+unsure > 1 {
		limits.high = math.Inf(1)
	}
	return &limits
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
	read := map[dashboards.Op]func(raw.Series, time.Time, time.Time) (float64, bool){
		dashboards.OpMax: raw.Series.Max, dashboards.OpLast: raw.Series.Last, dashboards.OpMean: raw.Series.Mean,
	}[m.Op]
	if read == nil {
		return e, fmt.Errorf("no %s of a scraped metric", m.Op)
	}
	some, err := w.find(ctx, metric, k)
	var values []float64
	for _, s := range some {
		if v, any := read(s, in.from, in.to); any {
			values = append(values, v)
		}
	}
	switch {
	case len(values) == 0:
	case m.Op == dashboards.OpMean:
		sum := 0.0
		for _, v := range values {
			sum += v
		}
		e.value = exactly(sum / float64(len(values)))
	default: // of several series the largest
		e.value = exactly(slices.Max(values))
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
