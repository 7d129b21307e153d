package dashboards

import (
	"fmt"
	"time"
)

// counters are the values that counters had last, while an answer is read from
// the oldest time bucket to the latest.
type counters map[counter]float64

type counter struct {
	measure int
	group   string
	per     string
}

// grown reads by how much the counters of the i-th measure grew in a bucket. One
// that was not seen before grew from its smallest value there: how it came to
// that is not in scope. One that fell began again at 0.
func (p Panel) grown(n node, i int, group string, span time.Duration, c counters, cell *Cell) error {
	agg, err := n.child(measureAgg(i))
	if err != nil {
		return err
	}
	other, err := agg.count("sum_other_doc_count")
	if err != nil {
		return err
	}
	if other != 0 {
		return fmt.Errorf("%s: more than %d counters", agg.path, maxCounters)
	}
	buckets, err := agg.list("buckets")
	if err != nil {
		return err
	}
	for _, b := range buckets {
		per, err := b.text("key")
		if err != nil {
			return err
		}
		low, err := extreme(b, aggLow)
		if err != nil {
			return err
		}
		high, err := extreme(b, aggHigh)
		if err != nil {
			return err
		}
		if low == nil || high == nil { // documents without this field
			continue
		}
		id := counter{i, group, per}
		before, known := c[id]
		switch {
		case !known:
			before = *low
		case *high < before:
			before = 0
		}
		c[id] = *high
		if cell.Grown == nil {
			cell.Grown = number(0)
		}
		*cell.Grown += *high - before
	}
	if cell.Grown == nil {
		return nil
	}
	cell.Value = cell.Grown
	if p.Measures[i].Op == OpSpeed {
		cell.Value = number(*cell.Grown / span.Seconds())
	}
	return nil
}

func extreme(b node, name string) (*float64, error) {
	agg, err := b.child(name)
	if err != nil {
		return nil, err
	}
	return agg.optional("value")
}
