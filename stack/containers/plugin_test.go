package containers

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

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
