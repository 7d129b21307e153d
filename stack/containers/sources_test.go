package containers

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"plumbline/stack/fetch"
	"plumbline/stack/native"
	"plumbline/stack/node"
	"plumbline/stack/versions"
)

const repository = "../.."

// sources are what the stand-ins are made of.
type sources struct {
	fetch.Programs
	versions.Versions
	settings map[string]string // .env
	java     node.Java
	goRoot   string
	goName   string // go1.26.8

	modules, modulesKey string // directory with the layout of a module proxy
	fakes, fakesKey     string // directory of the programs that are fakes
}

// gather has the runner fetch and build what the native stack uses, too.
func gather(t *testing.T) sources {
	t.Helper()
	root, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	var s sources
	if s.Versions, err = versions.Read(filepath.Join(root, versions.File), os.Getenv); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(filepath.Join(root, versions.File))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if s.settings, err = versions.Parse(file); err != nil {
		t.Fatal(err)
	}
	if s.Programs, err = native.Fetch(t.Context(), native.Options{Repository: root, Command: "test", Stderr: os.Stderr, Profile: native.ProfilePrometheus}); err != nil {
		t.Fatal(err)
	}
	if s.java, err = node.DefaultJavaSearch(func(string) error { return nil }).Find(s.Elastic); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT", "GOVERSION").Output()
	if err != nil {
		t.Fatal(err)
	}
	s.goRoot, s.goName, _ = strings.Cut(strings.TrimSpace(string(out)), "\n")
	s.modules, s.modulesKey = modules(t, root)
	s.fakes, s.fakesKey = fakes(t)
	return s
}

// modules gathers what go.mod names, from the Go tool's own cache where it is
// there already.
func modules(t *testing.T, root string) (dir, key string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE", "GOPROXY").Output()
	if err != nil {
		t.Fatal(err)
	}
	have, proxy, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	key = fmt.Sprintf("%x", sha256.Sum256(sums))
	into := filepath.Join(cache(t), "modules")
	dir = filepath.Join(into, "cache", "download")
	done := into + ".of"
	if of, err := os.ReadFile(done); err == nil && string(of) == key {
		return dir, key
	}
	cmd := exec.CommandContext(t.Context(), "go", "mod", "download")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOMODCACHE="+into, "GOFLAGS=-modcacherw", "GOPROXY=file://"+filepath.Join(have, "cache", "download")+","+proxy)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go mod download: %v\n%s", err, out)
	}
	unpacked, err := filepath.Glob(filepath.Join(into, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range unpacked {
		if filepath.Base(path) != "cache" {
			if err := os.RemoveAll(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.WriteFile(done, []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, key
}

// plugin builds Compose from its module, as the Docker client's plugin. The Go
// tool builds it anew only when it has to.
func plugin(t *testing.T) {
	t.Helper()
	const module = "github.com/docker/compose/v2"
	version, err := exec.CommandContext(t.Context(), "go", "list", "-C", "compose", "-m", "-f", "{{.Version}}", module).Output()
	if err != nil {
		t.Fatalf("the version of Compose: %v", err)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-C", "compose", "-trimpath", "-buildvcs=false", "-tags", "fsnotify",
		"-ldflags", "-s -w -X "+module+"/internal.Version="+strings.TrimSpace(string(version)),
		"-o", filepath.Join(cache(t), "client", "cli-plugins", "docker-compose"), module+"/cmd")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build Compose: %v\n%s", err, out)
	}
}
