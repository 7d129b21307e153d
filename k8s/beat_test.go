package k8s

import (
	"bytes"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

// settingsOfFilebeat is filebeat.yml with what containers merge over it, as Filebeat
// reads both: dotted names are nested, inputs are merged one by one.
func settingsOfFilebeat(t *testing.T) map[string]any {
	t.Helper()
	merged := map[string]any{}
	for _, file := range []string{"beats/filebeat.yml", "k8s/base/beats/filebeat-containers.yml"} {
		var settings map[string]any
		if err := yaml.Unmarshal([]byte(read(t, file)), &settings); err != nil {
			t.Fatal(err)
		}
		for name, value := range settings {
			switch name {
			case "filebeat.inputs":
				have, ok := merged[name].([]any)
				if !ok {
					merged[name] = value
					continue
				}
				for i, input := range value.([]any) {
					for option, v := range input.(map[string]any) {
						have[i].(map[string]any)[option] = v
					}
				}
			case "http.host":
				merged["http"].(map[string]any)["host"] = value
			default:
				merged[name] = value
			}
		}
	}
	return merged
}

// The operator wants Filebeat's settings in its resource.
func TestTheOperatorsFilebeatHasTheSameSettings(t *testing.T) {
	sameIn(t, "overlays/eck/filebeat.yaml", "config", settingsOfFilebeat(t))
}

// sameIn holds that a manifest's spec has under a name what is wanted; -update writes
// it there.
func sameIn(t *testing.T, file, name string, want any) {
	t.Helper()
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(read(t, "k8s/"+file)), &document); err != nil {
		t.Fatal(err)
	}
	place := child(child(document.Content[0], "spec"), name)
	if !*update {
		var got any
		if err := place.Decode(&got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: go test ./k8s -update writes it anew (-want +got):\n%s", file, diff)
		}
		return
	}
	if err := place.Encode(want); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(&document); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// child is the value under a name.
func child(mapping *yaml.Node, name string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == name {
			return mapping.Content[i+1]
		}
	}
	return &yaml.Node{}
}
