// Package kibana writes the dashboards as Kibana keeps them: dashboards whose
// panels are Lens visualizations by value, and what they stand on, that is data
// views, saved searches for panels of lines, and a tag. The same file is for
// Kibana 8.19 and every 9. Body writes a dashboard a second time, for the API that
// Kibana has from 9.4 on.
//
// Lens panels ask through a data view's fields and not in ES|QL: package lens
// can then ask a real Elasticsearch, which needs no ES|QL, just what a panel
// would ask. No live Kibana has drawn these panels yet; what is known of the
// format, and where a panel can say less than the model, is in docs/kibana.md.
package kibana

import (
	"fmt"
	"slices"
	"strings"

	"plumbline/dashboards"
	"plumbline/dashboards/kibana/savedobject"
	"plumbline/demo-app/telemetry"
)

// object is a JSON object.
type object = map[string]any

// The forms in which the objects are written: those of Kibana 8.19, which every
// later one brings to its own. A newer form is refused by an older Kibana.
const (
	formCore      = "8.8.0"
	formDashboard = "10.2.0"
	formOther     = "8.0.0"
)

// tag is what all of it is marked with.
const tag = "plumbline"

// DashboardID is the id of a dashboard in Kibana.
func DashboardID(d string) string { return "plumbline-" + d }

// ViewID is the id of the data view of a stream, or of a pattern of several.
func ViewID(stream string) string {
	return "plumbline-view-" + strings.NewReplacer("*", "all", ",", "-and-", ".", "-").Replace(stream)
}

// searchID is the id of the saved search of a panel of lines.
func searchID(panel string) string { return "plumbline-lines-" + panel }

// Objects writes dashboards and what they stand on.
func Objects(all []dashboards.Dashboard) ([]savedobject.Object, error) {
	objects := []savedobject.Object{{
		Type: "tag", ID: tag, Core: formCore, Version: formOther,
		Attributes: object{"name": "Plumbline", "description": "Made by provisioner kibana, which puts back what is changed here.", "color": "#1D7AA6"},
	}}
	views := map[string]bool{}
	for _, d := range all {
		for _, p := range d.Panels {
			if stream := p.Source.Stream; stream != "" && !views[stream] {
				views[stream] = true
				objects = append(objects, view(stream))
			}
			if p.Kind == dashboards.Lines {
				objects = append(objects, search(p))
			}
		}
		o, err := dashboard(d)
		if err != nil {
			return nil, fmt.Errorf("dashboard %s: %w", d.ID, err)
		}
		objects = append(objects, o)
	}
	return objects, nil
}

// view is the data view of a stream. It may match nothing: a stream is there from
// its first document on.
func view(stream string) savedobject.Object {
	attributes := object{
		"title": stream, "name": "Plumbline: " + stream, "timeFieldName": telemetry.FieldTimestamp, "allowNoIndex": true,
	}
	if strings.HasPrefix(stream, "logs-") { // whose lines are listed as they are
		attributes["fieldFormatMap"] = object{
			telemetry.FieldEventDuration: fieldFormat(dashboards.UnitNanoseconds),
			telemetry.FieldStatus:        fieldFormat(dashboards.UnitText),
		}
	}
	return savedobject.Object{Type: "index-pattern", ID: ViewID(stream), Core: formCore, Version: formOther, Attributes: attributes}
}

// dashboard writes one dashboard: links to others, then its panels in rows.
func dashboard(d dashboards.Dashboard) (savedobject.Object, error) {
	w := &writer{dashboard: d}
	w.links()
	if err := w.panels(); err != nil {
		return savedobject.Object{}, err
	}
	w.refer("tag-ref-"+tag, "tag", tag)
	attributes := object{
		"title":           "Plumbline: " + d.Title,
		"description":     d.Purpose,
		"panelsJSON":      w.written,
		"optionsJSON":     object{"useMargins": true, "syncColors": false, "syncCursor": true, "syncTooltips": false, "hidePanelTitles": false},
		"timeRestore":     true,
		"timeFrom":        "now-15m",
		"timeTo":          "now",
		"refreshInterval": object{"pause": false, "value": 10_000}, // milliseconds
		"kibanaSavedObjectMeta": object{
			"searchSourceJSON": object{"query": kuery(""), "filter": []any{}},
		},
	}
	if controls := w.controls(); controls != nil {
		attributes["controlGroupInput"] = controls
	}
	return savedobject.Object{
		Type: "dashboard", ID: DashboardID(d.ID), Core: formCore, Version: formDashboard,
		Attributes: attributes, References: w.references,
	}, nil
}

