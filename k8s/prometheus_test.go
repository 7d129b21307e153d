package k8s

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// unmounted are the files of a directory that no ConfigMap of a kustomization holds.
func unmounted(t *testing.T, kustomization string, globs ...string) []string {
	t.Helper()
	objects, err := render(filesys.MakeFsOnDisk(), kustomization)
	if err != nil {
		t.Fatal(err)
	}
	var missing []string
	for _, glob := range globs {
		files, err := filepath.Glob(filepath.Join(kustomization, glob))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %v", glob, files, err)
		}
		for _, file := range files {
			if !slices.ContainsFunc(objects, func(o object) bool { return o.Data[filepath.Base(file)] != nil }) {
				missing = append(missing, file)
			}
		}
	}
	return missing
}

// Prometheus and Grafana are given every file that they have natively.
func TestEverySettingIsMounted(t *testing.T) {
	missing := slices.Concat(
		unmounted(t, "../prometheus", "*.yml", "rules/*.yml", "consoles/*"),
		unmounted(t, "../dashboards", "rendered/grafana/*/*"),
		unmounted(t, "../beats", "filebeat.yml", "metricbeat.yml", "profiles/*.yml"),
	)
	for _, file := range missing {
		t.Errorf("%s is in no ConfigMap", file)
	}
	if len(unmounted(t, "../prometheus", "*.go")) == 0 {
		t.Error("what is in no ConfigMap is not seen")
	}
	// A rule that is in the ConfigMap has a place in the volume, too.
	manifest := read(t, "k8s/components/prometheus/prometheus.yaml")
	for _, o := range rendered(t, "prometheus") {
		if !strings.HasPrefix(o.Metadata.Name, "prometheus-rules") {
			continue
		}
		for name := range o.Data {
			if !strings.Contains(manifest, "path: rules/"+name+"}") {
				t.Errorf("%s is in no volume", name)
			}
		}
	}
}

// oversized are objects that kubectl apply could not keep a copy of in an annotation:
// all annotations together take 256 KiB at most.
func oversized(all []object) []string {
	const limit = 250 << 10
	var found []string
	for _, o := range all {
		size := 0
		for _, text := range o.Data {
			if s, ok := text.(string); ok {
				size += len(s)*11/10 + strings.Count(s, `"`) + strings.Count(s, "\n") // as JSON
			}
		}
		if size > limit {
			found = append(found, fmt.Sprintf("%s %s is about %d bytes", o.Kind, o.name(), size))
		}
	}
	return found
}

func TestEveryObjectCanBeApplied(t *testing.T) {
	for _, overlay := range overlays(t) {
		for _, problem := range oversized(rendered(t, overlay)) {
			t.Errorf("%s: %s", overlay, problem)
		}
	}
	var large object
	large.Data = map[string]any{"a": strings.Repeat("a", 240<<10)}
	if len(oversized([]object{large})) != 1 {
		t.Error("a large object is not seen")
	}
}

// rules are all groups of prometheus/rules.
func rules(t *testing.T) []any {
	t.Helper()
	files, err := filepath.Glob("../prometheus/rules/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("rules: %v, %v", files, err)
	}
	var all []any
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var document struct{ Groups []any }
		if err := yaml.Unmarshal(text, &document); err != nil {
			t.Fatal(err)
		}
		all = append(all, document.Groups...)
	}
	return all
}

func TestTheOperatorsPrometheusHasTheSameRules(t *testing.T) {
	sameIn(t, "components/prometheus-operator/rules.yaml", "groups", rules(t))
}

// The operator's monitors find just one Service each, under the names of the jobs
// that the rules know.
func TestEachMonitorFindsItsService(t *testing.T) {
	objects := rendered(t, "prometheus-operator")
	jobs := read(t, "prometheus/targets/kubernetes.yml") + read(t, "prometheus/targets/compose.yml")
	monitors := 0
	for _, o := range objects {
		if o.Kind != "ServiceMonitor" {
			continue
		}
		monitors++
		var found []string
		for _, s := range objects {
			if s.Kind == "Service" && s.Metadata.Namespace == o.Metadata.Namespace && s.Metadata.Labels["app.kubernetes.io/name"] == o.labels()["app.kubernetes.io/name"] {
				found = append(found, s.Metadata.Name)
			}
		}
		if !slices.Equal(found, []string{o.Metadata.Name}) {
			t.Errorf("the monitor %s finds %v", o.Metadata.Name, found)
		}
		if !strings.Contains(jobs, "{job: "+o.Metadata.Name+"}") {
			t.Errorf("no job %s", o.Metadata.Name)
		}
	}
	if monitors != 3 {
		t.Errorf("%d monitors, want 3", monitors)
	}
}
