package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// client is kubectl for one cluster.
type client struct {
	through []string // a command that runs it where the cluster can be reached, if need be
	kube    string
	config  string
	cache   string
}

// command is kubectl, not started yet.
func (c client) command(ctx context.Context, args ...string) *exec.Cmd {
	line := append(append([]string{}, c.through...), c.kube, "kubectl", "--cache-dir", c.cache)
	line = append(line, args...)
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.config)
	return cmd
}

// try runs kubectl and returns what it prints.
func (c client) try(ctx context.Context, stdin io.Reader, args ...string) (string, error) {
	cmd := c.command(ctx, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("kubectl %s: %w\n%s%s", strings.Join(args, " "), err, tail(stdout.String(), 5), tail(stderr.String(), 20))
	}
	return stdout.String(), nil
}

// run is try for what has to work.
func (c client) run(t *testing.T, args ...string) string {
	t.Helper()
	out, err := c.try(t.Context(), nil, args...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// get reads an object, or a list.
func (c client) get(t *testing.T, into any, args ...string) {
	t.Helper()
	if err := c.read(t.Context(), into, args...); err != nil {
		t.Fatal(err)
	}
}

func (c client) read(ctx context.Context, into any, args ...string) error {
	out, err := c.try(ctx, nil, append([]string{"get", "--output=json"}, args...)...)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(out), into); err != nil {
		return fmt.Errorf("kubectl get %s: %w", strings.Join(args, " "), err)
	}
	return nil
}

const patience = 5 * time.Minute // for what takes seconds on an idle machine

// await polls until check passes, and fails with what it said last.
func await(t *testing.T, what string, check func() error) {
	t.Helper()
	if err := poll(t.Context(), check); err != nil {
		t.Fatalf("waited %v for %s: %v", patience, what, err)
	}
}

func poll(ctx context.Context, check func() error) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for {
		err := check()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-deadline:
			return err
		}
	}
}

// tail returns the last n lines of a text.
func tail(text string, n int) string {
	lines := strings.SplitAfter(text, "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "")
}
