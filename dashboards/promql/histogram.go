package promql

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
)

// observed asks a histogram, which has one observation for each document: its
// count, its classic buckets, or the native histogram.
func (a asker) observed(m dashboards.Measure, where []dashboards.Condition, by string) (string, error) {
	count := func(function string, where []dashboards.Condition) (string, error) {
		return a.counted(function, where, by)
	}
	switch m.Op {
	case dashboards.OpCount:
		return count("increase", where)
	case dashboards.OpRate:
		return count("rate", where)
	case dashboards.OpRatio, dashboards.OpBurn, dashboards.OpLeft:
		all, err := count("rate", where)
		if err != nil {
			return "", err
		}
		part, err := count("rate", append(where[:len(where):len(where)], m.Where))
		if err != nil {
			return "", err
		}
		// A status that nobody was given has no series: then the share is 0. Where
		// nothing was asked there is none.
		ratio := fmt.Sprintf("((%s) or 0 * (%s)) / ((%s) > 0)", part, all, all)
		switch m.Op {
		case dashboards.OpBurn:
			return ratio + " / " + number(m.Budget), nil
		case dashboards.OpLeft:
			return "1 - " + ratio + " / " + number(m.Budget), nil
		}
		return ratio, nil
	case dashboards.OpPercentile, dashboards.OpMean, dashboards.OpSum:
		if m.Field != telemetry.FieldEventDuration {
			return "", fmt.Errorf("the histogram is not of %s", m.Field)
		}
		s, err := a.selector(where)
		if err != nil {
			return "", err
		}
		if s.limited() {
			return "", fmt.Errorf("of durations within limits only their count is known")
		}
		native := a.panel.Source.Series.Metric + s.text() + "[" + a.window + "]"
		switch m.Op {
		case dashboards.OpPercentile:
			return "histogram_quantile(" + number(m.Quantile) + ", " + aggregate("sum", by, "rate("+native+")") + ")", nil
		case dashboards.OpMean:
			return "histogram_avg(" + aggregate("sum", by, "rate("+native+")") + ")", nil
		}
		return "histogram_sum(" + aggregate("sum", by, "increase("+native+")") + ")", nil
	}
	return "", fmt.Errorf("no %s of a histogram", m.Op)
}

// counted is the rate or the increase of observations for which all conditions
// hold. Limits of the duration are bounds of classic buckets.
func (a asker) counted(function string, where []dashboards.Condition, by string) (string, error) {
	s, err := a.selector(where)
	if err != nil {
		return "", err
	}
	of := func(suffix, more string) string {
		return aggregate("sum", by, function+"("+a.panel.Source.Series.Metric+suffix+s.with(more)+"["+a.window+"])")
	}
	expr := of("_count", "")
	if s.to != "" {
		expr = of("_bucket", s.to)
	}
	if s.over != "" {
		expr += " - " + of("_bucket", s.over)
	}
	return expr, nil
}

// selector are the matchers of a question, and the bounds of the durations.
type selector struct {
	matchers []string
	over, to string // matchers of the buckets to leave out and to take; "" for all
}

func (s selector) limited() bool { return s.over != "" || s.to != "" }

func (s selector) text() string { return s.with("") }

func (s selector) with(more string) string {
	matchers := s.matchers
	if more != "" {
		matchers = append(matchers[:len(matchers):len(matchers)], more)
	}
	return "{" + strings.Join(matchers, ",") + "}"
}

// selector turns conditions into matchers, besides those that are always there.
func (a asker) selector(where []dashboards.Condition) (selector, error) {
	s := selector{matchers: []string{fmt.Sprintf("job=~%q", a.job())}}
	labels := a.panel.Source.Series.Labels
	for _, field := range a.panel.Source.Narrow {
		if value, narrowed := a.in.Only[field]; narrowed && labels[field] != "" {
			s.matchers = append(s.matchers, fmt.Sprintf("%s=~%q", labels[field], value))
		}
	}
	for _, c := range where {
		label := labels[c.Field]
		switch {
		case c.Field == telemetry.FieldEventDuration && a.panel.Source.Series.Form == dashboards.Histogram:
			if err := s.limit(c); err != nil {
				return s, err
			}
		case label == "":
			return s, fmt.Errorf("no label for %s", c.Field)
		case len(c.None) > 0:
			s.matchers = append(s.matchers, fmt.Sprintf("%s!~%q", label, alternatives(c.None)))
		case len(c.Is) > 0:
			s.matchers = append(s.matchers, fmt.Sprintf("%s=~%q", label, alternatives(c.Is)))
		case c.Exists:
			s.matchers = append(s.matchers, label+`!=""`)
		default:
			classes, err := hundreds(c.Min, c.Below)
			if err != nil {
				return s, fmt.Errorf("%s: %w", c.Field, err)
			}
			s.matchers = append(s.matchers, fmt.Sprintf("%s=~%q", label, classes))
		}
	}
	return s, nil
}

