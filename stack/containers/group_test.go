package containers

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// group is a container's control group. Version 1 has a hierarchy for each
// kind of resource, version 2 has one for all.
type group string

func (e *engine) group(id string) group { return group(filepath.Join(e.cgroups, id)) }

// containers are the ids of all that run.
func (e *engine) containers() []string {
	entries, err := os.ReadDir(filepath.Join("/sys/fs/cgroup/memory", e.cgroups))
	if errors.Is(err, fs.ErrNotExist) {
		entries, _ = os.ReadDir(filepath.Join("/sys/fs/cgroup", e.cgroups)) // or nothing runs yet
	}
	var ids []string
	for _, entry := range entries {
		if entry.IsDir() && len(entry.Name()) == 64 { // and not a build's
			ids = append(ids, entry.Name())
		}
	}
	return ids
}

// processes are a container's, by their numbers on this machine, the first one
// first.
func (e *engine) processes(t *testing.T, id string) []int {
	t.Helper()
	text, err := e.group(id).read("pids", "cgroup.procs", "cgroup.procs")
	if err != nil {
		t.Fatal(err)
	}
	var all []int
	for _, field := range strings.Fields(text) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(lines(t, fmt.Sprintf("/proc/%d/status", pid)), func(line string) bool {
			numbers := strings.Fields(line)
			return numbers[0] == "NSpid:" && numbers[len(numbers)-1] == "1"
		}) {
			all = slices.Insert(all, 0, pid)
		} else {
			all = append(all, pid)
		}
	}
	if len(all) == 0 {
		t.Fatalf("container %s has no process", id)
	}
	return all
}

// signal sends a signal to processes, but for those that have ended meanwhile, as
// a health check does that ran beside.
func signal(t *testing.T, signal syscall.Signal, pids ...int) {
	t.Helper()
	for _, pid := range pids {
		if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Fatalf("send %v to process %d: %v", signal, pid, err)
		}
	}
}

// read returns the first of a group's files that exists.
func (g group) read(kind, v1, v2 string) (string, error) {
	text, err := os.ReadFile(filepath.Join("/sys/fs/cgroup", kind, string(g), v1))
	if errors.Is(err, fs.ErrNotExist) {
		text, err = os.ReadFile(filepath.Join("/sys/fs/cgroup", string(g), v2))
	}
	return strings.TrimSpace(string(text)), err
}

// number returns a limit; 0 if there is none, and -1 if it cannot be read.
func (g group) number(kind, v1, v2 string) int64 {
	text, err := g.read(kind, v1, v2)
	if text == "max" {
		return 0
	}
	n, wrong := strconv.ParseInt(text, 10, 64)
	if err != nil || wrong != nil {
		return -1
	}
	if n > 1<<60 { // how version 1 says that there is none
		return 0
	}
	return n
}

// used is the memory that the kernel could not drop, in bytes; false if the
// group is gone.
func (g group) used() (int64, bool) {
	all := g.number("memory", "memory.usage_in_bytes", "memory.current")
	stat, err := g.read("memory", "memory.stat", "memory.stat")
	if err != nil || all < 0 {
		return 0, false
	}
	idle := map[string]int64{}
	for line := range strings.Lines(stat) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		idle[name], _ = strconv.ParseInt(value, 10, 64) // the kernel writes numbers
	}
	if n, ok := idle["total_inactive_file"]; ok {
		return all - n, true
	}
	return all - idle["inactive_file"], true
}

// processors returns the limit in processors, as number does.
func (g group) processors() float64 {
	if text, err := os.ReadFile(filepath.Join("/sys/fs/cgroup", string(g), "cpu.max")); err == nil {
		quota, period, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
		if quota == "max" {
			return 0
		}
		q, err1 := strconv.ParseFloat(quota, 64)
		p, err2 := strconv.ParseFloat(period, 64)
		if err1 != nil || err2 != nil {
			return -1
		}
		return q / p
	}
	quota, period := g.number("cpu", "cpu.cfs_quota_us", ""), g.number("cpu", "cpu.cfs_period_us", "")
	if quota == -1 { // how version 1 says that there is none
		return 0
	}
	return float64(quota) / float64(period)
}
