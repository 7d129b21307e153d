package grafana

import (
	"fmt"
	"strconv"

	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
)

const (
	// whole is an interval in which there is only one bucket: all time since 1970
	// and for a century.
	whole = "36500d"
	auto  = "auto" // Grafana's: about one bucket for each pixel
	// scrapes is the narrowest bucket of counters: two scrapes.
	scrapes = "10s"
	// precision is up to how many different values are counted exactly.
	precision = "3000"
)

// askElasticsearch writes the panel's questions as Grafana's data source takes
// them: a Lucene query, buckets, and metrics in them.
func (out *panel) askElasticsearch(p dashboards.Panel, e encoder) error {
	switch p.Kind {
	case dashboards.Stat, dashboards.TimeSeries:
		return out.series(p, e)
	case dashboards.Bars, dashboards.Table:
		return out.rows(p, e)
	case dashboards.Lines:
		out.lines(p, e)
		return nil
	}
	return fmt.Errorf("no %s out of Elasticsearch", p.Kind)
}

// search is a question to the panel's data stream.
func (out *panel) search(ref, query string, buckets, metrics []object) object {
	return object{
		"refId": ref, "datasource": out.Datasource, "query": query, "timeField": telemetry.FieldTimestamp, "alias": "",
		"bucketAggs": buckets, "metrics": metrics,
	}
}

// over is a date histogram.
func over(id, interval, minimum string) object {
	return object{"id": id, "type": "date_histogram", "field": telemetry.FieldTimestamp, "settings": object{"interval": interval, "min_doc_count": minimum, "trimEdges": "0"}}
}

func terms(id, field string, size int, orderBy string) object {
	return object{"id": id, "type": "terms", "field": field, "settings": object{"size": strconv.Itoa(size), "order": "desc", "orderBy": orderBy, "min_doc_count": "1"}}
}

// series asks for numbers over time, or for one.
func (out *panel) series(p dashboards.Panel, e encoder) error {
	for _, m := range p.Measures {
		t := timed{encoder: e, panel: p, measure: m, interval: auto}
		if p.Kind == dashboards.Stat && !grows(m) {
			t.interval = whole
		}
		if err := out.timed(t); err != nil {
			return fmt.Errorf("%s: %w", m.Label, err)
		}
	}
	return nil
}

func grows(m dashboards.Measure) bool {
	return m.Op == dashboards.OpIncrease || m.Op == dashboards.OpSpeed
}

// timed is one measure over time.
type timed struct {
	encoder
	panel    dashboards.Panel
	measure  dashboards.Measure
	interval string
}

func (out *panel) timed(t timed) error {
	m, where := t.measure, t.panel.Source
	switch {
	case m.Op == dashboards.OpRatio || m.Op == dashboards.OpBurn || m.Op == dashboards.OpLeft:
		part, all := out.hidden(t, t.lucene(where, m.Where), count()), out.hidden(t, t.lucene(where), count())
		ratio := "$" + part + " / $" + all
		switch m.Op {
		case dashboards.OpBurn:
			ratio += fmt.Sprintf(" / %g", m.Budget)
		case dashboards.OpLeft:
			ratio = fmt.Sprintf("1 - %s / %g", ratio, m.Budget)
		}
		out.math(t, ratio)
	case m.Op == dashboards.OpRate:
		out.math(t, "$"+out.hidden(t, t.lucene(where), count())+" * 1000 / $__interval_ms")
	case grows(m):
		// A counter that fell began again: the difference is then below 0 and left out.
		out.Interval = scrapes
		grown := "$" + out.hidden(t, t.lucene(where),
			object{"id": "1", "type": "max", "field": m.Field, "hide": true}, object{"id": "2", "type": "serial_diff", "field": "1", "settings": object{"lag": "1"}})
		expression := grown + " * (" + grown + " > 0)"
		if m.Op == dashboards.OpSpeed {
			expression += " * 1000 / $__interval_ms"
		}
		out.math(t, expression)
		if t.panel.Kind == dashboards.Stat {
			out.total(m.Label)
		}
	default:
		metric, err := metric("1", m)
		if err != nil {
			return err
		}
		q := out.search(ref(len(out.Targets)), t.lucene(where), t.buckets(), []object{metric})
		q["alias"] = t.name()
		out.Targets = append(out.Targets, q)
	}
	return nil
}

// buckets are one for each group, and in them one for each moment.
func (t timed) buckets() []object {
	var all []object
	if f := t.panel.By.Field; f != "" {
		all = append(all, terms("3", f, t.panel.By.Size, "_count"))
	}
	minimum := "0"
	if grows(t.measure) {
		all = append(all, terms("4", t.measure.Per, 100, "_count"))
		minimum = "1" // where nothing was scraped there is no difference
	}
	return append(all, over("5", t.interval, minimum))
}

