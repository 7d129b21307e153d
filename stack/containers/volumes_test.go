package containers

import (
	"path/filepath"
	"strings"
	"testing"
)

// volume is the path of a file in a volume.
func (p *project) volume(name, file string) string {
	return filepath.Join(p.data, "volumes", "plumbline_"+name, "_data", file)
}

// ours picks what the engine has of the project.
const ours = "label=com.docker.compose.project=plumbline"

// left lists what the engine holds of the project, by kind.
func (p *project) left(t *testing.T) map[string][]string {
	t.Helper()
	return map[string][]string{
		"containers": strings.Fields(p.run(t, "ps", "--all", "--quiet", "--filter", ours)),
		"volumes":    strings.Fields(p.run(t, "volume", "ls", "--quiet")),
		"networks":   strings.Fields(p.run(t, "network", "ls", "--quiet", "--filter", ours)),
	}
}
