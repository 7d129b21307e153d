package statedir

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/gofrs/flock"
)

const lockName = "lock"

// Lock keeps a second copy away from a state directory. The kernel drops it
// with its holder, so a stale one cannot be.
type Lock struct{ held *flock.Flock }

// HeldError is a lock that another process holds.
type HeldError struct {
	Dir string
	PID int // 0 = not known
}

func (e *HeldError) Error() string {
	who := "another process"
	if e.PID != 0 {
		who = fmt.Sprintf("process %d", e.PID)
	}
	return fmt.Sprintf("the stack is already running: %s uses %s", who, e.Dir)
}

// Hint says what to type next.
func (e *HeldError) Hint() string {
	return fmt.Sprintf("stop it with: bin/stack down -state %s\n      or run another beside it: -state DIR -port-offset 100", e.Dir)
}

// Lock takes the lock, or returns a *HeldError at once.
func (d Dir) Lock() (*Lock, error) {
	held := flock.New(d.Run(lockName))
	ok, err := held.TryLock()
	for range 10 {
		if ok || err != nil || d.holder() != 0 {
			break
		}
		// Somebody only looks, or has not written its number yet.
		time.Sleep(20 * time.Millisecond)
		ok, err = held.TryLock()
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", d.Path, err)
	}
	if !ok {
		return nil, &HeldError{Dir: d.Path, PID: d.holder()}
	}
	if err := os.WriteFile(d.Run(lockName), fmt.Appendln(nil, os.Getpid()), 0o644); err != nil {
		held.Unlock()
		return nil, fmt.Errorf("lock %s: %w", d.Path, err)
	}
	return &Lock{held: held}, nil
}

// Unlock gives the lock back; nobody shall read a process id that is past.
func (l *Lock) Unlock() error {
	_ = os.Truncate(l.held.Path(), 0)
	return l.held.Unlock()
}

// Holder returns the process that holds the lock, and whether one does.
func (d Dir) Holder() (pid int, held bool, err error) {
	if _, err := os.Stat(d.Run(lockName)); err != nil {
		return 0, false, nil
	}
	probe := flock.New(d.Run(lockName))
	// A shared lock, so that two who only ask never refuse each other.
	ok, err := probe.TryRLock()
	if err != nil {
		return 0, false, fmt.Errorf("look at the lock of %s: %w", d.Path, err)
	}
	if ok {
		return 0, false, probe.Unlock()
	}
	return d.holder(), true, nil
}

// holder reads the process id that the lock's taker wrote.
func (d Dir) holder() int {
	text, err := os.ReadFile(d.Run(lockName))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(string(bytes.TrimSpace(text)))
	if err != nil {
		return 0
	}
	return pid
}
