package kibana

import (
	"fmt"
	"slices"

	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
)

// Ids of columns: of the time, of the groups, of the counters of which groups are
// made up, and of the i-th measure; hidden ones have its id and X0, X1, ...
const (
	colTime  = "time"
	colGroup = "group"
	colPer   = "per"
)

func colMeasure(i int) string { return fmt.Sprintf("measure%d", i) }

// maxCounters is how many counters a panel adds up.
const maxCounters = 1000

// records is the field that stands for whole documents.
const records = "___records___"

// columns are the columns of a layer, in the order in which Lens keeps them:
// buckets before measures.
type columns struct {
	order []string
	by    object
}

func (c *columns) add(id string, column object) {
	c.order = append(c.order, id)
	c.by[id] = column
}

// columnsOf writes a panel's columns. The breakdown comes first, so that it is made
// over the whole time and not anew in each moment.
func columnsOf(p dashboards.Panel) (*columns, error) {
	c := &columns{by: object{}}
	split := splits(p)
	if grouped(p) {
		c.add(colGroup, group(p))
	}
	if split {
		c.add(colPer, terms("Counter", p.Measures[0].Per, maxCounters, object{"type": "alphabetical"}, "asc"))
	}
	if overTime(p) {
		c.add(colTime, moments(p))
	}
	var hidden columns
	hidden.by = c.by
	for i, m := range p.Measures {
		if grows(m) && p.Measures[0].Per != m.Per {
			return nil, fmt.Errorf("measure %s: counters of one panel are told apart by one field", m.Label)
		}
		column, parts, err := measure(p, i)
		if err != nil {
			return nil, err
		}
		c.add(colMeasure(i), column)
		for j, part := range parts {
			hidden.add(fmt.Sprintf("%sX%d", colMeasure(i), j), part)
		}
	}
	c.order = append(c.order, hidden.order...)
	return c, nil
}

// sparse is the narrowest time bucket for counters: Lens' counter rate says nothing
// after a bucket without documents, and Metricbeat looks every few seconds. Lens
// makes it wider where a long range would need too many.
const sparse = "30s"

// moments is the bucket of the time axis.
func moments(p dashboards.Panel) object {
	interval := "auto"
	if slices.ContainsFunc(p.Measures, grows) {
		interval = sparse
	}
	return object{
		"label": telemetry.FieldTimestamp, "dataType": "date", "operationType": "date_histogram", "sourceField": telemetry.FieldTimestamp,
		"isBucketed": true, "scale": "interval", "params": object{"interval": interval, "includeEmptyRows": true, "dropPartials": false},
	}
}

func grouped(p dashboards.Panel) bool { return p.By.Field != "" || len(p.By.Groups) > 0 }

// splits is whether a panel shows the sum over counters that are told apart first.
func splits(p dashboards.Panel) bool {
	return len(p.Measures) > 0 && grows(p.Measures[0]) && !(overTime(p) && grouped(p))
}

// group is the bucket of the breakdown.
func group(p dashboards.Panel) object {
	if p.By.Field == "" {
		var filters []any
		for _, g := range p.By.Groups {
			filters = append(filters, object{"label": g.Key, "input": kuery(condition(g.Where))})
		}
		return object{
			"label": p.By.Label, "customLabel": true, "dataType": "string", "operationType": "filters", "isBucketed": true, "scale": "ordinal",
			"params": object{"filters": filters},
		}
	}
	size := p.By.Size
	if p.Show > 0 {
		size = p.Show
	}
	order, direction := object{"type": "alphabetical", "fallback": true}, "asc"
	if !formula(p, p.Measures[0]) { // a formula cannot order
		order, direction = object{"type": "column", "columnId": colMeasure(0)}, "desc"
	}
	return terms(p.By.Label, p.By.Field, size, order, direction)
}

func terms(label, field string, size int, order object, direction string) object {
	kind := "string"
	if field == telemetry.FieldStatus {
		kind = "number"
	}
	return object{
		"label": label, "customLabel": true, "dataType": kind, "operationType": "terms", "sourceField": field, "isBucketed": true, "scale": "ordinal",
		"params": object{
			"size": size, "orderBy": order, "orderDirection": direction, "otherBucket": false, "missingBucket": false,
			"parentFormat": object{"id": "terms"}, "include": []any{}, "exclude": []any{}, "includeIsRegex": false, "excludeIsRegex": false,
		},
	}
}

