// Package grafana is the dashboard for Grafana: rate, errors and duration out of
// Prometheus, as a file that Grafana imports as it is. Putting it there, and the
// data sources that it names, is provisioner/grafana's work.
package grafana

import (
	_ "embed" // the dashboard
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// RED is the dashboard, as JSON of Grafana's classic schema.
//
//go:embed red.json
var RED []byte

// Dashboard is a rendered dashboard.
type Dashboard struct {
	UID  string
	Text []byte // JSON, members in alphabetical order
}

// Dashboards are all that there are.
func Dashboards() ([]Dashboard, error) {
	var d map[string]any
	if err := json.Unmarshal(RED, &d); err != nil {
		return nil, fmt.Errorf("dashboard: %w", err)
	}
	delete(d, "version") // Grafana's to give
	text, err := json.MarshalIndent(d, "", "  ")
	uid, _ := d["uid"].(string)
	return []Dashboard{{uid, append(text, '\n')}}, err
}

// The data sources that the dashboard and its links name, by uid.
const (
	Prometheus    = "plumbline-prometheus"
	Elasticsearch = "plumbline-elasticsearch"
)

// Query is what a panel asks Prometheus.
type Query struct {
	Panel, Ref, Expression string
	Exemplars              bool // are asked for, too
}

// Queries returns every question of the dashboard as Prometheus is asked it for a
// job, over all routes, with a window for Grafana's $__rate_interval.
func Queries(job string, window time.Duration) ([]Query, error) {
	var d struct {
		Panels []struct {
			Title   string
			Targets []struct {
				RefID, Expr string
				Exemplar    bool
			}
		}
	}
	if err := json.Unmarshal(RED, &d); err != nil {
		return nil, fmt.Errorf("dashboard: %w", err)
	}
	variables := strings.NewReplacer("$__rate_interval", fmt.Sprintf("%ds", int(window.Seconds())), "$job", job, "$route", ".+")
	var all []Query
	for _, p := range d.Panels {
		for _, t := range p.Targets {
			all = append(all, Query{p.Title, t.RefID, variables.Replace(t.Expr), t.Exemplar})
		}
	}
	return all, nil
}
