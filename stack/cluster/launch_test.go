package cluster

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

const namespaces = syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID

// cache is the directory for what is worth keeping from test to test: images.
func cache(t *testing.T) string {
	t.Helper()
	base, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(base, "plumbline", "cluster")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// asked skips a test that nobody asked for: it wants programs that take minutes
// to build.
func asked(t *testing.T) {
	t.Helper()
	if os.Getenv("PLUMBLINE_K8S") == "" {
		t.Skip("make test-k8s runs it")
	}
}

// TestMachineIsFit fails where no node can be started, with the reason; the tests
// on a node need not be tried there.
func TestMachineIsFit(t *testing.T) {
	asked(t)
	if err := fit(); err != nil {
		t.Fatal(err)
	}
}

// fit tells why this machine cannot run a node; nil if it can.
func fit() error {
	if os.Getuid() != 0 {
		return errors.New("a node needs root: sudo make test-k8s")
	}
	for _, need := range []struct{ command, from string }{
		{"containerd", "containerd"}, {"ctr", "containerd"}, {"runc", "runc"}, {"iptables", "iptables"}, {"ip", "iproute2"}, {"nsenter", "util-linux"},
		{"busybox", "busybox-static"}, {"tini-static", "tini"}, {"bash", "bash"}, {"curl", "curl"},
		{"/usr/lib/cni/bridge", "containernetworking-plugins"},
	} {
		if _, err := exec.LookPath(need.command); err != nil {
			return fmt.Errorf("%s is missing: apt-get install %s", need.command, need.from)
		}
	}
	if _, err := os.Stat("/sys/fs/cgroup/memory/cgroup.procs"); err != nil {
		return fmt.Errorf("control groups of version 1 are what this was tried with: %w", err)
	}
	cmd := exec.Command("iptables", "-w", "-t", "nat", "-S")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("iptables in network, mount and process namespaces of its own: %w\n%s", err, out)
	}
	return nil
}

// running is a node that was launched.
type running struct {
	node
	pid  int          // of its first process
	stop func() error // asks it to end, and waits
}

// place says where a node lives: always the same, so that a test finds what one
// before it left that was killed. Only one has it at a time.
func place(t *testing.T, programs string) node {
	t.Helper()
	cache := cache(t)
	lock, err := os.OpenFile(filepath.Join(cache, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lock.Close() })
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		t.Fatalf("another test of a node runs, and has %s: %v", cache, err)
	}
	n := node{
		plane: plane{Programs: programs, Dir: filepath.Join(cache, "node"), Address: nodeAddress, API: 6443, Etcd: 2379, Peer: 2380},
		Data:  filepath.Join(cache, "containerd"), Socket: filepath.Join(cache, "containerd.sock"),
		Cgroups: fmt.Sprintf("/plumbline-%x", sha256.Sum256([]byte(cache)))[:20],
	}
	if len(n.Socket) > 100 {
		t.Fatalf("the path %s is too long for a socket: name a shorter directory in XDG_CACHE_HOME", n.Socket)
	}
	for _, hidden := range []string{"/run/", "/var/lib/", "/var/log/"} {
		if strings.HasPrefix(cache, hidden) {
			t.Fatalf("%s is where a node hides what the machine has: name another directory in XDG_CACHE_HOME", cache)
		}
	}
	return n
}

// launch starts the node in namespaces of its own and waits until it is ready.
// The kernel kills its processes with the thread that started them, which waits
// for them: not even a killed test leaves any. The first of them is init of its
// namespace, all others end with it.
func (n node) launch(t *testing.T) *running {
	t.Helper()
	if err := os.RemoveAll(n.Dir); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(n.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd := exec.Command("tini-static", "--", self)
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.Env = append(os.Environ(), nodeVariable+"="+string(text))
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces, Pdeathsig: syscall.SIGKILL, Setpgid: true}
	started, ended := make(chan error, 1), make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with its work
		err := cmd.Start()
		started <- err
		if err == nil {
			ended <- cmd.Wait()
			close(ended)
		}
	}()
	if err := <-started; err != nil {
		t.Fatalf("start the node: %v", err)
	}
	r := &running{node: n, pid: cmd.Process.Pid, stop: func() error {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			return err
		}
		select {
		case err := <-ended:
			return err
		case <-time.After(2 * time.Minute):
			return errors.Join(errors.New("it did not end within two minutes of SIGTERM"), cmd.Process.Kill(), <-ended)
		}
	}}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // if nobody has stopped it
		<-ended
	})
	await(t, "the node to be ready", func() error {
		select {
		case err := <-ended:
			t.Fatalf("the node ended: %v\n%s", err, said.String())
		default:
		}
		_, err := os.Stat(n.path("ready"))
		return err
	})
	return r
}

// inside puts a command into the node's network.
func (r *running) inside(args ...string) []string {
	return append([]string{"nsenter", fmt.Sprintf("--net=/proc/%d/ns/net", r.pid)}, args...)
}

// kubectl is the client of the node's administrator.
func (r *running) kubectl() client { return r.client(r.inside()...) }
