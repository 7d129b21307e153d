package main

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	chartv2 "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
)

// The files are what the manifests make of them: go run . writes them.
func TestChartIsMadeFromTheManifests(t *testing.T) {
	want, err := generate("..")
	if err != nil {
		t.Fatal(err)
	}
	got, err := files(chart)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Compact(slices.Sorted(maps.Keys(union(want, got)))) {
		if diff := cmp.Diff(string(got[name]), string(want[name])); diff != "" {
			t.Errorf("%s is not up to date, type go run . in k8s/helm (-there +made):\n%s", name, diff)
		}
	}
}

func union(a, b map[string][]byte) map[string][]byte {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

func load(t *testing.T) *chartv2.Chart {
	t.Helper()
	c, err := loader.Load(chart)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// install renders the chart as `helm install` does, values checked by the schema.
func install(c *chartv2.Chart, values map[string]any) (map[string]object, error) {
	all, err := util.ToRenderValues(c, values, common.ReleaseOptions{Name: "plumbline", Namespace: "default", Revision: 1, IsInstall: true}, nil)
	if err != nil {
		return nil, err
	}
	rendered, err := engine.Render(c, all)
	if err != nil {
		return nil, err
	}
	var texts []string
	for _, name := range slices.Sorted(maps.Keys(rendered)) {
		if !strings.HasSuffix(name, "NOTES.txt") {
			texts = append(texts, rendered[name])
		}
	}
	return decode([]byte(strings.Join(texts, "\n---\n")))
}

func manifests(t *testing.T, dirs ...string) map[string]object {
	t.Helper()
	all := map[string]object{}
	for _, dir := range dirs {
		objects, err := render(dir)
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(all, objects)
	}
	return all
}

const verdict = "Job plumbline/verdict"

func TestProfilesAreTheOverlays(t *testing.T) {
	for _, profile := range profiles("..") {
		want := manifests(t, "../overlays/"+profile, "../verdict")
		asTest(want[verdict])
		got, err := install(load(t), map[string]any{"profile": profile})
		if err != nil {
			t.Fatalf("%s: %v", profile, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-kustomize +helm):\n%s", profile, diff)
		}
	}
}

// changes are the members in which two sets of objects differ, as
// "Deployment plumbline/worker spec.replicas: 1 → 3".
func changes(from, to map[string]object) []string {
	was, is := map[string]any{}, map[string]any{}
	for id, o := range from {
		flatten(was, id+" ", map[string]any(o))
	}
	for id, o := range to {
		flatten(is, id+" ", map[string]any(o))
	}
	all := maps.Clone(was)
	maps.Copy(all, is)
	var found []string
	for _, path := range slices.Sorted(maps.Keys(all)) {
		if !reflect.DeepEqual(was[path], is[path]) {
			found = append(found, fmt.Sprintf("%s: %v → %v", path, was[path], is[path]))
		}
	}
	return found
}

func flatten(into map[string]any, path string, value any) {
	join := func(name string) string {
		if strings.HasSuffix(path, " ") {
			return path + name
		}
		return path + "." + name
	}
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			flatten(into, join(name), member)
		}
	case []any:
		for i, member := range value {
			flatten(into, join(fmt.Sprint(i)), member)
		}
	default:
		into[path] = value
	}
}

