package lens

import (
	"fmt"
	"slices"
)

// compute adds the columns that are made of others, and brings those that are per
// second to it.
func (t *table) compute() error {
	done := map[string]bool{}
	for _, id := range t.panel.asked() {
		done[id] = true
	}
	for len(done) < len(t.panel.layer.ColumnOrder) {
		before := len(done)
		for _, id := range t.panel.layer.ColumnOrder {
			c := t.panel.layer.Columns[id]
			if done[id] || slices.ContainsFunc(c.References, func(r string) bool { return !done[r] }) {
				continue
			}
			if err := t.column(id, c); err != nil {
				return fmt.Errorf("column %s: %w", id, err)
			}
			done[id] = true
		}
		if len(done) == before {
			return fmt.Errorf("columns refer to each other in a circle, or to none")
		}
	}
	for id, c := range t.panel.layer.Columns {
		if c.TimeScale == "" {
			continue
		}
		if c.TimeScale != "s" {
			return fmt.Errorf("column %s: per %s is not known here", id, c.TimeScale)
		}
		for _, row := range t.rows {
			if v := row.Values[id]; v != nil {
				scaled := *v / row.width.Seconds()
				row.Values[id] = &scaled
			}
		}
	}
	return nil
}

func (t *table) column(id string, c column) error {
	if len(c.References) == 0 {
		return fmt.Errorf("it refers to nothing")
	}
	switch c.OperationType {
	case "formula":
		for _, row := range t.rows {
			row.Values[id] = row.Values[c.References[0]]
		}
	case "math":
		for _, row := range t.rows {
			v, err := evaluate(c.Params.TinymathAst, row.Values)
			if err != nil {
				return err
			}
			row.Values[id] = v
		}
	case "counter_rate":
		t.counterRate(id, c.References[0])
	default:
		return fmt.Errorf("unknown operation %s", c.OperationType)
	}
	return nil
}

// counterRate is by how much a column grew from one row of a group to its next; one
// that fell began again at 0. Of the first row, and of one after a gap, nothing is
// known.
func (t *table) counterRate(id, of string) {
	type series struct{ group, per string }
	last := map[series]*float64{}
	for _, row := range t.rows {
		key, now := series{row.Group, row.per}, row.Values[of]
		row.Values[id] = nil
		if before := last[key]; now != nil && before != nil {
			grown := *now - *before
			if grown < 0 {
				grown = *now
			}
			row.Values[id] = &grown
		}
		last[key] = now
	}
}

// evaluate computes the tree of a formula. Without a value of each part there is
// none, nor is there one of a division by 0.
func evaluate(tree any, values map[string]*float64) (*float64, error) {
	switch node := tree.(type) {
	case float64:
		return &node, nil
	case string:
		v, there := values[node]
		if !there {
			return nil, fmt.Errorf("%s is not there", node)
		}
		return v, nil
	case map[string]any:
		name, _ := node["name"].(string)
		args, _ := node["args"].([]any)
		if len(args) != 2 {
			return nil, fmt.Errorf("%s has %d arguments, want 2", name, len(args))
		}
		a, err := evaluate(args[0], values)
		if err != nil {
			return nil, err
		}
		b, err := evaluate(args[1], values)
		if err != nil || a == nil || b == nil {
			return nil, err
		}
		return operate(name, *a, *b)
	}
	return nil, fmt.Errorf("%v is no part of a formula", tree)
}

func operate(name string, a, b float64) (*float64, error) {
	var v float64
	switch name {
	case "add":
		v = a + b
	case "subtract":
		v = a - b
	case "multiply":
		v = a * b
	case "divide":
		if b == 0 {
			return nil, nil
		}
		v = a / b
	default:
		return nil, fmt.Errorf("%s is not known here", name)
	}
	return &v, nil
}

// collapse adds up over the bucket that is not drawn.
func (t *table) collapse() []Row {
	if t.panel.collapsed() == "" {
		return t.rows
	}
	var all []Row
	for _, row := range t.rows {
		i := slices.IndexFunc(all, func(r Row) bool { return r.Group == row.Group && r.Time.Equal(row.Time) })
		if i < 0 {
			row.per = ""
			all = append(all, row)
			continue
		}
		for id, v := range row.Values {
			if v == nil {
				continue
			}
			if sum := all[i].Values[id]; sum != nil {
				added := *sum + *v
				v = &added
			}
			all[i].Values[id] = v
		}
	}
	return all
}
