package native

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"plumbline/stack/statedir"
	"plumbline/stack/supervise"
)

// Status returns what the latest run of these options told about itself, and
// whether it still runs.
func Status(options Options) (record statedir.Record, running bool, err error) {
	s, err := look(options)
	if err != nil {
		return record, false, err
	}
	record, err = s.dir.Read()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return record, false, err
	}
	record.State = s.dir.Path
	_, running, err = s.dir.Holder()
	if !running {
		record.Processes = []statedir.Process{} // their numbers may be somebody else's by now
	}
	return record, running, err
}

// Stopped says what Down did.
type Stopped struct {
	PID     int                // the process that ran the stack; 0 = none did
	Killed  bool               // it did not stop in time
	Orphans []supervise.Orphan // what was left of it, or of an earlier run
}

// downWithin is longer than all processes together may take to stop.
const downWithin = 90 * time.Second

// Down stops the stack of these options from outside, and whatever an earlier
// run left behind.
func Down(ctx context.Context, options Options) (Stopped, error) {
	var did Stopped
	s, err := look(options)
	if err != nil {
		return did, err
	}
	pid, held, err := s.dir.Holder()
	if err != nil {
		return did, err
	}
	if held {
		did.PID = pid
		if did.Killed, err = stop(ctx, s.dir, pid); err != nil {
			return did, err
		}
	} else if _, err := os.Stat(s.dir.Run()); err != nil {
		return did, nil // there never was a run
	}
	lock, err := s.dir.Lock() // what runs under the lock is not left behind
	if err != nil {
		return did, err
	}
	defer lock.Unlock()
	did.Orphans, err = s.sweep(ctx)
	return did, err
}

// stop ends the holder of the lock and waits until the lock is free.
func stop(ctx context.Context, dir statedir.Dir, pid int) (killed bool, err error) {
	if pid <= 0 {
		return false, fmt.Errorf("stop the stack: %s is locked, and the holder did not say who it is", dir.Path)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return false, fmt.Errorf("stop process %d: %w", pid, err)
	}
	deadline := time.NewTimer(downWithin)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		_, held, err := dir.Holder()
		if err != nil || !held {
			return killed, err
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			killed = true
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
				return killed, fmt.Errorf("kill process %d: %w", pid, err)
			}
		case <-ctx.Done():
			return killed, context.Cause(ctx)
		}
	}
}
