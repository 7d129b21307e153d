package grafana

import (
	"fmt"

	"plumbline/dashboards"
	"plumbline/dashboards/promql"
	"plumbline/demo-app/telemetry"
)

// panel writes a panel: how it is drawn here, what it asks in prometheus.go and
// elasticsearch.go.
func (e encoder) panel(p dashboards.Panel) (panel, error) {
	out := panel{
		ID: number(p.ID), Title: p.Title, Description: p.Purpose + "\n\n" + p.Advice,
		GridPos: position{W: 2 * p.Width, H: height(p.Kind)}, FieldConfig: fieldConfig{object{}, []object{}},
	}
	if p.Kind == dashboards.Note {
		out.Type, out.Options = "text", object{"mode": "markdown", "content": p.Text}
		return out, nil
	}
	prometheus := p.Source.Counterpart()
	out.Datasource = &source{"elasticsearch", Stream(p.Source.Stream)}
	if prometheus {
		out.Datasource = &source{"prometheus", Prometheus}
	}
	out.draw(p, prometheus)
	if p.Quiet != "" {
		out.FieldConfig.Defaults["noValue"] = p.Quiet
	}
	if prometheus {
		return out, out.askPrometheus(p, e.in)
	}
	return out, out.askElasticsearch(p, e)
}

func height(k dashboards.Kind) int {
	switch k {
	case dashboards.Stat, dashboards.Note:
		return 4
	case dashboards.TimeSeries, dashboards.Bars:
		return 8
	}
	return 10
}

