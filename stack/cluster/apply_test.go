package cluster

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"plumbline/stack/native"
	"plumbline/stack/supervise"
)

// TestAPIServerTakesEveryOverlay applies each overlay to a real API server, with
// all that it checks: fields, values, references within an object, Pod Security.
// It needs neither root nor a node: no pod starts.
func TestAPIServerTakesEveryOverlay(t *testing.T) {
	asked(t)
	c := startPlane(t)

	crds := filepath.Join(repository, "k8s", "crds")
	if _, err := os.Stat(crds); err == nil {
		c.run(t, "apply", "--server-side", "-f", crds)
		c.run(t, "wait", "--for=condition=Established", "--timeout=60s", "customresourcedefinition", "--all")
	}
	for _, dir := range kustomizations(t) {
		name, _ := filepath.Rel(filepath.Join(repository, "k8s"), dir)
		t.Run(name, func(t *testing.T) {
			all := c.render(t, dir)
			if !slices.ContainsFunc(all, isNamespace) { // for a stack that is up
				all = append(c.render(t, filepath.Join(repository, "k8s", "overlays", "dev")), all...)
			}
			// A namespace has to be there before what is in it, also where nothing is kept.
			c.apply(t, all.only(isNamespace))
			rest := all.only(func(o object) bool { return !isNamespace(o) })
			c.apply(t, rest, "--dry-run=server")
			c.apply(t, rest)
			c.apply(t, rest) // and once more, as who renews a stack
			c.admits(t, all.pods())
			if out, err := c.try(t.Context(), rest.reader(), "delete", "--cascade=background", "--wait=false", "--ignore-not-found", "-f", "-"); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	t.Run("and refuses what is wrong", c.refuses)
}

// startPlane starts an API server for a test.
func startPlane(t *testing.T) client {
	t.Helper()
	root, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	programs, err := native.Fetch(t.Context(), native.Options{Repository: root, Command: "test", Stderr: os.Stderr, Kubernetes: true})
	if err != nil {
		t.Fatal(err)
	}
	ports := freePorts(t, 3)
	p := plane{Programs: programs.Kubernetes, Dir: t.TempDir(), Address: "127.0.0.1", API: ports[0], Etcd: ports[1], Peer: ports[2]}
	ctx, group := supervise.New(t.Context(), p.Dir, nil)
	t.Cleanup(func() {
		if err := group.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := p.start(ctx, group); err != nil {
		t.Fatal(err)
	}
	return p.client()
}

func freePorts(t *testing.T, n int) []int {
	t.Helper()
	var ports []int
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close() // when all are found, or one would be found twice
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// apply has the API server take a manifest, without a warning but for what the
// namespace of the nodes' agents is there for.
func (c client) apply(t *testing.T, m manifest, flags ...string) {
	t.Helper()
	cmd := c.command(t.Context(), append([]string{"apply", "--server-side", "--filename=-"}, flags...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = m.reader(), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("kubectl apply %s: %v\n%s", strings.Join(flags, " "), err, stderr.String())
	}
	for line := range strings.Lines(stderr.String()) {
		if !strings.Contains(line, `would violate PodSecurity "restricted`) {
			t.Errorf("kubectl apply %s: %s", strings.Join(flags, " "), line)
		}
	}
	if got := strings.Count(stdout.String(), "serverside-applied"); got != len(m) {
		t.Errorf("%d objects applied, want %d:\n%s", got, len(m), stdout.String())
	}
}

// admits has the API server take pods, which is when Pod Security refuses: it
// takes a workload whose pods it would refuse.
func (c client) admits(t *testing.T, pods manifest) {
	t.Helper()
	if len(pods) == 0 {
		t.Error("there is no pod to admit")
	}
	for _, pod := range pods {
		if out, err := c.try(t.Context(), manifest{pod}.reader(), "create", "--dry-run=server", "-f", "-"); err != nil {
			t.Errorf("%s: %v\n%s", pod.name(), err, out)
		}
	}
}
