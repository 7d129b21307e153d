package cluster

import (
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// renewed replaces demo-app's pods one by one under load, by the Service's
// address. No request fails, and what the pods that are gone have written arrives.
func (s *stack) renewed(t *testing.T) {
	l := load{name: "renewed", rate: 50, duration: 40 * time.Second}
	s.restartUnder(t, l)
	s.holds(t, l)
}

// restartUnder has every pod of demo-app replaced while a load is sent.
func (s *stack) restartUnder(t *testing.T, l load) {
	t.Helper()
	before := s.pods(t, "plumbline", "demo-app")
	s.begin(t, l)
	s.awaitLines(t, l.name, 2*l.rate)
	s.run(t, "--namespace=plumbline", "rollout", "restart", "deployment/demo-app")
	s.run(t, "--namespace=plumbline", "rollout", "status", "--timeout=5m", "deployment/demo-app")
	if !s.sending(t) {
		t.Error("all was sent before the last pod was replaced")
	}
	for _, pod := range s.pods(t, "plumbline", "demo-app") {
		if slices.Contains(before, pod) {
			t.Errorf("%s was not replaced", pod)
		}
	}
}

// carelessly does the same to a demo-app without what makes it safe: all pods at
// once, taken for ready when they run, ended without a pause.
func (s *stack) carelessly(t *testing.T) {
	defer s.restore(t)
	s.run(t, "apply", "--kustomize", s.with(t, "overlays/dev", `
patches:
  - target: {kind: Deployment, name: demo-app}
    patch: |
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: demo-app}
      spec:
        strategy: {rollingUpdate: {maxUnavailable: 100%, maxSurge: 0}}
        template:
          spec:
            containers:
              - {name: demo-app, readinessProbe: null, startupProbe: null, lifecycle: null}
`))
	s.settled(t)
	s.restartUnder(t, load{name: "careless", rate: 50, duration: 40 * time.Second, check: "arrival"})
	if r, codes := s.end(t); codes.Loadgen != 1 {
		t.Errorf("loadgen exits with %d, want 1: some requests fail (%s)", codes.Loadgen, r.Summary)
	} else {
		t.Logf("%d of %d requests were answered", r.Account.Answered, r.Account.Attempts)
	}
}

// configured changes a setting: the ConfigMap gets another name, and the pods are
// replaced by some that have it.
func (s *stack) configured(t *testing.T) {
	defer s.restore(t)
	before := s.pods(t, "plumbline", "demo-app")
	s.run(t, "apply", "--kustomize", s.with(t, "overlays/dev", `
configMapGenerator:
  - name: demo-app
    namespace: plumbline
    behavior: merge
    literals: [ENVIRONMENT=changed]
`))
	s.settled(t)
	after := s.pods(t, "plumbline", "demo-app")
	for _, pod := range after {
		if slices.Contains(before, pod) {
			t.Errorf("%s was not replaced", pod)
		}
		if log := s.run(t, "--namespace=plumbline", "logs", pod); !strings.Contains(log, `"environment":"changed"`) {
			t.Errorf("no line of %s says the new environment:\n%s", pod, tail(log, 5))
		}
	}
}

// restore brings back the overlay as it is.
func (s *stack) restore(t *testing.T) {
	t.Helper()
	s.run(t, "apply", "--kustomize", s.with(t, "overlays/dev"))
	s.settled(t)
}

// held asks for the eviction of all pods of demo-app at once, as who empties a
// node does: its budget lets one go, and the others when that one is replaced.
func (s *stack) held(t *testing.T) {
	pods := s.pods(t, "plumbline", "demo-app")
	if len(pods) < 2 {
		t.Fatalf("demo-app has %d pods, want two or more", len(pods))
	}
	answers := map[string]error{}
	for _, pod := range pods {
		answers[pod] = s.evict(t, pod)
	}
	var refused []string
	for _, pod := range slices.Sorted(maps.Keys(answers)) {
		if err := answers[pod]; err != nil {
			refused = append(refused, pod)
			if !strings.Contains(err.Error(), "disruption budget") {
				t.Errorf("%s is refused for another reason: %v", pod, err)
			}
		}
	}
	if len(refused) != len(pods)-1 {
		t.Errorf("of %d pods %d may not be evicted, want all but one", len(pods), len(refused))
	}
	s.settled(t)
	for _, pod := range refused {
		await(t, pod+" to be evicted, too", func() error { return s.evict(t, pod) })
		s.settled(t)
	}
}

// evict asks the API server itself: kubectl would ask again and again until it may.
func (s *stack) evict(t *testing.T, pod string) error {
	t.Helper()
	const eviction = `{"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": %q, "namespace": "plumbline"}}`
	curl := s.inside("curl", "--silent", "--show-error", "--fail-with-body", "--max-time", "20",
		"--cacert", s.path("pki", "ca.crt"), "--cert", s.path("pki", "admin.crt"), "--key", s.path("pki", "admin.key"),
		"--header", "Content-Type: application/json", "--data", fmt.Sprintf(eviction, pod),
		s.url()+"/api/v1/namespaces/plumbline/pods/"+pod+"/eviction")
	out, err := exec.CommandContext(t.Context(), curl[0], curl[1:]...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("evict %s: %w: %s", pod, err, out)
	}
	return nil
}
