package supervise

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Spec says how to run one child.
type Spec struct {
	Name    string
	Command []string // an absolute path and its arguments; never a secret
	Env     []string // the whole environment, as in os/exec
	Dir     string
	Log     string    // file that takes what the child prints, appended
	Stdout  string    // file for standard output alone, appended; "" = Log
	Stderr  *os.File  // standard error instead of the log: a terminal
	Show    io.Writer // gets every logged line as it is
	Stdin   string    // file for standard input; "" = nothing
	UID     int       // run as this user and group; 0 = as the caller

	Ends       bool          // the child is expected to end by itself
	StopWithin time.Duration // from SIGTERM to SIGKILL; 0 = 10 s
}

// Child is one supervised process. Its methods are safe for concurrent use.
type Child struct {
	group *Group
	spec  Spec

	mu     sync.Mutex
	asked  bool // somebody wants it gone: its end is no failure
	cmd    *exec.Cmd
	done   chan struct{} // closed when the process is reaped
	state  *os.ProcessState
	offset int64 // where this start's lines begin in the log
}

// DiedError is the unasked end of a child.
type DiedError struct {
	Name, How string
	Log       string
	Lines     []string // the last lines of its log
}

func (e *DiedError) Error() string {
	return fmt.Sprintf("%s ended: %s%s", e.Name, e.How, quoteLines(e.Log, e.Lines))
}

// quoteLines renders the last lines of a log under a message.
func quoteLines(path string, lines []string) string {
	if len(lines) == 0 {
		return "; it printed nothing (" + path + ")"
	}
	var b strings.Builder
	for _, line := range lines {
		if runes := []rune(line); len(runes) > 300 {
			line = string(runes[:300]) + "…" // some log a whole document
		}
		b.WriteString("\n  | " + line)
	}
	return "; the last lines of " + path + ":" + b.String()
}

// launch starts the process and the goroutine that reaps it.
func (c *Child) launch() error {
	log, err := os.OpenFile(c.spec.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("start %s: %w", c.spec.Name, err)
	}
	defer log.Close()
	stdout := log
	if c.spec.Stdout != "" {
		stdout, err = os.OpenFile(c.spec.Stdout, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("start %s: %w", c.spec.Name, err)
		}
		defer stdout.Close()
	}
	var stdin *os.File // nil is the null device
	if c.spec.Stdin != "" {
		if stdin, err = os.Open(c.spec.Stdin); err != nil {
			return fmt.Errorf("start %s: %w", c.spec.Name, err)
		}
		defer stdin.Close()
	}
	offset := int64(0)
	if info, err := log.Stat(); err == nil {
		offset = info.Size()
	}
	cmd := exec.Command(c.spec.Command[0], c.spec.Command[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.spec.Dir, stdout, log
	if c.spec.Stderr != nil {
		cmd.Stderr = c.spec.Stderr
	}
	if stdin != nil { // a nil *os.File in the interface would not be nil
		cmd.Stdin = stdin
	}
	cmd.Env = append(c.spec.Env[:len(c.spec.Env):len(c.spec.Env)], OwnerVariable+"="+c.group.owner)
	cmd.SysProcAttr = attributes(c.spec.UID)
	if err := c.group.start(cmd); err != nil {
		return fmt.Errorf("start %s: %w", c.spec.Name, err)
	}
	done := make(chan struct{})
	c.mu.Lock()
	c.cmd, c.done, c.state, c.asked, c.offset = cmd, done, nil, false, offset
	c.mu.Unlock()
	var followed sync.WaitGroup
	if c.group.verbose != nil {
		followed.Go(func() {
			follow(c.spec.Log, offset, done, c.group.verbose, fmt.Sprintf("%-13s | ", c.spec.Name))
		})
	} else if c.spec.Show != nil {
		followed.Go(func() { follow(c.spec.Log, offset, done, c.spec.Show, "") })
	}
	c.group.reapers.Go(func() { c.reap(cmd, done, &followed) })
	return nil
}

// reap waits for the process, ends what it left in its group, and reports an
// end that nobody asked for.
func (c *Child) reap(cmd *exec.Cmd, done chan struct{}, followed *sync.WaitGroup) {
	_ = cmd.Wait() // the state says it all
	// Whatever the child left in its group ends with it.
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	c.mu.Lock()
	c.state = cmd.ProcessState
	unasked := !c.asked && !c.spec.Ends
	c.mu.Unlock()
	close(done)
	followed.Wait()
	if unasked {
		c.group.fail(c.Died())
	}
}

// Name returns the child's name.
func (c *Child) Name() string { return c.spec.Name }

// Ends tells whether the child is expected to end by itself.
func (c *Child) Ends() bool { return c.spec.Ends }

// Log returns the path of the child's log.
func (c *Child) Log() string { return c.spec.Log }

// PID returns the process id of the latest start.
func (c *Child) PID() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cmd.Process.Pid
}

// Done is closed when the latest start has ended.
func (c *Child) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.done
}

