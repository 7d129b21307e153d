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

// left lists what the engine holds of the project, by kind.
func (p *project) left(t *testing.T) map[string][]string {
	t.Helper()
	const ours = "label=com.docker.compose.project=plumbline"
	return map[string][]string{
		"containers": strings.Fields(p.run(t, "ps", "--all", "--quiet", "--filter", ours)),
		"volumes":    strings.Fields(p.run(t, "volume", "ls", "--quiet")),
		"networks":   strings.Fields(p.run(t, "network", "ls", "--quiet", "--filter", ours)),
	}
}
