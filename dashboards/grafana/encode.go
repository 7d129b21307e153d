package grafana

import (
	"fmt"
	"hash/fnv"
	"slices"

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

// varJob is the variable of the service's job in Prometheus.
const varJob = "job"

// narrowing is a variable that narrows a dashboard to values of a field.
type narrowing struct {
	field, name, label string
	several            bool // values may be chosen
}

// narrowings are those that dashboards have, the run first.
func narrowings() []narrowing {
	return []narrowing{
		{telemetry.FieldRunID, "run", "Load run", false},
		{telemetry.FieldRoute, "route", "Route", true},
		{telemetry.FieldTraceID, "trace", "Trace", false},
	}
}

// narrows reports whether the dashboard has a variable for the field. Runs have one
// wherever a panel asks for documents that may know one.
func (e encoder) narrows(field string) bool {
	if field != telemetry.FieldRunID {
		return slices.Contains(e.dashboard.Narrow, field)
	}
	return slices.ContainsFunc(e.dashboard.Panels, func(p dashboards.Panel) bool {
		return !p.Source.Counterpart() && slices.Contains(p.Source.Narrow, field)
	})
}

func encode(d dashboards.Dashboard) (model, error) {
	e := encoder{d, promql.In{Range: "$__range", Step: "$__rate_interval", Job: "$" + varJob, Only: map[string]string{}}}
	m := model{
		UID: UID(d.ID), Title: "Plumbline: " + d.Title, Description: d.Purpose + " Written by provisioner grafana, which puts back what is changed.",
		Tags: []string{"plumbline"}, SchemaVersion: version, Editable: true, GraphTooltip: 1, Refresh: "10s", Timezone: "browser",
		Time: span{"now-15m", "now"}, Timepicker: object{}, Annotations: list{[]object{}}, Templating: list{e.variables()}, Links: []object{},
	}
	for _, field := range d.Narrow {
		i := slices.IndexFunc(narrowings(), func(n narrowing) bool { return n.field == field })
		if i < 0 {
			return m, fmt.Errorf("no variable for %s", field)
		}
		e.in.Only[field] = "$" + narrowings()[i].name
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

// variables are the job, where Prometheus is asked, and one for each field by which
// the dashboard can be narrowed.
func (e encoder) variables() []object {
	all := []object{}
	count := telemetry.MetricDuration + "_count"
	prometheus := slices.ContainsFunc(e.dashboard.Panels, func(p dashboards.Panel) bool { return p.Source.Counterpart() })
	if prometheus {
		all = append(all, variable(varJob, "Job", source{"prometheus", Prometheus}, "label_values("+count+", job)", object{
			"current": object{"text": promql.DefaultJob, "value": promql.DefaultJob},
		}))
	}
	for _, n := range narrowings() {
		if !e.narrows(n.field) {
			continue
		}
		more := object{"multi": n.several, "includeAll": true, "allValue": anything(n.field), "current": object{"text": "All", "value": "$__all"}}
		from, query := source{"elasticsearch", Stream(telemetry.StreamAccess)}, fmt.Sprintf(`{"find": "terms", "field": %q, "size": 200}`, n.field)
		switch label := e.label(n.field); {
		case label != "": // all is then a regular expression for both languages
			more["allValue"] = ".+"
			from, query = source{"prometheus", Prometheus}, fmt.Sprintf(`label_values(%s{job=~"$job"}, %s)`, count, label)
		case prometheus:
			more["description"] = "Of panels that ask Elasticsearch: a metric does not know it."
		}
		all = append(all, variable(n.name, n.label, from, query, more))
	}
	return all
}

// label is that of a field in the series that the dashboard asks.
func (e encoder) label(field string) string {
	for _, p := range e.dashboard.Panels {
		if label := p.Source.Series.Labels[field]; label != "" {
			return label
		}
	}
	return ""
}

func variable(name, label string, from source, query string, more object) object {
	v := object{
		"name": name, "label": label, "type": "query", "datasource": from, "query": query, "definition": query,
		"refresh": 2, "sort": 1, "multi": false, "includeAll": false, // 2: whenever the time changes
	}
	for member, value := range more {
		v[member] = value
	}
	return v
}
