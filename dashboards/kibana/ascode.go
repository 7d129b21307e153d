package kibana

import (
	"fmt"
	"strings"

	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
)

// Body writes a dashboard for PUT /api/dashboards/{id}, which Kibana has from 9.4
// on: flat, and with formulas as text. It leaves to Objects what that API of the
// first versions does not take, or what is not known of it: controls, drill-downs
// and lines at a limit. Panels of lines name the saved searches of Objects.
func Body(d dashboards.Dashboard) (map[string]any, error) {
	var panels []any
	if text := next(d); text != "" {
		panels = append(panels, object{"type": "markdown", "grid": object{"x": 0, "y": 0, "w": kibanaColumns, "h": linksHeight}, "config": object{"content": text}})
	}
	all, err := place(d.Panels, linksHeight)
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		kind, config, err := chart(p.Panel)
		if err != nil {
			return nil, fmt.Errorf("panel %s: %w", p.ID, err)
		}
		panels = append(panels, object{"type": kind, "id": p.ID, "grid": object{"x": p.x, "y": p.y, "w": p.w, "h": p.h}, "config": config})
	}
	return object{
		"title": "Plumbline: " + d.Title, "description": d.Purpose, "tags": []any{tag},
		"time_range": object{"from": "now-15m", "to": "now"}, "refresh_interval": object{"pause": false, "value": 10_000}, // milliseconds
		"panels": panels,
	}, nil
}

// next are links to the dashboards that come next, as text.
func next(d dashboards.Dashboard) string {
	var links []string
	for _, id := range d.Next {
		if to, known := dashboards.Find(id); known {
			links = append(links, fmt.Sprintf("[%s](#/view/%s)", to.Title, DashboardID(id)))
		}
	}
	return strings.Join(links, " · ")
}

// chart is a panel's kind and configuration.
func chart(p dashboards.Panel) (kind string, config object, err error) {
	switch p.Kind {
	case dashboards.Note:
		return "markdown", object{"content": p.Text}, nil
	case dashboards.Lines:
		return "discover_session", object{"title": p.Title, "ref_id": searchID(p.ID)}, nil
	}
	config = object{"title": p.Title, "description": description(p), "query": expression(where(p.Source.Where)), "filters": []any{}}
	var measures []any
	for i := range p.Measures {
		o, err := operation(p, i)
		if err != nil {
			return "", nil, err
		}
		measures = append(measures, o)
	}
	switch p.Kind {
	case dashboards.Stat:
		primary := measures[0].(object)
		primary["type"] = "primary"
		if p.Limits.None == "" {
			primary["color"] = colours(p.Limits)
		}
		config["type"], config["metrics"] = "metric", measures
		if splits(p) {
			config["breakdown_by"] = counter(p)
		}
	case dashboards.Table:
		config["type"], config["metrics"], config["rows"] = "data_table", measures, []any{bucket(p)}
	case dashboards.Heatmap:
		config["type"], config["metric"], config["x"], config["y"] = "heatmap", measures[0], interval(p), bucket(p)
		config["axis"] = object{"x": object{"scale": "temporal"}, "y": object{}}
	case dashboards.TimeSeries, dashboards.Bars:
		config["type"], config["layers"] = "xy", []any{series(p, measures)}
		return "vis", config, nil
	default:
		return "", nil, fmt.Errorf("no Lens panel draws %s", p.Kind)
	}
	config["data_source"] = source(p)
	return "vis", config, nil
}

func series(p dashboards.Panel, measures []any) object {
	layer := object{"data_source": source(p), "y": measures}
	switch {
	case p.Kind == dashboards.Bars:
		layer["type"], layer["x"] = "bar_horizontal", bucket(p)
	case p.Stacked:
		layer["type"], layer["x"] = "bar_stacked", interval(p)
	default:
		layer["type"], layer["x"] = "line", interval(p)
	}
	switch {
	case splits(p):
		layer["breakdown_by"] = counter(p)
	case p.Kind == dashboards.TimeSeries && grouped(p):
		layer["breakdown_by"] = bucket(p)
	}
	return layer
}

