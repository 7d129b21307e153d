package grafana

import (
	"fmt"
	"hash/fnv"

	"plumbline/dashboards"
	"plumbline/dashboards/promql"
	"plumbline/demo-app/telemetry"
)

// version is Grafana's newest schema of classic dashboards.
const version = 42

// encoder writes the panels of one dashboard.
type encoder struct {
	dashboard dashboards.Dashboard
	in        promql.In
}

// The variables of a dashboard, and what a front end puts into windows.
const (
	varJob   = "job"
	varRoute = "route"
	varRun   = "run"
)

func encode(d dashboards.Dashboard) (model, error) {
	e := encoder{d, promql.In{Range: "$__range", Step: "$__rate_interval", Job: "$" + varJob, Only: map[string]string{telemetry.FieldRoute: "$" + varRoute}}}
	m := model{
		UID: UID(d.ID), Title: "Plumbline: " + d.Title, Description: d.Purpose + " Written by provisioner grafana, which puts back what is changed.",
		Tags: []string{"plumbline"}, SchemaVersion: version, Editable: true, GraphTooltip: 1, Refresh: "10s", Timezone: "browser",
		Time: span{"now-15m", "now"}, Timepicker: object{}, Annotations: list{[]object{}}, Templating: list{e.variables()}, Links: []object{},
	}
	for _, id := range d.Next {
		next, known := dashboards.Find(id)
		if !known {
			return m, fmt.Errorf("leads to %s, which there is not", id)
		}
		m.Links = append(m.Links, object{
			"type": "link", "title": next.Title, "tooltip": next.Purpose, "url": "/d/" + UID(id), "icon": "dashboard",
			"tags": []string{}, "asDropdown": false, "targetBlank": false, "includeVars": true, "keepTime": true,
		})
	}
	ids := map[uint32]string{}
	for _, p := range d.Panels {
		encoded, err := e.panel(p)
		if err != nil {
			return m, fmt.Errorf("panel %s: %w", p.ID, err)
		}
		if of, twice := ids[encoded.ID]; twice {
			return m, fmt.Errorf("panels %s and %s have one number", of, p.ID)
		}
		ids[encoded.ID] = p.ID
		m.Panels = append(m.Panels, encoded)
	}
	m.Panels = append(m.Panels, extras(d.ID)...)
	layOut(m.Panels)
	return m, nil
}

// number is that of a panel: the same wherever it stands.
func number(id string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(id))
	return h.Sum32()%1_000_000 + 1
}

// layOut puts panels into rows of 24 columns; those of a row are of one height.
func layOut(panels []panel) {
	x, y, row := 0, 0, 0
	end := func(i int) {
		height := 0
		for _, p := range panels[row:i] {
			height = max(height, p.GridPos.H)
		}
		for j := row; j < i; j++ {
			panels[j].GridPos.H = height
		}
		x, y, row = 0, y+height, i
	}
	for i := range panels {
		if x+panels[i].GridPos.W > 24 {
			end(i)
		}
		panels[i].GridPos.X, panels[i].GridPos.Y = x, y
		x += panels[i].GridPos.W
	}
	end(len(panels))
}

// variables are the job, where Prometheus is asked, the fields by which the
// dashboard can be narrowed, and the run, where there are documents that know one.
func (e encoder) variables() []object {
	var prometheus, runs, routes bool
	for _, p := range e.dashboard.Panels {
		counterpart := p.Source.Counterpart()
		prometheus = prometheus || counterpart
		for _, field := range p.Source.Narrow {
			runs = runs || field == telemetry.FieldRunID && !counterpart
			routes = routes || field == telemetry.FieldRoute
		}
	}
	count := telemetry.MetricDuration + "_count"
	all := []object{}
	if prometheus {
		all = append(all, variable(varJob, "Job", &source{"prometheus", Prometheus}, "label_values("+count+", job)", object{
			"current": object{"text": promql.DefaultJob, "value": promql.DefaultJob},
		}))
	}
	if len(e.dashboard.Narrow) > 0 && routes {
		more := object{"multi": true, "includeAll": true, "current": object{"text": "All", "value": "$__all"}}
		if prometheus { // a regular expression, for both languages
			more["allValue"] = ".+"
			all = append(all, variable(varRoute, "Route", &source{"prometheus", Prometheus}, fmt.Sprintf("label_values(%s{job=~\"$job\"}, %s)", count, telemetry.LabelRoute), more))
		} else {
			more["allValue"] = anything(telemetry.FieldRoute)
			all = append(all, e.terms(varRoute, "Route", telemetry.FieldRoute, more))
		}
	}
	if runs {
		all = append(all, e.terms(varRun, "Load run", telemetry.FieldRunID, object{
			"multi": false, "includeAll": true, "allValue": anything(telemetry.FieldRunID), "current": object{"text": "All", "value": "$__all"},
			"description": "Of panels that ask Elasticsearch: a metric knows of no run.",
		}))
	}
	return all
}

func variable(name, label string, from *source, query string, more object) object {
	v := object{
		"name": name, "label": label, "type": "query", "datasource": from, "query": query, "definition": query,
		"refresh": 2, "sort": 1, "multi": false, "includeAll": false, // 2: whenever the time changes
	}
	for member, value := range more {
		v[member] = value
	}
	return v
}

// terms is a variable of the values that access lines have in a field.
func (e encoder) terms(name, label, field string, more object) object {
	return variable(name, label, &source{"elasticsearch", Stream(telemetry.StreamAccess)}, fmt.Sprintf(`{"find": "terms", "field": %q, "size": 200}`, field), more)
}
