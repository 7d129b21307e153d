package panels

import (
	"fmt"
	"slices"
	"time"
)

// Drawn is what a panel shows: series over time or numbers, or a table.
type Drawn struct {
	Series  []Series
	Columns []string
	Rows    [][]any // a text, a number or nil
}

// Series is a line, a bar or a number. A bar and a number have one point.
type Series struct {
	Ref    string
	Name   string
	Labels map[string]string
	Points []Point
}

// Draw reads the answers to the panel's questions and searches, by their ref, and
// returns what is drawn.
func (p Panel) Draw(at At, answers map[string][]byte) (Drawn, error) {
	d, err := p.draw(at, answers)
	if err != nil {
		return d, fmt.Errorf("%s: %w", p.Title, err)
	}
	return d, nil
}

func (p Panel) draw(at At, answers map[string][]byte) (Drawn, error) {
	known := map[string][]frame{}
	var shown []frame
	for _, t := range p.Targets {
		frames, err := p.frames(t, at, answers, known)
		if err != nil {
			return Drawn{}, fmt.Errorf("%s: %w", t.RefID, err)
		}
		if known[t.RefID] = frames; !t.Hide {
			shown = append(shown, frames...)
		}
	}
	for _, t := range p.Transformations {
		var err error
		if shown, err = t.apply(shown); err != nil {
			return Drawn{}, err
		}
	}
	var d Drawn
	for _, f := range shown {
		if f.table != nil {
			d.Columns, d.Rows = f.table.columns, f.table.rows
			continue
		}
		s := Series{Ref: f.ref, Name: f.name, Labels: f.labels, Points: f.points}
		if calcs := p.Options.ReduceOptions.Calcs; len(calcs) > 0 {
			point, err := reduce(calcs[0], f.points)
			if err != nil {
				return d, err
			}
			s.Points = []Point{point}
		}
		d.Series = append(d.Series, s)
	}
	return d, nil
}

func (p Panel) frames(t Target, at At, answers map[string][]byte, known map[string][]frame) ([]frame, error) {
	answer, answered := answers[t.RefID]
	switch {
	case t.Datasource.Type == "__expr__" && t.Type == "math":
		expression, err := p.put(t.Expression, at, false)
		if err != nil {
			return nil, err
		}
		return work(t.RefID, expression, known)
	case !answered:
		return nil, fmt.Errorf("no answer")
	case t.Datasource.Type == "prometheus":
		return readPrometheus(t, answer)
	case t.Datasource.Type == "elasticsearch":
		return readSearch(t, answer)
	}
	return nil, fmt.Errorf("a question to %q", t.Datasource.Type)
}

// reduce makes one value of many.
func reduce(how string, points []Point) (Point, error) {
	switch how {
	case "lastNotNull":
		for _, p := range slices.Backward(points) {
			if p.Value != nil {
				return p, nil
			}
		}
		return Point{}, nil
	case "sum":
		var total *float64
		for _, p := range points {
			if p.Value == nil {
				continue
			}
			if total == nil {
				total = new(float64)
			}
			*total += *p.Value
		}
		return Point{Value: total}, nil
	}
	return Point{}, fmt.Errorf("reduced by %s", how)
}

func (t transformation) apply(frames []frame) ([]frame, error) {
	switch t.ID {
	case "joinByField": // the series stay as they are: calculateField takes them together
		return frames, nil
	case "calculateField":
		if t.Options.Mode != "reduceRow" || t.Options.Reduce.Reducer != "sum" {
			break
		}
		return []frame{total(frames)}, nil
	case "merge":
		joined, err := merge(frames)
		return []frame{{table: joined}}, err
	case "organize", "filterFieldsByName":
		for i, f := range frames {
			if f.table != nil {
				frames[i].table = t.columns(f.table)
			}
		}
		return frames, nil
	}
	return nil, fmt.Errorf("transformation %s", t.ID)
}

// total adds up series, moment by moment.
func total(frames []frame) frame {
	var sum frame
	at := map[time.Time]int{}
	for _, f := range frames {
		for _, p := range f.points {
			if p.Value == nil {
				continue
			}
			i, there := at[p.Time]
			if !there {
				i = len(sum.points)
				at[p.Time] = i
				sum.points = append(sum.points, Point{p.Time, new(float64)})
			}
			*sum.points[i].Value += *p.Value
		}
	}
	return sum
}

// merge makes one table of instant answers: a row for each value of their label.
func merge(frames []frame) (*table, error) {
	made := &table{}
	var refs, keys []string
	values := map[[2]string]float64{}
	label := ""
	for _, f := range frames {
		if len(f.points) != 1 {
			return nil, fmt.Errorf("%s is no instant answer", f.ref)
		}
		if !slices.Contains(refs, f.ref) {
			refs = append(refs, f.ref)
		}
		key := ""
		for name, value := range f.labels { // aggregated by one label
			label, key = name, value
		}
		if !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
		if v := f.points[0].Value; v != nil {
			values[[2]string{key, f.ref}] = *v
		}
	}
	made.columns = []string{label}
	for _, r := range refs {
		name := "Value"
		if len(refs) > 1 {
			name += " #" + r
		}
		made.columns = append(made.columns, name)
	}
	for _, key := range keys {
		row := []any{key}
		for _, r := range refs {
			if v, there := values[[2]string{key, r}]; there {
				row = append(row, v)
			} else {
				row = append(row, nil)
			}
		}
		made.rows = append(made.rows, row)
	}
	return made, nil
}

// columns keeps and renames what the transformation says.
func (t transformation) columns(from *table) *table {
	made := &table{rows: make([][]any, len(from.rows))}
	for i, name := range from.columns {
		if kept := t.Options.Include.Names; len(kept) > 0 && !slices.Contains(kept, name) {
			continue
		}
		if renamed := t.Options.RenameByName[name]; renamed != "" {
			name = renamed
		}
		made.columns = append(made.columns, name)
		for j, row := range from.rows {
			made.rows[j] = append(made.rows[j], row[i])
		}
	}
	return made
}
