package containers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// volume is the path of a file in a volume.
func (p *project) volume(name, file string) string {
	return filepath.Join(p.data, "volumes", "plumbline_"+name, "_data", file)
}

// secrets are the contents of all passwords, keys and tokens in volumes; of a
// private key, whose lines may be wrapped in other ways, the first that is secret.
func (p *project) secrets(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, kind := range []string{"password", "key", "token", "secret"} {
		files, err := filepath.Glob(p.volume("*", "*."+kind))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			secret := strings.TrimSpace(string(text))
			if strings.HasPrefix(secret, "-----BEGIN") {
				secret = strings.Split(secret, "\n")[1]
			}
			if len(secret) >= 16 { // shorter is what everybody knows
				found[strings.TrimPrefix(file, p.data)] = secret
			}
		}
	}
	if len(found) == 0 {
		t.Fatal("no secret in any volume")
	}
	return found
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
