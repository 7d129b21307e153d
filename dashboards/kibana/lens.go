package kibana

import (
	"fmt"

	"plumbline/dashboards"
)

// Layers of a panel: what is asked, and a line at a limit.
const (
	dataLayer  = "data"
	limitLayer = "limit"
	colLimit   = "limit0"
)

func layerReference(layer string) string { return "indexpattern-datasource-layer-" + layer }

// Colours of what is well, what is to be looked at, and what is bad: of Elastic's
// own palette.
const (
	green  = "#209280"
	yellow = "#D6BF57"
	red    = "#CC5642"
)

// lens is a panel's visualization, and the layers that ask the panel's stream.
func lens(p dashboards.Panel) (attributes object, asking []string, err error) {
	c, err := columnsOf(p)
	if err != nil {
		return nil, nil, err
	}
	kind, look, err := looks(p)
	if err != nil {
		return nil, nil, err
	}
	layers := object{dataLayer: object{"columnOrder": c.order, "columns": c.by, "incompleteColumns": object{}}}
	asking = []string{dataLayer}
	if limited(p) {
		layers[limitLayer], asking = limit(p), append(asking, limitLayer)
	}
	var references []any
	for _, layer := range asking {
		references = append(references, object{"type": "index-pattern", "id": ViewID(p.Source.Stream), "name": layerReference(layer)})
	}
	return object{
		"title": p.Title, "description": description(p), "visualizationType": kind, "type": "lens", "references": references,
		"state": object{
			"visualization": look, "query": kuery(where(p.Source.Where)), "filters": []any{}, "internalReferences": []any{}, "adHocDataViews": object{},
			"datasourceStates": object{"formBased": object{"layers": layers}},
		},
	}, asking, nil
}

// limit is the layer of a line.
func limit(p dashboards.Panel) object {
	return object{"columnOrder": []any{colLimit}, "incompleteColumns": object{}, "columns": object{colLimit: object{
		"label": "Look at it", "customLabel": true, "dataType": "number", "operationType": "static_value", "isBucketed": false, "isStaticValue": true, "scale": "ratio",
		"params": object{"value": plain(p.Limits.Warn)}, "references": []any{},
	}}}
}

// looks is how a panel is drawn.
func looks(p dashboards.Panel) (kind string, look object, err error) {
	switch p.Kind {
	case dashboards.Stat:
		return "lnsMetric", stat(p), nil
	case dashboards.TimeSeries, dashboards.Bars:
		return "lnsXY", xy(p), nil
	case dashboards.Table:
		return "lnsDatatable", table(p), nil
	case dashboards.Heatmap:
		return "lnsHeatmap", heatmap(), nil
	}
	return "", nil, fmt.Errorf("no Lens panel draws %s", p.Kind)
}

func stat(p dashboards.Panel) object {
	look := object{"layerId": dataLayer, "layerType": "data", "metricAccessor": colMeasure(0)}
	if splits(p) {
		look["breakdownByAccessor"], look["collapseFn"] = colPer, "sum"
	}
	if p.Limits.None == "" {
		look["palette"] = palette(p.Limits)
	}
	return look
}

// palette colours a number by its limits.
func palette(l dashboards.Limits) object {
	low, high := l.Warn, l.Bad
	colours := []string{green, yellow, red}
	if l.Falling {
		low, high, colours = l.Bad, l.Warn, []string{red, yellow, green}
	}
	begin, end := []any{nil, low, high}, []float64{low, high, high + 1}
	if low == high {
		begin, end, colours = []any{nil, high}, []float64{low, high + 1}, []string{colours[0], colours[2]}
	}
	// A stop is the end of its colour, a colour stop its beginning.
	var ends, begins []any
	for i, colour := range colours {
		begins = append(begins, object{"color": colour, "stop": begin[i]})
		ends = append(ends, object{"color": colour, "stop": end[i]})
	}
	return object{"type": "palette", "name": "custom", "params": object{
		"name": "custom", "steps": len(colours), "reverse": false, "rangeType": "number", "rangeMin": nil, "rangeMax": nil,
		"progression": "fixed", "continuity": "all", "stops": ends, "colorStops": begins,
	}}
}

// limited is whether a line is drawn where a panel begins to be worth a look. With
// a limit far above what is usual the usual would be squeezed, so it is one line.
func limited(p dashboards.Panel) bool {
	return p.Kind == dashboards.TimeSeries && p.Limits.None == "" && p.Limits.Warn != 0
}

func xy(p dashboards.Panel) object {
	var accessors []any
	for i := range p.Measures {
		accessors = append(accessors, colMeasure(i))
	}
	layer := object{"layerId": dataLayer, "layerType": "data", "accessors": accessors}
	switch {
	case p.Kind == dashboards.Bars:
		layer["seriesType"], layer["xAccessor"] = "bar_horizontal", colGroup
	case p.Stacked:
		layer["seriesType"], layer["xAccessor"] = "bar_stacked", colTime
	default:
		layer["seriesType"], layer["xAccessor"] = "line", colTime
	}
	switch {
	case splits(p):
		layer["splitAccessor"], layer["collapseFn"] = colPer, "sum"
	case p.Kind == dashboards.TimeSeries && grouped(p):
		layer["splitAccessor"] = colGroup
	}
	layers := []any{layer}
	if limited(p) {
		layers = append(layers, object{
			"layerId": limitLayer, "layerType": "referenceLine", "accessors": []any{colLimit},
			"yConfig": []any{object{"forAccessor": colLimit, "axisMode": "left", "color": yellow, "lineStyle": "dashed", "lineWidth": 1, "fill": "none", "textVisibility": true}},
		})
	}
	many := len(p.Measures) > 1 || p.Kind == dashboards.TimeSeries && grouped(p)
	return object{
		"legend": object{"isVisible": many, "position": "right"}, "valueLabels": "hide", "fittingFunction": "None", "preferredSeriesType": layer["seriesType"],
		"axisTitlesVisibilitySettings": object{"x": false, "yLeft": false, "yRight": false}, "layers": layers,
	}
}

func table(p dashboards.Panel) object {
	shown := []any{object{"columnId": colGroup}}
	for i := range p.Measures {
		shown = append(shown, object{"columnId": colMeasure(i)})
	}
	return object{
		"layerId": dataLayer, "layerType": "data", "columns": shown,
		"sorting": object{"columnId": colMeasure(0), "direction": "desc"}, "paging": object{"enabled": true, "size": 20},
	}
}

func heatmap() object {
	return object{
		"shape": "heatmap", "layerId": dataLayer, "layerType": "data", "xAccessor": colTime, "yAccessor": colGroup, "valueAccessor": colMeasure(0),
		"legend": object{"type": "heatmap_legend", "isVisible": true, "position": "right"},
		"gridConfig": object{
			"type": "heatmap_grid", "isCellLabelVisible": false, "isXAxisLabelVisible": true, "isXAxisTitleVisible": false, "isYAxisLabelVisible": true, "isYAxisTitleVisible": false,
		},
	}
}
