package dashboards

import (
	"fmt"
	"slices"
)

// expectTold adds up documents whose every field is known.
func (p Panel) expectTold(t *Truth) (expected, error) {
	want := expected{rows: make(map[string]expectedRow)}
	if p.By.none() {
		want.rows[""] = p.emptyRow()
	}
	if len(p.By.Groups) > 0 {
		return expected{}, fmt.Errorf("nothing: the truth does not group documents of %s", p.Source.Stream)
	}
	documents := t.told[p.Source.Stream]
	for _, c := range p.Source.Where {
		of := func(d Told) bool { in, err := d.fits([]Condition{c}); return in && err == nil }
		if !slices.ContainsFunc(documents, of) {
			return expected{}, fmt.Errorf("nothing: the truth does not cover such documents of %s", p.Source.Stream)
		}
	}
	if len(documents) == 0 {
		return expected{}, fmt.Errorf("nothing: the truth does not cover %s of this run", p.Source.Stream)
	}
	for _, d := range documents {
		in, err := d.fits(p.Source.Where)
		if err != nil {
			return expected{}, fmt.Errorf("nothing: %w", err)
		}
		if !in {
			continue
		}
		want.documents++
		key := ""
		if p.By.Field != "" {
			if key = d.text(p.By.Field); key == "" {
				continue
			}
		}
		row, known := want.rows[key]
		if !known {
			row = p.emptyRow()
		}
		row.count++
		for i, m := range p.Measures {
			if err := d.add(&row, i, m); err != nil {
				return expected{}, fmt.Errorf("nothing: %w", err)
			}
		}
		want.rows[key] = row
	}
	return want, nil
}

func (d Told) text(field string) string {
	if v, there := d[field]; there {
		return fmt.Sprint(v)
	}
	return ""
}

func (d Told) fits(conditions []Condition) (bool, error) {
	for _, c := range conditions {
		v := d.text(c.Field)
		switch {
		case len(c.None) > 0:
			if slices.Contains(c.None, v) {
				return false, nil
			}
		case len(c.Is) > 0:
			if !slices.Contains(c.Is, v) {
				return false, nil
			}
		case c.Exists:
			if v == "" {
				return false, nil
			}
		default:
			return false, fmt.Errorf("the truth does not compare %s", c.Field)
		}
	}
	return true, nil
}

func (d Told) add(row *expectedRow, i int, m Measure) error {
	var v float64
	switch n := d[m.Field].(type) {
	case int64:
		v = float64(n)
	case uint64:
		v = float64(n)
	case float64:
		v = n
	case nil:
		return nil
	default:
		return fmt.Errorf("%s is not a number", m.Field)
	}
	switch m.Op {
	case OpCount, OpRate:
	case OpSum:
		row.values[i] += v
	case OpMax:
		row.values[i] = max(row.values[i], v)
	default:
		return fmt.Errorf("the truth has no %s of %s", m.Op, m.Field)
	}
	return nil
}
