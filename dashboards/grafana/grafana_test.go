package grafana

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"plumbline/demo-app/telemetry"
)

// schema compiles a definition of one of Grafana's own schemas.
func schema(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

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

// faults are what Grafana's schemas find fault with: of the dashboard, of each
// panel by its kind, of each query.
func faults(t *testing.T, whole map[string]any, panels []panel) (found []string) {
	t.Helper()
	check := func(what, name string, value any) {
		if err := schema(t, name).Validate(value); err != nil {
			found = append(found, what+": "+err.Error())
		}
	}
	check("dashboard", "dashboard.jsonschema.json", whole)
	for _, p := range panels {
		check(p.Title+": options", p.Type+".jsonschema.json#/definitions/Options", p.Options)
		if p.Type == "timeseries" {
			check(p.Title+": fields", p.Type+".jsonschema.json#/definitions/FieldConfig", p.FieldConfig.Defaults.Custom)
		}
		for _, q := range p.Targets {
			check(p.Title+": query", "prometheus.jsonschema.json#/definitions/Dataquery", q)
		}
	}
	return found
}

func TestGrafanasOwnSchemasAcceptTheDashboard(t *testing.T) {
	whole, panels := load(t)
	for _, fault := range faults(t, whole, panels) {
		t.Error(fault)
	}
	t.Run("and they can refuse", func(t *testing.T) {
		for name, bend := range map[string]func(){
			"a member that there is not": func() { whole["panel"] = 1 },
			"an option":                  func() { panels[0].Options["graphmode"] = "area" },
			"a query":                    func() { panels[0].Targets[0]["expression"] = "up" },
		} {
			whole, panels = load(t)
			bend()
			if len(faults(t, whole, panels)) != 1 {
				t.Errorf("%s is not refused: %q", name, faults(t, whole, panels))
			}
		}
	})
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
