// Package parts starts the real servers that the demo API can stand on,
// MariaDB and Redis, as children of this process: on loopback, with their data
// in a directory of the caller's and a random password. It is for tests and
// experiments; what the servers are used for is left to others.
//
// A server can be stopped, or killed as by a power cut, and started again on
// the same port and data. On Linux it dies with its parent.
package parts

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"plumbline/cli"
)

const (
	startDeadline = 30 * time.Second // from exec to the first answered ping
	stopDeadline  = 10 * time.Second // from SIGTERM to SIGKILL
	pingEvery     = 10 * time.Millisecond
	logTail       = 2000 // bytes of a server's log that an error shows
)

// process is one server program. Its methods are not for use from several
// goroutines at once.
type process struct {
	name string
	argv []string
	log  string // file of what the program printed
	ping func(context.Context) error

	running *os.Process
	done    chan struct{} // closed when running has ended
}

// Start starts the server again, on the same port and data, and returns when
// it answers. The context bounds the start, not the server's life.
func (p *process) Start(ctx context.Context) error {
	if p.running != nil {
		return fmt.Errorf("start %s: it is running already", p.name)
	}
	if err := p.spawn(); err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, startDeadline)
	defer cancel()
	ticker := time.NewTicker(pingEvery)
	defer ticker.Stop()
	for {
		err := p.ping(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			p.running = nil
			return fmt.Errorf("start %s: it ended by itself; its log ends:\n%s", p.name, p.tail())
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("start %s: no answer: %w; its log ends:\n%s", p.name, err, p.tail()), p.Kill())
		case <-ticker.C:
		}
	}
}

// spawn runs the program. The kernel sends the parent-death signal when the
// thread that forked ends, so that thread is kept until the child has ended.
func (p *process) spawn() error {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(p.argv[0], p.argv[1:]...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.SysProcAttr = attributes()
	started, done := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			cmd.Wait() // how it ended is in its log
		}
		close(done)
	}()
	if err := <-started; err != nil {
		return err
	}
	p.running, p.done = cmd.Process, done
	return nil
}

// Stop ends the server in order; one that does not run is no error.
func (p *process) Stop() error {
	if p.running == nil {
		return nil
	}
	p.running.Signal(syscall.SIGTERM) // it may have ended already
	select {
	case <-p.done:
		p.running = nil
		return nil
	case <-time.After(stopDeadline):
		return errors.Join(fmt.Errorf("stop %s: still there after %v", p.name, stopDeadline), p.Kill())
	}
}

// Kill ends the server at once, as kill -9 does, and waits until it is gone.
func (p *process) Kill() error {
	if p.running == nil {
		return nil
	}
	if err := p.running.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill %s: %w", p.name, err)
	}
	<-p.done
	p.running = nil
	return nil
}

// tail returns the end of the server's log.
func (p *process) tail() []byte {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return []byte(err.Error())
	}
	return bytes.TrimSpace(text[max(0, len(text)-logTail):])
}

// program finds a server program. Debian keeps some where a plain user's PATH
// does not look.
func program(name string) (string, error) {
	path, err := exec.LookPath(name)
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin"} {
		if err == nil {
			return path, nil
		}
		path, err = exec.LookPath(filepath.Join(dir, name))
	}
	if err != nil {
		return "", &cli.Failure{
			Code: cli.Undone,
			Err:  fmt.Errorf("find %s: not installed", name),
			Next: "sudo apt-get install -y mariadb-server redis-server",
		}
	}
	return path, nil
}

// freePort returns a loopback port below the range that outgoing connections
// take theirs from, so that it is likely to be free still when the server
// comes back after a kill.
func freePort() (string, error) {
	var err error
	for range 100 {
		port := strconv.Itoa(20_000 + mathrand.IntN(12_000))
		var l net.Listener
		if l, err = net.Listen("tcp", net.JoinHostPort("127.0.0.1", port)); err == nil {
			return port, l.Close()
		}
	}
	return "", fmt.Errorf("find a free port: %w", err)
}

// begin makes a server and starts it for the first time: with another port if
// somebody took the free one meanwhile.
func begin(ctx context.Context, build func(port string) (*process, error)) (*process, error) {
	var last error
	for range 3 {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		p, err := build(port)
		if err != nil {
			return nil, err
		}
		if last = p.Start(ctx); last == nil {
			return p, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, last
}

// secret returns a random password that needs no escaping anywhere.
func secret() string { return rand.Text() }
