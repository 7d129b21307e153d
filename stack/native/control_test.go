package native

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"plumbline/stack/statedir"
	"plumbline/stack/supervise"
)

// The test binary plays a running stack with one child.
func TestMain(m *testing.M) {
	switch state := os.Getenv("PLAY_STACK"); {
	case os.Getenv("PLAY_CHILD") != "":
		select {}
	case state != "":
		if err := playStack(state); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	default:
		os.Exit(m.Run())
	}
}

func playStack(state string) error {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	s, err := open(Options{Repository: "../..", State: state, Command: "demo", Stderr: os.Stderr})
	if err != nil {
		return err
	}
	s.ctx, s.group = supervise.New(ctx, s.dir.Path, nil)
	_, err = s.group.Start(supervise.Spec{Name: "demo-app", Command: os.Args[:1], Env: []string{"PLAY_CHILD=yes"}, Log: s.dir.Run("demo-app.log")})
	if err != nil {
		return err
	}
	s.phase("up")
	fmt.Println("ready")
	<-ctx.Done()
	return s.Stop()
}

// running starts a stand-in for a stack in a process of its own.
func running(t *testing.T) (Options, *exec.Cmd) {
	t.Helper()
	options := Options{Repository: "../..", State: filepath.Join(t.TempDir(), "state"), Stderr: os.Stderr}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "PLAY_STACK="+options.State)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("stand-in said %q, %v", line, err)
	}
	return options, cmd
}

func TestStatusTellsWhatRuns(t *testing.T) {
	options, cmd := running(t)
	record, up, err := Status(options)
	if err != nil || !up {
		t.Fatalf("running %v, %v", up, err)
	}
	if record.PID != cmd.Process.Pid || record.Phase != "up" || len(record.Processes) != 1 || record.Processes[0].Name != "demo-app" {
		t.Errorf("got %+v", record)
	}
}

func TestDownStopsWhatRunsAndIsFineTwice(t *testing.T) {
	options, cmd := running(t)
	did, err := Down(t.Context(), options)
	if err != nil || did.PID != cmd.Process.Pid || did.Killed || len(did.Orphans) != 0 {
		t.Errorf("got %+v, %v", did, err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the stack ended with %v", err)
	}
	if _, up, _ := Status(options); up {
		t.Error("it runs after down")
	}
	if did, err := Down(t.Context(), options); err != nil || did.PID != 0 {
		t.Errorf("second time: got %+v, %v", did, err)
	}
}

func TestDownAfterAKillLeavesNothing(t *testing.T) {
	options, cmd := running(t)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if did, err := Down(t.Context(), options); err != nil || did.PID != 0 {
		t.Errorf("got %+v, %v", did, err)
	}
	path, err := statedir.Resolve(options.State)
	if err != nil {
		t.Fatal(err)
	}
	if left, err := supervise.Orphans(t.Context(), path); err != nil || len(left) != 0 {
		t.Errorf("left: %+v, %v", left, err)
	}
}

func TestSecondCopyIsRefusedWithTheHolder(t *testing.T) {
	options, cmd := running(t)
	_, err := Start(t.Context(), options)
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("process %d", cmd.Process.Pid)) {
		t.Errorf("got %v, want the holder's number %d", err, cmd.Process.Pid)
	}
}

func TestPortsMoveTogether(t *testing.T) {
	seen := map[int]bool{}
	s := Stack{ports: portsAt(MaxPortOffset), options: Options{Profile: ProfilePrometheus}}
	for _, p := range s.wanted() {
		if p.Number > 65535 || seen[p.Number] {
			t.Errorf("port %d for %s", p.Number, p.For)
		}
		seen[p.Number] = true
	}
}
