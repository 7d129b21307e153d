package kibanafake

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
)

// strict reads JSON whose every member has to be known, and returns what is wrong.
func strict(text []byte, into any) string {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err.Error()
	}
	return ""
}

// grid has 48 columns.
const columns = 48

// panelKinds are the panels of /api/dashboards that the fake knows.
var panelKinds = []string{"vis", "markdown", "discover_session"}

// apiPanel is a panel of /api/dashboards.
type apiPanel struct {
	Type string `json:"type"`
	ID   string `json:"id,omitempty"`
	Grid struct {
		X int `json:"x"`
		Y int `json:"y"`
		W int `json:"w"`
		H int `json:"h"`
	} `json:"grid"`
	Config map[string]any `json:"config"`
}

// apiDashboard is the body of /api/dashboards.
type apiDashboard struct {
	Title           string           `json:"title"`
	Description     string           `json:"description,omitempty"`
	Panels          []apiPanel       `json:"panels,omitempty"`
	TimeRange       map[string]any   `json:"time_range,omitempty"`
	RefreshInterval map[string]any   `json:"refresh_interval,omitempty"`
	Options         map[string]any   `json:"options,omitempty"`
	Query           map[string]any   `json:"query,omitempty"`
	Filters         []map[string]any `json:"filters,omitempty"`
	Tags            []string         `json:"tags,omitempty"`
}

// putDashboard makes or replaces a dashboard from a flat body.
func (k *Kibana) putDashboard(a *ask) {
	var d apiDashboard
	if !k.decode(a, &d) {
		return
	}
	if d.Title == "" {
		k.refuse(a, http.StatusBadRequest, "[request body.title]: expected value of type [string] but got [undefined]")
		return
	}
	for _, p := range d.Panels {
		if !slices.Contains(panelKinds, p.Type) || p.Config == nil {
			k.refuse(a, http.StatusBadRequest, "[request body.panels]: types that failed validation: "+p.Type)
			return
		}
		if p.Grid.W < 1 || p.Grid.H < 1 || p.Grid.X < 0 || p.Grid.X+p.Grid.W > columns {
			k.refuse(a, http.StatusBadRequest, "[request body.panels.grid]: beyond the grid")
			return
		}
	}
	id := a.r.PathValue("id")
	panels := []map[string]any{}
	for _, p := range d.Panels {
		panels = append(panels, map[string]any{"type": p.Type, "panelIndex": p.ID, "embeddableConfig": p.Config})
	}
	text, _ := json.Marshal(panels)
	o := Object{Type: "dashboard", ID: id, Attributes: map[string]any{"title": d.Title, "description": d.Description, "panelsJSON": string(text)}, References: []Reference{}}
	status := http.StatusCreated
	if _, there := k.spaces[a.space].objects[o.key()]; there {
		status = http.StatusOK
	}
	k.store(a.space, o)
	k.spaces[a.space].bodies[id] = d
	answer(a.w, status, map[string]any{"id": id, "data": d, "meta": map[string]any{"managed": false}})
}

// readDashboard tells what Kibana makes of a dashboard, however it came there,
// with a warning for each panel that it cannot express.
func (k *Kibana) readDashboard(a *ask) {
	id := a.r.PathValue("id")
	o, there := k.spaces[a.space].objects["dashboard:"+id]
	if !there {
		k.fail(a, http.StatusNotFound, "Saved object [dashboard/"+id+"] not found", nil)
		return
	}
	d, direct := k.spaces[a.space].bodies[id]
	if !direct {
		d = apiDashboard{Title: o.Attributes["title"].(string)}
		for _, p := range panels(o) {
			d.Panels = append(d.Panels, apiPanel{Type: "vis", ID: p.PanelIndex, Config: map[string]any{}})
		}
	}
	body := map[string]any{"id": id, "data": d, "meta": map[string]any{"managed": o.Managed}}
	if n := len(d.Panels); k.config.DropsPanels && n > 0 {
		dropped := d.Panels[n-1]
		d.Panels = d.Panels[:n-1]
		body["data"], body["warnings"] = d, []map[string]any{{"type": "dropped_panel", "message": "Panel config is not supported", "panel_type": dropped.Type}}
	}
	answer(a.w, http.StatusOK, body)
}
