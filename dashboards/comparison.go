package dashboards

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// comparison collects the differences of one panel.
type comparison struct {
	panel       Panel
	compression float64 // of the digest that percentiles come from
	got         Result
	want        expected
	differences []Difference
}

func (c *comparison) differ(what, got, want string) {
	c.differences = append(c.differences, Difference{What: what, Got: got, Want: want})
}

func (c *comparison) equal(what string, got, want int64) {
	if got != want {
		c.differ(what, strconv.FormatInt(got, 10), strconv.FormatInt(want, 10))
	}
}

func (c *comparison) all() {
	if c.panel.Kind == Lines {
		c.lines()
		return
	}
	if !c.panel.By.none() { // without a breakdown the one row says it
		c.equal("documents", c.got.Documents, c.want.documents)
	}
	c.equal("documents in groups not listed", c.got.Other, 0)
	seen := make(map[string]bool)
	for _, row := range c.got.Rows {
		want, known := c.want.rows[row.Key]
		if !known {
			c.differ(c.name(row.Key)+"documents", strconv.FormatInt(row.Count, 10), "no such group")
			continue
		}
		if seen[row.Key] {
			c.differ(c.name(row.Key)+"listed", "twice", "once")
		}
		seen[row.Key] = true
		c.row(row, want)
	}
	for _, key := range slices.Sorted(maps.Keys(c.want.rows)) {
		if !seen[key] {
			c.differ(c.name(key)+"documents", "missing", strconv.FormatInt(c.want.rows[key].count, 10))
		}
	}
}

// lines compares a list of documents: how many there are, and which comes first.
func (c *comparison) lines() {
	c.equal("documents", c.got.Documents, c.want.documents)
	c.equal("lines", int64(len(c.got.Lines)), min(c.want.documents, int64(c.panel.Show)))
	i := slices.IndexFunc(c.panel.Columns, func(column Column) bool { return column.Field == c.panel.Order.Field })
	if c.want.slowest == nil || i < 0 || len(c.got.Lines) == 0 {
		return
	}
	if first, want := c.got.Lines[0][i], strconv.FormatInt(*c.want.slowest, 10); first != want {
		c.differ("first line's "+strings.ToLower(c.panel.Columns[i].Label), first, want)
	}
}

// name is how a difference calls a group.
func (c *comparison) name(key string) string {
	if c.panel.By.none() {
		return ""
	}
	return strings.ToLower(c.panel.By.Label) + " " + key + " "
}

// row compares one group. Values that follow from a wrong count are not
// reported again.
func (c *comparison) row(got Row, want expectedRow) {
	name := c.name(got.Key)
	if got.Count != want.count {
		c.equal(name+"documents", got.Count, want.count)
		return
	}
	for i, m := range c.panel.Measures {
		what := name + m.Label
		c.cell(what, m, i, got.Cells[i], want)
		if got.Points != nil {
			c.points(what, m, i, got.Points[i], want)
		}
	}
}

func (c *comparison) cell(what string, m Measure, i int, got Cell, want expectedRow) {
	switch m.Op {
	case OpCount:
		c.value(what, got.Value, number(float64(want.count)))
	case OpRate:
		c.value(what, got.Value, number(float64(want.count)/c.got.To.Sub(c.got.From).Seconds()))
	case OpRatio, OpBurn, OpLeft:
		if got.Part != want.parts[i] {
			c.equal(what+" numerator", got.Part, want.parts[i])
			return
		}
		c.value(what, got.Value, m.ofShare(want.parts[i], want.count))
	case OpMax, OpSum, OpUnique:
		c.value(what, got.Value, number(want.values[i]))
	case OpPercentile:
		c.percentile(what, m.Quantile, got, want)
	}
}

// value compares the number that is drawn with the one computed from the
// truth's counts by the same division: they are the same number or differ.
func (c *comparison) value(what string, got, want *float64) {
	if (got == nil) != (want == nil) || got != nil && *got != *want {
		c.differ(what, show(got), show(want))
	}
}

func (c *comparison) percentile(what string, q float64, got Cell, want expectedRow) {
	if want.count == 0 {
		c.value(what, got.Value, nil)
		return
	}
	if want.durations.total != want.count {
		c.equal(what+" durations", got.Count, want.durations.total)
		return
	}
	if got.Value == nil {
		c.differ(what, "no value", fmt.Sprintf("of %d durations", want.durations.total))
		return
	}
	low, high := want.durations.rank(*got.Value)
	within := RankTolerance(c.compression, q, want.durations.total)
	if high < q-within || low > q+within {
		c.differ(what,
			fmt.Sprintf("%s ns at rank %.4f to %.4f", show(got.Value), low, high),
			fmt.Sprintf("rank %.4f ± %.4f, %d ns", q, within, want.durations.at(q)))
	}
}

// points compares the time buckets of one measure with the whole.
func (c *comparison) points(what string, m Measure, i int, points []Cell, want expectedRow) {
	var count, part int64
	var largest *float64
	var sum float64
	for _, point := range points {
		count += point.Count
		part += point.Part
		if point.Value != nil {
			sum += *point.Value
		}
		if point.Value != nil && (largest == nil || *point.Value > *largest) {
			largest = point.Value
		}
	}
	c.equal(what+" documents of time buckets", count, want.count)
	switch m.Op {
	case OpRatio, OpBurn, OpLeft:
		c.equal(what+" numerators of time buckets", part, want.parts[i])
	case OpMax:
		c.value(what+" largest time bucket", largest, number(want.values[i]))
	case OpSum:
		c.value(what+" sum of time buckets", &sum, number(want.values[i]))
	case OpPercentile:
		c.mixture(what, m.Quantile, points, want.durations)
	}
}

// mixture checks the percentiles of time buckets, whose own exact durations
// are not kept, against those of the whole: if the q-quantile of each bucket
// up to some value v is right, then at least their share q of documents is not
// above v in the whole; and likewise from above.
func (c *comparison) mixture(what string, q float64, points []Cell, whole spread) {
	for _, at := range points {
		if at.Value == nil {
			if at.Count > 0 {
				c.differ(what+" in a time bucket", "no value", documents(at.Count))
			}
			continue
		}
		var below, above float64
		for _, b := range points {
			if b.Value == nil {
				continue
			}
			n, within := float64(b.Count), RankTolerance(c.compression, q, b.Count)
			if *b.Value <= *at.Value {
				below += n * max(q-within, 0)
			}
			if *b.Value >= *at.Value {
				above += n * max(1-q-within, 0)
			}
		}
		n := float64(whole.total)
		low, high := whole.rank(*at.Value)
		if high*n < below || (1-low)*n < above {
			c.differ(what+" in a time bucket",
				fmt.Sprintf("%s ns at rank %.4f to %.4f of the whole", show(at.Value), low, high),
				fmt.Sprintf("rank %.4f to %.4f, given the other buckets", below/n, 1-above/n))
			return
		}
	}
}

func show(v *float64) string {
	if v == nil {
		return "no value"
	}
	return strconv.FormatFloat(*v, 'g', 9, 64)
}
