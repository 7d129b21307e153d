package preflight

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/shirou/gopsutil/v4/mem"
	psnet "github.com/shirou/gopsutil/v4/net"
	"github.com/shirou/gopsutil/v4/process"

	"plumbline/doctor"
)

// Memory that the running stack takes, and what makes it comfortable.
const (
	memoryNeeded = 1400 << 20
	memoryGood   = 2 << 30
)

func memory(ctx context.Context) doctor.Finding {
	f := doctor.Finding{Check: "memory", Fix: "close other programs, or give the machine or container 2 GiB"}
	m, err := mem.VirtualMemoryWithContext(ctx)
	if err != nil {
		return f.With(doctor.Warn, "available memory: %v", err)
	}
	available := min(m.Available, containerMemory("/sys/fs/cgroup"))
	switch {
	case available < memoryNeeded:
		return f.With(doctor.Fail, "%s is available, the stack takes %s", gib(available), gib(memoryNeeded))
	case available < memoryGood:
		return f.With(doctor.Warn, "%s is available, %s is comfortable", gib(available), gib(memoryGood))
	}
	return f.With(doctor.OK, "%s available", gib(available))
}

// containerMemory is what a container's limit (cgroup v2) leaves; without one
// it is the largest number. File cache counts as used there and is given back
// on demand, so it counts as available.
func containerMemory(root string) uint64 {
	limit, err1 := number(filepath.Join(root, "memory.max"))
	used, err2 := number(filepath.Join(root, "memory.current"))
	if err1 != nil || err2 != nil {
		return 1<<64 - 1
	}
	stat, _ := os.ReadFile(filepath.Join(root, "memory.stat"))
	for line := range strings.Lines(string(stat)) {
		if text, ok := strings.CutPrefix(line, "inactive_file "); ok {
			cache, _ := strconv.ParseUint(strings.TrimSpace(text), 10, 64)
			used -= min(used, cache)
		}
	}
	return limit - min(limit, used)
}

func number(path string) (uint64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64) // "max" is an error: no limit
}

// ports tries to listen where the stack will. All free is one finding.
func ports(ctx context.Context, wanted []Port) []doctor.Finding {
	var busy []doctor.Finding
	var free []string
	for _, p := range wanted {
		f := doctor.Finding{Check: "port " + strconv.Itoa(p.Number), Fix: "stop that program, or move all ports: -port-offset 100"}
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(p.Number)))
		switch {
		case err == nil:
			l.Close()
			free = append(free, strconv.Itoa(p.Number))
		case errors.Is(err, syscall.EADDRINUSE):
			busy = append(busy, f.With(doctor.Fail, "%s wants port %d, but %s", p.For, p.Number, holder(ctx, p.Number)))
		default:
			busy = append(busy, f.With(doctor.Fail, "%s wants port %d: %v", p.For, p.Number, err))
		}
	}
	if len(busy) == 0 && len(free) > 0 {
		return []doctor.Finding{{Check: "ports", Level: doctor.OK, Message: "free: " + strings.Join(free, " ")}}
	}
	return busy
}

// holder names the program that listens on a port.
func holder(ctx context.Context, port int) string {
	connections, err := psnet.ConnectionsWithContext(ctx, "tcp")
	if err != nil {
		return "something listens there"
	}
	for _, c := range connections {
		if c.Status != "LISTEN" || int(c.Laddr.Port) != port {
			continue
		}
		if c.Pid == 0 {
			return "a program of another user listens there"
		}
		command := ""
		if p, err := process.NewProcessWithContext(ctx, c.Pid); err == nil {
			command, _ = p.CmdlineWithContext(ctx)
		}
		if len(command) > 80 {
			command = command[:80] + "…"
		}
		return fmt.Sprintf("process %d listens there: %s", c.Pid, command)
	}
	return "something that is not listening holds it"
}

// existing returns the closest directory on the way to path that exists.
func existing(path string) string {
	for ; path != filepath.Dir(path); path = filepath.Dir(path) {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return path
		}
	}
	return path
}

func gib(n uint64) string { return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30)) }
