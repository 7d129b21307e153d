package containers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"plumbline/stack/images"
	"plumbline/stack/native"
)

const repository = "../.."

// project is compose.yaml on an engine, with the stand-ins over it.
type project struct {
	*engine
	env      []string
	log      io.Writer          // gets what Compose prints
	services map[string]service // compose.yaml as Compose understands it
}

// service is what the tests read of one.
type service struct {
	Image       string
	Build       *struct{}
	Restart     string
	Command     []string
	Healthcheck *struct {
		Test    []string
		Timeout string
	}
	User        string
	ReadOnly    bool        `json:"read_only"`
	CapAdd      []string    `json:"cap_add"`
	SecurityOpt []string    `json:"security_opt"`
	Memory      json.Number `json:"mem_limit"` // bytes, in quotes
	Pids        int64       `json:"pids_limit"`
	CPUs        float64
	Ports       []struct {
		HostIP    string `json:"host_ip"`
		Published string
	}
}

// open makes images and Compose ready, and starts nothing.
func open(t *testing.T, env ...string) *project {
	t.Helper()
	root, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	s, err := images.Gather(t.Context(), native.Options{Repository: root, Command: "test", Stderr: os.Stderr, Profile: native.ProfilePrometheus}, cache(t))
	if err != nil {
		t.Fatal(err)
	}
	plugin(t)
	e := startEngine(t)
	p := &project{engine: e, log: os.Stderr, env: append([]string{
		"COMPOSE_FILE=" + filepath.Join(root, "compose.yaml"),
		"DOCKER_CONTAINERS=" + filepath.Join(e.data, "containers"),
		"COMPOSE_ANSI=never", "COMPOSE_PROGRESS=plain", "COMPOSE_MENU=false", "BUILDKIT_PROGRESS=plain",
	}, env...)}
	p.standIn(t, s)
	p.services = p.config(t)
	if code := p.shown(t, "build"); code != 0 {
		t.Fatalf("docker compose build: exit code %d", code)
	}
	// What was made anew has left its predecessor behind.
	p.run(t, "image", "prune", "--force")
	p.run(t, "builder", "prune", "--force", "--keep-storage", "3gb")
	t.Cleanup(func() {
		if t.Failed() {
			out, _ := p.try(context.Background(), "logs", "--no-color", "--tail", "15")
			t.Logf("what the containers logged last:\n%s", out)
		}
		if _, err := p.try(context.Background(), "--profile", "*", "down", "--volumes", "--timeout", "5"); err != nil {
			t.Error(err)
		}
	})
	return p
}

// tested builds the stage of our Dockerfile that runs tests, and keeps no image
// of it. A stage whose tests have passed is not built again.
func (p *project) tested(t *testing.T) {
	stage := p.with(t, `test: {profiles: [test], image: "plumbline/test:dev", build: {context: ., target: test, args: {GO_VERSION: "${GO_VERSION}"}}}`)
	if code := stage.shown(t, "build", "test"); code != 0 {
		t.Errorf("exit code %d", code)
		return
	}
	p.run(t, "image", "rm", "plumbline/test:dev")
}

// config is compose.yaml as Compose understands it.
func (p *project) config(t *testing.T, profiles ...string) map[string]service {
	t.Helper()
	var args []string
	for _, profile := range profiles {
		args = append(args, "--profile", profile)
	}
	var config struct{ Services map[string]service }
	if err := json.Unmarshal([]byte(p.do(t, append(args, "config", "--format", "json")...)), &config); err != nil {
		t.Fatal(err)
	}
	return config.Services
}

// clean checks that Compose has nothing to say of the file, with each profile.
func (p *project) clean(t *testing.T) {
	var asking sync.WaitGroup
	for _, profile := range append(strings.Fields(p.do(t, "config", "--profiles")), "*") {
		asking.Go(func() {
			if out, err := p.compose(t.Context(), "--profile", profile, "config", "--quiet").CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("docker compose --profile %s config: %v\n%s", profile, err, out)
			}
		})
	}
	asking.Wait()
}

// compose is `docker compose ARGS` in the repository, not started yet.
func (p *project) compose(ctx context.Context, args ...string) *exec.Cmd {
	cmd := p.command(ctx, append([]string{"compose"}, args...)...)
	cmd.Dir = repository
	cmd.Env = append(cmd.Env, p.env...)
	return cmd
}

// try runs `docker compose ARGS` and returns what it prints on standard output.
func (p *project) try(ctx context.Context, args ...string) (string, error) {
	cmd := p.compose(ctx, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("docker compose %s: %w\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return stdout.String(), nil
}

// do is try for what has to work.
func (p *project) do(t *testing.T, args ...string) string {
	t.Helper()
	out, err := p.try(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// shown runs `docker compose ARGS` with its output in view and returns its exit
// code.
func (p *project) shown(t *testing.T, args ...string) int {
	t.Helper()
	cmd := p.compose(t.Context(), args...)
	cmd.Stdout, cmd.Stderr = p.log, p.log
	err := cmd.Run()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		return exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	return 0
}

// foreground runs `docker compose ARGS`; stop interrupts it, as Ctrl-C does
// without a terminal's menu, and returns its exit code.
func (p *project) foreground(t *testing.T, args ...string) (stop func() int) {
	t.Helper()
	cmd := p.compose(t.Context(), args...)
	cmd.Stdout, cmd.Stderr = p.log, p.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return func() int {
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil && !errors.As(err, new(*exec.ExitError)) {
			t.Fatal(err)
		}
		return cmd.ProcessState.ExitCode()
	}
}

// up starts what stays up, without load, and waits until it is healthy.
func (p *project) up(t *testing.T, more ...string) {
	t.Helper()
	p.do(t, slices.Concat([]string{"up", "--detach", "--wait"}, more, p.lasting())...)
}

// renew starts services anew that have changed, and no others, which are up, and
// waits until they are healthy.
func (p *project) renew(t *testing.T, services ...string) {
	t.Helper()
	p.do(t, slices.Concat([]string{"up", "--detach", "--wait", "--no-deps"}, services)...)
}

// down takes down everything, of all profiles, with the data.
func (p *project) down(t *testing.T) {
	t.Helper()
	p.do(t, "--profile", "*", "down", "--volumes")
}

// where is the project with other variables.
func (p *project) where(t *testing.T, variables ...string) *project {
	t.Helper()
	changed := *p
	changed.env = slices.Concat(p.env, variables)
	changed.services = changed.config(t)
	return &changed
}

// limit is the most memory that a service may use, in bytes; 0 = no limit.
func (s service) limit() int64 {
	n, _ := s.Memory.Int64() // Compose writes a number or nothing
	return n
}

// lasting are the services that do not end by themselves.
func (p *project) lasting() []string {
	var names []string
	for name, s := range p.services {
		if s.Restart != "no" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// beyond are the services that another view of the project does not have.
func (p *project) beyond(other *project) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(p.services)) {
		if _, has := other.services[name]; !has {
			names = append(names, name)
		}
	}
	return names
}

// with is the project with a change to services, in YAML, over it.
func (p *project) with(t *testing.T, services string) *project {
	t.Helper()
	file := filepath.Join(t.TempDir(), "change.yaml")
	if err := os.WriteFile(file, []byte("services: {"+services+"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	changed := *p
	changed.env = slices.Clone(p.env)
	changed.env[0] += ":" + file
	return &changed
}
