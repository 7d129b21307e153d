package kibana_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"plumbline/dashboards/kibana/savedobject"
)

// The tests of this file read what is rendered, and not the model: what Kibana
// does not check on import and shows as a broken panel is found here.

type column struct {
	Label, DataType, OperationType, SourceField, Scale string
	IsBucketed                                         *bool
	References                                         []string
	Params                                             struct {
		Percentile     float64
		Formula        string
		TinymathAst    any
		OrderBy        struct{ Type, ColumnID string }
		OrderDirection string
		Filters        []struct{ Label string }
	}
}

type layer struct {
	ColumnOrder []string
	Columns     map[string]column
}

type panel struct {
	Type, PanelIndex, PanelRefName string
	GridData                       struct {
		X, Y, W, H int
		I          string
	}
	EmbeddableConfig struct {
		Enhancements struct {
			DynamicActions struct {
				Events []struct {
					EventID string
					Action  struct{ FactoryID string }
				}
			}
		}
		Attributes struct {
			References []savedobject.Reference
			Links      []struct{ DestinationRefName string }
			State      struct {
				Visualization    map[string]any
				DatasourceStates struct {
					FormBased struct{ Layers map[string]layer }
				}
			}
		}
	}
}

// linter collects what is wrong with a set of objects.
type linter struct {
	found  []string
	exist  map[string]bool // "type id"
	object savedobject.Object
	used   map[string]bool // names of references
}

func (l *linter) fault(format string, args ...any) {
	l.found = append(l.found, l.object.Name()+": "+fmt.Sprintf(format, args...))
}

func lint(objects []savedobject.Object) []string {
	l := &linter{exist: map[string]bool{}}
	for _, o := range objects {
		l.exist[o.Name()] = true
	}
	for _, l.object = range objects {
		l.used = map[string]bool{}
		if l.object.Core != "8.8.0" {
			l.fault("coreMigrationVersion %q", l.object.Core)
		}
		switch l.object.Type {
		case "dashboard":
			l.dashboard()
		case "search":
			l.search()
		}
		for _, r := range l.object.References {
			if !l.exist[r.Type+" "+r.ID] {
				l.fault("reference %s leads to no %s %s", r.Name, r.Type, r.ID)
			}
			if r.Type != "tag" && !l.used[r.Name] {
				l.fault("reference %s is not used", r.Name)
			}
		}
	}
	return l.found
}

func into(value any, out any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, out)
}

// needs a reference of the object by name.
func (l *linter) needs(name string) *savedobject.Reference {
	l.used[name] = true
	for _, r := range l.object.References {
		if r.Name == name {
			return &r
		}
	}
	l.fault("reference %s is missing", name)
	return nil
}

func (l *linter) search() {
	if l.object.Version != "8.0.0" {
		l.fault("typeMigrationVersion %q", l.object.Version)
	}
	l.needs("kibanaSavedObjectMeta.searchSourceJSON.index")
}

// attributes are those of a dashboard before 9.1; Kibana refuses others.
var attributes = []string{"title", "description", "panelsJSON", "optionsJSON", "timeRestore", "timeFrom", "timeTo", "refreshInterval", "kibanaSavedObjectMeta", "controlGroupInput"}

func (l *linter) dashboard() {
	if l.object.Version != "10.2.0" {
		l.fault("typeMigrationVersion %q", l.object.Version)
	}
	for name := range l.object.Attributes {
		if !slices.Contains(attributes, name) {
			l.fault("attribute %s", name)
		}
	}
	var panels []panel
	if err := into(l.object.Attributes["panelsJSON"], &panels); err != nil {
		l.fault("panels: %v", err)
	}
	for i, p := range panels {
		g := p.GridData
		if p.PanelIndex == "" || g.I != p.PanelIndex {
			l.fault("panel %s is %s in the grid", p.PanelIndex, g.I)
		}
		if g.X < 0 || g.Y < 0 || g.W < 1 || g.H < 1 || g.X+g.W > 48 {
			l.fault("panel %s is beyond the grid", p.PanelIndex)
		}
		for _, q := range panels[:i] {
			h := q.GridData
			if p.PanelIndex == q.PanelIndex {
				l.fault("panel %s is there twice", p.PanelIndex)
			}
			if g.X < h.X+h.W && h.X < g.X+g.W && g.Y < h.Y+h.H && h.Y < g.Y+g.H {
				l.fault("panel %s lies on %s", p.PanelIndex, q.PanelIndex)
			}
		}
		l.panel(p)
	}
	l.controls()
}

