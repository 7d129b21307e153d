package cluster

import (
	"strings"
	"testing"
)

// refuses shows that what the API server takes is worth something: each of these
// has one fault, and is refused for that.
func (c client) refuses(t *testing.T) {
	const (
		deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n"
		pod        = "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n"
		sound      = "{metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i:1}]}}"
	)
	c.run(t, "create", "namespace", "refusals")
	c.run(t, "label", "namespace", "refusals", "pod-security.kubernetes.io/enforce=restricted")
	for _, namespace := range []string{"default", "refusals"} { // a controller would make it
		c.run(t, "create", "serviceaccount", "default", "--namespace", namespace)
	}
	for _, row := range []struct{ proves, namespace, manifest, want string }{
		{"a sound pod is taken", "default", pod + "spec: {containers: [{name: c, image: i:1}]}", ""},
		{"a sound deployment is taken", "default", deployment + "spec: {selector: {matchLabels: {a: b}}, template: " + sound + "}", ""},
		{"an unknown field", "default", deployment + "spec: {replcas: 2, selector: {matchLabels: {a: b}}, template: " + sound + "}", "replcas"},
		{"a value of another type", "default", pod + "spec: {containers: [{name: c, image: i:1, env: [{name: A, value: 1}]}]}", "env"},
		{"a selector that its own pods do not have", "default", deployment + "spec: {selector: {matchLabels: {a: c}}, template: " + sound + "}", "selector"},
		{"a mount of no volume", "default", pod + "spec: {containers: [{name: c, image: i:1, volumeMounts: [{name: nope, mountPath: /x}]}]}", "nope"},
		{"a request above its limit", "default", pod + "spec: {containers: [{name: c, image: i:1, resources: {requests: {cpu: 2}, limits: {cpu: 1}}}]}", "must be less than or equal to cpu limit"},
		{"a pod that Pod Security forbids", "refusals", pod + "spec: {containers: [{name: c, image: i:1}]}", `violates PodSecurity "restricted`},
		{"a minute that no hour has", "default", "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: x}\nspec: {schedule: '61 * * * *', jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i:1}]}}}}}", "schedule"},
		{"a job that is to start again for ever", "default", "apiVersion: batch/v1\nkind: Job\nmetadata: {name: x}\nspec: {template: {spec: {restartPolicy: Always, containers: [{name: c, image: i:1}]}}}", "restartPolicy"},
		{"a port with too long a name", "default", "apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {ports: [{port: 80, targetPort: this-name-is-much-too-long}]}", "targetPort"},
		{"a path without its type", "default", "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: x}\nspec: {rules: [{http: {paths: [{path: /, backend: {service: {name: w, port: {number: 80}}}}]}}]}", "pathType"},
		{"a budget of two minds", "default", "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: x}\nspec: {minAvailable: 1, maxUnavailable: 1, selector: {}}", "minAvailable"},
		{"a kind that is gone", "default", "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: x}\nspec: {minAvailable: 1, selector: {}}", "no matches for kind"},
	} {
		t.Run(row.proves, func(t *testing.T) {
			out, err := c.try(t.Context(), strings.NewReader(row.manifest), "apply", "--server-side", "--dry-run=server", "--namespace", row.namespace, "-f", "-")
			switch {
			case row.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case row.want != "" && err == nil:
				t.Errorf("taken: %s", out)
			case row.want != "" && !strings.Contains(err.Error(), row.want):
				t.Errorf("refused for another reason: %v\nwant: %s", err, row.want)
			}
		})
	}
}
