package containers

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// traces is what an engine changes on a machine whose namespaces it shares.
func traces(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for kind, command := range map[string][]string{
		"firewall":   {"iptables", "-w", "-S"},
		"addresses":  {"iptables", "-w", "-t", "nat", "-S"},
		"interfaces": {"ip", "-brief", "link", "show"},
	} {
		out, err := exec.Command(command[0], command[1:]...).Output()
		if err != nil {
			t.Fatalf("%s: %v", strings.Join(command, " "), err)
		}
		for line := range strings.Lines(string(out)) {
			if kind == "interfaces" {
				line, _, _ = strings.Cut(line, " ") // without its state
			}
			found[kind] = append(found[kind], strings.TrimSpace(line))
		}
	}
	return found
}

// present is what there is of the engine at this moment: processes in its
// network, or marked as its; mounts of its data; groups of its containers.
func (e *engine) present(t *testing.T) (processes, mounts, groups []string) {
	t.Helper()
	spaces, err := filepath.Glob("/proc/[0-9]*/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	for _, space := range spaces {
		if link, err := os.Readlink(space); err == nil && link == e.network { // else it has just ended
			command, _ := os.ReadFile(filepath.Join(filepath.Dir(filepath.Dir(space)), "cmdline"))
			processes = append(processes, string(bytes.ReplaceAll(command, []byte{0}, []byte{' '})))
		}
	}
	table, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		if strings.Contains(line, e.data) {
			mounts = append(mounts, line)
		}
	}
	for _, pattern := range []string{"/sys/fs/cgroup" + e.cgroups, "/sys/fs/cgroup/*" + e.cgroups} {
		parents, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, parent := range parents {
			err := filepath.WalkDir(parent, func(path string, entry fs.DirEntry, err error) error {
				if err == nil && entry.IsDir() {
					groups = append(groups, path)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return processes, mounts, groups
}

// leavesNothing fails if the machine is not as it was before the engine.
func (e *engine) leavesNothing(t *testing.T, before map[string][]string) {
	t.Helper()
	// The kernel may need a moment to bury what was killed.
	processes, mounts, groups := e.present(t)
	for end := time.Now().Add(5 * time.Second); len(processes) > 0 && time.Now().Before(end); processes, mounts, groups = e.present(t) {
		time.Sleep(50 * time.Millisecond)
	}
	if len(processes)+len(mounts) > 0 {
		t.Errorf("left behind: processes %q, mounts %q", processes, mounts)
	}
	// The parent of all groups is ours to remove; a group that holds a process stays.
	for _, group := range slices.Backward(groups) {
		if err := os.Remove(group); err != nil {
			t.Errorf("left behind: %v", err)
		}
	}
	if diff := cmp.Diff(before, traces(t)); diff != "" {
		t.Errorf("left behind (-before +after):\n%s", diff)
	}
}

// TestEngineLeavesNothing also shows that there was something to leave.
func TestEngineLeavesNothing(t *testing.T) {
	asked(t)
	e := startEngine(t)
	id := e.run(t, "network", "create", "anything")
	defer e.run(t, "network", "rm", id)
	processes, _, _ := e.present(t)
	if all := strings.Join(processes, "\n"); !strings.Contains(all, "dockerd") || !strings.Contains(all, "containerd") {
		t.Errorf("while it runs: found %q, want dockerd and containerd", processes)
	}
	inside, err := e.inside("iptables", "-w", "-S").Output()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(inside, []byte("DOCKER")) {
		t.Errorf("while it runs: its network has the rules\n%s\nwant Docker's", inside)
	}
}
