package kibana

import (
	"fmt"

	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
)

// links leads to the dashboards that come next, with the time and what it is
// narrowed to.
func (w *writer) links() {
	const id = "next"
	var links []any
	for i, next := range w.dashboard.Next {
		d, known := dashboards.Find(next)
		if !known {
			continue
		}
		ref := "link_" + next + "_dashboard"
		links = append(links, object{
			"id": next, "order": i, "type": "dashboardLink", "label": d.Title, "destinationRefName": ref,
			"options": object{"openInNewTab": false, "useCurrentDateRange": true, "useCurrentFilters": true},
		})
		w.refer(id+":"+ref, "dashboard", DashboardID(next))
	}
	if len(links) == 0 {
		return
	}
	w.written = append(w.written, object{
		"type": "links", "panelIndex": id, "title": "Next",
		"gridData":         object{"x": 0, "y": 0, "w": kibanaColumns, "h": linksHeight, "i": id},
		"embeddableConfig": object{"attributes": object{"layout": "horizontal", "links": links}, "enhancements": object{}},
	})
	w.top = linksHeight
}

// drill makes a click on a group lead to another dashboard, narrowed to it.
func (w *writer) drill(p dashboards.Panel) object {
	to, known := dashboards.Find(p.By.Drill)
	if !known {
		return object{}
	}
	event := p.ID + "-drill"
	w.refer(p.ID+":drilldown:DASHBOARD_TO_DASHBOARD_DRILLDOWN:"+event+":dashboardId", "dashboard", DashboardID(to.ID))
	return object{"dynamicActions": object{"events": []any{object{
		"eventId": event, "triggers": []any{"FILTER_TRIGGER"},
		"action": object{
			"factoryId": "DASHBOARD_TO_DASHBOARD_DRILLDOWN", "name": to.Title,
			"config": object{"useCurrentFilters": true, "useCurrentDateRange": true, "openInNewTab": false},
		},
	}}}}
}

// controls are for narrowing the dashboard: to a load run, and to a value of each
// field that it can be narrowed by. A control asks the first stream that has it.
func (w *writer) controls() object {
	panels := object{}
	for _, field := range append([]string{telemetry.FieldRunID}, w.dashboard.Narrow...) {
		stream := w.narrowed(field)
		if stream == "" {
			continue
		}
		id := fmt.Sprintf("narrow-%d", len(panels))
		ref := "controlGroup_" + id + ":optionsListDataView"
		panels[id] = object{
			"type": "optionsListControl", "order": len(panels), "grow": true, "width": "medium",
			"explicitInput": object{
				"id": id, "fieldName": field, "title": controlTitle(field), "singleSelect": true, "dataViewRefName": ref, "enhancements": object{},
			},
		}
		w.refer(ref, "index-pattern", ViewID(stream))
	}
	if len(panels) == 0 {
		return nil
	}
	return object{
		"controlStyle": "oneLine", "chainingSystem": "HIERARCHICAL", "panelsJSON": panels,
		"ignoreParentSettingsJSON": object{"ignoreFilters": false, "ignoreQuery": false, "ignoreTimerange": false, "ignoreValidations": false},
	}
}

func (w *writer) narrowed(field string) string {
	for _, p := range w.dashboard.Panels {
		for _, f := range p.Source.Narrow {
			if f == field {
				return p.Source.Stream
			}
		}
	}
	return ""
}

func controlTitle(field string) string {
	switch field {
	case telemetry.FieldRunID:
		return "Load run"
	case telemetry.FieldRoute:
		return "Route"
	case telemetry.FieldTraceID:
		return "Trace"
	}
	return field
}

// note is a panel of text.
func note(p dashboards.Panel) object {
	return object{"enhancements": object{}, "savedVis": object{
		"type": "markdown", "title": "", "description": "", "uiState": object{},
		"params": object{"fontSize": 12, "markdown": p.Text, "openLinksInNewTab": false},
		"data":   object{"aggs": []any{}, "searchSource": object{"query": kuery(""), "filter": []any{}}},
	}}
}
