package panels

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"plumbline/dashboards"
)

// Differences are in what a drawn panel differs from the model's result: numbers,
// groups, points, lines.
func Differences(p dashboards.Panel, s dashboards.Scope, want dashboards.Result, got Drawn) []string {
	c := comparison{panel: p, scope: s}
	switch p.Kind {
	case dashboards.Stat:
		if len(got.Series) != 1 || len(want.Rows) != 1 {
			return []string{fmt.Sprintf("%d numbers for %d rows", len(got.Series), len(want.Rows))}
		}
		value := got.Series[0].Points[0].Value
		if want.Documents == 0 && value != nil && *value == 0 { // Grafana shows a sum of nothing as 0
			value = nil
		}
		c.value(p.Title, want.Rows[0].Cells[0].Value, value)
	case dashboards.TimeSeries:
		c.overTime(want, got)
	case dashboards.Bars, dashboards.Table:
		c.rows(want, got)
	case dashboards.Lines:
		c.lines(want, got)
	default:
		c.differ("no way to compare a %s", p.Kind)
	}
	return c.found
}

type comparison struct {
	panel dashboards.Panel
	scope dashboards.Scope
	found []string
}

func (c *comparison) differ(format string, args ...any) {
	c.found = append(c.found, fmt.Sprintf(format, args...))
}

func text(v *float64) string {
	if v == nil {
		return "nothing"
	}
	return fmt.Sprint(*v)
}

func (c *comparison) value(what string, want, got *float64) {
	if (want == nil) != (got == nil) || want != nil && math.Abs(*want-*got) > 1e-9*math.Max(1, math.Abs(*want)) {
		c.differ("%s: %s, want %s", what, text(got), text(want))
	}
}

// overTime compares every point of every series.
func (c *comparison) overTime(want dashboards.Result, got Drawn) {
	if n := len(want.Rows) * len(c.panel.Measures); len(got.Series) != n {
		c.differ("%d series, want %d", len(got.Series), n)
		return
	}
	for i, m := range c.panel.Measures {
		for _, row := range want.Rows {
			name := strings.TrimSpace(row.Key + " " + m.Label)
			s := got.Series[i]
			if c.panel.By.Field != "" {
				j := slices.IndexFunc(got.Series, func(s Series) bool { return s.Labels[c.panel.By.Field] == row.Key })
				if j < 0 {
					c.differ("%s is missing", name)
					continue
				}
				s = got.Series[j]
			}
			points := map[time.Time]*float64{}
			for _, p := range s.Points {
				points[p.Time] = p.Value
			}
			for j, at := range want.Times {
				expected := row.Points[i][j].Value
				if expected != nil && (m.Op == dashboards.OpRate || m.Op == dashboards.OpSpeed) {
					whole := *expected * c.covered(at, want.Step) // the model divides by the part of the bucket that is in its range
					expected = &whole
				}
				if m.Op == dashboards.OpSpeed && j == 0 { // nothing is before the first
					expected = nil
				}
				if expected != nil && *expected == 0 && points[at] == nil { // no document of this group
					continue
				}
				if shown := points[at]; expected == nil && m.Op == dashboards.OpSum && shown != nil && *shown == 0 { // Grafana shows a sum of nothing as 0
					delete(points, at)
					continue
				}
				c.value(fmt.Sprintf("%s at %s", name, at.Format(time.TimeOnly)), expected, points[at])
				delete(points, at)
			}
			for at, v := range points {
				if v != nil && *v != 0 {
					c.differ("%s at %s: %s, want no point", name, at.Format(time.TimeOnly), text(v))
				}
			}
		}
	}
}

// covered is the share of a bucket that is in the scope.
func (c *comparison) covered(at time.Time, step time.Duration) float64 {
	from, to := at, at.Add(step)
	if from.Before(c.scope.From) {
		from = c.scope.From
	}
	if to.After(c.scope.To) {
		to = c.scope.To
	}
	return to.Sub(from).Seconds() / step.Seconds()
}

func (c *comparison) rows(want dashboards.Result, got Drawn) {
	if len(got.Rows) != len(want.Rows) {
		c.differ("%d rows, want %d", len(got.Rows), len(want.Rows))
	}
	key := slices.Index(got.Columns, c.panel.By.Label)
	if key < 0 {
		c.differ("no column %s: %q", c.panel.By.Label, got.Columns)
		return
	}
	for _, row := range want.Rows {
		i := slices.IndexFunc(got.Rows, func(r []any) bool { return r[key] == row.Key })
		if i < 0 {
			c.differ("%s is missing", row.Key)
			continue
		}
		for j, m := range c.panel.Measures {
			column := slices.Index(got.Columns, m.Label)
			if column < 0 {
				c.differ("no column %s: %q", m.Label, got.Columns)
				continue
			}
			var v *float64
			if n, is := got.Rows[i][column].(float64); is {
				v = &n
			}
			c.value(row.Key+" "+m.Label, row.Cells[j].Value, v)
		}
	}
}

// lines compares the documents: by what they are ordered by in their order, else
// whichever comes first of those that are equal in that. Of those that are equal to
// the last, others may be listed.
func (c *comparison) lines(want dashboards.Result, got Drawn) {
	if len(got.Rows) != len(want.Lines) {
		c.differ("%d lines, want %d", len(got.Rows), len(want.Lines))
		return
	}
	order := slices.IndexFunc(c.panel.Columns, func(column dashboards.Column) bool { return column.Field == c.panel.Order.Field })
	places := make([]int, len(c.panel.Columns))
	for j, column := range c.panel.Columns {
		places[j] = slices.Index(got.Columns, column.Label)
		if places[j] < 0 && slices.ContainsFunc(want.Lines, func(l dashboards.Line) bool { return l[j] != "" }) {
			c.differ("no column %s: %q", column.Label, got.Columns)
			return
		}
	}
	var ours, theirs [][]string
	for i, line := range want.Lines {
		one, other := make([]string, len(places)), make([]string, len(places))
		for j, column := range c.panel.Columns {
			if places[j] >= 0 {
				one[j], other[j] = c.word(column, line[j]), c.word(column, got.Rows[i][places[j]])
			}
		}
		if one[order] != other[order] {
			c.differ("%s: line %d has %q, want %q", c.panel.Columns[order].Label, i, other[order], one[order])
			return
		}
		ours, theirs = append(ours, one), append(theirs, other)
	}
	if len(ours) == 0 {
		return
	}
	last := ours[len(ours)-1][order]
	whole := func(lines [][]string) (words []string) {
		for _, line := range lines {
			if line[order] != last {
				words = append(words, strings.Join(line, " | "))
			}
		}
		slices.Sort(words)
		return words
	}
	one, other := whole(ours), whole(theirs)
	for i := range one {
		if one[i] != other[i] {
			c.differ("a line is %q, want %q", other[i], one[i])
			return
		}
	}
}

// word is a cell as text: a moment to the millisecond, a number as such.
func (c *comparison) word(column dashboards.Column, cell any) string {
	if cell == nil {
		return ""
	}
	if column.Unit == dashboards.UnitTime {
		switch v := cell.(type) {
		case float64:
			return time.UnixMilli(int64(v)).UTC().Format("15:04:05.000")
		case string:
			at, err := time.Parse(time.RFC3339Nano, v)
			if err != nil {
				return v
			}
			return at.UTC().Format("15:04:05.000")
		}
	}
	if n, is := cell.(float64); is {
		return fmt.Sprintf("%.0f", n)
	}
	return fmt.Sprint(cell)
}