func TestValues(t *testing.T) {
	const pod = " spec.template.spec."
	usual, err := install(load(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{"profile": true}
	for _, row := range []struct {
		proves string
		values map[string]any
		want   []string // of the changes, each a part
		count  int      // of them; 0: as many as there are in want
	}{
		{"an image is replaced wherever it runs", map[string]any{"images": map[string]any{"metricbeat": "registry.test/metricbeat:9.0.0"}},
			[]string{"DaemonSet plumbline/metricbeat-node" + pod + "containers.0.image: docker.elastic.co/beats/metricbeat:8.19.7 → registry.test/metricbeat:9.0.0",
				"Deployment plumbline/metricbeat" + pod + "containers.0.image: docker.elastic.co/beats/metricbeat:8.19.7 → registry.test/metricbeat:9.0.0"}, 0},
		{"replicas of one", map[string]any{"replicas": map[string]any{"worker": 3}}, []string{"Deployment plumbline/worker spec.replicas: 1 → 3"}, 0},
		{"none are a number, too", map[string]any{"replicas": map[string]any{"worker": 0}}, []string{"Deployment plumbline/worker spec.replicas: 1 → 0"}, 0},
		{"how far the autoscaler goes", map[string]any{"autoscaling": map[string]any{"demo-app": map[string]any{"max": 20}}},
			[]string{"HorizontalPodAutoscaler plumbline/demo-app spec.maxReplicas: 6 → 20"}, 0},
		{"one limit, and the others stay", map[string]any{"resources": map[string]any{"worker": map[string]any{"worker": map[string]any{"limits": map[string]any{"memory": "1Gi"}}}}},
			[]string{"Deployment plumbline/worker" + pod + "containers.0.resources.limits.memory: 256Mi → 1Gi"}, 0},
		{"a larger volume", map[string]any{"storage": map[string]any{"mariadb": "10Gi"}},
			[]string{"StatefulSet plumbline/mariadb spec.volumeClaimTemplates.0.spec.resources.requests.storage: 1Gi → 10Gi"}, 0},
		{"another class of volumes", map[string]any{"storageClass": "fast-ssd"}, []string{"StatefulSet plumbline/redis spec.volumeClaimTemplates.0.spec.storageClassName: <nil> → fast-ssd"}, 3},
		{"another name, and a class", map[string]any{"ingress": map[string]any{"host": "icat.example.org", "class": "nginx"}},
			[]string{"Ingress plumbline/demo-app spec.ingressClassName: <nil> → nginx", "Ingress plumbline/demo-app spec.rules.0.host: icat.plumbline.test → icat.example.org"}, 0},
		{"Filebeat as it comes", map[string]any{"shipperProfile": "balanced"}, []string{": fast → balanced"}, 0},
		{"a secret of a registry, for every pod", map[string]any{"imagePullSecrets": []any{map[string]any{"name": "mine"}}},
			[]string{"Deployment plumbline/board" + pod + "imagePullSecrets.0.name: <nil> → mine"}, len(podsOf(usual))},
	} {
		for name := range row.values {
			seen[name] = true
		}
		got, err := install(load(t), row.values)
		if err != nil {
			t.Errorf("%s: %v", row.proves, err)
			continue
		}
		found := changes(usual, got)
		for _, want := range row.want {
			if !slices.ContainsFunc(found, func(one string) bool { return strings.Contains(one, want) }) {
				t.Errorf("%s: no change %q", row.proves, want)
			}
		}
		if count := max(row.count, len(row.want)); len(found) != count {
			t.Errorf("%s: %d changes, want %d:\n%s", row.proves, len(found), count, strings.Join(found, "\n"))
		}
	}
	for name := range load(t).Values {
		if !seen[name] {
			t.Errorf("nobody tries the value %s", name)
		}
	}
}

// podsOf are the objects that make pods.
func podsOf(objects map[string]object) []string {
	var ids []string
	for id, o := range objects {
		if child(o, "spec", "template", "spec")["containers"] != nil {
			ids = append(ids, id)
		}
	}
	return ids
}

func TestSchemaRefuses(t *testing.T) {
	for _, row := range []struct {
		proves string
		values map[string]any
		want   string
	}{
		{"a profile that is none", map[string]any{"profile": "prod"}, "/profile"},
		{"a value that is none", map[string]any{"replica": map[string]any{}}, "replica"},
		{"a part that is none", map[string]any{"images": map[string]any{"logstash": "logstash:8"}}, "logstash"},
		{"an image without a tag", map[string]any{"images": map[string]any{"redis": "redis"}}, "/images/redis"},
		{"fewer than none", map[string]any{"replicas": map[string]any{"worker": -1}}, "/replicas/worker"},
		{"an autoscaler with nothing to scale", map[string]any{"autoscaling": map[string]any{"demo-app": map[string]any{"min": 0}}}, "/autoscaling/demo-app/min"},
		{"a resource of another kind", map[string]any{"resources": map[string]any{"worker": map[string]any{"worker": map[string]any{"limit": map[string]any{}}}}}, "limit"},
		{"a size that is none", map[string]any{"storage": map[string]any{"mariadb": "large"}}, "/storage/mariadb"},
		{"a profile of Filebeat that is none", map[string]any{"shipperProfile": "slow"}, "/shipperProfile"},
		{"a secret without a name", map[string]any{"imagePullSecrets": []any{map[string]any{}}}, "/imagePullSecrets/0"},
	} {
		_, err := install(load(t), row.values)
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", row.proves, err, row.want)
		}
	}
}

// A chart that lacks something, or has it otherwise, is told from the manifests.
func TestAnotherChartIsSeen(t *testing.T) {
	c := load(t)
	for _, template := range c.Templates {
		if strings.HasSuffix(template.Name, "/poddisruptionbudget-demo-app.yaml") {
			template.Data = []byte(strings.Replace(string(template.Data), "maxUnavailable: 1", "maxUnavailable: 2", 1))
		}
	}
	got, err := install(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"PodDisruptionBudget plumbline/demo-app spec.maxUnavailable: 1 → 2"}
	usual, err := install(load(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, changes(usual, got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Braces in a manifest are its own, as in a rule of Prometheus.
func TestBracesAreKept(t *testing.T) {
	o := object{"kind": "ConfigMap", "metadata": map[string]any{"name": "rules"}, "data": map[string]any{"rules.yml": "summary: {{ $value }} of {{`x`}}\n"}}
	var k knobs
	body := k.template([]variant{{o, []string{"dev"}}}, []string{"dev"})
	c := &chartv2.Chart{Metadata: &chartv2.Metadata{Name: "braces", Version: "1.0.0", APIVersion: "v2"},
		Templates: []*common.File{{Name: "templates/rules.yaml", Data: []byte(body)}}}
	got, err := install(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]object{o.id(): o}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What is not the same in every profile is told apart.
func TestVariants(t *testing.T) {
	form := func(size string) object {
		return object{"kind": "ConfigMap", "metadata": map[string]any{"name": "c"}, "data": map[string]any{"size": size}}
	}
	all := []string{"dev", "staging", "production"}
	var k knobs
	body := k.template([]variant{{form("small"), []string{"dev", "staging"}}, {form("large"), []string{"production"}}}, all)
	c := &chartv2.Chart{Metadata: &chartv2.Metadata{Name: "variants", Version: "1.0.0", APIVersion: "v2"},
		Templates: []*common.File{{Name: "templates/c.yaml", Data: []byte(body)}}}
	for profile, size := range map[string]string{"dev": "small", "staging": "small", "production": "large"} {
		got, err := install(c, map[string]any{"profile": profile})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]object{form(size).id(): form(size)}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", profile, diff)
		}
	}
}
