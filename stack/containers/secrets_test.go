package containers

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

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

// secret checks that no secret shows where users of Docker look.
func (p *project) secret(t *testing.T) {
	secrets := p.secrets(t)
	looks := map[string]string{
		"the containers' descriptions": p.run(t, append([]string{"inspect"}, strings.Fields(p.do(t, "ps", "--all", "--quiet"))...)...),
		"the logs":                     p.do(t, "logs", "--no-color"),
		"the command lines":            p.do(t, "top"),
		"the configuration":            p.do(t, "config"),
	}
	for where, text := range looks {
		for _, name := range leaked(text, secrets) {
			t.Errorf("%s hold %s", where, name)
		}
	}
	t.Run("and one that does is seen", func(t *testing.T) {
		create := []string{"create"}
		for _, value := range secrets {
			create = append(create, "--env", fmt.Sprintf("LEAK_%d=%s", len(create), value))
		}
		id := p.run(t, append(create, p.services["filebeat"].Image)...)
		defer p.run(t, "rm", id)
		got := leaked(p.run(t, "inspect", id), secrets)
		for name := range secrets {
			if !slices.Contains(got, name) {
				t.Errorf("found %q, want %s among them", got, name)
			}
		}
	})
}

// leaked names the secrets that a text holds, whole, without the name in front of
// an API key, or as a header has it.
func leaked(text string, secrets map[string]string) []string {
	var found []string
	for name, value := range secrets {
		_, key, _ := strings.Cut(value, ":")
		if strings.Contains(text, value) || key != "" && strings.Contains(text, key) || strings.Contains(text, base64.StdEncoding.EncodeToString([]byte(value))) {
			found = append(found, name)
		}
	}
	return found
}

// mayRead are the secrets that each service has a use for, by their files' names.
// Those who make and hand them out have all, and are not in it.
func (p *project) mayRead(service string) []string {
	may := map[string][]string{
		"elasticsearch": {"elastic.password", "node.key"},
		"demo-app":      {"admin.token"}, "operator": {"admin.token"},
		"filebeat": {"shipper_logs.key"}, "metricbeat": {"shipper_metrics.key"},
		"board": {"reader.key"}, "canary": {"reader.key"}, "loadgen": {"loadgen.key"}, "provisioner": {"provisioner.key", "reader.key"},
		"kibana":       {"kibana.token", "objects.secret", "reporting.secret", "session.secret"},
		"kibana-setup": {"elastic.password"},
		"grafana":      {"admin.password", "reader.key"}, "grafana-setup": {"admin.password", "reader.key"},
		"mariadb": {"mariadb-root.password", "mariadb.password"}, "use-mariadb": {"mariadb.password"},
		"redis": {"redis.password"}, "use-redis": {"redis.password"},
	}[service]
	for _, part := range []string{"mariadb", "redis"} {
		if _, runs := p.services[part]; runs && (service == "demo-app" || service == "worker") {
			may = append(may, part+".password") // in its address
		}
	}
	return slices.Sorted(slices.Values(may))
}

// ownSecrets checks that each container can read the secrets that it has a use
// for, and no other's, wherever in its volumes they are.
func (p *project) ownSecrets(t *testing.T) {
	secrets := p.secrets(t)
	for _, id := range strings.Fields(p.do(t, "ps", "--all", "--quiet")) {
		service := p.run(t, "inspect", "--format", `{{index .Config.Labels "com.docker.compose.service"}}`, id)
		if slices.Contains([]string{"setup-certs", "setup", "hand-out"}, service) {
			continue
		}
		if got, want := p.reads(t, id, secrets), p.mayRead(service); !slices.Equal(got, want) {
			t.Errorf("%s can read %q, want %q", service, got, want)
		}
	}
	t.Run("and one that is another's is seen", func(t *testing.T) {
		id := p.run(t, "create", "--volume", "plumbline_admin:/anywhere:ro", p.services["filebeat"].Image)
		defer p.run(t, "rm", id)
		if got, want := p.reads(t, id, secrets), []string{"admin.token"}; !slices.Equal(got, want) {
			t.Errorf("it can read %q, want %q", got, want)
		}
	})
}

// reads names the secrets that files in a container's volumes hold, as the engine
// has mounted them.
func (p *project) reads(t *testing.T, id string, secrets map[string]string) []string {
	t.Helper()
	var mounts []struct{ Type, Source string }
	if err := json.Unmarshal([]byte(p.run(t, "inspect", "--format", "{{json .Mounts}}", id)), &mounts); err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, mount := range mounts {
		if mount.Type != "volume" {
			continue
		}
		err := filepath.WalkDir(mount.Source, func(file string, entry fs.DirEntry, err error) error {
			text, err := small(file, entry, err)
			for _, name := range leaked(text, secrets) {
				found = append(found, path.Base(name))
			}
			if errors.Is(err, fs.ErrNotExist) { // data comes and goes
				return nil
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// small is the content of a file that WalkDir has come to, unless it is large, as
// only data are.
func small(file string, entry fs.DirEntry, err error) (string, error) {
	if err != nil || !entry.Type().IsRegular() {
		return "", err
	}
	info, err := entry.Info()
	if err != nil || info.Size() > 64<<10 {
		return "", err
	}
	text, err := os.ReadFile(file)
	return string(text), err
}
