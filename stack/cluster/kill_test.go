package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// instance is what the tests read of a container.
type instance struct {
	ContainerID  string
	Ready        bool
	RestartCount int
}

// instance is the only container of a pod.
func (s *stack) instance(t *testing.T, namespace, pod string) (instance, error) {
	t.Helper()
	var one struct {
		Status struct{ ContainerStatuses []instance }
	}
	if err := s.read(t.Context(), &one, "--namespace", namespace, "pod", pod); err != nil {
		return instance{}, err
	}
	if len(one.Status.ContainerStatuses) != 1 {
		return instance{}, fmt.Errorf("%s has %d containers, want 1", pod, len(one.Status.ContainerStatuses))
	}
	return one.Status.ContainerStatuses[0], nil
}

// kill kills a container of a workload, and waits until it is ready again.
func (s *stack) kill(t *testing.T, namespace, workload string) {
	t.Helper()
	pod := s.pods(t, namespace, workload)[0]
	before, err := s.instance(t, namespace, pod)
	if err != nil {
		t.Fatal(err)
	}
	_, id, _ := strings.Cut(before.ContainerID, "://")
	// The group of a container is that of its pod's, which is its class's, if it has one.
	var text []byte
	for _, pattern := range []string{"*/*", "*"} {
		groups, _ := filepath.Glob(filepath.Join("/sys/fs/cgroup/pids", s.Cgroups, "kubepods", pattern, id, "cgroup.procs"))
		for _, group := range groups {
			if text, err = os.ReadFile(group); err != nil {
				t.Fatal(err)
			}
		}
	}
	killed := 0
	for field := range strings.FieldsSeq(string(text)) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Fatalf("kill a process of %s: %v", pod, err)
		}
		killed++
	}
	if killed == 0 {
		t.Fatalf("%s has no process", pod)
	}
	await(t, pod+" to be started again", func() error {
		now, err := s.instance(t, namespace, pod)
		if err == nil && (now.RestartCount == before.RestartCount || !now.Ready) {
			err = fmt.Errorf("%+v", now)
		}
		return err
	})
}

// shipper kills Filebeat: what it has read and not sent is read again, what it has
// sent is not stored again.
func (s *stack) shipper(t *testing.T) {
	l := load{name: "shipper", rate: 50, duration: 20 * time.Second}
	s.begin(t, l)
	for i := range 2 {
		s.awaitLines(t, l.name, 100*(i+1))
		s.kill(t, "plumbline-node", "filebeat")
	}
	s.holds(t, l)
}

// application kills one of demo-app's: requests under way fail, and lines of
// answered ones that it had not written yet are lost with it; whatever it has
// written arrives, once.
func (s *stack) application(t *testing.T) {
	l := load{name: "application", rate: 50, duration: 20 * time.Second, check: "arrival"}
	s.begin(t, l)
	s.awaitLines(t, l.name, 100)
	s.kill(t, "plumbline", "demo-app")
	r, _ := s.end(t)
	lines, err := s.logged(l.name)
	if err != nil {
		t.Fatal(err)
	}
	if a := r.Account; a.Attempts != uint64(l.attempts()) || a.Documents != uint64(lines) || a.Delivered != a.Documents {
		t.Errorf("%+v: want %d attempts, and each of the %d lines that were written delivered once: %s", a, l.attempts(), lines, r.Summary)
	}
}

// worker kills who prepares downloads.
func (s *stack) worker(t *testing.T) {
	l := load{name: "worker", rate: 50, duration: 20 * time.Second}
	s.begin(t, l)
	s.awaitLines(t, l.name, 100)
	s.kill(t, "plumbline", "worker")
	s.holds(t, l)
}
