package proof

import (
	"fmt"

	"plumbline/dashboards"
	"plumbline/dashboards/grafana"
	"plumbline/dashboards/grafana/panels"
	"plumbline/dashboards/kibana/lens"
	"plumbline/dashboards/kibana/savedobject"
	"plumbline/dashboards/rendered/kibana"
)

// rendered are the panels as the rendered files have them.
type rendered struct {
	lens    []lens.Panel
	lists   []lens.List
	grafana map[string]panels.Panel // by id
}

func read() (rendered, error) {
	r := rendered{grafana: map[string]panels.Panel{}}
	objects, _, err := savedobject.Parse(kibana.Objects)
	if err != nil {
		return r, fmt.Errorf("rendered for Kibana: %w", err)
	}
	if r.lens, err = lens.Panels(objects); err != nil {
		return r, fmt.Errorf("rendered for Kibana: %w", err)
	}
	if r.lists, err = lens.Lists(objects); err != nil {
		return r, fmt.Errorf("rendered for Kibana: %w", err)
	}
	files, err := grafana.Dashboards()
	if err != nil {
		return r, err
	}
	for i, d := range dashboards.All() {
		read, err := panels.Read(files[i].Text)
		if err != nil {
			return r, fmt.Errorf("rendered for Grafana: %s: %w", d.ID, err)
		}
		for j, p := range d.Panels { // those that only Prometheus has come after them
			if j == len(read.Panels) || read.Panels[j].Title != p.Title {
				return r, fmt.Errorf("rendered for Grafana: %s: panel %s is not in its place", d.ID, p.ID)
			}
			r.grafana[p.ID] = read.Panels[j]
		}
	}
	return r, nil
}