// name is what a series is called: its group, or its measure.
func (t timed) name() string {
	if f := t.panel.By.Field; f != "" {
		return "{{term " + f + "}}"
	}
	return t.measure.Label
}

// hidden adds a question that only an expression sees, and returns its name.
func (out *panel) hidden(t timed, query string, metrics ...object) string {
	name := ref(len(out.Targets))
	q := out.search(name, query, t.buckets(), metrics)
	q["hide"] = true
	out.Targets = append(out.Targets, q)
	return name
}

// math adds what Grafana works out from other questions.
func (out *panel) math(t timed, expression string) {
	own, id, name := source{"__expr__", "__expr__"}, ref(len(out.Targets)), t.measure.Label
	out.Targets = append(out.Targets, object{"refId": id, "datasource": own, "type": "math", "expression": expression})
	if t.panel.By.Field != "" {
		name = joinLabels
	}
	out.FieldConfig.Overrides = append(out.FieldConfig.Overrides, object{
		"matcher": object{"id": "byFrameRefID", "options": id}, "properties": []object{{"id": "displayName", "value": name}},
	})
}

// total adds up all series, moment by moment, and then over time.
func (out *panel) total(label string) {
	out.Transformations = []object{
		{"id": "joinByField", "options": object{"byField": "Time", "mode": "outer"}},
		{"id": "calculateField", "options": object{"mode": "reduceRow", "reduce": object{"reducer": "sum"}, "replaceFields": true, "alias": label}},
	}
	out.Options["reduceOptions"] = object{"calcs": []string{"sum"}, "fields": "", "values": false}
}

func count() object { return object{"id": "1", "type": "count"} }

// metric is a measure of the documents in one bucket.
func metric(id string, m dashboards.Measure) (object, error) {
	switch m.Op {
	case dashboards.OpCount:
		return object{"id": id, "type": "count"}, nil
	case dashboards.OpMax:
		return object{"id": id, "type": "max", "field": m.Field}, nil
	case dashboards.OpMean:
		return object{"id": id, "type": "avg", "field": m.Field}, nil
	case dashboards.OpSum:
		return object{"id": id, "type": "sum", "field": m.Field}, nil
	case dashboards.OpUnique:
		return object{"id": id, "type": "cardinality", "field": m.Field, "settings": object{"precision_threshold": precision}}, nil
	case dashboards.OpPercentile:
		return object{"id": id, "type": "percentiles", "field": m.Field, "settings": object{"percents": []string{strconv.FormatFloat(m.Quantile*100, 'g', 10, 64)}}}, nil
	}
	return nil, fmt.Errorf("no %s out of Elasticsearch", m.Op)
}

// column is what Grafana calls a metric in a table; same says that there are
// several of its type.
func column(m object, same bool) string {
	kind, _ := m["type"].(string)
	name := map[string]string{"count": "Count", "max": "Max", "avg": "Average", "sum": "Sum", "cardinality": "Unique Count"}[kind]
	if field, _ := m["field"].(string); same {
		name += " " + field
	}
	return name
}

// rows asks for a table: a row for each group, a column for each measure.
func (out *panel) rows(p dashboards.Panel, e encoder) error {
	if p.By.Field == "" {
		return fmt.Errorf("no named groups out of Elasticsearch")
	}
	var metrics []object
	types := map[any]int{}
	for i, m := range p.Measures {
		metric, err := metric(strconv.Itoa(i+1), m)
		if err != nil || m.Op == dashboards.OpPercentile {
			return fmt.Errorf("%s: no %s in a table out of Elasticsearch", m.Label, m.Op)
		}
		metrics = append(metrics, metric)
		types[metric["type"]]++
	}
	out.Targets = []object{out.search("A", e.lucene(p.Source), []object{terms("10", p.By.Field, p.By.Size, "1")}, metrics)}
	names, order := object{p.By.Field: p.By.Label}, object{p.By.Field: 0}
	for i, m := range p.Measures {
		name := column(metrics[i], types[metrics[i]["type"]] > 1)
		names[name], order[name] = m.Label, i+1
		if p.Kind == dashboards.Table {
			out.FieldConfig.Overrides = append(out.FieldConfig.Overrides, override(m.Label, field(m, false, p.Source)))
		}
	}
	out.Transformations = []object{{"id": "organize", "options": object{"excludeByName": object{}, "renameByName": names, "indexByName": order}}}
	if p.Kind == dashboards.Table {
		out.Options["sortBy"] = []object{{"displayName": p.Measures[0].Label, "desc": true}}
	}
	out.drillFrom(p)
	return nil
}
