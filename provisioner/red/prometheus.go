package red

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/promql"
	"plumbline/provisioner/red/estimate"
	"plumbline/provisioner/red/exact"
)

// Querier asks Prometheus. It is *promql.Client, or the server of the tests.
type Querier interface {
	At(ctx context.Context, expression string, at time.Time) ([]promql.Sample, error)
	Samples(ctx context.Context, selector string, from, to time.Time) ([]promql.Sample, error)
	// Stored returns the samples and bytes of the metrics whose names match.
	Stored(ctx context.Context, names string, from, to time.Time) (samples, bytes int64, err error)
}

// Prometheus is the application's histograms in Prometheus: the classic ones, or
// the native ones.
type Prometheus struct {
	Query    Querier
	Native   bool
	Matchers string // which application, as in job="demo-app"; "" for the only one
}

// Name returns the name of the source.
func (p Prometheus) Name() string {
	if p.Native {
		return "Prometheus, native"
	}
	return "Prometheus, classic"
}

// Parts is Prometheus, which stores both kinds of histogram and more.
func (Prometheus) Parts() (own, shared []string) { return nil, []string{"prometheus"} }

// series selects the user-facing series of a metric.
func (p Prometheus) series(metric string, more ...string) string {
	var quoted []string
	for _, route := range telemetry.OperationalRoutes() {
		quoted = append(quoted, strings.ReplaceAll(route, ".", `\\.`))
	}
	matchers := append([]string{telemetry.LabelRoute + `!~"` + strings.Join(quoted, "|") + `"`}, more...)
	if p.Matchers != "" {
		matchers = append(matchers, p.Matchers)
	}
	return metric + "{" + strings.Join(matchers, ",") + "}"
}

const (
	promCount  = telemetry.MetricDuration + "_count"
	promBucket = telemetry.MetricDuration + "_bucket"
	promSum    = telemetry.MetricDuration + "_sum"
)

// counts returns the samples of the request counters: those of the classic
// histograms, or of the native ones where there are no others.
func (p Prometheus) counts(ctx context.Context, from, to time.Time) ([]promql.Sample, error) {
	samples, err := p.Query.Samples(ctx, p.series(promCount), from, to)
	if err != nil || len(samples) > 0 {
		return samples, err
	}
	if samples, err = p.Query.Samples(ctx, p.series(telemetry.MetricDuration), from, to); err != nil {
		return nil, err
	}
	for i, s := range samples {
		if s.Native != nil {
			samples[i].Value = s.Native.Count
		}
	}
	return samples, nil
}

// Scrapes returns the scrapes that reached the application.
func (p Prometheus) Scrapes(ctx context.Context, from, to time.Time) ([]Scrape, error) {
	counts, err := p.counts(ctx, from, to)
	if err != nil {
		return nil, err
	}
	target, err := only(counts)
	if err != nil || target == "" {
		return nil, err
	}
	starts, err := p.Query.Samples(ctx, processStart+target, from, to)
	if err != nil {
		return nil, err
	}
	took, err := p.Query.Samples(ctx, "scrape_duration_seconds"+target, from, to)
	if err != nil {
		return nil, err
	}
	at := map[int64]*Scrape{}
	for _, s := range starts {
		at[s.At.UnixMilli()] = &Scrape{At: s.At.UTC(), Process: time.UnixMilli(int64(s.Value * 1000)).UTC()}
	}
	for _, s := range took {
		if scrape := at[s.At.UnixMilli()]; scrape != nil {
			scrape.Took = duration(s.Value, time.Second)
		}
	}
	for _, s := range counts {
		if scrape := at[s.At.UnixMilli()]; scrape != nil {
			scrape.Total += s.Value
		}
	}
	var scrapes []Scrape
	for _, s := range at {
		scrapes = append(scrapes, *s)
	}
	slices.SortFunc(scrapes, func(a, b Scrape) int { return a.At.Compare(b.At) })
	return scrapes, nil
}

// only returns the matchers of the one target that the samples come from; "" if
// there are no samples.
func only(samples []promql.Sample) (string, error) {
	found := map[string]bool{}
	for _, s := range samples {
		found[fmt.Sprintf("{job=%q,instance=%q}", s.Labels["job"], s.Labels["instance"])] = true
	}
	if len(found) > 1 {
		var names []string
		for name := range found {
			names = append(names, name)
		}
		slices.Sort(names)
		return "", fmt.Errorf("it scrapes %d applications with %s: %s; choose one", len(found), telemetry.MetricDuration, strings.Join(names, " and "))
	}
	for name := range found {
		return name, nil
	}
	return "", nil
}

// errNotNative says what is missing when there are only classic histograms.
var errNotNative = errors.New("it has no native histogram of " + telemetry.MetricDuration + ": is scrape_native_histograms on in its scrape configuration?")

