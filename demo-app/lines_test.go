package main

import (
	"os"
	"strings"
	"testing"

	"plumbline/demo-app/telemetry"
)

// unknownFields returns the fields of lines that neither ECS nor this project's
// vocabulary knows. Package telemetry checks its own lines with their types;
// this is about what other packages add to theirs.
func unknownFields(t *testing.T, lines []map[string]any) []string {
	t.Helper()
	text, err := os.ReadFile("telemetry/testdata/ecs-" + telemetry.ECSVersion + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{telemetry.FieldRoute: true, telemetry.FieldRunID: true, telemetry.FieldRunSeq: true}
	for line := range strings.Lines(string(text)) {
		name, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		known[name] = true
	}
	var unknown []string
	var walk func(path string, v any)
	walk = func(path string, v any) {
		members, nested := v.(map[string]any)
		switch {
		case path == "labels": // any key, values are text
			for key, value := range members {
				if _, ok := value.(string); !ok {
					unknown = append(unknown, "labels."+key)
				}
			}
		case nested:
			for key, value := range members {
				walk(strings.TrimPrefix(path+"."+key, "."), value)
			}
		case !known[path]:
			unknown = append(unknown, path)
		}
	}
	for _, line := range lines {
		walk("", line)
	}
	return unknown
}

func TestUnknownFieldsAreFound(t *testing.T) {
	got := unknownFields(t, []map[string]any{{
		"message": "m", "http": map[string]any{"route": "/", "surprise": 1}, "labels": map[string]any{"n": 1.0, "s": "x"}, "event.action": "a.b",
	}})
	if len(got) != 2 {
		t.Errorf("found %q, want http.surprise and labels.n", got)
	}
}
