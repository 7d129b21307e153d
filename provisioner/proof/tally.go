package proof

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/proof/raw"
)

// interval is where a number must lie, with both ends.
type interval struct{ low, high float64 }

// tally is how often something happened in a span: by the counters, and by the
// lines.
type tally struct {
	told        bool    // increase says something
	shown       float64 // by increase
	counted     float64 // by the samples themselves
	over, under float64 // by how much what is shown may be more than was counted, or less
	judged      bool
	lines       interval
}

// truth is what increase may show, by the lines.
func (t tally) truth() interval {
	return interval{max(t.lines.low-t.under, 0), t.lines.high + t.over}
}

func (t tally) minus(o tally) tally {
	return tally{
		told: t.told && o.told, shown: t.shown - o.shown, counted: t.counted - o.counted,
		over: t.over + o.under, under: t.under + o.over, judged: t.judged && o.judged, lines: t.lines,
	}
}

// pick is which of a source's series and lines are meant.
type pick struct {
	source dashboards.Source
	where  []dashboards.Condition
	label  string // that has to have the value; "" for all
	value  string
}

// and is the pick with one condition more.
func (k pick) and(c dashboards.Condition) pick {
	k.where = append(slices.Clone(k.where), c)
	return k
}

func timed(c dashboards.Condition) bool { return c.Field == telemetry.FieldEventDuration }

// fits reports that labels are those of the pick. Of durations they say nothing.
func (k pick) fits(label func(name string) string) (bool, error) {
	if k.label != "" && label(k.label) != k.value {
		return false, nil
	}
	for _, c := range k.where {
		if timed(c) || c.Exists && strings.HasPrefix(c.Field, telemetry.ScrapedMetric("")) { // whoever has the metric has it
			continue
		}
		name, known := k.source.Series.Labels[c.Field]
		if !known {
			return false, fmt.Errorf("no label is known for %s", c.Field)
		}
		if value := label(name); !holds(c, value) {
			return false, nil
		}
	}
	return true, nil
}

// holds evaluates a condition on the text of a label.
func holds(c dashboards.Condition, value string) bool {
	switch {
	case len(c.None) > 0:
		return !slices.Contains(c.None, value)
	case len(c.Is) > 0:
		return slices.Contains(c.Is, value)
	case c.Exists:
		return value != ""
	}
	n, err := strconv.ParseInt(value, 10, 64)
	return err == nil && n >= c.Min && (c.Below == 0 || n < c.Below)
}

// limits are the durations that are meant, in nanoseconds: above over and at most to;
// 0 is no limit.
func (k pick) limits() (over, to int64) {
	for _, c := range k.where {
		if timed(c) {
			over, to = max(c.Min-1, over), max(c.Below-1, to)
		}
	}
	return over, to
}

// find picks series of a metric.
func (w *watch) find(ctx context.Context, metric string, k pick) (some []raw.Series, err error) {
	all, err := w.read(ctx, metric, job(k.source))
	for _, s := range all {
		in, err := k.fits(func(name string) string { return s.Labels[name] })
		if err != nil {
			return nil, err
		}
		if in {
			some = append(some, s)
		}
	}
	return some, err
}

// values are those of a label among the series that are meant.
func (w *watch) values(ctx context.Context, metric, label string, k pick) ([]string, error) {
	some, err := w.find(ctx, metric, k)
	var values []string
	for _, s := range some {
		if v := s.Labels[label]; !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	slices.Sort(values)
	return values, err
}

// looks are the scrapes that a series comes from, if it is one of the service.
func (w *watch) looks(s raw.Series) raw.Looks { return w.targets[s.Labels["instance"]] }

// grown adds up counters.
func (w *watch) grown(ctx context.Context, metric string, k pick, in span, keep func(raw.Series) bool) (t tally, err error) {
	some, err := w.find(ctx, metric, k)
	for _, s := range some {
		if keep != nil && !keep(s) {
			continue
		}
		g, told, err := s.Grown(in.from, in.to, w.looks(s))
		if err != nil {
			return t, err
		}
		t.told = t.told || told
		t.shown, t.counted, t.over, t.under = t.shown+g.Shown(), t.counted+g.Counted(), t.over+g.Over(), t.under+g.Under()
	}
	return t, err
}

// requests counts the observations of a histogram, and the lines.
func (w *watch) requests(ctx context.Context, metric string, k pick, in span) (t tally, err error) {
	over, to := k.limits()
	bucket := func(bound int64) (tally, error) {
		return w.grown(ctx, metric+"_bucket", k, in, func(s raw.Series) bool {
			return nanoseconds(s.Labels["le"]) == bound
		})
	}
	if to == 0 {
		t, err = w.grown(ctx, metric+"_count", k, in, nil)
	} else {
		t, err = bucket(to)
	}
	if err == nil && over > 0 {
		var below tally
		if below, err = bucket(over); err == nil {
			t = t.minus(below)
		}
	}
	if err != nil {
		return t, err
	}
	f, judged, err := w.happened(k, in)
	t.judged, t.lines = judged, interval{float64(len(f.sure)), float64(len(f.sure) + len(f.perhaps))}
	return t, err
}

// happened are the lines that the counters of a span have counted; false if that
// cannot be told.
func (w *watch) happened(k pick, in span) (f found, judged bool, err error) {
	c, judged := covered(w.targets, in)
	if !judged || w.unjudged != "" {
		return f, false, nil
	}
	over, to := k.limits()
	for _, of := range w.lines.kinds() {
		in, err := k.fits(of.label)
		if err != nil {
			return f, false, err
		}
		if !in {
			continue
		}
		some := c.divide(w.lines.between(of, span{sooner(c.sure.from, c.most.from), later(c.sure.to, c.most.to)}))
		within := func(all []line) []line {
			if over == 0 && to == 0 {
				return all
			}
			return slices.DeleteFunc(all, func(l line) bool {
				return l.took.Nanoseconds() <= over || to > 0 && l.took.Nanoseconds() > to
			})
		}
		f.sure, f.perhaps = append(f.sure, within(some.sure)...), append(f.perhaps, within(some.perhaps)...)
	}
	return f, true, nil
}

// nanoseconds is the bound of a bucket; some versions of Prometheus write 1 as 1.0.
func nanoseconds(le string) int64 {
	seconds, err := strconv.ParseFloat(le, 64)
	if err != nil || math.IsInf(seconds, 1) {
		return -1
	}
	return int64(math.Round(seconds * 1e9))
}