// draw sets the kind of the panel, its options, units and thresholds.
func (out *panel) draw(p dashboards.Panel, prometheus bool) {
	if len(p.Measures) > 0 {
		out.FieldConfig.Defaults = field(p.Measures[0], prometheus, p.Source)
	}
	reduce := object{"calcs": []string{"lastNotNull"}, "fields": "", "values": false}
	switch p.Kind {
	case dashboards.Stat:
		out.Type = "stat"
		out.thresholds(p, prometheus)
		out.Options = object{
			"reduceOptions": reduce, "orientation": "auto", "textMode": "value", "colorMode": "value", "graphMode": "none", "justifyMode": "auto",
			"wideLayout": true, "showPercentChange": false, "percentChangeColorMode": "standard",
		}
	case dashboards.TimeSeries:
		out.Type = "timeseries"
		custom := object{"drawStyle": "line", "fillOpacity": 0, "lineWidth": 2, "showPoints": "never"}
		if p.Stacked {
			custom = object{"drawStyle": "line", "fillOpacity": 60, "lineWidth": 1, "showPoints": "never", "stacking": object{"mode": "normal", "group": "A"}}
		}
		if out.thresholds(p, prometheus) {
			custom["thresholdsStyle"] = object{"mode": "line"}
		}
		out.FieldConfig.Defaults["color"] = object{"mode": "palette-classic"}
		out.FieldConfig.Defaults["custom"] = custom
		out.Options = object{
			"legend":  object{"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []string{}},
			"tooltip": object{"mode": "multi", "sort": "desc"},
		}
	case dashboards.Bars:
		out.Type = "bargauge"
		if !out.thresholds(p, prometheus) {
			out.FieldConfig.Defaults["color"] = object{"mode": "palette-classic"}
		}
		out.FieldConfig.Defaults["min"] = 0
		if !prometheus { // rows of one table
			reduce["values"] = true
			if p.Show > 0 {
				reduce["limit"] = p.Show
			}
		}
		out.Options = object{
			"reduceOptions": reduce, "orientation": "horizontal", "displayMode": "basic", "valueMode": "color", "namePlacement": "left", "showUnfilled": false,
			"sizing": "auto", "minVizWidth": 8, "minVizHeight": 16, "maxVizHeight": 300,
			"legend": object{"displayMode": "list", "placement": "bottom", "showLegend": false, "calcs": []string{}},
		}
	case dashboards.Heatmap:
		out.Type = "heatmap"
		out.FieldConfig.Defaults = object{"unit": "short"}
		out.Options = object{
			"calculate": false, "cellGap": 1, "showValue": "never", "yAxis": object{"unit": "s", "axisPlacement": "left"},
			"color":  object{"mode": "scheme", "scheme": "Oranges", "fill": "dark-orange", "scale": "exponential", "exponent": 0.5, "steps": 64, "reverse": false},
			"legend": object{"show": true}, "tooltip": object{"mode": "single", "yHistogram": true}, "exemplars": object{"color": "rgba(255,0,255,0.7)"},
			"filterValues": object{"le": 1e-9}, "rowsFrame": object{"layout": "auto"},
		}
	case dashboards.Table, dashboards.Lines:
		out.Type = "table"
		out.FieldConfig.Defaults = object{"unit": "short"}
		out.Options = object{"frameIndex": 0, "showHeader": true, "cellHeight": "sm"}
	}
}

// field is how the values of a measure are written.
func field(m dashboards.Measure, prometheus bool, from dashboards.Source) object {
	unit := m.Unit
	if prometheus && unit == dashboards.UnitNanoseconds {
		unit = dashboards.UnitSeconds
	}
	return written(unit, from.Stream == telemetry.StreamAccess)
}

// written is Grafana's name of a unit, and how many decimals make sense.
func written(u dashboards.Unit, requests bool) object {
	switch u {
	case dashboards.UnitCount: // Prometheus extrapolates: 1,199.6 requests
		return object{"unit": "short", "decimals": 0}
	case dashboards.UnitPerSecond:
		if requests {
			return object{"unit": "reqps"}
		}
		return object{"unit": "cps"}
	case dashboards.UnitRatio:
		return object{"unit": "percentunit"}
	case dashboards.UnitNanoseconds:
		return object{"unit": "ns"}
	case dashboards.UnitSeconds:
		return object{"unit": "s"}
	case dashboards.UnitBytes:
		return object{"unit": "bytes"}
	case dashboards.UnitBurn:
		return object{"unit": "none", "decimals": 2}
	case dashboards.UnitTime:
		return object{"unit": "dateTimeAsIso"}
	}
	return object{"unit": "string"}
}

// thresholds are the limits of the first measure, in the unit that is drawn.
func (out *panel) thresholds(p dashboards.Panel, prometheus bool) bool {
	l := p.Limits
	if l.None != "" {
		return false
	}
	scale := 1.0
	if prometheus && p.Measures[0].Unit == dashboards.UnitNanoseconds {
		scale = 1e-9
	}
	steps := []object{{"color": "green", "value": nil}}
	add := func(color string, at float64) { steps = append(steps, object{"color": color, "value": at * scale}) }
	switch {
	case l.Falling:
		steps[0]["color"] = "red"
		if l.Warn != l.Bad {
			add("yellow", l.Bad)
		}
		add("green", l.Warn)
	default:
		if l.Warn != l.Bad {
			add("yellow", l.Warn)
		}
		add("red", l.Bad)
	}
	out.FieldConfig.Defaults["thresholds"] = object{"mode": "absolute", "steps": steps}
	out.FieldConfig.Defaults["color"] = object{"mode": "thresholds"}
	return true
}

// drill is the address of the dashboard that a group leads to.
func drill(by dashboards.Breakdown, value string) []object {
	if by.Drill == "" {
		return nil
	}
	to, _ := dashboards.Find(by.Drill)
	return link(to.Title, fmt.Sprintf("/d/%s?${__url_time_range}&var-route=%s", UID(by.Drill), value))
}

// extras are panels of what Prometheus alone knows.
func extras(dashboard string) []panel {
	if dashboard != "pipeline" {
		return nil
	}
	return []panel{{
		ID: number("pipeline-newest"), Type: "timeseries", Title: "Age of the newest document",
		Description: "How far behind each data stream is, as a search sees it.\n\nAbove the line it pages: is the stream's shipper alive?",
		Datasource:  &source{"prometheus", Prometheus}, GridPos: position{W: 24, H: 8},
		FieldConfig: fieldConfig{object{
			"unit": "s", "color": object{"mode": "palette-classic"},
			"custom":     object{"drawStyle": "line", "fillOpacity": 0, "lineWidth": 2, "showPoints": "never", "thresholdsStyle": object{"mode": "line"}},
			"thresholds": object{"mode": "absolute", "steps": []object{{"color": "green", "value": nil}, {"color": "red", "value": 30}}},
		}, []object{}},
		Options: object{
			"legend":  object{"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []string{}},
			"tooltip": object{"mode": "multi", "sort": "desc"},
		},
		Targets: []object{ask("A", promql.Query{Expr: "time() - max by (stream) (plumbline_newest_document_timestamp_seconds)", By: "stream"}, "{{stream}}")},
	}}
}
