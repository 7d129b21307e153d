// Package promql says what a panel asks Prometheus, where that has the panel's
// signal. A question follows from the panel as its Elasticsearch query does: the
// same conditions as matchers, the same groups as labels, the same measures. What
// counters and buckets cannot know, a single request or a load run, is not asked.
//
// It talks to nobody and knows no front end: windows and the values that a panel is
// narrowed to are given by whoever asks, and may be variables of a front end.
package promql

import (
	"fmt"
	"strconv"
	"strings"

	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
)

// In is what a panel is asked about.
type In struct {
	Range string            // length of the whole range, as 900s: for panels that show one value
	Step  string            // window of one point in time, at least two scrapes: for panels over time
	Job   string            // regular expression of the service's job; "" for DefaultJob
	Only  map[string]string // regular expression by field, where a panel can be narrowed by it
}

// DefaultJob is the job of the service in prometheus/targets.
const DefaultJob = "demo-app"

// Of asks about a scope. A scope's run narrows nothing: no series knows it.
func Of(s dashboards.Scope) In {
	in := In{Range: seconds(s.To.Sub(s.From).Seconds()), Step: seconds(max(s.Step().Seconds(), shortest)), Only: map[string]string{}}
	for field, value := range s.Only {
		in.Only[field] = quoted(value)
	}
	return in
}

// shortest is the shortest window that is sure to hold two scrapes, in seconds.
const shortest = 15

func seconds(s float64) string { return strconv.FormatFloat(s, 'f', -1, 64) + "s" }

// Query is one question.
type Query struct {
	Measure int             // which measure of the panel it answers
	Group   string          // of a panel with named groups: which of them
	By      string          // label whose values are the groups; "" for none
	Label   string          // what to call its series: the measure, or the group
	Expr    string          // PromQL
	Unit    dashboards.Unit // of the answer: seconds where Elasticsearch has nanoseconds

	// Instant: to be asked once, at the end of the range; otherwise at each point in time.
	Instant bool
	// Buckets: the values of By are the upper bounds of cumulative buckets.
	Buckets bool
}

// Queries are what a panel asks Prometheus, in the order of its measures; none
// where Prometheus does not have its signal.
func Queries(p dashboards.Panel, in In) ([]Query, error) {
	if !p.Source.Counterpart() || p.Kind == dashboards.Note || p.Kind == dashboards.Lines {
		return nil, nil
	}
	a := asker{panel: p, in: in, overTime: p.Kind == dashboards.TimeSeries || p.Kind == dashboards.Heatmap}
	if a.window = in.Range; a.overTime {
		a.window = in.Step
	}
	queries, err := a.queries()
	if err != nil {
		return nil, fmt.Errorf("panel %s: PromQL: %w", p.ID, err)
	}
	return queries, nil
}

// asker writes the questions of one panel.
type asker struct {
	panel    dashboards.Panel
	in       In
	window   string
	overTime bool
}

func (a asker) queries() ([]Query, error) {
	by, err := a.by()
	if err != nil {
		return nil, err
	}
	if a.panel.Kind == dashboards.Heatmap && a.bands() {
		return a.heatmap()
	}
	var all []Query
	for i, m := range a.panel.Measures {
		groups := a.panel.By.Groups
		if len(groups) == 0 {
			groups = []dashboards.Group{{}}
		}
		for _, g := range groups {
			where := a.panel.Source.Where
			if g.Key != "" {
				where = append(where[:len(where):len(where)], g.Where)
			}
			expr, err := a.measure(m, where, by)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", m.Label, err)
			}
			q := Query{Measure: i, Group: g.Key, By: by, Label: m.Label, Expr: expr, Unit: unit(m), Instant: !a.overTime}
			if g.Key != "" {
				q.Label = g.Key
			}
			all = append(all, q)
		}
	}
	return all, nil
}

// unit is that of the answer: durations are seconds in Prometheus.
func unit(m dashboards.Measure) dashboards.Unit {
	if m.Unit == dashboards.UnitNanoseconds {
		return dashboards.UnitSeconds
	}
	return m.Unit
}

// by is the label of the panel's groups.
func (a asker) by() (string, error) {
	if a.panel.By.Field == "" {
		return "", nil
	}
	label, there := a.panel.Source.Series.Labels[a.panel.By.Field]
	if !there {
		return "", fmt.Errorf("no label for %s", a.panel.By.Field)
	}
	return label, nil
}

func (a asker) measure(m dashboards.Measure, where []dashboards.Condition, by string) (string, error) {
	if a.panel.Source.Series.Form == dashboards.Scraped {
		return a.scraped(m, where, by)
	}
	return a.observed(m, where, by)
}

// scraped asks for a metric that the measure's field names.
func (a asker) scraped(m dashboards.Measure, where []dashboards.Condition, by string) (string, error) {
	metric, is := strings.CutPrefix(m.Field, telemetry.ScrapedMetric(""))
	if !is {
		return "", fmt.Errorf("%s is no metric", m.Field)
	}
	var left []dashboards.Condition
	for _, c := range where {
		if !c.Exists || !strings.HasPrefix(c.Field, telemetry.ScrapedMetric("")) { // it has that metric: so it does
			left = append(left, c)
		}
	}
	s, err := a.selector(left)
	if err != nil {
		return "", err
	}
	series := metric + s.text() + "[" + a.window + "]"
	switch m.Op {
	case dashboards.OpMax:
		return aggregate("max", by, "max_over_time("+series+")"), nil
	case dashboards.OpLast:
		return aggregate("max", by, "last_over_time("+series+")"), nil
	case dashboards.OpMean:
		return aggregate("avg", by, "avg_over_time("+series+")"), nil
	case dashboards.OpIncrease:
		return aggregate("sum", by, "increase("+series+")"), nil
	case dashboards.OpSpeed:
		return aggregate("sum", by, "rate("+series+")"), nil
	}
	return "", fmt.Errorf("no %s of a scraped metric", m.Op)
}

func aggregate(op, by, expr string) string {
	if by != "" {
		op += " by (" + by + ") "
	}
	return op + "(" + expr + ")"
}
