package grafana

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"plumbline/dashboards/grafana/schema"
	"plumbline/demo-app/telemetry"
)

type panel struct {
	Type, Title, Description string
	Datasource               struct{ UID string }
	FieldConfig              struct {
		Defaults struct {
			Custom map[string]any
		}
	}
	Options map[string]any
	Targets []map[string]any
}

func load(t *testing.T) (whole map[string]any, panels []panel) {
	t.Helper()
	var d struct{ Panels []panel }
	for _, into := range []any{&whole, &d} {
		if err := json.Unmarshal(RED, into); err != nil {
			t.Fatal(err)
		}
	}
	return whole, d.Panels
}

func TestGrafanasOwnSchemasAcceptTheDashboard(t *testing.T) {
	schemas, err := schema.New()
	if err != nil {
		t.Fatal(err)
	}
	faults, err := schemas.Faults(RED)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		t.Error(fault)
	}
}

func TestEveryPanelSaysWhatItShows(t *testing.T) {
	whole, panels := load(t)
	if len(panels) < 9 || whole["uid"] != "plumbline-red" {
		t.Fatalf("%d panels in %v", len(panels), whole["uid"])
	}
	for i, p := range panels {
		if p.Title == "" || !strings.HasSuffix(p.Description, ".") || p.Datasource.UID != Prometheus || len(p.Targets) == 0 {
			t.Errorf("panel %d: %+v", i, p)
		}
	}
}

func TestQueries(t *testing.T) {
	queries, err := Queries("demo-app", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	routes := fmt.Sprintf(`%s!~"%s"`, telemetry.LabelRoute, strings.Join(telemetry.OperationalRoutes(), "|"))
	exemplars := 0
	for _, q := range queries {
		if strings.Contains(q.Expression, "$") {
			t.Errorf("%s %s: a variable is left: %s", q.Panel, q.Ref, q.Expression)
		}
		if strings.Contains(q.Expression, telemetry.MetricDuration) && !strings.Contains(q.Expression, "job_http_route:") && !strings.Contains(q.Expression, routes) {
			t.Errorf("%s %s: probes and scrapes count: %s", q.Panel, q.Ref, q.Expression)
		}
		if q.Exemplars {
			exemplars++
		}
	}
	if len(queries) < 12 || exemplars != 1 {
		t.Errorf("%d queries, %d with exemplars", len(queries), exemplars)
	}
}
