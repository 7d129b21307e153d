// Package grafana writes the dashboards for Grafana, as JSON of its classic schema:
// what every Grafana since 10 imports by hand, from a file or through its API. A
// panel whose signal Prometheus has asks Prometheus, any other asks Elasticsearch.
//
// Putting them there, and the data sources that they name, is provisioner/grafana's
// work; what a rendered dashboard asks and shows can be had without a Grafana from
// the package panels beside this one.
package grafana

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
)

// Prometheus is the data source of the metrics, by uid.
const Prometheus = "plumbline-prometheus"

// Stream is the data source of a data stream, or a pattern of several, by uid.
func Stream(name string) string {
	if strings.Contains(name, ",") {
		return "plumbline-all"
	}
	name = strings.NewReplacer("-default", "", "*", "all", ".", "-").Replace(name)
	return "plumbline-" + name
}

// Dashboard is a rendered dashboard.
type Dashboard struct {
	UID  string
	Text []byte // JSON, in the canonical form
}

// UID is what Grafana knows a dashboard by.
func UID(id string) string { return "plumbline-" + id }

// Dashboards renders all.
func Dashboards() ([]Dashboard, error) {
	var all []Dashboard
	for _, d := range dashboards.All() {
		model, err := encode(d)
		if err != nil {
			return nil, fmt.Errorf("dashboard %s for Grafana: %w", d.ID, err)
		}
		text, err := Canonical(model)
		if err != nil {
			return nil, fmt.Errorf("dashboard %s for Grafana: %w", d.ID, err)
		}
		all = append(all, Dashboard{UID(d.ID), text})
	}
	return all, nil
}

// Streams are the data streams that the dashboards' panels and links ask.
func Streams() []string {
	asked := map[string]bool{telemetry.StreamAccess: true, telemetry.StreamsLogs: true}
	for _, d := range dashboards.All() {
		for _, p := range d.Panels {
			if p.Kind != dashboards.Note && !p.Source.Counterpart() {
				asked[p.Source.Stream] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(asked))
}

// Canonical writes a dashboard with its members in alphabetical order, and without
// its id and version, which Grafana counts.
func Canonical(model any) ([]byte, error) {
	text, err := json.Marshal(model)
	if err != nil {
		return nil, err
	}
	var members map[string]any
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, err
	}
	delete(members, "id")
	delete(members, "version")
	var canonical bytes.Buffer
	encoder := json.NewEncoder(&canonical)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err = encoder.Encode(members)
	return canonical.Bytes(), err
}
