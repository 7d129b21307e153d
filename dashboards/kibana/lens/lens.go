// Package lens asks Elasticsearch what Kibana's Lens would ask for a panel, and
// makes of the answer the rows that Lens would draw. It reads what is rendered
// and nothing of the model that it was rendered from, so that a panel that asks
// for something else than it says is found by its numbers. It was written after
// Kibana's sources, for the operations that the dashboards use.
//
// Three things are not read from a panel. The caller says how wide the time
// buckets are where Lens chooses by the width of the screen; what the controls
// of the dashboard narrow it to; and whether the server lacks top_metrics, as the
// server that the tests start does: top_hits then finds the same document.
package lens

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"plumbline/dashboards/kibana/savedobject"
)

// Panel is a Lens panel as it is rendered.
type Panel struct {
	ID    string // panelIndex
	Title string
	Index string // what its data view covers

	timeField string
	query     string
	layer     layer
	look      map[string]any // of the layer
}

type layer struct {
	ColumnOrder []string
	Columns     map[string]column
}

type column struct {
	Label, OperationType, SourceField, TimeScale string
	IsBucketed                                   bool
	References                                   []string
	Filter                                       *struct{ Query, Language string }
	Params                                       struct {
		EmptyAsNull      bool
		IncludeEmptyRows bool
		Interval         string
		Percentile       float64
		Size             int
		SortField        string
		OrderBy          struct{ Type, ColumnID string }
		OrderDirection   string
		TinymathAst      any
		Filters          []struct {
			Label string
			Input struct{ Query, Language string }
		}
	}
}

// Scope is what a dashboard looks at.
type Scope struct {
	From, To time.Time     // [From, To), in whole milliseconds
	Interval time.Duration // width of time buckets that Lens would choose by itself
	Only     map[string]string
	TopHits  bool // instead of top_metrics
}

// Panels reads the Lens panels of all dashboards in a set of objects.
func Panels(objects []savedobject.Object) ([]Panel, error) {
	views := map[string]view{}
	for _, o := range objects {
		if o.Type == "index-pattern" {
			title, _ := o.Attributes["title"].(string)
			time, _ := o.Attributes["timeFieldName"].(string)
			views[o.ID] = view{title, time}
		}
	}
	var all []Panel
	for _, o := range objects {
		if o.Type != "dashboard" {
			continue
		}
		panels, err := panelsOf(o, views)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.Name(), err)
		}
		all = append(all, panels...)
	}
	return all, nil
}

type view struct{ title, timeField string }

// rendered is a panel as the dashboard keeps it.
type rendered struct {
	Type, PanelIndex, Title string
	EmbeddableConfig        struct {
		Attributes struct {
			References []savedobject.Reference
			State      struct {
				Query            struct{ Query, Language string }
				Visualization    map[string]any
				DatasourceStates struct {
					FormBased struct{ Layers map[string]layer }
				}
			}
		}
	}
}

func panelsOf(o savedobject.Object, views map[string]view) (all []Panel, err error) {
	text, err := json.Marshal(o.Attributes["panelsJSON"])
	if err != nil {
		return nil, err
	}
	var panels []rendered
	if err := json.Unmarshal(text, &panels); err != nil {
		return nil, fmt.Errorf("panels: %w", err)
	}
	for _, r := range panels {
		if r.Type != "lens" {
			continue
		}
		p, err := read(r, views)
		if err != nil {
			return nil, fmt.Errorf("panel %s: %w", r.PanelIndex, err)
		}
		all = append(all, p)
	}
	return all, nil
}

// read takes the one layer of data; layers of lines at a limit ask nothing.
func read(r rendered, views map[string]view) (Panel, error) {
	state := r.EmbeddableConfig.Attributes.State
	p := Panel{ID: r.PanelIndex, Title: r.Title, query: state.Query.Query}
	looks := []any{map[string]any(state.Visualization)}
	if layers, is := state.Visualization["layers"].([]any); is {
		looks = layers
	}
	id := ""
	for _, v := range looks {
		look, _ := v.(map[string]any)
		if look["layerType"] != "data" {
			continue
		}
		if id != "" {
			return Panel{}, fmt.Errorf("several layers of data")
		}
		id, _ = look["layerId"].(string)
		p.look = look
	}
	var there bool
	if p.layer, there = state.DatasourceStates.FormBased.Layers[id]; !there {
		return Panel{}, fmt.Errorf("no layer of data")
	}
	for _, ref := range r.EmbeddableConfig.Attributes.References {
		if v, known := views[ref.ID]; known && ref.Name == "indexpattern-datasource-layer-"+id {
			p.Index, p.timeField = v.title, v.timeField
		}
	}
	if p.Index == "" || p.timeField == "" {
		return Panel{}, fmt.Errorf("layer %s has no data view with a time", id)
	}
	return p, nil
}

// asked are the columns that Elasticsearch is asked for, in order; the others are
// computed from them.
func (p Panel) asked() (ids []string) {
	for _, id := range p.layer.ColumnOrder {
		switch p.layer.Columns[id].OperationType {
		case "formula", "math", "counter_rate":
		default:
			ids = append(ids, id)
		}
	}
	return ids
}

// buckets and metrics are those of the asked columns that make rows, and values.
func (p Panel) buckets() []string { return p.only(true) }
func (p Panel) metrics() []string { return p.only(false) }

func (p Panel) only(bucketed bool) []string {
	return slices.DeleteFunc(p.asked(), func(id string) bool { return p.layer.Columns[id].IsBucketed != bucketed })
}

// accessor is the column that the look names so, or "".
func (p Panel) accessor(name string) string {
	id, _ := p.look[name].(string)
	return id
}

// Shown are the columns whose values are drawn.
func (p Panel) Shown() []string {
	for _, name := range []string{"metricAccessor", "valueAccessor"} {
		if id := p.accessor(name); id != "" {
			return []string{id}
		}
	}
	var ids []string
	list, _ := p.look["accessors"].([]any)
	for _, v := range list {
		ids = append(ids, fmt.Sprint(v))
	}
	list, _ = p.look["columns"].([]any)
	for _, v := range list {
		shown, _ := v.(map[string]any)
		if id := fmt.Sprint(shown["columnId"]); !p.layer.Columns[id].IsBucketed {
			ids = append(ids, id)
		}
	}
	return ids
}

// Label is how a column is called.
func (p Panel) Label(id string) string { return p.layer.Columns[id].Label }

// collapsed is the bucket over whose values a panel adds up, or "".
func (p Panel) collapsed() string {
	if p.accessor("collapseFn") != "sum" {
		return ""
	}
	for _, name := range []string{"breakdownByAccessor", "splitAccessor"} {
		if id := p.accessor(name); id != "" {
			return id
		}
	}
	return ""
}

func (p Panel) String() string { return p.ID + " (" + strings.Join(p.asked(), ", ") + ")" }
