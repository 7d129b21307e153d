package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"plumbline/stack/images"
	"plumbline/stack/native"
)

// stack is an overlay on a node.
type stack struct {
	*running
	client
	names map[string]string // of images, by what they stand in for
}

// open brings up a node with the images that these directories ask for.
func open(t *testing.T, dirs ...string) *stack {
	t.Helper()
	if err := fit(); err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	options := native.Options{Repository: root, Command: "test", Stderr: os.Stderr, Kubernetes: true}
	for _, dir := range dirs { // an overlay has the name of the profile whose programs it needs
		if name := filepath.Base(dir); slices.Contains(native.Profiles(), name) {
			options.Profile = name
		}
	}
	sources, err := images.Gather(t.Context(), options, cache(t))
	if err != nil {
		t.Fatal(err)
	}
	n := place(t, sources.Kubernetes)
	own, err := sources.Own()
	if err != nil {
		t.Fatal(err)
	}
	wanted := []images.Image{images.Pause()}
	for _, name := range n.client().images(t, dirs...) {
		all := slices.Concat(own, sources.StandIns())
		at := slices.IndexFunc(all, func(i images.Image) bool { return i.Official == name })
		if at < 0 {
			t.Fatalf("there is no stand-in for %s", name)
		}
		wanted = append(wanted, all[at])
	}
	s := &stack{names: n.stock(t, wanted)}
	n.Pause = "docker.io/" + s.names[images.Pause().Official]
	s.running = n.launch(t)
	s.client = s.kubectl()
	s.offer(t, 5)
	t.Cleanup(func() {
		if t.Failed() {
			s.tell(t)
		}
	})
	return s
}

// images are the names of all images in the kustomizations, without tags.
func (c client) images(t *testing.T, dirs ...string) []string {
	t.Helper()
	var names []string
	for _, dir := range dirs {
		for _, pod := range c.render(t, dir).pods() {
			for _, list := range []string{"initContainers", "containers"} {
				containers, _ := pod.at("spec", list).([]any)
				for _, container := range containers {
					name, _, _ := strings.Cut(object(container.(map[string]any)).text("image"), ":")
					names = append(names, name)
				}
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// with is a kustomization of k8s with the images that are here, and with changes, in
// YAML, over it.
func (s *stack) with(t *testing.T, dir string, changes ...string) string {
	t.Helper()
	over := t.TempDir()
	from, err := filepath.Abs(filepath.Join(repository, "k8s", dir))
	if err == nil {
		from, err = filepath.Rel(over, from)
	}
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [%s]\nimages:\n", from)
	for official, name := range s.names {
		name, tag, _ := strings.Cut(name, ":")
		text += fmt.Sprintf("  - {name: %s, newName: %s, newTag: %s}\n", official, name, tag)
	}
	if err := os.WriteFile(filepath.Join(over, "kustomization.yaml"), []byte(text+strings.Join(changes, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return over
}

// settled waits until every workload has what it wants, as it is now.
func (s *stack) settled(t *testing.T) {
	t.Helper()
	s.run(t, "--namespace=plumbline", "wait", "--for=condition=Complete", "--timeout=10m", "job/setup")
	for _, namespace := range []string{"plumbline", "plumbline-node"} {
		for workload := range strings.FieldsSeq(s.run(t, "--namespace", namespace, "get", "deployment,statefulset,daemonset", "--output=name")) {
			s.run(t, "--namespace", namespace, "rollout", "status", "--timeout=5m", workload)
		}
	}
}

// tell shows what there is to see of a test that failed.
func (s *stack) tell(t *testing.T) {
	for _, look := range [][]string{
		{"get", "pods", "--all-namespaces", "--output=wide"},
		{"get", "events", "--all-namespaces", "--sort-by=.metadata.creationTimestamp", "--field-selector=type!=Normal"},
		{"logs", "--namespace=plumbline", "--selector=app.kubernetes.io/part-of=plumbline", "--all-containers", "--tail=3", "--prefix", "--ignore-errors"},
	} {
		out, err := s.command(context.Background(), look...).CombinedOutput()
		t.Logf("kubectl %s: %v\n%s", strings.Join(look, " "), err, tail(string(out), 60))
	}
	logs, _ := filepath.Glob(s.path("log", "*.log"))
	for _, log := range logs {
		text, _ := os.ReadFile(log)
		t.Logf("%s:\n%s", filepath.Base(log), tail(string(text), 5))
	}
}

// pods are the names of those of a workload that are not on their way out.
func (s *stack) pods(t *testing.T, namespace, workload string) []string {
	t.Helper()
	var list struct {
		Items []struct {
			Metadata struct{ Name, DeletionTimestamp string }
		}
	}
	s.get(t, &list, "--namespace", namespace, "pods", "--selector=app.kubernetes.io/name="+workload)
	var names []string
	for _, pod := range list.Items {
		if pod.Metadata.DeletionTimestamp == "" {
			names = append(names, pod.Metadata.Name)
		}
	}
	return names
}

// logged counts a run's access lines in the files that the kubelet keeps for pods,
// or in those that demo-app writes for a sidecar.
func (s *stack) logged(run string) (int, error) {
	files, err := filepath.Glob(s.path("var", "log", "pods", "plumbline_demo-app-*", "demo-app", "*.log*"))
	if err != nil {
		return 0, err
	}
	beside, err := filepath.Glob(s.path("kubelet", "pods", "*", "volumes", "kubernetes.io~empty-dir", "lines", "demo-app-*.json*"))
	if err != nil {
		return 0, err
	}
	lines := 0
	for _, file := range append(files, beside...) {
		text, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // its pod is gone
			return 0, err
		}
		lines += strings.Count(string(text), `"run":{"id":"`+run+`"`)
	}
	return lines, nil
}

// awaitLines waits until n lines of a run are written.
func (s *stack) awaitLines(t *testing.T, run string, n int) {
	t.Helper()
	await(t, fmt.Sprintf("%d lines of %s", n, run), func() error {
		got, err := s.logged(run)
		if err == nil && got < n {
			err = fmt.Errorf("%d", got)
		}
		return err
	})
}
