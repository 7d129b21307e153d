// Package docker looks beforehand at what compose.yaml needs of a Docker engine
// and of the machine under it, and says with each finding how to put it right. It
// changes nothing and starts nothing.
//
// It can be asked on the machine itself (make doctor) and, for Docker that runs in
// a virtual machine, from inside a container there:
//
//	docker run --rm --user 0 -v /var/run/docker.sock:/var/run/docker.sock \
//	  plumbline/provisioner:dev doctor
package docker

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"plumbline/doctor"
)

// Options is what a look is about, and the machine that is looked at. The zero
// value is this machine.
type Options struct {
	Project string // of compose; "" is plumbline
	Elastic string // version of Elasticsearch; "" if not known

	Getenv  func(string) string                         // nil: os.Getenv
	Compose func(context.Context) (string, error)       // version of docker compose; nil: ask it
	Read    func(path string) ([]byte, error)           // files of /proc; nil: os.ReadFile
	Free    func(path string) (bytes uint64, err error) // of a file system; nil: ask the kernel
	Listen  func(port int) error                        // nil: try
}

// errNoCommand is that there is no docker command to ask.
var errNoCommand = errors.New("no docker command")

func (o Options) filled() Options {
	if o.Project == "" {
		o.Project = "plumbline"
	}
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	if o.Compose == nil {
		o.Compose = composeVersion
	}
	if o.Read == nil {
		o.Read = os.ReadFile
	}
	if o.Free == nil {
		o.Free = free
	}
	if o.Listen == nil {
		o.Listen = listen
	}
	return o
}

// look is one look under way: what Docker has said of itself.
type look struct {
	Options
	engine     *engine
	version    version
	info       info
	containers []container
	volumes    []volume
	images     []image
}

// Examine runs all checks, in an order one can read from top to bottom. Without
// Docker there is one finding, of the level Info if absence is fine.
func Examine(ctx context.Context, o Options) []doctor.Finding {
	l := look{Options: o.filled()}
	if found, ok := l.reach(ctx); !ok {
		return []doctor.Finding{found}
	}
	all := []doctor.Finding{l.release(), l.compose(ctx), l.memory(), l.processors(), l.limits(), l.disk(), l.maps(), l.cpu(), l.logs()}
	all = append(all, l.ports()...)
	return append(all, l.stale()...)
}

// reach asks Docker for all that is needed to know.
func (l *look) reach(ctx context.Context) (doctor.Finding, bool) {
	at := address(l.Getenv)
	f := doctor.Finding{Check: "docker", Fix: "install Docker: https://docs.docker.com/get-started/get-docker/; the stack also runs without: make demo"}
	var err error
	if l.engine, err = newEngine(at); err != nil {
		return f.With(doctor.Fail, "%v", err), false
	}
	mine := filter("label", "com.docker.compose.project="+l.Project)
	var volumes struct{ Volumes []volume }
	for _, question := range []error{
		l.engine.get(ctx, "/version", nil, &l.version),
		l.engine.get(ctx, "/info", nil, &l.info),
		l.engine.get(ctx, "/containers/json", all(mine), &l.containers),
		l.engine.get(ctx, "/volumes", mine, &volumes),
		l.engine.get(ctx, "/images/json", nil, &l.images),
	} {
		if err == nil {
			err = question
		}
	}
	l.volumes = volumes.Volumes
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f.With(doctor.Fail, "no Docker: there is no %s", at), false
	case errors.Is(err, fs.ErrPermission):
		f.Fix = "join the group that may: sudo usermod -aG docker \"$USER\", then log in anew; or use rootless Docker"
		return f.With(doctor.Fail, "%s is not for this user", at), false
	case errors.Is(err, syscall.ECONNREFUSED):
		f.Fix = "start Docker Desktop, or: sudo systemctl start docker"
		return f.With(doctor.Fail, "Docker does not run: nobody answers at %s", at), false
	case err != nil:
		f.Fix = "does `docker info` work?"
		return f.With(doctor.Fail, "%v", err), false
	}
	return doctor.Finding{}, true
}

// composeVersion asks the plugin.
func composeVersion(ctx context.Context) (string, error) {
	path, err := exec.LookPath("docker")
	if err != nil {
		return "", errNoCommand
	}
	out, err := exec.CommandContext(ctx, path, "compose", "version", "--short").Output()
	return strings.TrimSpace(string(out)), err
}

func free(path string) (uint64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return 0, err
	}
	return s.Bavail * uint64(s.Bsize), nil
}

func listen(port int) error {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return err
	}
	return l.Close()
}
