package prometheus

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// patience is for what takes a second on an idle machine.
const patience = time.Minute

// servers are running programs on free ports, each under a name of its own.
type servers struct {
	dir       string // logs, token, data
	addresses map[string]string
	running   map[string]*process
}

type process struct {
	*exec.Cmd
	ended chan struct{} // closed when it has
}

func serve(t *testing.T) *servers {
	t.Helper()
	return &servers{dir: t.TempDir(), addresses: map[string]string{}, running: map[string]*process{}}
}

// at is the address, host:port, of a program: a port that was free a moment ago, below
// those that the system gives to outgoing connections, so that none takes it meanwhile.
func (s *servers) at(name string) string {
	for s.addresses[name] == "" {
		address := fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(10_000))
		listener, err := net.Listen("tcp", address)
		switch {
		case err == nil:
			_ = listener.Close()
		case errors.Is(err, syscall.EADDRINUSE):
			continue
		default:
			panic(err) // no test can go on without loopback
		}
		if !slices.Contains(slices.Collect(maps.Values(s.addresses)), address) {
			s.addresses[name] = address
		}
	}
	return s.addresses[name]
}

func (s *servers) url(name string) string { return "http://" + s.at(name) }

// start starts a program, which ends with the test. What it says is in a log.
func (s *servers) start(t *testing.T, name, path string, args ...string) {
	t.Helper()
	log, err := os.OpenFile(filepath.Join(s.dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, log, log
	cmd.Env = append(os.Environ(), "ADMIN_TOKEN_FILE="+filepath.Join(s.dir, "admin.token"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{cmd, make(chan struct{})}
	s.running[name] = p
	go func() {
		defer close(p.ended)
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		s.kill(name)
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("%s said, at the end:\n%s", name, text[max(0, len(text)-2000):])
		}
	})
}

// kill ends a program at once; one that has ended is fine.
func (s *servers) kill(name string) {
	p := s.running[name]
	_ = p.Process.Kill()
	<-p.ended
}

// token is that of demo-app's admin port.
const token = "a-token-of-this-test-alone"

func (s *servers) demoApp(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, "admin.token"), []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	s.start(t, "demo-app", program(t, ownVariable, "demo-app"), "-addr", s.at("demo-app"), "-admin-addr", s.at("admin"))
	s.get(t, "demo-app", "/readyz", "ready")
}

// load sends requests until the test ends.
func (s *servers) load(t *testing.T) {
	t.Helper()
	s.start(t, "loadgen", program(t, ownVariable, "loadgen"), "run", "-target", s.url("demo-app"), "-rate", "50", "-duration", "10m",
		"-ledger", filepath.Join(s.dir, "run.ledger"), "-listen", s.at("loadgen"))
}

// await polls until check passes, and fails with what it said last.
func (s *servers) await(t *testing.T, what string, check func() error) {
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
			t.Fatal(fmt.Errorf("waited %v for %s: %w", patience, what, err))
		}
	}
}
