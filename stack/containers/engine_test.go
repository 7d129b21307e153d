package containers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// inNamespaces prepares what the engine sees, then becomes it. The mounts of the
// machine stay in view, for builds and bind mounts, but nothing flows back. An
// empty /run hides the containerd that the machine may run, and systemd.
const inNamespaces = `set -eu
mount --make-rprivate /
mount -t proc proc /proc
mount -t tmpfs -o mode=755 tmpfs /run
ip link set lo up
exec dockerd --data-root "$1" --host "unix://$2" --group root --cgroup-parent "$3" --exec-opt native.cgroupdriver=cgroupfs`

// engine is a running Docker Engine.
type engine struct {
	socket  string
	data    string // its data root
	cgroups string // parent of its containers' groups
	docker  string // the command line client
	config  string // directory of the client, with Compose as a plugin
	pid     int    // of its first process
	network string // what /proc/PID/ns/net of its processes says
	log     string
}

// startEngine starts an engine; it ends with the test, which then fails if
// anything of it is left.
func startEngine(t *testing.T) *engine {
	t.Helper()
	cache := cache(t)
	if err := fit(); err != nil {
		t.Fatal(err)
	}
	docker, err := exec.LookPath("docker")
	if err != nil {
		t.Fatal(err)
	}
	e := &engine{
		socket: filepath.Join(cache, "docker.sock"), data: filepath.Join(cache, "docker"), docker: docker,
		config: filepath.Join(cache, "client"), log: filepath.Join(cache, "docker.log"),
		cgroups: fmt.Sprintf("/plumbline-%x", sha256.Sum256([]byte(cache)))[:20], // the same again after a killed test
	}
	if len(e.socket) > 100 {
		t.Fatalf("the path %s is too long for a socket: name a shorter directory in XDG_CACHE_HOME", e.socket)
	}
	release := own(t, e.data)
	before := traces(t)
	stop := e.launch(t)
	t.Cleanup(func() {
		err := stop()
		if t.Failed() || err != nil {
			t.Logf("the engine's last lines:\n%s", tail(e.log, 40))
		}
		if err != nil {
			t.Errorf("stop the engine: %v", err)
		}
		release(err == nil)
		e.leavesNothing(t, before)
	})
	await(t, "the engine to answer", func() error {
		_, err := e.try(t.Context(), nil, "version", "--format", "{{.Server.Version}}")
		return err
	})
	return e
}

// cache is the directory for what is worth keeping from test to test: images,
// what builds left for the next one, Compose.
func cache(t *testing.T) string {
	t.Helper()
	base, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(base, "plumbline", "containers")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// asked skips a test that nobody asked for: it wants root, and minutes.
func asked(t *testing.T) {
	t.Helper()
	if os.Getenv("PLUMBLINE_CONTAINERS") == "" {
		t.Skip("make test-containers runs it")
	}
}

// TestMachineIsFit fails where no engine can be started, with the reason; the
// other tests need not be tried there.
func TestMachineIsFit(t *testing.T) {
	asked(t)
	if err := fit(); err != nil {
		t.Fatal(err)
	}
}

// fit tells why this machine cannot run an engine of its own; nil if it can.
func fit() error {
	if os.Getuid() != 0 {
		return errors.New("an engine of one's own needs root: sudo make test-containers")
	}
	for _, need := range []struct{ command, from string }{
		{"dockerd", "docker.io"}, {"docker", "docker.io, or docker-cli"}, {"iptables", "iptables"}, {"ip", "iproute2"}, {"mount", "mount"}, {"nsenter", "util-linux"},
		{"busybox", "busybox-static"}, {"tini-static", "tini"}, {"bash", "bash"}, {"curl", "curl"},
	} {
		if _, err := exec.LookPath(need.command); err != nil {
			return fmt.Errorf("%s is missing: apt-get install %s", need.command, need.from)
		}
	}
	for _, file := range []string{"/sys/fs/cgroup/memory/tasks", "/sys/fs/cgroup/cgroup.controllers"} {
		if _, err := os.Stat(file); err == nil {
			return fitInNamespaces()
		}
	}
	return errors.New("no control groups are mounted under /sys/fs/cgroup")
}

func fitInNamespaces() error {
	cmd := exec.Command("iptables", "-w", "-t", "nat", "-S")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("iptables in network, mount and process namespaces of its own: %w\n%s", err, out)
	}
	return nil
}

const namespaces = syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID

// launch starts the engine's processes. The kernel kills them with the thread
// that started them, so that one waits for them: not even a killed test leaves
// any. The first of them is init of its namespace, all others end with it.
func (e *engine) launch(t *testing.T) (stop func() error) {
	t.Helper()
	log, err := os.Create(e.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command("tini-static", "--", "sh", "-c", inNamespaces, "sh", e.data, e.socket, e.cgroups)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces, Pdeathsig: syscall.SIGKILL, Setpgid: true}
	started, ended := make(chan error, 1), make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with its work
		err := cmd.Start()
		started <- err
		if err == nil {
			ended <- cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		t.Fatalf("start the engine: %v", err)
	}
	e.pid = cmd.Process.Pid
	if e.network, err = os.Readlink(fmt.Sprintf("/proc/%d/ns/net", e.pid)); err != nil {
		t.Fatalf("start the engine: %v\n%s", err, tail(e.log, 20))
	}
	return func() error {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			return err
		}
		select {
		case err := <-ended:
			return err
		case <-time.After(time.Minute):
			return errors.Join(errors.New("it did not end within a minute of SIGTERM"), cmd.Process.Kill(), <-ended)
		}
	}
}

// own takes the data root for this engine alone. One whose engine did not stop
// in order is not to be trusted and made anew.
func own(t *testing.T, data string) (release func(inOrder bool)) {
	t.Helper()
	lock, err := os.OpenFile(data+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		t.Fatalf("another test of containers runs, and has %s: %v", data, err)
	}
	used := data + ".in-use"
	if _, err := os.Stat(used); err == nil {
		t.Logf("the engine before did not stop in order: %s is made anew", data)
		if err := os.RemoveAll(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(used, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return func(inOrder bool) {
		if inOrder {
			if err := os.Remove(used); err != nil {
				t.Error(err)
			}
		}
		lock.Close()
	}
}

// try runs the client and returns what it prints.
func (e *engine) try(ctx context.Context, stdin io.Reader, args ...string) (string, error) {
	cmd := e.command(ctx, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("docker %s: %w\n%s%s", strings.Join(args, " "), err, stdout.Bytes(), stderr.Bytes())
	}
	return stdout.String(), nil
}

// run is try for what has to work.
func (e *engine) run(t *testing.T, args ...string) string {
	t.Helper()
	out, err := e.try(t.Context(), nil, args...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// inside is a command in the engine's network, where its ports are published.
func (e *engine) inside(args ...string) *exec.Cmd {
	return exec.Command("nsenter", append([]string{fmt.Sprintf("--net=/proc/%d/ns/net", e.pid)}, args...)...)
}

// command is the client, not started yet.
func (e *engine) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, e.docker, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	cmd.Env = append(os.Environ(), "DOCKER_HOST=unix://"+e.socket, "DOCKER_CONFIG="+e.config, "DOCKER_CONTEXT=")
	return cmd
}

const patience = 5 * time.Minute // for what takes seconds on an idle machine

// await polls until check passes, and fails with what it said last.
func await(t *testing.T, what string, check func() error) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited %v for %s: %v", patience, what, err)
		}
	}
}

// tail returns the last n lines of a file, or why it cannot be read.
func tail(path string, n int) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
