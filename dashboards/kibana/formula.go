package kibana

import (
	"fmt"
	"strconv"

	"plumbline/dashboards"
)

// math is a formula under way. Lens keeps three things of one, which have to say
// the same: its text, a hidden column for each part that is asked for, and a
// hidden column with the tree of what is done with them.
type math struct {
	id, label string
	unit      dashboards.Unit
	parts     []object
}

// term is a part of a formula: its text, and what stands for it in the tree.
type term struct {
	text string
	node any // id of a column, a number, or an object
}

// part adds a column that is asked for.
func (f *math) part(text string, column object) term {
	f.parts = append(f.parts, column)
	return term{text: text, node: fmt.Sprintf("%sX%d", f.id, len(f.parts)-1)}
}

func constant(v float64) term { return term{text: plain(v), node: number(v)} }

// call puts an operator between two terms.
func (f *math) call(name, operator string, a, b term) term {
	before := a.text + " " + operator + " "
	text := before + b.text
	shift(b.node, len(before))
	return term{text: text, node: object{
		"type": "function", "name": name, "args": []any{a.node, b.node}, "text": text, "location": object{"min": 0, "max": len(text)},
	}}
}

// shift moves the places that a tree has in the formula's text.
func shift(tree any, by int) {
	node, is := tree.(object)
	if !is {
		return
	}
	at := node["location"].(object)
	at["min"], at["max"] = at["min"].(int)+by, at["max"].(int)+by
	for _, arg := range node["args"].([]any) {
		shift(arg, by)
	}
}

// column is the visible column of a formula, and the hidden ones.
func (f *math) column(root term) (column object, hidden []object) {
	var references []any
	for i := range f.parts {
		references = append(references, fmt.Sprintf("%sX%d", f.id, i))
	}
	tree := object{
		"label": "Part of " + f.label, "customLabel": true, "dataType": "number", "operationType": "math", "isBucketed": false, "scale": "ratio",
		"params": object{"tinymathAst": root.node}, "references": references,
	}
	column = object{
		"label": f.label, "customLabel": true, "dataType": "number", "operationType": "formula", "isBucketed": false, "scale": "ratio",
		"params":     object{"formula": root.text, "isFormulaBroken": false, "format": format(f.unit)},
		"references": []any{fmt.Sprintf("%sX%d", f.id, len(f.parts))},
	}
	return column, append(f.parts, tree)
}

// share is a ratio of two counts, and what is made of it.
func share(m dashboards.Measure, id string) (column object, hidden []object) {
	f := math{id: id, label: m.Label, unit: m.Unit}
	count := func(filter string) object {
		column := numeric("Part of "+m.Label, "count", records, object{"emptyAsNull": false})
		if filter != "" {
			column["filter"] = kuery(filter)
		}
		return column
	}
	filter := condition(m.Where)
	part := f.part("count(kql='"+filter+"')", count(filter))
	all := f.part("count()", count(""))
	root := f.call("divide", "/", part, all)
	if m.Op == dashboards.OpBurn || m.Op == dashboards.OpLeft {
		root = f.call("divide", "/", root, constant(m.Budget))
	}
	if m.Op == dashboards.OpLeft {
		root = f.call("subtract", "-", constant(1), root)
	}
	return f.column(root)
}

// total is a sum that is none where there is no document: what is divided by 0 is
// nothing, and makes nothing of what it is added to.
func total(m dashboards.Measure, id string) (column object, hidden []object) {
	f := math{id: id, label: m.Label, unit: m.Unit}
	sum := f.part("sum("+m.Field+")", numeric("Part of "+m.Label, "sum", m.Field, object{"emptyAsNull": false}))
	count := f.part("count()", numeric("Part of "+m.Label, "count", records, object{"emptyAsNull": false}))
	return f.column(f.call("add", "+", sum, f.call("divide", "/", constant(0), count)))
}

// number is v without the noise of binary fractions.
func number(v float64) float64 {
	short, _ := strconv.ParseFloat(plain(v), 64)
	return short
}
