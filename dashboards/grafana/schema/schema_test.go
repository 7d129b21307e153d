package schema

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// dashboard has a panel for Prometheus and one for Elasticsearch.
func dashboard(t *testing.T) map[string]any {
	t.Helper()
	const text = `{
		"uid": "x", "title": "x", "schemaVersion": 42, "templating": {"list": []}, "annotations": {"list": []}, "panels": [
		{"id": 1, "type": "text", "title": "Words", "gridPos": {"x": 0, "y": 0, "w": 24, "h": 2}, "options": {"mode": "markdown", "content": "x"}},
		{"id": 2, "type": "timeseries", "title": "Rate", "gridPos": {"x": 0, "y": 2, "w": 12, "h": 8},
		 "fieldConfig": {"defaults": {"custom": {"drawStyle": "line"}}, "overrides": []},
		 "options": {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []}, "tooltip": {"mode": "multi", "sort": "desc"}},
		 "targets": [{"refId": "A", "datasource": {"type": "prometheus", "uid": "p"}, "expr": "up"}]},
		{"id": 3, "type": "logs", "title": "Lines", "gridPos": {"x": 12, "y": 2, "w": 12, "h": 8},
		 "options": {"showLabels": false, "showCommonLabels": false, "showTime": true, "showLogContextToggle": false, "wrapLogMessage": true, "prettifyLogMessage": false,
		  "enableLogDetails": true, "sortOrder": "Descending", "dedupStrategy": "none"},
		 "targets": [{"refId": "A", "datasource": {"type": "elasticsearch", "uid": "e"}, "query": "*", "timeField": "@timestamp", "metrics": [{"id": "1", "type": "max", "field": "f"}],
		  "bucketAggs": [{"id": "2", "type": "date_histogram", "field": "@timestamp", "settings": {"interval": "auto"}}]}]}]}`
	var d map[string]any
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestFaults(t *testing.T) {
	g, err := New()
	if err != nil {
		t.Fatal(err)
	}
	part := func(d map[string]any, i int, path ...string) map[string]any {
		at := d["panels"].([]any)[i].(map[string]any)
		for _, p := range path {
			if list, is := at[p].([]any); is {
				at = list[0].(map[string]any)
				continue
			}
			at = at[p].(map[string]any)
		}
		return at
	}
	for proves, row := range map[string]struct {
		bend func(d map[string]any)
		want []string // what each fault begins with
	}{
		"what Grafana knows is accepted":  {func(map[string]any) {}, nil},
		"a member that there is not":      {func(d map[string]any) { d["panel"] = 1 }, []string{"dashboard: "}},
		"a dashboard without its version": {func(d map[string]any) { delete(d, "schemaVersion") }, []string{"dashboard: "}},
		"an option that its kind has not": {func(d map[string]any) { part(d, 1, "options")["graphmode"] = "area" }, []string{"Rate: options: "}},
		"a way to draw that there is not": {func(d map[string]any) { part(d, 1, "fieldConfig", "defaults", "custom")["drawStyle"] = "pie" }, []string{"Rate: fields: "}},
		"an override by name is accepted": {func(d map[string]any) {
			part(d, 1, "fieldConfig")["overrides"] = []any{map[string]any{"matcher": map[string]any{"id": "byName", "options": "p99"}, "properties": []any{map[string]any{"id": "unit", "value": "s"}}}}
		}, nil},
		"an override of nothing is not": {func(d map[string]any) {
			part(d, 1, "fieldConfig")["overrides"] = []any{map[string]any{"matcher": map[string]any{"options": "p99"}, "properties": []any{}}}
		}, []string{"dashboard: "}},
		"a kind that there is not": {func(d map[string]any) { part(d, 1)["type"] = "graph3d" }, []string{"Rate: no schema of panels of type graph3d"}},
		"a question to Prometheus": {func(d map[string]any) { part(d, 1, "targets")["expression"] = "up" }, []string{"Rate: query: "}},
		"a question to nobody":     {func(d map[string]any) { delete(part(d, 1, "targets"), "datasource") }, []string{`Rate: query: to a data source of type ""`}},
		"an expression is accepted": {func(d map[string]any) {
			part(d, 1)["targets"] = []any{map[string]any{"refId": "B", "datasource": map[string]any{"type": "__expr__", "uid": "__expr__"}, "type": "math", "expression": "$A"}}
		}, nil},
		"an expression of nothing": {func(d map[string]any) {
			part(d, 1)["targets"] = []any{map[string]any{"refId": "B", "datasource": map[string]any{"type": "__expr__", "uid": "__expr__"}, "type": "math"}}
		}, []string{"Rate: query: "}},
		"a setting of a date histogram":    {func(d map[string]any) { part(d, 2, "targets", "bucketAggs", "settings")["step"] = "1s" }, []string{"Lines: query: date_histogram: "}},
		"a metric that is another's":       {func(d map[string]any) { part(d, 2, "targets", "metrics")["type"] = "count" }, []string{"Lines: query: count: "}},
		"an aggregation that nobody draws": {func(d map[string]any) { part(d, 2, "targets", "metrics")["type"] = "moving_avg" }, []string{`Lines: query: metrics of type "moving_avg"`}},
		"a panel in a row is looked at, too": {func(d map[string]any) {
			d["panels"] = []any{map[string]any{"id": 9, "type": "row", "title": "r", "collapsed": true, "gridPos": map[string]any{"x": 0, "y": 0, "w": 24, "h": 1},
				"panels": []any{map[string]any{"id": 1, "type": "graph3d", "title": "Inner"}}}}
		}, []string{"Inner: no schema"}},
	} {
		d := dashboard(t)
		row.bend(d)
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		got, err := g.Faults(text)
		if err != nil || len(got) != len(row.want) {
			t.Errorf("%s: %v, faults %q, want %q", proves, err, got, row.want)
			continue
		}
		for i, want := range row.want {
			if !strings.HasPrefix(got[i], want) {
				t.Errorf("%s: fault %q, want %q…", proves, got[i], want)
			}
		}
	}
	if _, err := g.Faults([]byte("{")); err == nil {
		t.Error("half a dashboard is taken for one")
	}
}

// The copies are those of the Foundation SDK, where that is at hand.
func TestCopiesAreTrue(t *testing.T) {
	const origin = "../../../../shared/specs/grafana/jsonschema"
	if _, err := os.Stat(origin); err != nil {
		t.Skip("the Foundation SDK's schemas are not beside the repository")
	}
	copies, err := filepath.Glob("*.json")
	if err != nil || len(copies) < 10 {
		t.Fatalf("%d copies, %v", len(copies), err)
	}
	for _, name := range copies {
		var want, got any
		for path, into := range map[string]*any{name: &got, filepath.Join(origin, name): &want} {
			text, err := os.ReadFile(path)
			if err == nil {
				err = json.Unmarshal(text, into)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
