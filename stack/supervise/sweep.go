package supervise

import (
	"context"
	"fmt"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/shirou/gopsutil/v4/process"
)

// Orphan is a process that an earlier run left behind.
type Orphan struct {
	PID     int
	Command string
}

// Orphans finds every process that carries the owner's mark in its
// environment. A recorded process id could have been given to another program
// since; the mark cannot, and children of children carry it too.
func Orphans(ctx context.Context, owner string) ([]Orphan, error) {
	processes, err := process.ProcessesWithContext(ctx)
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var found []Orphan
	for _, p := range processes {
		if int(p.Pid) == os.Getpid() || !marked(ctx, p, owner) {
			continue
		}
		command, _ := p.CmdlineWithContext(ctx)
		if len(command) > 100 {
			command = command[:100] + "…"
		}
		found = append(found, Orphan{PID: int(p.Pid), Command: command})
	}
	return found, nil
}

// marked tells whether the process carries the mark and still runs; other
// users' processes cannot be read and are not ours.
func marked(ctx context.Context, p *process.Process, owner string) bool {
	env, err := p.EnvironWithContext(ctx)
	return err == nil && slices.Contains(env, OwnerVariable+"="+owner)
}

// Sweep kills what an earlier run of this owner left behind and waits until it
// is gone. The caller must hold the owner's lock: a living run's children
// carry the same mark.
func Sweep(ctx context.Context, owner string) ([]Orphan, error) {
	var swept []Orphan
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		orphans, err := Orphans(ctx, owner)
		if err != nil || len(orphans) == 0 {
			return swept, err
		}
		for _, o := range orphans {
			if err := end(ctx, o.PID, owner); err != nil {
				return swept, fmt.Errorf("kill process %d left by an earlier run (%s): %w", o.PID, o.Command, err)
			}
			if !slices.ContainsFunc(swept, func(s Orphan) bool { return s.PID == o.PID }) {
				swept = append(swept, o)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return swept, context.Cause(ctx)
		}
	}
}

// end kills a process by a handle taken before its mark is read again, so a
// process id that changed hands in between is never hit.
func end(ctx context.Context, pid int, owner string) error {
	handle, err := os.FindProcess(pid)
	if err != nil {
		return nil // gone
	}
	defer func() { _ = handle.Release() }()
	p, err := process.NewProcessWithContext(ctx, int32(pid))
	if err != nil || !marked(ctx, p, owner) {
		return nil
	}
	if err := handle.Signal(syscall.SIGKILL); err != nil && err != os.ErrProcessDone {
		return err
	}
	return nil
}