func (l *linter) panel(p panel) {
	config := p.EmbeddableConfig
	for _, r := range config.Attributes.References {
		if up := l.needs(p.PanelIndex + ":" + r.Name); up != nil && (up.ID != r.ID || up.Type != r.Type) {
			l.fault("panel %s: reference %s is to another than the dashboard's", p.PanelIndex, r.Name)
		}
	}
	for _, link := range config.Attributes.Links {
		l.needs(p.PanelIndex + ":" + link.DestinationRefName)
	}
	for _, e := range config.Enhancements.DynamicActions.Events {
		l.needs(p.PanelIndex + ":drilldown:" + e.Action.FactoryID + ":" + e.EventID + ":dashboardId")
	}
	if p.PanelRefName != "" {
		l.needs(p.PanelIndex + ":" + p.PanelRefName)
	}
	if p.Type == "search" && p.PanelRefName == "" {
		l.fault("panel %s refers to no saved search", p.PanelIndex)
	}
	if p.Type != "lens" {
		return
	}
	state := config.Attributes.State
	if len(state.DatasourceStates.FormBased.Layers) == 0 {
		l.fault("panel %s has no layer", p.PanelIndex)
	}
	shown := accessors(state.Visualization)
	for id, layer := range state.DatasourceStates.FormBased.Layers {
		name := "indexpattern-datasource-layer-" + id
		if !slices.ContainsFunc(config.Attributes.References, func(r savedobject.Reference) bool { return r.Name == name }) {
			l.fault("panel %s: layer %s has no data view", p.PanelIndex, id)
		}
		l.layer(p.PanelIndex, layer)
		for _, accessor := range shown[id] {
			if _, there := layer.Columns[accessor]; !there {
				l.fault("panel %s shows column %s, which is not there", p.PanelIndex, accessor)
			}
			if strings.Contains(accessor, "X") {
				l.fault("panel %s shows the hidden column %s", p.PanelIndex, accessor)
			}
		}
	}
	for id := range shown {
		if _, there := state.DatasourceStates.FormBased.Layers[id]; !there {
			l.fault("panel %s shows layer %s, which is not there", p.PanelIndex, id)
		}
	}
}

// accessors are the columns that a visualization names, by layer.
func accessors(look map[string]any) map[string][]string {
	layers, is := look["layers"].([]any)
	if !is {
		layers = []any{look}
	}
	all := map[string][]string{}
	for _, v := range layers {
		layer, _ := v.(map[string]any)
		id, _ := layer["layerId"].(string)
		all[id] = nil
		for _, name := range []string{"metricAccessor", "breakdownByAccessor", "xAccessor", "yAccessor", "valueAccessor", "splitAccessor"} {
			if column, is := layer[name].(string); is {
				all[id] = append(all[id], column)
			}
		}
		list, _ := layer["accessors"].([]any)
		for _, column := range list {
			all[id] = append(all[id], column.(string))
		}
		list, _ = layer["columns"].([]any)
		for _, column := range list {
			all[id] = append(all[id], column.(map[string]any)["columnId"].(string))
		}
	}
	return all
}

func (l *linter) layer(p string, layer layer) {
	if got, want := slices.Sorted(slices.Values(layer.ColumnOrder)), slices.Sorted(maps.Keys(layer.Columns)); !slices.Equal(got, want) {
		l.fault("panel %s: columnOrder has %v, of %v", p, got, want)
	}
	measures := false
	for _, id := range layer.ColumnOrder {
		c := layer.Columns[id]
		if c.IsBucketed == nil || c.Label == "" || c.DataType == "" || c.OperationType == "" || c.Scale == "" {
			l.fault("panel %s: column %s is incomplete", p, id)
			continue
		}
		if measures && *c.IsBucketed {
			l.fault("panel %s: bucket %s comes after a measure", p, id)
		}
		measures = measures || !*c.IsBucketed
		for _, r := range c.References {
			if _, there := layer.Columns[r]; !there {
				l.fault("panel %s: column %s refers to %s, which is not there", p, id, r)
			}
		}
		l.operation(p, id, c, layer)
	}
}

