// Package schema holds Grafana's own JSON schemas of what a dashboard is made of,
// and finds the faults that they find: in the dashboard as a whole, in each panel
// by its kind, in each query by its data source. The files come from the Grafana
// Foundation SDK; README.md has their licence.
//
// Only tests and stand-ins for Grafana use it: no program carries it.
package schema

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

//go:embed *.json
var files embed.FS

// Grafana checks dashboards of the classic schema. It is not safe for use by
// several goroutines at once.
type Grafana struct {
	compiler *jsonschema.Compiler
	kinds    map[string]bool // of panels, that there is a schema for
}

// New reads the schemas.
func New() (*Grafana, error) {
	g := &Grafana{compiler: jsonschema.NewCompiler(), kinds: map[string]bool{}}
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		text, err := files.ReadFile(e.Name())
		if err != nil {
			return nil, err
		}
		for old, new := range corrections()[e.Name()] {
			text = bytes.ReplaceAll(text, []byte(old), []byte(new))
		}
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err == nil {
			err = g.compiler.AddResource(e.Name(), document)
		}
		if err != nil {
			return nil, fmt.Errorf("schema %s: %w", e.Name(), err)
		}
		g.kinds[strings.TrimSuffix(e.Name(), address("", ""))] = true
	}
	return g, nil
}

// corrections are where a schema, which is generated, refuses what Grafana itself
// writes.
func corrections() map[string]map[string]string {
	const object = `{"type":"object","additionalProperties":{}`
	return map[string]map[string]string{
		// Its alternatives are not exclusive: a maximum has the members of a minimum.
		"elasticsearch.jsonschema.json": {`"oneOf"`: `"anyOf"`},
		// What may be anything is said to be an object.
		"dashboard.jsonschema.json": {
			`"value":` + object + `}}`:                                     `"value":true}`,
			`"options":` + object + `,"description":"The matcher options.`: `"options":{"description":"The matcher options.`,
		},
	}
}

// address is where a definition of a schema is.
func address(schema, definition string) string {
	if definition != "" {
		definition = "#/definitions/" + definition
	}
	return schema + ".jsonschema.json" + definition
}

// panel is what of a panel has a schema of its own.
type panel struct {
	Type, Title string
	Options     any
	FieldConfig struct{ Defaults struct{ Custom any } }
	Targets     []any
	Panels      []panel // of a row
}

// Faults are what the schemas find fault with in a dashboard, each with its place.
func (g *Grafana) Faults(dashboard []byte) ([]string, error) {
	whole, err := jsonschema.UnmarshalJSON(bytes.NewReader(dashboard))
	if err != nil {
		return nil, fmt.Errorf("dashboard: %w", err)
	}
	var parts struct{ Panels []panel }
	decoder := json.NewDecoder(bytes.NewReader(dashboard))
	decoder.UseNumber() // as the schemas want them
	if err := decoder.Decode(&parts); err != nil {
		return nil, fmt.Errorf("dashboard: %w", err)
	}
	c := check{Grafana: g}
	c.value("dashboard", address("dashboard", ""), whole)
	for _, p := range parts.Panels {
		c.panel(p)
	}
	return c.faults, c.err
}

type check struct {
	*Grafana
	faults []string
	err    error
}

func (c *check) value(what, address string, value any) {
	s, err := c.compiler.Compile(address)
	if err != nil {
		c.err = err
		return
	}
	if err := s.Validate(value); err != nil {
		c.faults = append(c.faults, what+": "+strings.Join(strings.Fields(err.Error()), " "))
	}
}

func (c *check) panel(p panel) {
	if p.Type == "row" {
		for _, inner := range p.Panels {
			c.panel(inner)
		}
		return
	}
	kind := p.Type
	if kind == "dashlist" {
		kind = "dashboardlist"
	}
	if !c.kinds[kind] {
		c.faults = append(c.faults, p.Title+": no schema of panels of type "+p.Type)
		return
	}
	c.value(p.Title+": options", address(kind, "Options"), p.Options)
	if p.FieldConfig.Defaults.Custom != nil {
		c.value(p.Title+": fields", address(kind, "FieldConfig"), p.FieldConfig.Defaults.Custom)
	}
	for _, t := range p.Targets {
		c.target(p.Title+": query", t)
	}
}

func (c *check) target(what string, target any) {
	source, _ := member(member(target, "datasource"), "type").(string)
	switch source {
	case "prometheus":
		c.value(what, address(source, "Dataquery"), target)
	case "elasticsearch":
		c.value(what, address(source, "dataquery"), target)
		for list, definitions := range aggregations() {
			all, _ := member(target, list).([]any)
			for _, one := range all {
				name, _ := member(one, "type").(string)
				if definitions[name] == "" {
					c.faults = append(c.faults, fmt.Sprintf("%s: %s of type %q", what, list, name))
					continue
				}
				c.value(what+": "+name, address(source, definitions[name]), one)
			}
		}
	case "__expr__": // what Grafana works out itself
		kind, _ := member(target, "type").(string)
		definition := map[string]string{"math": "TypeMath", "reduce": "TypeReduce"}[kind]
		if definition == "" {
			c.faults = append(c.faults, fmt.Sprintf("%s: expression of type %q", what, kind))
			return
		}
		c.value(what, address("expr", definition), target)
	default:
		c.faults = append(c.faults, fmt.Sprintf("%s: to a data source of type %q", what, source))
	}
}

// aggregations are the definitions of those that dashboards use, by their type.
func aggregations() map[string]map[string]string {
	return map[string]map[string]string{
		"bucketAggs": {"date_histogram": "DateHistogram", "terms": "Terms", "filters": "Filters", "histogram": "Histogram"},
		"metrics": {
			"count": "Count", "max": "Max", "min": "Min", "avg": "Average", "sum": "Sum", "cardinality": "UniqueCount",
			"percentiles": "Percentiles", "serial_diff": "SerialDiff", "top_metrics": "TopMetrics", "bucket_script": "BucketScript", "logs": "Logs",
			"raw_data": "RawData", "raw_document": "RawDocument",
		},
	}
}

func member(of any, name string) any {
	object, _ := of.(map[string]any)
	return object[name]
}