// Wait waits for a child that ends by itself and returns its exit code; a
// child that a signal ended has none, and that is an error.
func (c *Child) Wait(ctx context.Context) (int, error) {
	select {
	case <-c.Done():
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if code := c.state.ExitCode(); code >= 0 {
		return code, nil
	}
	return 0, fmt.Errorf("%s was ended: %s", c.spec.Name, c.state)
}

// Died describes the end of a child that has ended as a failure.
func (c *Child) Died() *DiedError {
	c.mu.Lock()
	how := c.state.String()
	c.mu.Unlock()
	return &DiedError{Name: c.spec.Name, How: how, Log: c.spec.Log, Lines: c.Tail(15)}
}

// Tail returns up to n last lines that the latest start logged.
func (c *Child) Tail(n int) []string {
	c.mu.Lock()
	offset := c.offset
	c.mu.Unlock()
	return tail(c.spec.Log, offset, n)
}

// Killed says that a child did not end when it was asked to.
type Killed struct {
	Name   string
	Within time.Duration
}

func (k *Killed) Error() string {
	return fmt.Sprintf("stop %s: it did not end within %s of SIGTERM and was killed", k.Name, k.Within)
}

// Excused splits what was joined in err into what had to be killed and the rest.
func Excused(err error) (killed []*Killed, rest error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, part := range joined.Unwrap() {
			k, other := Excused(part)
			killed, rest = append(killed, k...), errors.Join(rest, other)
		}
		return killed, rest
	}
	if k, ok := err.(*Killed); ok {
		return []*Killed{k}, nil
	}
	return nil, err
}

// Stop asks the child to end with SIGTERM, which it may hand on to children of
// its own, and kills its whole group when the deadline has passed: a *Killed. A
// child that has ended already is fine.
func (c *Child) Stop() error {
	done := c.ask(syscall.SIGTERM, false)
	within := c.spec.StopWithin
	if within == 0 {
		within = 10 * time.Second
	}
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	select {
	case <-done:
		return nil
	case <-deadline.C:
	}
	<-c.ask(syscall.SIGKILL, true)
	return &Killed{c.spec.Name, within}
}

// Kill ends the child at once with SIGKILL and waits until it is gone. The
// group takes that as asked for and goes on.
func (c *Child) Kill() { <-c.ask(syscall.SIGKILL, true) }

// Restart starts a child anew that has been stopped or killed.
func (c *Child) Restart() error {
	c.group.mu.Lock()
	defer c.group.mu.Unlock()
	if c.group.stopped {
		return fmt.Errorf("restart %s: %w", c.spec.Name, errStopped)
	}
	select {
	case <-c.Done():
		return c.launch()
	default:
		return errors.New("restart " + c.spec.Name + ": it is still running")
	}
}

// ask marks the child's end as wanted and signals it, or its whole group.
func (c *Child) ask(signal syscall.Signal, group bool) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = true
	select {
	case <-c.done:
	default: // gone in between is fine
		if group {
			_ = syscall.Kill(-c.cmd.Process.Pid, signal)
		} else {
			_ = c.cmd.Process.Signal(signal)
		}
	}
	return c.done
}