// job is whose series are meant: what the stack says of itself comes from others.
func (a asker) job() string {
	if a.panel.Source.Stream == telemetry.StreamOwn {
		return "board|canary"
	}
	if a.in.Job == "" {
		return DefaultJob
	}
	return a.in.Job
}

// limit takes a condition on the duration, in nanoseconds, as bounds of buckets.
func (s *selector) limit(c dashboards.Condition) error {
	if c.Min > 0 {
		le, err := bound(c.Min - 1) // a bound belongs to the bucket below
		if err != nil {
			return err
		}
		s.over = le
	}
	if c.Below > 0 {
		le, err := bound(c.Below - 1)
		if err != nil {
			return err
		}
		s.to = le
	}
	return nil
}

// bound is the matcher of the classic bucket with an upper bound. Some versions of
// Prometheus write 1 as 1.0.
func bound(nanoseconds int64) (string, error) {
	for _, b := range telemetry.DurationBounds() {
		if int64(math.Round(b*1e9)) != nanoseconds {
			continue
		}
		text := number(b)
		if b == math.Trunc(b) {
			return fmt.Sprintf("le=~%q", text+"|"+text+`\.0`), nil
		}
		return fmt.Sprintf("le=%q", text), nil
	}
	return "", fmt.Errorf("%d ns is no bound of the classic buckets", nanoseconds)
}

// hundreds is a regular expression of the three-digit numbers in [min, below).
func hundreds(min, below int64) (string, error) {
	if below == 0 {
		below = 1000
	}
	if min%100 != 0 || below%100 != 0 || min >= below || below > 1000 {
		return "", fmt.Errorf("%d to %d are no whole hundreds", min, below)
	}
	if low, high := min/100, below/100-1; low < high {
		return fmt.Sprintf("[%d-%d]..", low, high), nil
	}
	return fmt.Sprintf("%d..", min/100), nil
}

// alternatives is a regular expression of values.
func alternatives(values []string) string {
	escaped := make([]string, len(values))
	for i, v := range values {
		escaped[i] = quoted(v)
	}
	return strings.Join(escaped, "|")
}

// quoted is a regular expression of one value. A path needs no more than this, and
// stays readable.
func quoted(value string) string {
	return strings.NewReplacer(`\`, `\\`, ".", `\.`, "{", `\{`, "}", `\}`, "+", `\+`, "*", `\*`, "?", `\?`, "(", `\(`, ")", `\)`, "[", `\[`, "]", `\]`, "|", `\|`, "^", `\^`, "$", `\$`).Replace(value)
}

// number writes a number without the noise of binary fractions: 1 - 0.999 is 0.001.
func number(v float64) string {
	short, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 12, 64), 64)
	return strconv.FormatFloat(short, 'f', -1, 64)
}

// bands reports whether the panel's groups are the classic buckets, one by one.
func (a asker) bands() bool {
	bounds := telemetry.DurationBounds()
	if a.panel.Source.Series.Form != dashboards.Histogram || len(a.panel.By.Groups) != len(bounds)+1 {
		return false
	}
	return !slices.ContainsFunc(a.panel.By.Groups, func(g dashboards.Group) bool {
		return g.Where.Field != telemetry.FieldEventDuration || (&selector{}).limit(g.Where) != nil
	})
}

// heatmap asks for all bands at once.
func (a asker) heatmap() ([]Query, error) {
	m := a.panel.Measures[0]
	if m.Op != dashboards.OpCount {
		return nil, fmt.Errorf("no %s in bands", m.Op)
	}
	s, err := a.selector(a.panel.Source.Where)
	if err != nil {
		return nil, err
	}
	expr := aggregate("sum", "le", "increase("+a.panel.Source.Series.Metric+"_bucket"+s.text()+"["+a.window+"])")
	return []Query{{By: "le", Label: m.Label, Expr: expr, Unit: unit(m), Buckets: true}}, nil
}

// Classic is the largest percentile of a panel over time once more, out of the
// classic buckets: blind between their bounds, but Prometheus keeps a request of
// each as an example. There is none for other panels.
func Classic(p dashboards.Panel, in In) (q Query, there bool, err error) {
	i := -1
	for j, m := range p.Measures {
		if m.Op == dashboards.OpPercentile && (i < 0 || m.Quantile > p.Measures[i].Quantile) {
			i = j
		}
	}
	if i < 0 || p.Kind != dashboards.TimeSeries || p.Source.Series.Form != dashboards.Histogram || p.By.Field != "" || len(p.By.Groups) > 0 {
		return q, false, nil
	}
	a := asker{panel: p, in: in, overTime: true, window: in.Step}
	s, err := a.selector(p.Source.Where)
	if err != nil || s.limited() {
		return q, false, err
	}
	m := p.Measures[i]
	expr := "histogram_quantile(" + number(m.Quantile) + ", " + aggregate("sum", "le", "rate("+p.Source.Series.Metric+"_bucket"+s.text()+"["+a.window+"])") + ")"
	return Query{Measure: i, Label: m.Label + ", classic buckets", Expr: expr, Unit: unit(m)}, true, nil
}
