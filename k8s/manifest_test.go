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

// unknownFields compares an object with the schema of its kind. The schema that
// kustomize carries is that of Kubernetes 1.21: it knows all that is used here.
func unknownFields(o map[string]any) []string {
	version, kind := fmt.Sprint(o["apiVersion"]), fmt.Sprint(o["kind"])
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

// open is what a pod may do that it should not: use the cluster's API, be root
// beside restricted ones, write to the node.
func (o object) open() []string {
	if len(o.Spec.Template.Spec.Containers) == 0 {
		return nil
	}
	var found []string
	spec := o.Spec.Template.Spec
	if token := spec.AutomountServiceAccountToken; o.Metadata.Name != "setup" && (token == nil || *token) {
		found = append(found, o.name()+": has a token for the cluster's API")
	}
	if !spec.SecurityContext.RunAsNonRoot && o.Metadata.Namespace != "plumbline-node" {
		found = append(found, o.name()+": may be root in a restricted namespace")
	}
	for _, v := range spec.Volumes {
		if v.HostPath == nil {
			continue
		}
		if o.Metadata.Namespace != "plumbline-node" {
			found = append(found, o.name()+": hostPath in a restricted namespace")
		}
		for _, c := range spec.Containers {
			for _, m := range c.VolumeMounts {
				if m.Name == v.Name && !m.ReadOnly && v.HostPath.Path != "/var/lib/plumbline-filebeat" {
					found = append(found, o.name()+": writes to the node's "+v.HostPath.Path)
				}
			}
		}
	}
	return found
}

// dangling are the names in an object that no object has.
func dangling(o object, all []object) []string {
	var found []string
	exists := func(kind, name string) {
		if !slices.ContainsFunc(all, func(x object) bool {
			return x.Kind == kind && x.Metadata.Name == name && x.Metadata.Namespace == o.Metadata.Namespace
		}) {
			found = append(found, fmt.Sprintf("%s %s: no %s %s", o.Kind, o.name(), kind, name))
		}
	}
	spec := o.Spec.Template.Spec
	if len(spec.Containers) > 0 {
		exists("ServiceAccount", spec.ServiceAccountName)
	}
	volumes := map[string]bool{}
	for _, v := range spec.Volumes {
		volumes[v.Name] = true
		if v.ConfigMap != nil {
			exists("ConfigMap", v.ConfigMap.Name)
		}
		if v.Secret != nil {
			exists("Secret", v.Secret.SecretName)
		}
	}
	for _, claim := range o.Spec.VolumeClaimTemplates {
		volumes[claim.Metadata.Name] = true
	}
	for _, c := range o.Spec.Template.all() {
		for _, m := range c.VolumeMounts {
			if !volumes[m.Name] {
				found = append(found, fmt.Sprintf("%s %s: no volume %s", o.Kind, o.name(), m.Name))
			}
		}
		for _, e := range c.Env {
			if name := e.ValueFrom.SecretKeyRef.Name; name != "" {
				exists("Secret", name)
			}
		}
	}
	if o.Kind == "Service" {
		found = append(found, o.unserved(all)...)
	}
	if o.Kind == "NetworkPolicy" {
		found = append(found, o.unmatched(all)...)
	}
	return found
}

// unserved says that no pod has a Service's labels, or its port.
func (o object) unserved(all []object) []string {
	var selector map[string]string
	_ = o.Spec.Selector.Decode(&selector) // a wrong type was found by the schema
	for _, w := range all {
		if !w.selected(o.Metadata.Namespace, selector) {
			continue
		}
		for _, p := range o.Spec.Ports {
			for _, c := range w.Spec.Template.Spec.Containers {
				for _, named := range c.Ports {
					if named.Name == p.TargetPort && named.ContainerPort == p.Port {
						return nil
					}
				}
			}
		}
		return []string{fmt.Sprintf("Service %s: %s has no such port", o.name(), w.name())}
	}
	return []string{fmt.Sprintf("Service %s: no pod has the labels %v", o.name(), selector)}
}

func (o object) selected(namespace string, labels map[string]string) bool {
	if o.Metadata.Namespace != namespace || len(o.Spec.Template.Spec.Containers) == 0 {
		return false
	}
	for key, value := range labels {
		if o.Spec.Template.Metadata.Labels[key] != value {
			return false
		}
	}
	return true
}

// unmatched are the selectors of a policy that fit no pod of the stack.
func (o object) unmatched(all []object) []string {
	var peers []peer
	peers = append(peers, peer{PodSelector: o.Spec.PodSelector})
	for _, rule := range o.Spec.Ingress {
		peers = append(peers, rule.From...)
	}
	for _, rule := range o.Spec.Egress {
		peers = append(peers, rule.To...)
	}
	var found []string
	for _, p := range peers {
		namespace := o.Metadata.Namespace
		if p.NamespaceSelector != nil {
			namespace = p.NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"]
		}
		if namespace != "kube-system" && !slices.ContainsFunc(all, func(x object) bool { return x.selected(namespace, p.PodSelector.MatchLabels) }) {
			found = append(found, fmt.Sprintf("NetworkPolicy %s: no pod in %s has the labels %v", o.name(), namespace, p.PodSelector.MatchLabels))
		}
	}
	return found
}

// undenied are namespaces without a policy that forbids all, or without Pod
// Security.
func undenied(all []object) []string {
	var found []string
	for _, n := range all {
		if n.Kind != "Namespace" {
			continue
		}
		if n.Metadata.Labels["pod-security.kubernetes.io/enforce"] == "" {
			found = append(found, n.Metadata.Name+": no Pod Security level")
		}
		if !slices.ContainsFunc(all, func(p object) bool {
			return p.Kind == "NetworkPolicy" && p.Metadata.Namespace == n.Metadata.Name && len(p.Spec.PodSelector.MatchLabels) == 0 &&
				slices.Equal(p.Spec.PolicyTypes, []string{"Ingress", "Egress"}) && len(p.Spec.Ingress)+len(p.Spec.Egress) == 0
		}) {
			found = append(found, n.Metadata.Name+": what is not allowed is not denied")
		}
	}
	return found
}

func TestClusterFaultsAreSeen(t *testing.T) {
	const (
		namespace = "kind: Namespace\nmetadata: {name: n, labels: {pod-security.kubernetes.io/enforce: restricted}}\n---\n"
		deny      = "kind: NetworkPolicy\nmetadata: {name: d, namespace: n}\nspec: {podSelector: {}, policyTypes: [Ingress, Egress]}\n---\n"
		account   = "kind: ServiceAccount\nmetadata: {name: s, namespace: n}\n---\n"
		workload  = "kind: Deployment\nmetadata: {name: w, namespace: n}\nspec: {template: {metadata: {labels: {app: w}}, " +
			"spec: {serviceAccountName: s, automountServiceAccountToken: false, securityContext: {runAsNonRoot: true}, " +
			"containers: [{name: c, ports: [{name: http, containerPort: 80}]}]}}}\n---\n"
		service = "kind: Service\nmetadata: {name: s, namespace: n}\nspec: {selector: {app: w}, ports: [{port: 80, targetPort: http}]}\n"
		good    = namespace + deny + account + workload + service
	)
	for _, row := range []struct {
		proves, from, to string
		want             []string
	}{
		{"a sound set is accepted", "", "", nil},
		{"a namespace without Pod Security is refused", "pod-security.kubernetes.io/enforce: restricted", "", []string{"n: no Pod Security level"}},
		{"a namespace without denial is refused", "policyTypes: [Ingress, Egress]", "policyTypes: [Ingress]", []string{"n: what is not allowed is not denied"}},
		{"an account that nobody made is refused", "serviceAccountName: s", "serviceAccountName: t", []string{"Deployment n/w: no ServiceAccount t"}},
		{"a token is refused", "automountServiceAccountToken: false, ", "", []string{"n/w: has a token for the cluster's API"}},
		{"root is refused", "runAsNonRoot: true", "", []string{"n/w: may be root in a restricted namespace"}},
		{"a secret that nobody made is refused", "containers: [", "volumes: [{name: v, secret: {secretName: x}}], containers: [", []string{"Deployment n/w: no Secret x"}},
		{"a node's directory is refused", "containers: [{", "volumes: [{name: v, hostPath: {path: /etc}}], containers: [{volumeMounts: [{name: v}], ",
			[]string{"n/w: hostPath in a restricted namespace", "n/w: writes to the node's /etc"}},
		{"a mount of no volume is refused", "containers: [{", "containers: [{volumeMounts: [{name: v}], ", []string{"Deployment n/w: no volume v"}},
		{"a service for nobody is refused", "selector: {app: w}", "selector: {app: x}", []string{"Service n/s: no pod has the labels map[app:x]"}},
		{"a service to no port is refused", "targetPort: http", "targetPort: https", []string{"Service n/s: n/w has no such port"}},
		{"a policy for nobody is refused", "kind: Service\n", "kind: NetworkPolicy\nmetadata: {name: p, namespace: n}\nspec: {podSelector: {matchLabels: {app: x}}}\n---\nkind: Service\n",
			[]string{"NetworkPolicy n/p: no pod in n has the labels map[app:x]"}},
	} {
		t.Run(row.proves, func(t *testing.T) {
			objects, err := decode([]byte(strings.Replace(good, row.from, row.to, 1)))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, o := range objects {
				got = slices.Concat(got, o.open(), dangling(o, objects))
			}
			if diff := cmp.Diff(row.want, append(got, undenied(objects)...)); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}
