package loop

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"plumbline/cli/transcript"
	"plumbline/stack/statedir"
	"plumbline/stack/supervise"
)

// runner builds the command stack, as make does, and has it fetch what is
// missing, so that no test waits for a download.
func runner(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "stack")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", binary, "plumbline/stack").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	fetch := exec.CommandContext(t.Context(), binary, "fetch", "-profile", "prometheus")
	fetch.Dir, fetch.Stderr = repository, os.Stderr
	if err := fetch.Run(); err != nil {
		t.Fatalf("stack fetch: %v", err)
	}
	return binary
}

func stack(t *testing.T, binary string, args ...string) (*exec.Cmd, *transcript.Buffer) {
	t.Helper()
	cmd := exec.Command(binary, append(args, "-port-offset", fmt.Sprint(portOffset))...)
	cmd.Dir = repository
	said := &transcript.Buffer{}
	cmd.Stdout, cmd.Stderr = io.MultiWriter(said, os.Stdout), io.MultiWriter(said, os.Stderr)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd, said
}

// TestDemo does what the README's quick start says, up to Ctrl-C, with the profile
// prometheus, which adds to it.
func TestDemo(t *testing.T) {
	binary := runner(t)
	cmd, said := stack(t, binary, "demo", "-profile", "prometheus", "-rate", "100", "-duration", "5s")
	at := func(port int, path string) string { return fmt.Sprintf("http://127.0.0.1:%d%s", port+portOffset, path) }
	addresses := []string{at(8000, "/docs"), at(5602, "/"), at(9090, "/consoles/index.html"), at(9093, "/")}
	await(t, "the addresses", func() error {
		for _, address := range addresses {
			if !strings.Contains(said.String(), "  "+address+"\n") {
				return errors.New("not printed yet: " + address)
			}
		}
		return nil
	})
	if console := "console: " + at(8089, "/") + "\n"; !strings.Contains(said.String(), console) {
		t.Errorf("it did not say %q", console)
	}
	if !strings.Contains(said.String(), "HOLDS  500 of 500 delivered, 0 lost, 0 duplicated") {
		t.Error("no verdict before the addresses")
	}
	for _, address := range addresses {
		res, err := http.Get(address)
		if err != nil {
			t.Errorf("open %s: %v", address, err)
			continue
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("open %s: %s", address, res.Status)
		}
	}

	t.Run("a second copy is refused", func(t *testing.T) {
		second, text := stack(t, binary, "smoke")
		var exit *exec.ExitError
		if err := second.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 2 {
			t.Errorf("it ends with %v, want exit status 2", err)
		}
		if want := fmt.Sprint(cmd.Process.Pid); !strings.Contains(text.String(), want) {
			t.Errorf("it does not name the process %s that runs", want)
		}
	})

	// Or else that nothing is left would be no news.
	if up := marked(t); len(up) < 8 {
		t.Errorf("while it is up: found %+v, want Elasticsearch, the service, two Beats, the board, Prometheus, Alertmanager and its receiver", up)
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after Ctrl-C: %v, want the verdict's code, 0", err)
	}
	leavesNothing(t)
}

// TestCtrlCWhileStarting interrupts the start of the stack.
func TestCtrlCWhileStarting(t *testing.T) {
	cmd, said := stack(t, runner(t), "smoke")
	await(t, "Elasticsearch to be starting", func() error {
		if !strings.Contains(said.String(), "elasticsearch") {
			return errors.New("not yet")
		}
		return nil
	})
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 2 {
		t.Errorf("after Ctrl-C: %v, want exit status 2: nothing was measured", err)
	}
	if !strings.Contains(said.String(), "\nstack: interrupted: there is no verdict\n") {
		t.Error("it does not say that it was interrupted")
	}
	leavesNothing(t)
}

// leavesNothing fails if a port is taken or a process of the stack lives.
func leavesNothing(t *testing.T) {
	t.Helper()
	for _, port := range []int{8000, 8001, 9200, 9300, 5602, 5066, 5067, 8089, 9090, 9093, 9095, 9096} {
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+portOffset))
		if err != nil {
			t.Errorf("left behind: %v", err)
			continue
		}
		listener.Close()
	}
	// The kernel may need a moment to bury what was killed.
	left := marked(t)
	for end := time.Now().Add(2 * time.Second); len(left) > 0 && time.Now().Before(end); left = marked(t) {
		time.Sleep(50 * time.Millisecond)
	}
	if len(left) > 0 {
		t.Errorf("left behind: %+v", left)
	}
}

// marked finds the processes of the stack that was started last, and theirs.
func marked(t *testing.T) []supervise.Orphan {
	t.Helper()
	sources, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	state, _ := statedir.Choose(sources, os.Getuid())
	if state, err = statedir.Resolve(state); err != nil {
		t.Fatal(err)
	}
	found, err := supervise.Orphans(t.Context(), state)
	if err != nil {
		t.Fatal(err)
	}
	return found
}