// totals is whether a sum is a formula. Lens' own sum of no document is 0, or, if
// it shall not be, a sum of 0 is none either.
func totals(p dashboards.Panel, m dashboards.Measure) bool {
	return m.Op == dashboards.OpSum && (p.Kind == dashboards.Stat || overTime(p))
}

// formula is whether a measure is computed from hidden columns.
func formula(p dashboards.Panel, m dashboards.Measure) bool {
	switch m.Op {
	case dashboards.OpSum:
		return totals(p, m)
	case dashboards.OpRatio, dashboards.OpBurn, dashboards.OpLeft, dashboards.OpIncrease, dashboards.OpSpeed:
		return true
	}
	return false
}

// measure is the column of the i-th measure and the hidden ones that it needs.
func measure(p dashboards.Panel, i int) (column object, hidden []object, err error) {
	m := p.Measures[i]
	plainColumn := func(operation, field string, params object) (object, []object, error) {
		params["format"] = format(m.Unit)
		return numeric(m.Label, operation, field, params), nil, nil
	}
	switch m.Op {
	case dashboards.OpCount: // in a heatmap, a cell without documents stays empty
		return plainColumn("count", records, object{"emptyAsNull": p.Kind == dashboards.Heatmap})
	case dashboards.OpRate:
		column, _, _ := plainColumn("count", records, object{"emptyAsNull": false}) // no document in a moment is a rate of 0
		column["timeScale"] = "s"
		return column, nil, nil
	case dashboards.OpPercentile:
		return plainColumn("percentile", m.Field, object{"percentile": number(m.Quantile * 100)})
	case dashboards.OpMax:
		return plainColumn("max", m.Field, object{})
	case dashboards.OpMean:
		return plainColumn("average", m.Field, object{})
	case dashboards.OpSum:
		if !totals(p, m) {
			return plainColumn("sum", m.Field, object{"emptyAsNull": false})
		}
		column, hidden := total(m, colMeasure(i))
		return column, hidden, nil
	case dashboards.OpUnique:
		return plainColumn("unique_count", m.Field, object{"emptyAsNull": true})
	case dashboards.OpLast:
		column, _, _ := plainColumn("last_value", m.Field, object{"sortField": telemetry.FieldTimestamp, "showArrayValues": false})
		column["filter"] = kuery(`"` + m.Field + `": *`)
		return column, nil, nil
	case dashboards.OpRatio, dashboards.OpBurn, dashboards.OpLeft:
		column, hidden := share(m, colMeasure(i))
		return column, hidden, nil
	case dashboards.OpIncrease, dashboards.OpSpeed:
		return growth(p, i)
	}
	return nil, nil, fmt.Errorf("measure %s: Lens has no %s", m.Label, m.Op)
}

func numeric(label, operation, field string, params object) object {
	return object{
		"label": label, "customLabel": true, "dataType": "number", "operationType": operation, "sourceField": field,
		"isBucketed": false, "scale": "ratio", "params": params,
	}
}

// growth follows counters: over time by Lens' own counter rate, otherwise by the
// distance from the smallest value to the largest.
func growth(p dashboards.Panel, i int) (column object, hidden []object, err error) {
	m, id := p.Measures[i], colMeasure(i)
	part := "Part of " + m.Label
	if overTime(p) {
		column := object{
			"label": m.Label, "customLabel": true, "dataType": "number", "operationType": "counter_rate", "isBucketed": false, "scale": "ratio",
			"references": []any{id + "X0"}, "params": object{"format": format(m.Unit)},
		}
		if m.Op == dashboards.OpSpeed {
			column["timeScale"] = "s"
		}
		return column, []object{numeric(part, "max", m.Field, object{})}, nil
	}
	if m.Op == dashboards.OpSpeed {
		return nil, nil, fmt.Errorf("measure %s: Lens has a speed over time only", m.Label)
	}
	f := math{id: id, label: m.Label, unit: m.Unit}
	most := f.part("max("+m.Field+")", numeric(part, "max", m.Field, object{}))
	least := f.part("min("+m.Field+")", numeric(part, "min", m.Field, object{}))
	column, hidden = f.column(f.call("subtract", "-", most, least))
	return column, hidden, nil
}