func (l *linter) operation(p, id string, c column, layer layer) {
	wrong := func(what string) { l.fault("panel %s: column %s: %s", p, id, what) }
	switch c.OperationType {
	case "count":
		if c.SourceField != "___records___" {
			wrong("counts no records")
		}
	case "percentile":
		if c.SourceField == "" || c.Params.Percentile <= 0 || c.Params.Percentile >= 100 {
			wrong("no percentile")
		}
	case "max", "min", "sum", "average", "unique_count", "last_value", "date_histogram":
		if c.SourceField == "" {
			wrong("no field")
		}
	case "terms":
		if by := c.Params.OrderBy; by.Type == "column" {
			switch layer.Columns[by.ColumnID].OperationType {
			case "", "formula", "math", "counter_rate":
				wrong("ordered by " + by.ColumnID + ", which cannot order")
			}
		} else if by.Type != "alphabetical" {
			wrong("ordered by nothing")
		}
		if c.SourceField == "" {
			wrong("no field")
		}
	case "filters":
		if len(c.Params.Filters) == 0 {
			wrong("no filters")
		}
	case "counter_rate":
		if len(c.References) != 1 || layer.Columns[c.References[0]].OperationType != "max" || !slices.ContainsFunc(slices.Collect(maps.Values(layer.Columns)), func(o column) bool { return o.OperationType == "date_histogram" }) {
			wrong("not over the time, of a maximum")
		}
	case "formula":
		if len(c.References) != 1 || layer.Columns[c.References[0]].OperationType != "math" || c.Params.Formula == "" {
			wrong("a formula without its hidden columns")
		} else if said := misplaced(layer.Columns[c.References[0]].Params.TinymathAst, c.Params.Formula); said != "" {
			wrong("its tree says " + said)
		}
	case "math":
		if got := slices.Sorted(slices.Values(variables(c.Params.TinymathAst))); !slices.Equal(got, slices.Sorted(slices.Values(c.References))) {
			wrong(fmt.Sprintf("its tree has %v, its references %v", got, c.References))
		}
	case "static_value":
	default:
		wrong("unknown operation " + c.OperationType)
	}
}

// misplaced returns the text of the first part of a tree that does not stand where
// it says in the formula, or "". The root is the whole.
func misplaced(tree any, formula string) string {
	var root struct {
		Text     string
		Location struct{ Min, Max int }
		Args     []any
	}
	if err := into(tree, &root); err != nil || root.Text == "" {
		return ""
	}
	if at := root.Location; at.Min < 0 || at.Max > len(formula) || at.Min > at.Max || formula[at.Min:at.Max] != root.Text {
		return root.Text
	}
	for _, arg := range root.Args {
		if said := misplaced(arg, formula); said != "" {
			return said
		}
	}
	return ""
}

// variables are the columns in a tree.
func variables(tree any) []string {
	switch v := tree.(type) {
	case string:
		return []string{v}
	case map[string]any:
		var all []string
		for _, arg := range v["args"].([]any) {
			all = append(all, variables(arg)...)
		}
		return all
	}
	return nil
}

func (l *linter) controls() {
	var group struct {
		PanelsJSON map[string]struct {
			ExplicitInput struct{ ID, FieldName, DataViewRefName string }
		}
	}
	if err := into(l.object.Attributes["controlGroupInput"], &group); err != nil {
		l.fault("controls: %v", err)
	}
	for id, control := range group.PanelsJSON {
		in := control.ExplicitInput
		if in.ID != id || in.FieldName == "" || in.DataViewRefName != "controlGroup_"+id+":optionsListDataView" {
			l.fault("control %s: %+v", id, in)
		}
		l.needs(in.DataViewRefName)
	}
}

func TestRenderedObjectsHoldTogether(t *testing.T) {
	for _, fault := range lint(read(t)) {
		t.Error(fault)
	}
}

