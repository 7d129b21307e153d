package k8s

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// dangling are the names in an object that no object has.
func dangling(o object, all []object) []string {
	var found []string
	exists := func(kind, name string) {
		if _, ok := find(all, kind, o.Metadata.Namespace, name); !ok {
			found = append(found, fmt.Sprintf("%s %s: no %s %s", o.Kind, o.name(), kind, name))
		}
	}
	holds := func(secret, key string) {
		exists("Secret", secret)
		if keys := published(all)[o.Metadata.Namespace+"/"+secret]; len(keys) > 0 && !slices.ContainsFunc(keys, func(k string) bool {
			ok, _ := path.Match(k, key)
			return ok
		}) {
			found = append(found, fmt.Sprintf("%s %s: nobody puts %s into the Secret %s", o.Kind, o.name(), key, secret))
		}
	}
	spec := o.Spec.Template.Spec
	if o.runs() {
		exists("ServiceAccount", spec.ServiceAccountName)
	}
	volumes := map[string]bool{}
	for _, v := range spec.Volumes {
		volumes[v.Name] = true
		if v.ConfigMap != nil {
			exists("ConfigMap", v.ConfigMap.Name)
		}
		for _, source := range v.Projected.Sources {
			if source.ConfigMap != nil {
				exists("ConfigMap", source.ConfigMap.Name)
			}
		}
		if v.Secret != nil {
			if strings.HasPrefix(v.Secret.SecretName, "elasticsearch-es-") {
				exists("Elasticsearch", "elasticsearch") // its operator makes them
				continue
			}
			exists("Secret", v.Secret.SecretName)
			for _, item := range v.Secret.Items {
				holds(v.Secret.SecretName, item.Key)
			}
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
			if from := e.ValueFrom.SecretKeyRef; from.Name != "" {
				holds(from.Name, from.Key)
			}
		}
		for _, from := range c.EnvFrom {
			if from.ConfigMapRef.Name != "" {
				exists("ConfigMap", from.ConfigMapRef.Name)
			} else {
				exists("Secret", from.SecretRef.Name)
			}
		}
	}
	switch o.Kind {
	case "Role":
		for _, rule := range o.Rules {
			for _, name := range rule.ResourceNames {
				exists(map[string]string{"secrets": "Secret"}[rule.Resources[0]], name)
			}
		}
	case "Service":
		found = append(found, o.unserved(all)...)
	case "NetworkPolicy":
		found = append(found, o.unmatched(all)...)
	case "StatefulSet":
		exists("Service", o.Spec.ServiceName)
	case "HorizontalPodAutoscaler":
		exists(o.Spec.ScaleTargetRef.Kind, o.Spec.ScaleTargetRef.Name)
	case "PodDisruptionBudget":
		if !slices.ContainsFunc(all, func(w object) bool { return w.selected(o.Metadata.Namespace, o.labels()) }) {
			found = append(found, fmt.Sprintf("%s %s: no pod has the labels %v", o.Kind, o.name(), o.labels()))
		}
	case "Ingress":
		for _, rule := range o.Spec.Rules {
			for _, p := range rule.HTTP.Paths {
				to := p.Backend.Service
				service, _ := find(all, "Service", o.Metadata.Namespace, to.Name)
				if !slices.ContainsFunc(service.Spec.Ports, func(p servicePort) bool { return p.Name == to.Port.Name }) {
					found = append(found, fmt.Sprintf("Ingress %s: no Service %s with a port %s", o.name(), to.Name, to.Port.Name))
				}
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// published are the keys that the Job setup puts into each Secret, by its
// namespace and name; some are patterns.
func published(all []object) map[string][]string {
	found := map[string][]string{}
	for _, o := range all {
		for _, c := range o.Spec.Template.all() {
			script := strings.Join(append(c.Command, c.Args...), "\n")
			made := map[string][]string{} // by directory
			for _, m := range regexp.MustCompile(`(?m)certificates\.sh (\w+) `).FindAllStringSubmatch(script, -1) {
				made[m[1]] = []string{"ca.crt", "node.crt", "node.key", "elastic.password"}
			}
			for _, m := range regexp.MustCompile(`for name in (.*); do\n.*"?(\w+)/\$name`).FindAllStringSubmatch(script, -1) {
				made[m[2]] = strings.Fields(m[1])
			}
			for _, m := range regexp.MustCompile(`(?m)>"?([\w-]+)/([\w.-]+)"?$`).FindAllStringSubmatch(script, -1) {
				made[m[1]] = append(made[m[1]], m[2])
			}
			for _, m := range regexp.MustCompile(`(?m)publish\.sh (\S+) (\S+) (.+)$`).FindAllStringSubmatch(script, -1) {
				secret := m[1] + "/" + m[2]
				for _, file := range strings.Fields(m[3]) {
					if dir, name := path.Split(file); name == "*" {
						found[secret] = append(found[secret], made[path.Clean(dir)]...)
					} else {
						found[secret] = append(found[secret], name)
					}
				}
			}
		}
	}
	return found
}

// unserved says that no pod has a Service's labels, or its port.
func (o object) unserved(all []object) []string {
	selected := slices.IndexFunc(all, func(w object) bool { return w.selected(o.Metadata.Namespace, o.labels()) })
	if selected < 0 {
		return []string{fmt.Sprintf("Service %s: no pod has the labels %v", o.name(), o.labels())}
	}
	w := all[selected]
	var found []string
	if w.managed() {
		return nil
	}
	for _, p := range o.Spec.Ports {
		if !slices.ContainsFunc(w.Spec.Template.all(), func(c podContainer) bool {
			number, ok := c.port(p.TargetPort)
			return ok && number == p.Port
		}) {
			found = append(found, fmt.Sprintf("Service %s: %s has no such port", o.name(), w.name()))
		}
	}
	return found
}

// unmatched are the selectors of a policy that fit no pod of the stack.
func (o object) unmatched(all []object) []string {
	peers := []peer{{PodSelector: o.Spec.PodSelector}}
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
			if slices.Contains([]string{"", "kube-system", "elastic-system"}, namespace) {
				continue // not ours: whoever has the label, the cluster's name server, an operator
			}
		}
		if _, ok := find(all, "Namespace", "", namespace); ok && len(p.PodSelector.MatchLabels) == 0 {
			continue // all that there may be
		}
		if !slices.ContainsFunc(all, func(x object) bool { return x.selected(namespace, p.PodSelector.MatchLabels) }) {
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
		{"a secret that nobody made is refused", "containers: [", "volumes: [{name: v, secret: {secretName: x}}], containers: [", []string{"Deployment n/w: no Secret x"}},
		{"a mount of no volume is refused", "containers: [{", "containers: [{volumeMounts: [{name: v}], ", []string{"Deployment n/w: no volume v"}},
		{"a service for nobody is refused", "selector: {app: w}", "selector: {app: x}", []string{"Service n/s: no pod has the labels map[app:x]"}},
		{"a service to no port is refused", "targetPort: http", "targetPort: https", []string{"Service n/s: n/w has no such port"}},
		{"a policy for nobody is refused", "kind: Service\n", "kind: NetworkPolicy\nmetadata: {name: p, namespace: n}\nspec: {podSelector: {matchLabels: {app: x}}}\n---\nkind: Service\n",
			[]string{"NetworkPolicy n/p: no pod in n has the labels map[app:x]"}},
		{"settings that nobody made are refused", "containers: [{", "containers: [{envFrom: [{configMapRef: {name: x}}, {secretRef: {name: y}}], ",
			[]string{"Deployment n/w: no ConfigMap x", "Deployment n/w: no Secret y"}},
		{"a key that nobody publishes is refused", "containers: [{", "containers: [{args: ['publish.sh n k d/a.key'], env: [{valueFrom: {secretKeyRef: {name: k, key: b.key}}}], ",
			[]string{"Deployment n/w: no Secret k", "Deployment n/w: nobody puts b.key into the Secret k"}},
		{"a right to what is not there is refused", "kind: Service\n", "kind: Role\nmetadata: {name: r, namespace: n}\nrules: [{resources: [secrets], resourceNames: [x-94dtf47hc6]}]\n---\nkind: Service\n",
			[]string{"Role n/r: no Secret x-94dtf47hc6"}},
		{"a budget for nobody is refused", "kind: Service\n", "kind: PodDisruptionBudget\nmetadata: {name: p, namespace: n}\nspec: {selector: {matchLabels: {app: x}}}\n---\nkind: Service\n",
			[]string{"PodDisruptionBudget n/p: no pod has the labels map[app:x]"}},
		{"an autoscaler of nobody is refused", "kind: Service\n", "kind: HorizontalPodAutoscaler\nmetadata: {name: p, namespace: n}\nspec: {scaleTargetRef: {kind: Deployment, name: x}}\n---\nkind: Service\n",
			[]string{"HorizontalPodAutoscaler n/p: no Deployment x"}},
		{"a way in to nobody is refused", "kind: Service\n", "kind: Ingress\nmetadata: {name: p, namespace: n}\nspec: {rules: [{http: {paths: [{backend: {service: {name: s, port: {name: x}}}}]}}]}\n---\nkind: Service\n",
			[]string{"Ingress n/p: no Service s with a port x"}},
	} {
		t.Run(row.proves, func(t *testing.T) {
			objects, err := decode([]byte(strings.Replace(good, row.from, row.to, 1)))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, o := range objects {
				got = slices.Concat(got, dangling(o, objects))
			}
			if diff := cmp.Diff(row.want, append(got, undenied(objects)...)); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}
