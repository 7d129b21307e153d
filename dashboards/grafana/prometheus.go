package grafana

import (
	"fmt"
	"strings"

	"plumbline/dashboards"
	"plumbline/dashboards/promql"
)

// ref is the name of the i-th target of a panel.
func ref(i int) string { return string(rune('A' + i)) }

// ask is a question to Prometheus.
func ask(ref string, q promql.Query, legend string) object {
	t := object{"refId": ref, "datasource": source{"prometheus", Prometheus}, "editorMode": "code", "expr": q.Expr, "legendFormat": legend}
	if q.Instant {
		t["instant"], t["range"] = true, false
	} else {
		t["instant"], t["range"] = false, true
	}
	return t
}

// askPrometheus writes the panel's questions in PromQL.
func (out *panel) askPrometheus(p dashboards.Panel, in promql.In) error {
	queries, err := promql.Queries(p, in)
	if err != nil {
		return err
	}
	for i, q := range queries {
		legend := q.Label
		if q.By != "" {
			if legend = "{{" + q.By + "}}"; len(p.Measures) > 1 {
				legend += " " + q.Label
			}
		}
		t := ask(ref(i), q, legend)
		switch p.Kind {
		case dashboards.Bars:
			t["expr"] = "sort_desc(" + q.Expr + ")"
			if p.Show > 0 {
				t["expr"] = fmt.Sprintf("topk(%d, %s)", p.Show, q.Expr)
			}
		case dashboards.Heatmap:
			t["format"] = "heatmap"
		case dashboards.Table:
			t["format"] = "table"
		}
		out.Targets = append(out.Targets, t)
	}
	switch p.Kind {
	case dashboards.Bars:
		if links := drill(p.By, "${__field.labels."+queries[0].By+":percentencode}"); links != nil {
			out.FieldConfig.Defaults["links"] = links
		}
	case dashboards.Table:
		out.joined(p, queries)
	case dashboards.TimeSeries:
		if links := drill(p.By, "${__field.labels."+queries[0].By+":percentencode}"); links != nil {
			out.FieldConfig.Defaults["links"] = links
		}
		return out.exemplars(p, in)
	}
	return nil
}

// exemplars adds, to percentiles over time, the largest one out of classic
// buckets: Prometheus keeps requests as examples with those, and each leads to its
// access line.
func (out *panel) exemplars(p dashboards.Panel, in promql.In) error {
	q, there, err := promql.Classic(p, in)
	if err != nil || !there {
		return err
	}
	t := ask(ref(len(out.Targets)), q, q.Label)
	t["exemplar"] = true
	out.Targets = append(out.Targets, t)
	out.Description += "\n\nA point is an exemplar: a request of that moment, which leads to its access line by trace id."
	return nil
}

// joined makes one table of the answers, a column for each measure.
func (out *panel) joined(p dashboards.Panel, queries []promql.Query) {
	names, order := object{}, object{}
	key := ""
	for i, q := range queries {
		if key = q.By; key != "" {
			names[key], order[key] = p.By.Label, 0
		}
		value := "Value"
		if len(queries) > 1 {
			value += " #" + ref(i)
		}
		names[value], order[value] = q.Label, i+1
		m := p.Measures[q.Measure]
		out.FieldConfig.Overrides = append(out.FieldConfig.Overrides, override(q.Label, field(m, true, p.Source)))
	}
	out.Transformations = []object{
		{"id": "merge", "options": object{}},
		{"id": "organize", "options": object{"excludeByName": object{"Time": true}, "renameByName": names, "indexByName": order}},
	}
	out.Options["sortBy"] = []object{{"displayName": p.Measures[0].Label, "desc": true}}
	out.drillFrom(p)
}

// drillFrom makes the cells of a table's groups lead on.
func (out *panel) drillFrom(p dashboards.Panel) {
	if links := drill(p.By, "${__value.raw:percentencode}"); links != nil {
		out.FieldConfig.Overrides = append(out.FieldConfig.Overrides, override(p.By.Label, object{"links": links}))
	}
}

// joinLabels is for names of series: the values of their labels.
const joinLabels = "${__field.labels.__values}"

// words joins what is not empty.
func words(parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, " AND ")
}
