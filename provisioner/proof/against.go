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
)

// against holds the numbers of a panel against samples and lines.
type against struct {
	*watch
	panel   dashboards.Panel
	numbers map[place]float64

	found    []string
	compared int      // numbers that are what the samples give
	bounded  int      // of them, held against the lines
	lines    interval // how many there are
	why      string   // the lines are not compared; "" if they are
}

func (a *against) differ(format string, args ...any) {
	a.found = append(a.found, fmt.Sprintf(format, args...))
}

// all compares everything. A panel may have the line of the classic buckets besides.
func (a *against) all(ctx context.Context, extra bool) error {
	if a.why = a.unjudged; a.why == "" {
		if _, ok := covered(a.targets, a.whole()); !ok {
			a.why = "the service was not scraped in this range"
		}
	}
	parts, err := a.parts(ctx)
	if err != nil {
		return err
	}
	for _, g := range parts {
		if err := a.count(ctx, g); err != nil {
			return err
		}
	}
	known := map[place]bool{}
	for _, in := range a.moments() {
		for i, m := range a.panel.Measures {
			var all []wanted
			for _, g := range parts {
				e, err := a.expect(ctx, m, g.pick, in.span)
				if err != nil {
					return err
				}
				all = append(all, wanted{place{i, g.key, in.at}, e})
			}
			a.measure(all, known)
		}
		if !extra {
			continue
		}
		e, err := a.classic(ctx, a.panel.Source.Series.Metric, slices.MaxFunc(a.panel.Measures, byQuantile).Quantile, parts[0].pick, in.span)
		if err != nil {
			return err
		}
		a.measure([]wanted{{place{classic, "", in.at}, e}}, known)
	}
	var strange []string
	for of, v := range a.numbers {
		if !known[of] {
			strange = append(strange, fmt.Sprintf("%s: %v, and there is no such group or moment", a.name(of), v))
		}
	}
	slices.Sort(strange)
	a.found = append(a.found, strange...)
	return nil
}

func byQuantile(a, b dashboards.Measure) int {
	if a.Quantile < b.Quantile {
		return -1
	}
	return 1
}

// whole is the range.
func (a *against) whole() span { return span{a.scope.From, a.scope.To} }

// instant is what the numbers of one moment are about.
type instant struct {
	at int64
	span
}

func (a *against) moments() (all []instant) {
	if !overTime(a.panel) {
		return []instant{{0, a.whole()}}
	}
	for t := a.at.From; !t.After(a.at.To); t = t.Add(a.at.Step) {
		all = append(all, instant{t.UnixMilli(), span{t.Add(-a.at.RateInterval()), t}})
	}
	return all
}

// part is a group of the panel.
type part struct {
	key string
	pick
}

func (a *against) parts(ctx context.Context) (all []part, err error) {
	k := pick{source: a.panel.Source, where: a.panel.Source.Where}
	for field, value := range a.scope.Narrowed(a.panel.Source) {
		if _, known := k.source.Series.Labels[field]; known {
			k = k.and(dashboards.OneOf(field, value))
		}
	}
	switch by := a.panel.By; {
	case a.panel.Kind == dashboards.Heatmap: // its groups, each with those below it
		for _, b := range telemetry.DurationBounds() {
			all = append(all, part{boundary(fmt.Sprint(b)), k.and(upTo(b))})
		}
		return append(all, part{"+Inf", k}), nil
	case by.Field != "":
		metric, is := strings.CutPrefix(a.panel.Measures[0].Field, telemetry.ScrapedMetric(""))
		if !is {
			metric = k.source.Series.Metric + "_count"
		}
		label := k.source.Series.Labels[by.Field]
		values, err := a.values(ctx, metric, label, k)
		for _, value := range values {
			some := k
			some.label, some.value = label, value
			all = append(all, part{value, some})
		}
		return all, err
	}
	for _, g := range a.panel.By.Groups {
		all = append(all, part{g.Key, k.and(g.Where)})
	}
	if len(all) == 0 {
		all = []part{{"", k}}
	}
	return all, nil
}

// count holds what the counters of a group counted in the whole range against the
// lines.
func (a *against) count(ctx context.Context, g part) error {
	if !a.ofRequests() || a.why != "" {
		return nil
	}
	t, err := a.requests(ctx, telemetry.MetricDuration, g.pick, a.whole())
	if err != nil {
		return err
	}
	if a.panel.Kind != dashboards.Heatmap || g.key == "+Inf" {
		a.lines = interval{a.lines.low + t.lines.low, a.lines.high + t.lines.high}
	}
	if !t.lines.holds(t.counted) {
		a.differ("%s: %v requests in the counters, %s in the lines", strings.TrimSpace("of all "+g.key), t.counted, t.lines)
	}
	return nil
}

// wanted is a number that has to be shown.
type wanted struct {
	place
	expected
}

// measure holds the numbers of one measure and moment against what they have to be.
// A panel that shows just some groups has to show the largest.
func (a *against) measure(all []wanted, known map[place]bool) {
	show, missing, least := len(all), 0, math.Inf(1)
	if a.panel.Kind == dashboards.Bars && a.panel.Show > 0 {
		show = a.panel.Show
	}
	var hidden []wanted
	for _, e := range all {
		known[e.place] = true
		if v, is := a.numbers[e.place]; is {
			least = min(least, v)
			a.number(e, v)
		} else if e.value != nil {
			missing++
			hidden = append(hidden, e)
		}
	}
	may := max(len(all)-show, 0)
	for _, e := range hidden {
		if missing > may || e.value.low > least*(1+digits) {
			a.differ("%s: nothing, want %s", a.name(e.place), *e.value)
		}
	}
}

func (a *against) number(e wanted, got float64) {
	a.compared++
	switch {
	case e.value == nil:
		a.differ("%s: %v, want nothing: there are no samples", a.name(e.place), got)
	case !e.value.holds(got):
		a.differ("%s: %v, want %s by the samples", a.name(e.place), got, *e.value)
	case e.truth == nil || a.why != "":
	case !e.truth.holds(got):
		a.differ("%s: %v, want %s by the lines", a.name(e.place), got, *e.truth)
	default:
		a.bounded++
	}
}

// name is how a difference calls a number.
func (a *against) name(of place) string {
	label := "classic buckets"
	if of.measure != classic {
		label = a.panel.Measures[of.measure].Label
	}
	words := strings.TrimSpace(of.group + " " + label)
	if of.at != 0 {
		words += " at " + clock(time.UnixMilli(of.at))
	}
	return words
}

// holds reports a number that lies in the interval, to the digits that arithmetic
// with fractions has.
func (i interval) holds(v float64) bool {
	slack := digits * max(math.Abs(v), 1)
	return v >= i.low-slack && v <= i.high+slack
}

func (i interval) String() string {
	if i.low == i.high {
		return fmt.Sprint(i.low)
	}
	return fmt.Sprintf("%v to %v", i.low, i.high)
}
