package schema

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

func load(t *testing.T) *Schemas {
	t.Helper()
	s, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var o map[string]any
	if err := yaml.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	return o
}

func TestFaults(t *testing.T) {
	s := load(t)
	const (
		container  = "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: c, %s}]}"
		deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: %s"
	)
	for _, row := range []struct {
		proves, manifest string
		want             []string
	}{
		{"what the kind has is accepted", fmt.Sprintf(container, "image: i, ports: [{containerPort: 1}], resources: {limits: {cpu: '1', memory: 64Mi}}"), nil},
		{"a port by number or name is accepted", fmt.Sprintf(container, "livenessProbe: {httpGet: {path: /, port: 80}}, readinessProbe: {httpGet: {path: /, port: http}}"), nil},
		{"a quantity may be a number", fmt.Sprintf(container, "resources: {limits: {cpu: 1}}"), nil},
		{"a sidecar is accepted, as 1.28 has them", "apiVersion: v1\nkind: Pod\nspec: {containers: [], initContainers: [{name: c, restartPolicy: Always}]}", nil},
		{"a pause before the end is accepted, as 1.29 has them", fmt.Sprintf(container, "lifecycle: {preStop: {sleep: {seconds: 5}}}"), nil},
		{"a misspelt field is refused", fmt.Sprintf(container, "imagine: i"), []string{"Pod.spec.containers.0: additional properties 'imagine' not allowed"}},
		{"a field in the wrong place is refused", "apiVersion: v1\nkind: Service\nspec: {readinessProbe: {}}", []string{"Service.spec: additional properties 'readinessProbe' not allowed"}},
		{"a value of another type is refused", fmt.Sprintf(container, "env: [{name: A, value: 1}]"), []string{"Pod.spec.containers.0.env.0.value: got number, want string"}},
		{"nothing is no value", fmt.Sprintf(container, "image: "), []string{"Pod.spec.containers.0.image: got null, want string"}},
		{"a word is not a number", fmt.Sprintf(deployment, "{selector: {}, template: {}, replicas: many}"), []string{"Deployment.spec.replicas: got string, want integer"}},
		{"a missing field is refused", fmt.Sprintf(deployment, "{template: {}}"), []string{"Deployment.spec: missing property 'selector'"}},
		{"a misspelt label of a label is none", "apiVersion: v1\nkind: Service\nmetadata: {lables: {a: b}}", []string{"Service.metadata: additional properties 'lables' not allowed"}},
		{"a kind that was removed is refused", "apiVersion: extensions/v1beta1\nkind: Deployment", []string{"extensions/v1beta1 Deployment: no such kind"}},
		{"so is a version that was removed", "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget", []string{"policy/v1beta1 PodDisruptionBudget: no such kind"}},
		{"all faults are told", fmt.Sprintf(deployment, "{template: {spec: {containers: [{image: 1}]}}}"),
			[]string{"Deployment.spec.template.spec.containers.0.image: got number, want string", "Deployment.spec.template.spec.containers.0: missing property 'name'", "Deployment.spec: missing property 'selector'"}},
	} {
		if diff := cmp.Diff(row.want, s.Faults(object(t, row.manifest))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.proves, diff)
		}
	}
}

const widget = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          required: [spec]
          properties:
            spec:
              type: object
              required: [size]
              properties:
                size: {type: integer}
                port: {x-kubernetes-int-or-string: true}
                anything: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {known: {type: string}}}
`

func TestDefine(t *testing.T) {
	s := load(t)
	crd := object(t, widget)
	if faults := s.Faults(crd); faults != nil {
		t.Fatal(faults)
	}
	if err := s.Define(crd); err != nil {
		t.Fatal(err)
	}
	const text = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {%s}"
	for _, row := range []struct {
		proves, spec string
		want         []string
	}{
		{"what is described is accepted", "size: 1, port: http, anything: {else: 1, known: a}", nil},
		{"what is not is refused", "size: 1, colour: red", []string{"Widget.spec: additional properties 'colour' not allowed"}},
		{"what is required is missed", "port: 80", []string{"Widget.spec: missing property 'size'"}},
		{"what is open still has its types", "size: 1, anything: {known: 1}", []string{"Widget.spec.anything.known: got number, want string"}},
	} {
		if diff := cmp.Diff(row.want, s.Faults(object(t, fmt.Sprintf(text, row.spec)))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.proves, diff)
		}
	}
	for _, spoil := range [][2]string{{"served: true", "served: false"}, {"openAPIV3Schema", "openAPIV2Schema"}, {"type: integer", "type: whole"}} {
		if err := s.Define(object(t, strings.Replace(widget, spoil[0], spoil[1], 1))); err == nil {
			t.Errorf("%s is accepted", spoil[1])
		}
	}
}

func TestDescribe(t *testing.T) {
	openapi := fstest.MapFS{"apis__example.com__v1_openapi.json": {Data: []byte(`{"components":{"schemas":{
		"com.example.v1.Widget": {"description": "Words.", "type": "object", "required": ["spec"],
			"properties": {"spec": {"default": {}, "allOf": [{"$ref": "#/components/schemas/com.example.v1.Spec"}]},
				"parts": {"type": "array", "items": {"$ref": "#/components/schemas/com.example.v1.Spec"}}},
			"x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Widget"}]},
		"com.example.v1.Spec": {"type": "object", "properties": {"description": {"type": "string", "format": "byte"}}},
		"com.example.v1.Other": {"type": "object"}}}}`)}}
	got, err := Describe(openapi, "1.2.3", []string{"example.com/v1 Widget"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := got.Text()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"version":"1.2.3",
"kinds":{"example.com/v1 Widget":"com.example.v1.Widget"},
"definitions":{"com.example.v1.Spec":{"additionalProperties":false,"properties":{"description":{"type":"string"}},"type":"object"},
"com.example.v1.Widget":{"additionalProperties":false,"properties":{"parts":{"items":{"$ref":"#/definitions/com.example.v1.Spec"},"type":"array"},"spec":{"$ref":"#/definitions/com.example.v1.Spec"}},"required":["spec"],"type":"object"}}}
`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, missing := range []string{"example.com/v1 Gadget", "example.com/v2 Widget", "v1 Widget"} {
		if _, err := Describe(openapi, "1.2.3", []string{missing}); err == nil {
			t.Errorf("%s is described", missing)
		}
	}
}
