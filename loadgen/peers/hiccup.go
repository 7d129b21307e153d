//go:build linux

package main

import (
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// every is how often somebody wants to be woken to learn what keeps a core busy.
const every = time.Millisecond

// hiccups is the p99 of how late a machine wakes whoever needs both cores: the
// tool to send, the target to note. It is measured beside the tools, for what a
// host takes from its guests depends on what these do.
func hiccups(stop <-chan struct{}, c cores) time.Duration {
	var late [2][]time.Duration
	var both sync.WaitGroup
	begin := time.Now()
	for i, core := range []int{c.target, c.tool} {
		both.Go(func() { late[i] = lateness(stop, core, begin, core == c.target) })
	}
	both.Wait()
	worst := late[0][:min(len(late[0]), len(late[1]))]
	for i := range worst {
		worst[i] = max(worst[i], late[1][i])
	}
	if len(worst) == 0 {
		return 0
	}
	slices.Sort(worst)
	return worst[len(worst)*99/100]
}

// lateness is how late each moment of an open schedule was met on a core: who
// sleeps through ten of them is late for all ten. The thread asks for as short
// slices as loadgen's own, so it waits for no more than that has to: for what
// comes before everybody, on a machine that others run, and for the host.
func lateness(stop <-chan struct{}, core int, begin time.Time, first bool) (late []time.Duration) {
	runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
	var set unix.CPUSet
	set.Set(core)
	_ = unix.SchedSetaffinity(0, &set) // it is among those that are allowed
	if attr, err := unix.SchedGetAttr(0, 0); err == nil {
		attr.Runtime = uint64(100 * time.Microsecond)
		if first { // as the target
			attr.Policy, attr.Priority, attr.Runtime = unix.SCHED_RR, 1, 0
		}
		_ = unix.SchedSetAttr(0, attr, 0) // a wish
	}
	for due := begin; ; {
		select {
		case <-stop:
			return late
		default:
		}
		due = due.Add(every)
		if wait := time.Until(due); wait > 0 {
			nap := unix.NsecToTimespec(int64(wait))
			_ = unix.Nanosleep(&nap, nil) // a signal makes it shorter
		}
		late = append(late, max(0, time.Since(due)))
	}
}
