package kibana_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plumbline/dashboards"
	"plumbline/dashboards/kibana"
	"plumbline/dashboards/kibana/savedobject"
)

var update = flag.Bool("update", false, "write the rendered dashboards anew")

const rendered = "../rendered/kibana"

// golden compares with a rendered file, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join(rendered, name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v\nwrite it: go test ./dashboards/kibana -update", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is not what the model says (-rendered +model); if it should be: go test ./dashboards/kibana -update\n%.2000s", path, diff)
	}
}

func objects(t *testing.T) []savedobject.Object {
	t.Helper()
	all, err := kibana.Objects(dashboards.All())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestRendered(t *testing.T) {
	text, err := savedobject.Encode(objects(t))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "plumbline.ndjson", text)
}

// The second form: for the API of Kibana 9.4 and newer.
func TestRenderedBodies(t *testing.T) {
	for _, d := range dashboards.All() {
		body, err := kibana.Body(d)
		if err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(body); err != nil {
			t.Fatal(err)
		}
		golden(t, filepath.Join("api", kibana.DashboardID(d.ID)+".json"), text.Bytes())
	}
}

// What only some panels have: text, and a kind or a measure that Kibana lacks.
func TestOtherPanels(t *testing.T) {
	d := dashboards.RED()
	d.Panels = []dashboards.Panel{{ID: "note", Title: "Note", Kind: dashboards.Note, Width: 12, Text: "**Read** this"}}
	all, err := kibana.Objects([]dashboards.Dashboard{d})
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range lint(all) {
		if !strings.Contains(fault, "leads to no dashboard") { // they are not in this set
			t.Error(fault)
		}
	}
	if text, err := savedobject.Readable(all); err != nil || !strings.Contains(string(text), `"markdown": "**Read** this"`) {
		t.Errorf("%v: %s", err, text)
	}
	body, err := kibana.Body(d)
	if err != nil || !strings.Contains(fmt.Sprint(body), "content:**Read** this") {
		t.Errorf("%v: %v", err, body)
	}
	for says, bend := range map[string]func(p *dashboards.Panel){
		"no Lens panel draws gauge":  func(p *dashboards.Panel) { p.Kind = "gauge" },
		"Lens has no median":         func(p *dashboards.Panel) { p.Measures[0].Op = "median" },
		"is 13 columns wide":         func(p *dashboards.Panel) { p.Width = 13 },
		"Lens has a speed over time": func(p *dashboards.Panel) { p.Measures[0] = dashboards.Speed("x", "f", "p") },
	} {
		d := dashboards.RED()
		bend(&d.Panels[0])
		if _, err := kibana.Objects([]dashboards.Dashboard{d}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
		if _, err := kibana.Body(d); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("body: %v, want %q", err, says)
		}
	}
}

// read returns the rendered objects.
func read(t *testing.T) []savedobject.Object {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(rendered, "plumbline.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	all, _, err := savedobject.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// spoil returns the rendered objects with the first place that reads old changed.
func spoil(t *testing.T, old, new string) []savedobject.Object {
	t.Helper()
	text, err := savedobject.Readable(read(t))
	if err != nil {
		t.Fatal(err)
	}
	text = regexp.MustCompile(`\n *`).ReplaceAll(text, []byte(" "))
	if !strings.Contains(string(text), old) {
		t.Fatalf("nothing rendered reads %s", old)
	}
	decoder := json.NewDecoder(strings.NewReader(strings.Replace(string(text), old, new, 1)))
	var all []savedobject.Object
	for decoder.More() {
		var o struct {
			Type, ID                                   string
			Attributes                                 map[string]any
			References                                 []savedobject.Reference
			CoreMigrationVersion, TypeMigrationVersion string
		}
		if err := decoder.Decode(&o); err != nil {
			t.Fatal(err)
		}
		all = append(all, savedobject.Object{Type: o.Type, ID: o.ID, Attributes: o.Attributes, References: o.References, Core: o.CoreMigrationVersion, Version: o.TypeMigrationVersion})
	}
	return all
}
