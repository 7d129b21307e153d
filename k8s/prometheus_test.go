package k8s

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

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

// kubectl apply keeps what it applied in an annotation, and all annotations
// together take 256 KiB at most.
func TestEveryObjectCanBeApplied(t *testing.T) {
	const limit = 250 << 10
	for _, overlay := range overlays(t) {
		for _, o := range rendered(t, overlay) {
			size := 0
			for _, text := range o.Data {
				if s, ok := text.(string); ok {
					size += len(s)*11/10 + strings.Count(s, `"`) + strings.Count(s, "\n") // as JSON
				}
			}
			if size > limit {
				t.Errorf("%s: %s %s is about %d bytes", overlay, o.Kind, o.name(), size)
			}
		}
	}
}