func source(p dashboards.Panel) object {
	return object{"type": "data_view_spec", "index_pattern": p.Source.Stream, "time_field": telemetry.FieldTimestamp}
}

func expression(query string) object { return object{"expression": query} }

func interval(p dashboards.Panel) object {
	params, _ := moments(p)["params"].(object)
	return object{"operation": "date_histogram", "field": telemetry.FieldTimestamp, "suggested_interval": params["interval"]}
}

// bucket is the breakdown; counter tells counters apart that are added up.
func bucket(p dashboards.Panel) object {
	if p.By.Field == "" {
		var filters []any
		for _, g := range p.By.Groups {
			filters = append(filters, object{"label": g.Key, "filter": expression(condition(g.Where))})
		}
		return object{"operation": "filters", "label": p.By.Label, "filters": filters}
	}
	limit, rank := p.By.Size, object{"type": "alphabetical", "direction": "asc"}
	if p.Show > 0 {
		limit = p.Show
	}
	if !formula(p, p.Measures[0]) {
		rank = object{"type": "metric", "metric_index": 0, "direction": "desc"}
	}
	return object{"operation": "terms", "label": p.By.Label, "fields": []any{p.By.Field}, "limit": limit, "rank_by": rank}
}

func counter(p dashboards.Panel) object {
	return object{
		"operation": "terms", "fields": []any{p.Measures[0].Per}, "limit": maxCounters, "collapse_by": "sum",
		"rank_by": object{"type": "alphabetical", "direction": "asc"},
	}
}

// operation is a measure, one that Kibana has or a formula.
func operation(p dashboards.Panel, i int) (object, error) {
	m := p.Measures[i]
	o := object{"label": m.Label, "format": writes(m.Unit)}
	named := func(name string) (object, error) {
		o["operation"] = name
		if m.Field != "" {
			o["field"] = m.Field
		}
		return o, nil
	}
	switch m.Op {
	case dashboards.OpCount:
		return named("count")
	case dashboards.OpRate:
		o["time_scale"] = "s"
		return named("count")
	case dashboards.OpPercentile:
		o["percentile"] = number(m.Quantile * 100)
		return named("percentile")
	case dashboards.OpMax:
		return named("max")
	case dashboards.OpMean:
		return named("average")
	case dashboards.OpUnique:
		return named("unique_count")
	case dashboards.OpLast:
		o["sort_by"] = telemetry.FieldTimestamp
		return named("last_value")
	case dashboards.OpSum:
		if !totals(p, m) {
			o["empty_as_null"] = false
			return named("sum")
		}
	}
	text, err := formulaText(p, i)
	o["operation"], o["formula"] = "formula", text
	return o, err
}

// formulaText is the formula that Objects writes out with its hidden columns. One
// has no counter rate that is not per second.
func formulaText(p dashboards.Panel, i int) (string, error) {
	m := p.Measures[i]
	switch {
	case overTime(p) && m.Op == dashboards.OpSpeed:
		return "counter_rate(max(" + m.Field + "))", nil
	case overTime(p) && m.Op == dashboards.OpIncrease:
		return "differences(max(" + m.Field + "))", nil
	}
	column, _, err := measure(p, i)
	if err != nil {
		return "", err
	}
	params, _ := column["params"].(object)
	text, _ := params["formula"].(string)
	return text, nil
}

// writes is how numbers of a unit are written.
func writes(u dashboards.Unit) object {
	params, _ := format(u)["params"].(object)
	o := object{"type": format(u)["id"], "decimals": params["decimals"]}
	if from, is := params["fromUnit"]; is {
		delete(o, "decimals")
		o["from"], o["to"] = from, params["toUnit"]
	}
	return o
}

// colours are those of a number by its limits.
func colours(l dashboards.Limits) object {
	low, high, all := l.Warn, l.Bad, []string{green, yellow, red}
	if l.Falling {
		low, high, all = l.Bad, l.Warn, []string{red, yellow, green}
	}
	steps := []any{object{"lt": low, "color": all[0]}}
	if low != high {
		steps = append(steps, object{"gte": low, "lt": high, "color": all[1]})
	}
	return object{"type": "dynamic", "range": "absolute", "steps": append(steps, object{"gte": high, "color": all[2]})}
}