// Counters reads the histograms of one scrape.
func (p Prometheus) Counters(ctx context.Context, s Scrape) ([]Counter, error) {
	if p.Native {
		return p.natives(ctx, s)
	}
	samples, err := p.Query.At(ctx, p.series(promBucket), s.At)
	if err != nil {
		return nil, err
	}
	type series struct{ route, method, status string }
	atMost := map[series]map[float64]float64{}
	for _, sample := range samples {
		bound, err := strconv.ParseFloat(sample.Labels["le"], 64)
		if err != nil {
			return nil, fmt.Errorf("a bucket's bound is %q", sample.Labels["le"])
		}
		of := series{sample.Labels[telemetry.LabelRoute], sample.Labels[telemetry.LabelMethod], sample.Labels[telemetry.LabelStatus]}
		if atMost[of] == nil {
			atMost[of] = map[float64]float64{}
		}
		atMost[of][bound] = sample.Value
	}
	var all []Counter
	for of, counts := range atMost {
		held, err := classic(counts)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", of.route, err)
		}
		all = append(all, Counter{of.route, of.status, held})
	}
	return merged(all)
}

func (p Prometheus) natives(ctx context.Context, s Scrape) ([]Counter, error) {
	samples, err := p.Query.At(ctx, p.series(telemetry.MetricDuration), s.At)
	if err != nil {
		return nil, err
	}
	if len(samples) == 0 && s.Total > 0 {
		return nil, errNotNative
	}
	var all []Counter
	for _, sample := range samples {
		if sample.Native == nil {
			return nil, errNotNative
		}
		var ranges []estimate.Range
		for _, b := range sample.Native.Buckets {
			ranges = append(ranges, estimate.Range{Lower: b.Lower, Upper: b.Upper, Count: b.Count})
		}
		all = append(all, Counter{sample.Labels[telemetry.LabelRoute], sample.Labels[telemetry.LabelStatus], estimate.Native(ranges, sample.Native.Count)})
	}
	return merged(all)
}

// Measure counts between the scrapes that enclose the run, and asks what a
// dashboard would ask.
func (p Prometheus) Measure(ctx context.Context, run *exact.Run, patience Patience) (*Measurement, error) {
	c, err := await(ctx, p, run, patience)
	if err != nil {
		return nil, err
	}
	counted, err := count(ctx, p, c, run)
	if err != nil {
		return nil, err
	}
	shown, err := p.shown(ctx, c, run)
	if err != nil {
		return nil, err
	}
	begin := c.Begin().At.Add(-moment)
	samples, err := p.counts(ctx, begin, c.End().At)
	if err != nil {
		return nil, err
	}
	everything := func(map[string]string) bool { return true }
	failed := func(labels map[string]string) bool { return Counter{Status: labels[telemetry.LabelStatus]}.failed() }
	over, overErrors := c.increases(samples, begin, c.End().At, everything), c.increases(samples, begin, c.End().At, failed)
	from, to := c.span(run)
	in, within := c.inside(run), c.increases(samples, from, to, everything)
	m := &Measurement{Told: map[string]Told{}, Coverage: c}
	for route, n := range counted {
		told := Told{Requests: n.Requests.Count, Errors: n.Errors, Histogram: n.Requests, Shown: shown[route], Method: n.Requests.Bounds()}
		if p.Native {
			told.Method = n.Requests.Schema
		}
		told.Off, told.ErrorsOff = over[route].off(c.blind(route, false)), overErrors[route].off(c.blind(route, true))
		if in != nil {
			told.Rate = &Rate{Scrapes: len(in.Scrapes), Seen: within[route].seen, Added: within[route].added + within[route].back, Requests: requests(run, route), Rounding: moment.Seconds() / run.Seconds()}
		}
		m.Told[route] = told
	}
	m.Cost.Visible = c.visible(run.Requests, "until the next scrape has ended")
	m.Cost.Stored, err = p.stored(ctx, c, run)
	return m, err
}

// stored is the size of the chunks that hold the histograms, for the samples of
// the run.
func (p Prometheus) stored(ctx context.Context, c *Coverage, run *exact.Run) (*Stored, error) {
	names, what := []string{promBucket, promCount, promSum}, "samples of buckets, counts and sums"
	if p.Native {
		names, what = []string{telemetry.MetricDuration}, "native histograms"
	}
	samples, bytes, err := p.Query.Stored(ctx, strings.Join(names, "|"), c.Begin().At, c.End().At)
	if err != nil || samples == 0 {
		return nil, err
	}
	var each []string
	for _, name := range names {
		each = append(each, fmt.Sprintf("sum(count_over_time(%s[%dms]))", name, (c.Span()+moment).Milliseconds()))
	}
	inRun, err := p.Query.At(ctx, strings.Join(each, " + "), c.End().At)
	if err != nil || len(inRun) == 0 {
		return nil, err
	}
	// Whole chunks were counted, which may have begun before the run.
	mean := float64(bytes) / float64(samples)
	return &Stored{
		Bytes: mean * inRun[0].Value, PerRequest: mean * inRun[0].Value / float64(len(run.Requests)),
		Of: fmt.Sprintf("%s %s of %.1f bytes in the chunks, without index and write-ahead log", comma(inRun[0].Value), what, mean),
	}, nil
}
