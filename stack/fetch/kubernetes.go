package fetch

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// kubernetes are the programs of a cluster of one node: see k8s/kube. The linker
// sets the version, which a client and an API server tell each other.
func (f Fetch) kubernetes() (part, error) {
	source := filepath.Join(f.Repository, "k8s", "kube")
	key, err := key(source, isGoSource, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return part{
		name: "kubernetes", about: "building Kubernetes, five minutes and more the first time",
		path: f.Cache("kubernetes-" + key),
		make: func(ctx context.Context, into string) error {
			if err := os.MkdirAll(into, 0o755); err != nil {
				return err
			}
			out, err := exec.CommandContext(ctx, "go", "list", "-C", source, "-m", "-f", "{{.Version}}", "k8s.io/kubernetes").Output()
			if err != nil {
				return fmt.Errorf("the version of Kubernetes: %w", err)
			}
			version := strings.TrimSpace(string(out))
			numbers := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
			if len(numbers) != 3 {
				return fmt.Errorf("the version of Kubernetes: %q", version)
			}
			var set strings.Builder
			for name, value := range map[string]string{
				"gitVersion": version, "gitMajor": numbers[0], "gitMinor": numbers[1], "gitTreeState": "clean",
				"gitCommit": "module", "buildDate": "1970-01-01T00:00:00Z",
			} {
				fmt.Fprintf(&set, " -X k8s.io/component-base/version.%s=%s", name, value)
			}
			return f.goBuild(ctx, goBuild{
				name: "kubernetes", dir: source, into: into, ldflags: set.String(), packages: []string{".", "./coredns"},
				env: []string{"GOGC=off"}, // the compiler's: a fifth less time for 3 GB of memory
			})
		},
	}, err
}