// Each rule of the lint can find something.
func TestLintFinds(t *testing.T) {
	for proves, row := range map[string]struct{ old, new, says string }{
		"another index in the grid":             {`"i": "requests"`, `"i": "others"`, "panel requests is others in the grid"},
		"a panel twice":                         {`"panelIndex": "error-ratio"`, `"panelIndex": "requests"`, "panel requests is there twice"},
		"a panel beyond the grid":               {`"w": 12, "x": 36`, `"w": 13, "x": 36`, "is beyond the grid"},
		"a panel on another":                    {`"w": 12, "x": 0`, `"w": 13, "x": 0`, "lies on"},
		"a newer form":                          {`"typeMigrationVersion": "10.2.0"`, `"typeMigrationVersion": "10.3.0"`, `typeMigrationVersion "10.3.0"`},
		"no form":                               {`"coreMigrationVersion": "8.8.0"`, `"coreMigrationVersion": ""`, `coreMigrationVersion ""`},
		"an unknown attribute":                  {`"timeFrom"`, `"timeSince"`, "attribute timeSince"},
		"a reference that is not hoisted":       {`"name": "requests:indexpattern-datasource-layer-data"`, `"name": "request:indexpattern-datasource-layer-data"`, "reference requests:indexpattern-datasource-layer-data is missing"},
		"a reference to another":                {`"id": "plumbline-view-logs-icat-access-default", "name": "requests:`, `"id": "plumbline-view-logs-icat-all-default", "name": "requests:`, "is to another than the dashboard's"},
		"a reference to nothing":                {`"id": "plumbline-route"`, `"id": "plumbline-root"`, "leads to no dashboard plumbline-root"},
		"a reference that nobody uses":          {`"dataViewRefName": "controlGroup_narrow-0:optionsListDataView"`, `"dataViewRefName": ""`, "reference controlGroup_narrow-0:optionsListDataView is not used"},
		"a link that leads nowhere":             {`"destinationRefName": "link_route_dashboard"`, `"destinationRefName": "link_dashboard"`, "reference next:link_dashboard is missing"},
		"a click that leads nowhere":            {`"eventId": "slowest-routes-drill"`, `"eventId": "drill"`, "reference slowest-routes:drilldown:DASHBOARD_TO_DASHBOARD_DRILLDOWN:drill:dashboardId is missing"},
		"a list of lines without its search":    {`"panelRefName": "panel_slowest-requests"`, `"panelRefName": ""`, "panel slowest-requests refers to no saved search"},
		"a layer without a data view":           {`"name": "indexpattern-datasource-layer-limit"`, `"name": "indexpattern-datasource-layer-other"`, "layer limit has no data view"},
		"a layer that is not there":             {`"layerId": "limit"`, `"layerId": "other"`, "shows layer other, which is not there"},
		"a column that is not there":            {`"metricAccessor": "measure0"`, `"metricAccessor": "measure9"`, "shows column measure9, which is not there"},
		"a hidden column is shown":              {`"metricAccessor": "measure0"`, `"metricAccessor": "measure0X0"`, "shows the hidden column measure0X0"},
		"a column without its place":            {`"columnOrder": [ "measure0",`, `"columnOrder": [`, "columnOrder has"},
		"a measure before a bucket":             {`"group", "time", "measure0"`, `"measure0", "time", "group"`, "comes after a measure"},
		"a column without a type":               {`"dataType": "number"`, `"dataType": ""`, "is incomplete"},
		"a reference to a column":               {`"measure0X1" `, `"measure0X7" `, "measure0X7"},
		"a count of a field":                    {`"sourceField": "___records___"`, `"sourceField": "event.id"`, "counts no records"},
		"a percentile that is none":             {`"percentile": 99`, `"percentile": 100`, "no percentile"},
		"a field that is missing":               {`"sourceField": "event.duration"`, `"sourceField": ""`, "no percentile"},
		"an order by what cannot order":         {`"columnId": "measure0", "type"`, `"columnId": "measure9", "type"`, "which cannot order"},
		"a formula without its columns":         {`"formula": "count(`, `"formula": "sum(`, "its tree says count("},
		"a part of a formula that is elsewhere": {`"min": 4 }, "name": "divide"`, `"min": 0 }, "name": "divide"`, "its tree says count("},
		"a tree without one of its variables":   {`"args": [ "measure0X0", "measure0X1" ]`, `"args": [ "measure0X0", 1 ]`, "its tree has [measure0X0], its references [measure0X0 measure0X1]"},
		"an operation of another making":        {`"operationType": "unique_count"`, `"operationType": "distinct"`, "unknown operation distinct"},
		"a counter rate of something else":      {`"label": "Part of sent", "operationType": "max"`, `"label": "Part of sent", "operationType": "min"`, "not over the time, of a maximum"},
	} {
		found := strings.Join(lint(spoil(t, row.old, row.new)), "\n")
		if !strings.Contains(found, row.says) {
			t.Errorf("%s: found %q, want %q", proves, found, row.says)
		}
	}
}
