package grafanafake

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestBadFilesAreRefused(t *testing.T) {
	const (
		sources  = "apiVersion: 1\ndatasources:\n  - {uid: p, name: P, type: prometheus, access: proxy, url: '$__env{P}', editable: false}\n"
		provider = "apiVersion: 1\nproviders:\n  - {name: x, type: file, folder: F, folderUid: f, options: {path: /etc/grafana/provisioning/dashboards}}\n"
		rules    = "apiVersion: 1\ngroups:\n  - {orgId: 1, name: g, folder: A, interval: 1m, rules: [{uid: r, title: R, condition: A, for: 0s, noDataState: OK, execErrState: Error, data: [{refId: A, datasourceUid: p, relativeTimeRange: {from: 60, to: 0}, model: {refId: A, expr: up}}]}]}\n"
	)
	var body struct{ Dashboard json.RawMessage }
	if err := json.Unmarshal([]byte(aDashboard), &body); err != nil {
		t.Fatal(err)
	}
	good := map[string]string{"datasources/a.yaml": sources, "dashboards/a.yaml": provider, "dashboards/d.json": string(body.Dashboard), "alerting/a.yaml": rules}
	for proves, row := range map[string]struct{ path, old, new, says string }{
		"good ones are read":                    {"datasources/a.yaml", "", "", ""},
		"a member that there is not":            {"datasources/a.yaml", "access", "acess", "field acess not found"},
		"no version":                            {"datasources/a.yaml", "apiVersion: 1\n", "", "apiVersion 0, want 1"},
		"a variable that is not set":            {"datasources/a.yaml", "{P}", "{Q}", "variable Q is not set"},
		"a secret's file that is not there":     {"datasources/a.yaml", "$__env{P}", "$__file{/run/x}", "no such file"},
		"a directory of dashboards that is not": {"dashboards/a.yaml", "provisioning/dashboards", "dashboards", "no dashboard in"},
		"a dashboard that its schema refuses":   {"dashboards/d.json", "panels", "pannels", "pannels"},
		"a rule that asks nobody":               {"alerting/a.yaml", "datasourceUid: p", "datasourceUid: q", "which is not there"},
		"a rule without what to do":             {"alerting/a.yaml", "condition: A", "condition: B", "condition B does not exist"},
		"a duration that is none":               {"alerting/a.yaml", "interval: 1m", "interval: soon", "invalid duration"},
	} {
		t.Run(proves, func(t *testing.T) {
			root := t.TempDir()
			for path, text := range good {
				if path == row.path {
					text = strings.Replace(text, row.old, row.new, 1)
				}
				path = filepath.Join(root, Provisioning, path)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			a := fake(t)
			err := a.Provision(root, func(name string) (string, bool) { return "http://p:9090", name == "P" })
			if row.says == "" {
				if err != nil || a.Sources()["p"].URL != "http://p:9090" || !a.Sources()["p"].ReadOnly || a.Dashboards()["d"].Provisioned != "d.json" || a.Rules()["r"].Provenance != "file" {
					t.Errorf("%v: %+v, %v, %v", err, a.Sources(), slices.Collect(maps.Keys(a.Dashboards())), a.Rules())
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("%v, want %q", err, row.says)
			}
		})
	}
}
