package k8s

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// open is what a pod may do that it should not: use the cluster's API, be root
// beside restricted ones, write to the node.
func (o object) open() []string {
	if !o.runs() {
		return nil
	}
	var found []string
	spec := o.Spec.Template.Spec
	reason := o.Spec.Template.Metadata.Annotations["plumbline/token"]
	switch token := spec.AutomountServiceAccountToken; {
	case reason == "" && (token == nil || *token):
		found = append(found, o.name()+": has a token for the cluster's API, and no annotation says what for")
	case reason != "" && token != nil && !*token:
		found = append(found, o.name()+": an annotation says what its token is for, and it has none")
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

// told are secrets that stand in a manifest.
func (o object) told() []string {
	var found []string
	for _, c := range o.Spec.Template.all() {
		for _, e := range c.Env {
			if e.Value != "" && regexp.MustCompile(`(?i)(password|api_key|secret|token|_key)$`).MatchString(e.Name) {
				found = append(found, fmt.Sprintf("%s/%s: the secret %s is in the manifest", o.name(), c.Name, e.Name))
			}
		}
		if text := strings.Join(append(c.Command, c.Args...), "\n"); regexp.MustCompile(`://[^/\s%$]*:[^/\s%$@]+@`).MatchString(text) {
			found = append(found, fmt.Sprintf("%s/%s: a password is in an address", o.name(), c.Name))
		}
	}
	if o.Kind == "Secret" && (len(o.Data) > 0 || o.text["stringData"] != nil) {
		found = append(found, "Secret "+o.name()+": has contents")
	}
	return found
}

// brittle is what makes an update or a lost node be felt: a workload of several
// without a budget, one that an autoscaler and an apply both number, one whose
// requests are cut when it ends.
func (o object) brittle(all []object) []string {
	if !o.runs() || o.ends() || o.managed() || o.Kind == "DaemonSet" {
		return nil
	}
	var found []string
	has := func(kind string, fits func(object) bool) bool {
		return slices.ContainsFunc(all, func(x object) bool { return x.Kind == kind && x.Metadata.Namespace == o.Metadata.Namespace && fits(x) })
	}
	scaled := has("HorizontalPodAutoscaler", func(x object) bool {
		return x.Spec.ScaleTargetRef.Kind == o.Kind && x.Spec.ScaleTargetRef.Name == o.Metadata.Name
	})
	if scaled && o.Spec.Replicas != nil {
		found = append(found, o.name()+": an apply undoes what its autoscaler says")
	}
	several := scaled || o.Spec.Replicas != nil && *o.Spec.Replicas > 1
	if several && !has("PodDisruptionBudget", func(x object) bool { return cmp.Equal(x.labels(), o.labels()) }) {
		found = append(found, o.name()+": no budget says how many may be taken away at a time")
	}
	if !scaled {
		return found
	}
	if got := fmt.Sprint(o.Spec.Strategy.RollingUpdate.MaxUnavailable); got != "0" {
		found = append(found, fmt.Sprintf("%s: %s of its pods may lack during an update", o.name(), got))
	}
	for _, c := range o.containers(all)[len(o.Spec.Template.Spec.InitContainers):] {
		drain, err := time.ParseDuration(c.Env["DRAIN_TIMEOUT"])
		if err != nil {
			found = append(found, c.Name+": no DRAIN_TIMEOUT")
			continue
		}
		before := 0
		for _, pc := range o.Spec.Template.Spec.Containers {
			before = max(before, pc.Lifecycle.PreStop.Sleep.Seconds)
		}
		if before == 0 {
			found = append(found, o.name()+": ends before it is off the Service")
		}
		if needs := before + int(drain.Seconds()) + 1; o.Spec.Template.grace() <= needs {
			found = append(found, fmt.Sprintf("%s: is killed after %d s, and may need %d", o.name(), o.Spec.Template.grace(), needs))
		}
	}
	return found
}

// starved are containers whose requests exceed their limits.
func (o object) starved() []string {
	var found []string
	for _, c := range o.Spec.Template.all() {
		for _, what := range []string{"cpu", "memory"} {
			request, limit := quantity(c.Resources.Requests[what]), quantity(c.Resources.Limits[what])
			if request < 0 || limit < 0 || request > limit {
				found = append(found, fmt.Sprintf("%s/%s: %s %s asked, %s allowed", o.name(), c.Name, what, c.Resources.Requests[what], c.Resources.Limits[what]))
			}
		}
	}
	return found
}

// quantity reads what our manifests write: 1, 500m, 64Mi, 2Gi; -1 for anything else.
func quantity(text string) float64 {
	for suffix, factor := range map[string]float64{"m": 1e-3, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30} {
		if number, ok := strings.CutSuffix(text, suffix); ok {
			n, err := strconv.ParseFloat(number, 64)
			if err != nil {
				return -1
			}
			return n * factor
		}
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return -1
	}
	return n
}

// broken are all policies that an object breaks.
func (o object) broken(all []object) []string {
	return slices.Concat(o.open(), o.told(), o.brittle(all), o.starved())
}

func TestPolicies(t *testing.T) {
	for _, overlay := range overlays(t) {
		t.Run(overlay, func(t *testing.T) {
			objects := rendered(t, overlay)
			for _, o := range objects {
				for _, problem := range o.broken(objects) {
					t.Error(problem)
				}
			}
		})
	}
}

func TestBrokenPoliciesAreSeen(t *testing.T) {
	const (
		settings = "kind: ConfigMap\nmetadata: {name: c, namespace: n}\ndata: {DRAIN_TIMEOUT: 10s}\n---\n"
		budget   = "kind: PodDisruptionBudget\nmetadata: {name: w, namespace: n}\nspec: {selector: {matchLabels: {app: w}}}\n---\n"
		scaler   = "kind: HorizontalPodAutoscaler\nmetadata: {name: w, namespace: n}\nspec: {scaleTargetRef: {kind: Deployment, name: w}}\n---\n"
		secret   = "kind: Secret\nmetadata: {name: s, namespace: n}\n---\n"
		workload = "kind: Deployment\nmetadata: {name: w, namespace: n}\nspec: {selector: {matchLabels: {app: w}}, strategy: {rollingUpdate: {maxUnavailable: 0}}, " +
			"template: {metadata: {labels: {app: w}}, spec: {terminationGracePeriodSeconds: 30, automountServiceAccountToken: false, securityContext: {runAsNonRoot: true}, " +
			"containers: [{name: c, envFrom: [{configMapRef: {name: c}}], lifecycle: {preStop: {sleep: {seconds: 5}}}, " +
			"resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {cpu: '1', memory: 1Gi}}}]}}}\n"
	)
	for _, row := range []struct {
		proves, from, to string
		want             []string
	}{
		{"a sound set is accepted", "", "", nil},
		{"a token is refused", "automountServiceAccountToken: false, ", "", []string{"n/w: has a token for the cluster's API, and no annotation says what for"}},
		{"a reason for no token is refused", "labels: {app: w}}, spec: {term", "labels: {app: w}, annotations: {plumbline/token: x}}, spec: {term",
			[]string{"n/w: an annotation says what its token is for, and it has none"}},
		{"root is refused", "runAsNonRoot: true", "", []string{"n/w: may be root in a restricted namespace"}},
		{"a node's directory is refused", "containers: [{", "volumes: [{name: v, hostPath: {path: /etc}}], containers: [{volumeMounts: [{name: v}], ",
			[]string{"n/w: hostPath in a restricted namespace", "n/w: writes to the node's /etc"}},
		{"a password in a variable is refused", "containers: [{", "containers: [{env: [{name: DB_PASSWORD, value: x}], ", []string{"n/w/c: the secret DB_PASSWORD is in the manifest"}},
		{"a password in an address is refused", "containers: [{", "containers: [{args: ['-u=redis://a:b@c:1'], ", []string{"n/w/c: a password is in an address"}},
		{"a Secret with contents is refused", "name: s, namespace: n}", "name: s, namespace: n}\nstringData: {a: b}", []string{"Secret n/s: has contents"}},
		{"an autoscaler and a number are refused", "{selector: {matchLabels: {app: w}}, strategy", "{replicas: 2, selector: {matchLabels: {app: w}}, strategy",
			[]string{"n/w: an apply undoes what its autoscaler says"}},
		{"several without a budget are refused", "spec: {selector: {matchLabels: {app: w}}}", "spec: {selector: {matchLabels: {app: x}}}",
			[]string{"n/w: no budget says how many may be taken away at a time"}},
		{"a gap during an update is refused", "maxUnavailable: 0", "maxUnavailable: 25%", []string{"n/w: 25% of its pods may lack during an update"}},
		{"an end that nobody was told of is refused", "lifecycle: {preStop: {sleep: {seconds: 5}}}, ", "", []string{"n/w: ends before it is off the Service"}},
		{"an end that cuts requests is refused", "terminationGracePeriodSeconds: 30", "terminationGracePeriodSeconds: 15", []string{"n/w: is killed after 15 s, and may need 16"}},
		{"a drain of unknown length is refused", "DRAIN_TIMEOUT", "OTHER", []string{"w/c: no DRAIN_TIMEOUT"}},
		{"more asked than allowed is refused", "memory: 64Mi", "memory: 2Gi", []string{"n/w/c: memory 2Gi asked, 1Gi allowed"}},
		{"nothing asked is refused", "cpu: 100m, ", "", []string{"n/w/c: cpu  asked, 1 allowed"}},
	} {
		t.Run(row.proves, func(t *testing.T) {
			objects, err := decode([]byte(strings.Replace(settings+budget+scaler+secret+workload, row.from, row.to, 1)))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, o := range objects {
				got = append(got, o.broken(objects)...)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}