// writer is a dashboard under way.
type writer struct {
	dashboard  dashboards.Dashboard
	written    []any
	references []savedobject.Reference
	top        int // row at which the next panel begins
}

func (w *writer) refer(name, kind, id string) {
	w.references = append(w.references, savedobject.Reference{Name: name, Type: kind, ID: id})
}

// Grid of Kibana, and of the model.
const (
	kibanaColumns = 48
	modelColumns  = 12
	linksHeight   = 4
)

// height of a panel, in rows of 20 pixels.
func height(k dashboards.Kind) int {
	switch k {
	case dashboards.Stat:
		return 6
	case dashboards.Note:
		return 5
	case dashboards.Lines:
		return 16
	case dashboards.Heatmap, dashboards.Table:
		return 14
	}
	return 12
}

func (w *writer) panels() error {
	all, err := place(w.dashboard.Panels, w.top)
	if err != nil {
		return err
	}
	for _, p := range all {
		if err := w.panel(p.Panel, object{"x": p.x, "y": p.y, "w": p.w, "h": p.h, "i": p.ID}); err != nil {
			return fmt.Errorf("panel %s: %w", p.ID, err)
		}
	}
	return nil
}

// placed is a panel with its place in Kibana's grid.
type placed struct {
	dashboards.Panel
	x, y, w, h int
}

// place lays panels out row by row from a row of the grid on; all of a row are as
// high as its highest.
func place(rest []dashboards.Panel, top int) (all []placed, err error) {
	for len(rest) > 0 {
		n, width, high := 0, 0, 0
		for n < len(rest) && width+rest[n].Width <= modelColumns {
			width += rest[n].Width
			high = max(high, height(rest[n].Kind))
			n++
		}
		if n == 0 {
			return nil, fmt.Errorf("panel %s is %d columns wide, of %d", rest[0].ID, rest[0].Width, modelColumns)
		}
		left := 0
		for _, p := range rest[:n] {
			wide := p.Width * kibanaColumns / modelColumns
			all = append(all, placed{p, left, top, wide, high})
			left += wide
		}
		top += high
		rest = rest[n:]
	}
	return all, nil
}

func (w *writer) panel(p dashboards.Panel, grid object) error {
	panel := object{"panelIndex": p.ID, "gridData": grid, "title": p.Title}
	switch p.Kind {
	case dashboards.Note:
		panel["type"], panel["embeddableConfig"] = "visualization", note(p)
	case dashboards.Lines:
		ref := "panel_" + p.ID
		panel["type"], panel["panelRefName"] = "search", ref
		panel["embeddableConfig"] = object{"enhancements": object{}, "description": description(p)}
		w.refer(p.ID+":"+ref, "search", searchID(p.ID))
	default:
		attributes, layers, err := lens(p)
		if err != nil {
			return err
		}
		panel["type"] = "lens"
		panel["embeddableConfig"] = object{"attributes": attributes, "enhancements": w.drill(p)}
		for _, layer := range layers {
			w.refer(p.ID+":"+layerReference(layer), "index-pattern", ViewID(p.Source.Stream))
		}
	}
	w.written = append(w.written, panel)
	return nil
}

// description is what a reader finds behind a panel's title.
func description(p dashboards.Panel) string {
	text := p.Purpose + " " + p.Advice
	if limit := limits(p); limit != "" {
		text += " " + limit
	}
	if less := Less(p); less != "" {
		text += " In Kibana: " + less
	}
	return text
}

// Less says in what a panel in Kibana shows something else than the model, "" if
// in nothing.
func Less(p dashboards.Panel) string {
	if !slices.ContainsFunc(p.Measures, grows) {
		return ""
	}
	switch {
	case !overTime(p):
		return "the difference of the largest and the smallest value of each counter, so that one that began again at 0 is off."
	case p.By.Field != "":
		return "of several counters in a group, the largest is followed; a growth between two moments belongs to the later one."
	}
	return "a growth between two moments belongs to the later one."
}

func grows(m dashboards.Measure) bool {
	return m.Op == dashboards.OpIncrease || m.Op == dashboards.OpSpeed
}

func overTime(p dashboards.Panel) bool {
	return p.Kind == dashboards.TimeSeries || p.Kind == dashboards.Heatmap
}
