package kibana_test

import (
	"encoding/json"
	"flag"
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
