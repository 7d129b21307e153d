// Package supervise runs the stack's processes: it starts them in groups of
// their own, keeps what they print, waits for their readiness with a deadline,
// notices the death of any of them, and stops them in reverse order so that
// none is left, not even when the supervisor itself is killed.
//
// What is started, in which order and what counts as ready is the caller's.
package supervise

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"slices"
	"sync"
)

// OwnerVariable marks every process that a Group starts, and with them their
// own children: Sweep finds what is left of a run by it.
const OwnerVariable = "PLUMBLINE_OWNER"

// Group is the set of processes of one run.
type Group struct {
	owner   string
	verbose io.Writer
	fail    context.CancelCauseFunc
	spawn   chan func()
	spawned chan struct{} // closed when the spawning thread has ended

	reapers sync.WaitGroup

	mu       sync.Mutex
	children []*Child
	stopped  bool
}

// New returns an empty group and a context that ends, with a *DiedError as its
// cause, when a child dies that nobody asked to. Owner names the run for Sweep.
// With verbose not nil every log line goes there too, behind its child's name.
func New(ctx context.Context, owner string, verbose io.Writer) (context.Context, *Group) {
	ctx, fail := context.WithCancelCause(ctx)
	g := &Group{owner: owner, fail: fail, spawn: make(chan func()), spawned: make(chan struct{})}
	if verbose != nil {
		g.verbose = &lockedWriter{w: verbose}
	}
	go g.spawner()
	return ctx, g
}

// spawner starts every child from one locked thread: the kernel ties a child's
// parent-death signal to the thread that started it, and the Go runtime would
// end an ordinary one at will.
func (g *Group) spawner() {
	runtime.LockOSThread()
	defer close(g.spawned)
	for start := range g.spawn {
		start()
	}
}

// start runs cmd.Start on the spawning thread.
func (g *Group) start(cmd *exec.Cmd) error {
	done := make(chan error, 1)
	g.spawn <- func() { done <- cmd.Start() }
	return <-done
}

// errStopped answers a start that comes after Stop.
var errStopped = errors.New("the run is being stopped")

// Start starts a child. It does not wait for readiness: see Child.Ready.
func (g *Group) Start(spec Spec) (*Child, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopped {
		return nil, fmt.Errorf("start %s: %w", spec.Name, errStopped)
	}
	c := &Child{group: g, spec: spec}
	if err := c.launch(); err != nil {
		return nil, err
	}
	g.children = append(g.children, c)
	return c, nil
}

// Child returns the latest child of that name, or nil.
func (g *Group) Child(name string) *Child {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range slices.Backward(g.children) {
		if c.spec.Name == name {
			return c
		}
	}
	return nil
}

// Children returns all children in the order of their start.
func (g *Group) Children() []*Child {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.children)
}

// Stop stops all children, the last started first, each with its own deadline,
// and returns what went wrong on the way. No child can be started afterwards.
func (g *Group) Stop() error {
	g.mu.Lock()
	already := g.stopped
	g.stopped = true
	children := slices.Clone(g.children)
	g.mu.Unlock()
	var problems []error
	for _, c := range slices.Backward(children) {
		if err := c.Stop(); err != nil {
			problems = append(problems, err)
		}
	}
	g.reapers.Wait() // for the last lines, too
	if !already {
		close(g.spawn)
		g.fail(context.Canceled)
	}
	<-g.spawned
	return errors.Join(problems...)
}
