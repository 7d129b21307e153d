package cluster

import (
	"bytes"
	"fmt"
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

// traces is what a node changes on a machine whose namespaces it shares: firewall,
// interfaces, mounts, settings of the kernel, and where it writes.
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
	for name := range machineSettings {
		value, err := os.ReadFile("/proc/sys/" + name)
		if err != nil {
			t.Fatal(err)
		}
		found["settings"] = append(found["settings"], name+"="+strings.TrimSpace(string(value)))
	}
	slices.Sort(found["settings"])
	for _, path := range []string{"/var/lib/kubelet", "/var/lib/cni", "/var/lib/plumbline-filebeat", "/var/log/pods", "/var/log/containers", "/etc/cni", "/opt/cni"} {
		if _, err := os.Stat(path); err == nil {
			found["files"] = append(found["files"], path)
		}
	}
	return found
}

// present is what there is of the node at this moment: processes in its network,
// mounts of its directories, control groups of its pods.
func (n node) present(t *testing.T, network string) (processes, mounts, groups []string) {
	t.Helper()
	spaces, err := filepath.Glob("/proc/[0-9]*/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	for _, space := range spaces {
		if link, err := os.Readlink(space); err == nil && link == network { // else it has just ended
			command, _ := os.ReadFile(filepath.Join(filepath.Dir(filepath.Dir(space)), "cmdline"))
			processes = append(processes, string(bytes.ReplaceAll(command, []byte{0}, []byte{' '})))
		}
	}
	table, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		if strings.Contains(line, filepath.Dir(n.Dir)) {
			mounts = append(mounts, line)
		}
	}
	parents, err := filepath.Glob("/sys/fs/cgroup/*" + n.Cgroups)
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
	return processes, mounts, groups
}

// leavesNothing stops the node and fails if the machine is not as it was before.
func (r *running) leavesNothing(t *testing.T, before map[string][]string) {
	t.Helper()
	network, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", r.pid))
	if err != nil {
		t.Fatal(err)
	}
	// Or that nothing is left would be no news.
	processes, _, groups := r.present(t, network)
	if all := strings.Join(processes, "\n"); !strings.Contains(all, "kubelet") || !strings.Contains(all, "containerd") || len(groups) == 0 {
		t.Errorf("while it runs: %d control groups, processes %q; want some, and kubelet and containerd", len(groups), processes)
	}
	if err := r.stop(); err != nil {
		t.Errorf("stop the node: %v", err)
	}
	processes, mounts, groups := r.present(t, network)
	// The kernel may need a moment to bury what was killed.
	for end := time.Now().Add(10 * time.Second); len(processes) > 0 && time.Now().Before(end); processes, mounts, groups = r.present(t, network) {
		time.Sleep(50 * time.Millisecond)
	}
	if len(processes)+len(mounts) > 0 {
		t.Errorf("left behind: processes %q, mounts %q", processes, mounts)
	}
	// The groups are ours to remove; one that holds a process stays.
	for _, group := range slices.Backward(groups) {
		if err := os.Remove(group); err != nil {
			t.Errorf("left behind: %v", err)
		}
	}
	if diff := cmp.Diff(before, traces(t)); diff != "" {
		t.Errorf("left behind (-before +after):\n%s", diff)
	}
}
