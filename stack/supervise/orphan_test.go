//go:build linux

package supervise

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"testing"
)

// supervisor starts a supervisor of its own process with children, and returns
// it when all of them run.
func supervisor(t *testing.T, owner string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "PLAY=supervisor "+owner)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_, _ = Sweep(context.Background(), owner)
		_ = cmd.Wait()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("supervisor said %q, %v", line, err)
	}
	return cmd
}

func TestKilledSupervisorTakesItsChildrenAlongAndSweepTheirs(t *testing.T) {
	owner := t.TempDir()
	cmd := supervisor(t, owner)
	before, err := Orphans(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	if len(before) != 3 {
		t.Fatalf("marked processes: got %+v, want two children and a grandchild", before)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if _, err := Sweep(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	for _, o := range before {
		if alive(o.PID) {
			t.Errorf("%+v is alive", o)
		}
	}
}

func TestSweepLeavesOthersAlone(t *testing.T) {
	mine, other := t.TempDir(), t.TempDir()
	supervisor(t, other)
	swept, err := Sweep(t.Context(), mine)
	if err != nil || len(swept) != 0 {
		t.Errorf("swept %+v, %v, want nothing", swept, err)
	}
	left, err := Orphans(t.Context(), other)
	if err != nil || len(left) != 3 {
		t.Errorf("the other's processes: %+v, %v, want 3", left, err)
	}
}
