package k8s

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
)

// newer is what came after Kubernetes 1.21, whose schema kustomize carries.
var newer = []string{"HorizontalPodAutoscaler", "PodDisruptionBudget", "CronJob", "preStop.sleep", "matchLabelKeys", "initContainers.0.restartPolicy"}

// unknownFields compares an object with the schema of its kind.
func unknownFields(o map[string]any) []string {
	version, kind := fmt.Sprint(o["apiVersion"]), fmt.Sprint(o["kind"])
	if slices.Contains(newer, kind) {
		return nil
	}
	schema := openapi.SchemaForResourceType(kyaml.TypeMeta{APIVersion: version, Kind: kind})
	if schema == nil {
		return []string{fmt.Sprintf("%s %s: no such kind", version, kind)}
	}
	return mismatches(kind, schema, o)
}

func mismatches(path string, schema *openapi.ResourceSchema, value any) []string {
	want := func(types ...string) []string {
		if len(schema.Schema.Type) == 0 || slices.Contains(types, schema.Schema.Type[0]) {
			return nil
		}
		return []string{fmt.Sprintf("%s: %v, want %s", path, value, schema.Schema.Type[0])}
	}
	var found []string
	switch value := value.(type) {
	case nil:
	case map[string]any:
		if found = want("object"); found != nil {
			return found
		}
		for _, name := range slices.Sorted(maps.Keys(value)) {
			if slices.ContainsFunc(newer, func(n string) bool { return strings.HasSuffix(path+"."+name, n) }) {
				continue
			}
			field := schema.Field(name)
			if field == nil {
				found = append(found, fmt.Sprintf("%s.%s: no such field", path, name))
				continue
			}
			found = append(found, mismatches(path+"."+name, field, value[name])...)
		}
		for _, name := range schema.Schema.Required {
			if _, ok := value[name]; !ok {
				found = append(found, fmt.Sprintf("%s.%s: missing", path, name))
			}
		}
	case []any:
		elements := schema.Elements()
		if elements == nil {
			return want("array")
		}
		for i, element := range value {
			found = append(found, mismatches(fmt.Sprintf("%s.%d", path, i), elements, element)...)
		}
	case string:
		return want("string")
	case bool:
		return want("boolean")
	default:
		if schema.Schema.Format == "int-or-string" {
			return nil
		}
		return want("integer", "number")
	}
	return found
}

func TestUnknownFieldsAreSeen(t *testing.T) {
	const container = "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: c, %s}]}"
	for _, row := range []struct {
		proves, manifest string
		want             []string
	}{
		{"a field of the kind is accepted", fmt.Sprintf(container, "image: i, ports: [{containerPort: 1}], resources: {limits: {cpu: '1'}}"), nil},
		{"a port by number or name is accepted", fmt.Sprintf(container, "livenessProbe: {httpGet: {path: /, port: 80}}, readinessProbe: {httpGet: {path: /, port: http}}"), nil},
		{"a misspelt field is refused", fmt.Sprintf(container, "imagine: i"), []string{"Pod.spec.containers.0.imagine: no such field"}},
		{"a field in the wrong place is refused", "apiVersion: v1\nkind: Service\nspec: {readinessProbe: {}}", []string{"Service.spec.readinessProbe: no such field"}},
		{"a value of another type is refused", fmt.Sprintf(container, "env: [{name: A, value: 1}]"), []string{"Pod.spec.containers.0.env.0.value: 1, want string"}},
		{"a missing field is refused", "apiVersion: apps/v1\nkind: Deployment\nspec: {template: {}}", []string{"Deployment.spec.selector: missing"}},
		{"a removed kind is refused", "apiVersion: extensions/v1beta1\nkind: Deployment", []string{"extensions/v1beta1 Deployment: no such kind"}},
	} {
		t.Run(row.proves, func(t *testing.T) {
			objects, err := decode([]byte(row.manifest))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, unknownFields(objects[0].text)); diff != "" {
				t.Errorf("mismatches (-want +got):\n%s", diff)
			}
		})
	}
}
