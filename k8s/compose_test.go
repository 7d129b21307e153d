package k8s

import (
	"context"
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"

	"plumbline/stack/versions"
)

// compose loads a file as `docker compose` does, with the services of some
// profiles.
func compose(ctx context.Context, text string, env map[string]string, profiles ...string) (*types.Project, error) {
	return loader.LoadWithContext(ctx, types.ConfigDetails{
		WorkingDir: "..", Environment: env,
		ConfigFiles: []types.ConfigFile{{Filename: "../compose.yaml", Content: []byte(text)}},
	}, func(o *loader.Options) {
		o.SetProjectName("test", false)
		o.Profiles = profiles
	})
}

// loadCompose loads compose.yaml with .env, as it is typed.
func loadCompose(t *testing.T, profiles ...string) *types.Project {
	t.Helper()
	env, err := versions.Parse(strings.NewReader(read(t, versions.File)))
	if err != nil {
		t.Fatal(err)
	}
	p, err := compose(t.Context(), read(t, "compose.yaml"), env, profiles...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// allProfiles is every service at once.
const allProfiles = "*"

func ofService(p *types.Project, s types.ServiceConfig) container {
	c := container{
		Name: s.Name, Image: s.Image, User: s.User, ReadOnly: s.ReadOnly, Drop: s.CapDrop, Add: s.CapAdd,
		Confined: slices.Contains(s.SecurityOpt, "no-new-privileges:true"),
		Memory:   int64(s.MemLimit), CPU: fmt.Sprint(s.CPUS), Ends: s.Restart == "no",
		Checked: s.HealthCheck != nil && !s.HealthCheck.Disable, Env: map[string]string{}, Args: s.Command,
	}
	for name, value := range s.Environment {
		if value != nil {
			c.Env[name] = *value
		}
	}
	if len(s.Entrypoint) > 0 {
		c.Args, c.Script = nil, strings.Join(slices.Concat(s.Entrypoint, s.Command), " ")
	}
	for _, mounted := range s.Configs {
		c.Script += "\n" + settings(p, mounted.Source)
	}
	if c.Checked {
		c.Check = strings.Join(s.HealthCheck.Test, " ")
		if test := s.HealthCheck.Test; test[0] == "CMD" && test[1] == "/"+c.program() {
			c.CheckArgs = test[2:]
		}
	}
	return c
}

// settings is the text of a config: of its file, or what stands in its place.
func settings(p *types.Project, name string) string {
	text, err := os.ReadFile(p.Configs[name].File)
	if err != nil {
		return "" // for whoever looks for something in it to miss
	}
	return string(text)
}

func TestCompose(t *testing.T) {
	f, project := learn(t), loadCompose(t, allProfiles)
	var all []container
	for _, s := range project.Services {
		c := ofService(project, s)
		all = append(all, c)
		for _, problem := range append(f.disagreements(c), unsafe(s)...) {
			t.Error(problem)
		}
	}
	for _, problem := range append(unreachable(project), unready(project)...) {
		t.Error(problem)
	}
	check(t, all, f.Elastic, exceptions{
		"setup-certs: user":         "gives the volumes to their user",
		"setup-certs: capabilities": "for that",
		"filebeat: user":            "Docker's logs are root's",
		"filebeat: capabilities":    "its key is user 1000's",
	})
}

func TestComposePublishesTheNativePorts(t *testing.T) {
	f := learn(t)
	want := map[string]string{
		"demo-app": f.Ports["API"], "elasticsearch": f.Ports["Elasticsearch"], "board": f.Ports["Board"],
		"prometheus": f.Ports["Prometheus"], "alertmanager": f.Ports["Alertmanager"],
		"loadgen": "8089", "kibana": "5601", "grafana": "3000", // where nothing listens natively
		"demo-app-upstream": "8010",         // beside demo-app
		"balancer":          f.Ports["API"], // in its place
	}
	got := map[string]string{}
	for _, s := range loadCompose(t, allProfiles).Services {
		for _, p := range s.Ports {
			got[s.Name] = p.Published
			if fmt.Sprint(p.Target) != p.Published && s.Name != "demo-app-upstream" {
				t.Errorf("%s: %d inside is %s outside", s.Name, p.Target, p.Published)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ports (-want +got):\n%s", diff)
	}
}

// `up --exit-code-from provisioner` stops everything when the first attached
// container ends, and that must be the one that is asked.
func TestOnlyTheVerdictEndsUp(t *testing.T) {
	for _, s := range loadCompose(t, allProfiles).Services {
		attached := s.Attach == nil || *s.Attach
		if s.Restart == "no" && attached != (s.Name == "provisioner") {
			t.Errorf("%s ends by itself, attached: %v", s.Name, attached)
		}
	}
}

func TestComposeNeedsTheVersion(t *testing.T) {
	if _, err := compose(t.Context(), read(t, "compose.yaml"), nil); err == nil || !strings.Contains(err.Error(), "run compose in the directory that holds .env") {
		t.Errorf("without .env: %v", err)
	}
	if _, err := compose(t.Context(), "services: {a: {image: x, reed_only: true}}", nil); err == nil {
		t.Error("a misspelt option is accepted")
	}
}

// unsafe are a service's faults that only compose knows.
func unsafe(s types.ServiceConfig) []string {
	var found []string
	for _, p := range s.Ports {
		if p.HostIP != "127.0.0.1" {
			found = append(found, fmt.Sprintf("%s: port %d is open to the network", s.Name, p.Target))
		}
	}
	if s.Logging == nil || s.Logging.Options["max-size"] == "" || s.Logging.Options["max-file"] == "" {
		found = append(found, s.Name+": its log grows for ever")
	}
	if s.Privileged || s.Pid != "" || s.Ipc != "" || s.NetworkMode == "host" {
		found = append(found, s.Name+": shares the host's namespaces")
	}
	for name, value := range s.Environment {
		if value != nil && *value != "" && regexp.MustCompile(`(?i)(password|api_key|secret|token)$`).MatchString(name) {
			found = append(found, s.Name+": the secret "+name+" is in the environment")
		}
	}
	for _, v := range s.Volumes {
		if strings.Contains(v.Source, "docker.sock") {
			found = append(found, s.Name+": has the Docker socket")
		}
		if v.Type == types.VolumeTypeBind && !v.ReadOnly {
			found = append(found, s.Name+": writes to "+v.Source)
		}
	}
	return found
}

// unreachable are addresses that no certificate or network covers.
func unreachable(p *types.Project) []string {
	var found []string
	names := regexp.MustCompile(`certificates\.sh /made/secrets ([a-z -]+)`).FindStringSubmatch(ofService(p, p.Services["setup-certs"]).Script)
	for _, s := range p.Services {
		for _, m := range regexp.MustCompile(`(https?)://([a-z-]+):`).FindAllStringSubmatch(ofService(p, s).text(), -1) {
			scheme, host := m[1], m[2]
			certified := names != nil && slices.Contains(strings.Fields(names[1]), host)
			if other := p.Services[host]; strings.Contains(other.Image, "/icatfake:") {
				certified = other.Hostname == host // it makes its own, for its host's name
			}
			if scheme == "https" && !certified {
				found = append(found, fmt.Sprintf("%s: no certificate for %s", s.Name, host))
			}
			if host == "localhost" {
				continue
			}
			other, ok := p.Services[host]
			shared := false
			for network := range s.Networks {
				_, there := other.Networks[network]
				shared = shared || there
			}
			if !ok || !shared {
				found = append(found, fmt.Sprintf("%s: shares no network with %s", s.Name, host))
			}
		}
	}
	return found
}

func TestComposeFaultsAreSeen(t *testing.T) {
	const log = "logging: {driver: json-file, options: {max-size: 1m, max-file: '2'}}"
	for _, row := range []struct {
		proves, service string
		want            []string
	}{
		{"a port on loopback is accepted", "{image: x, ports: ['127.0.0.1:1:1'], " + log + "}", nil},
		{"an open port is refused", "{image: x, ports: ['1:1'], " + log + "}", []string{"a: port 1 is open to the network"}},
		{"a log without rotation is refused", "{image: x}", []string{"a: its log grows for ever"}},
		{"a privileged service is refused", "{image: x, privileged: true, " + log + "}", []string{"a: shares the host's namespaces"}},
		{"the host's network is refused", "{image: x, network_mode: host, " + log + "}", []string{"a: shares the host's namespaces"}},
		{"a password in the environment is refused", "{image: x, environment: {ELASTIC_PASSWORD: changeme}, " + log + "}",
			[]string{"a: the secret ELASTIC_PASSWORD is in the environment"}},
		{"the Docker socket is refused", "{image: x, volumes: ['/var/run/docker.sock:/s:ro'], " + log + "}", []string{"a: has the Docker socket"}},
		{"a host's directory to write to is refused", "{image: x, volumes: ['/srv:/s'], " + log + "}", []string{"a: writes to /srv"}},
	} {
		t.Run(row.proves, func(t *testing.T) {
			p, err := compose(t.Context(), "services: {a: "+row.service+"}", nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, unsafe(p.Services["a"])); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

// refused are settings that Compose would copy into a container, and a
// read-only root refuses: it is only said when the container is started.
func refused(p *types.Project) []string {
	var found []string
	for _, s := range p.Services {
		for _, mounted := range s.Configs {
			if s.ReadOnly && p.Configs[mounted.Source].File == "" {
				found = append(found, s.Name+": "+mounted.Source+" is no file, and its root is read-only")
			}
		}
	}
	return found
}

func TestSettingsAreFiles(t *testing.T) {
	p := loadCompose(t, allProfiles)
	for _, problem := range refused(p) {
		t.Error(problem)
	}
	for name, config := range p.Configs {
		if _, err := os.Stat(config.File); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	t.Run("and one that is not is seen", func(t *testing.T) {
		p, err := compose(t.Context(), "services: {a: {image: x, read_only: true, configs: [c]}}\nconfigs: {c: {content: text}}", nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"a: c is no file, and its root is read-only"}, refused(p)); diff != "" {
			t.Errorf("faults (-want +got):\n%s", diff)
		}
	})
}

func TestTheObservedCannotReachTheStore(t *testing.T) {
	p := loadCompose(t)
	for network := range p.Services["demo-app"].Networks {
		if _, there := p.Services["elasticsearch"].Networks[network]; there {
			t.Errorf("demo-app and elasticsearch are both in %s", network)
		}
	}
}

func TestUnreachableAddressesAreSeen(t *testing.T) {
	p, err := compose(t.Context(), `
services:
  setup-certs: {image: x, entrypoint: [bash], command: ["certificates.sh /made/secrets one localhost"]}
  one: {image: x, networks: [a]}
  near: {image: x, networks: [a], command: ["-es=https://one:9200"]}
  far: {image: x, networks: [b], command: ["-es=https://one:9200"]}
  lost: {image: x, networks: [a], command: ["-es=https://two:9200"]}
networks: {a: , b: }`, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := unreachable(p)
	slices.Sort(got)
	want := []string{"far: shares no network with one", "lost: no certificate for two", "lost: shares no network with two"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("unreachable (-want +got):\n%s", diff)
	}
}

// What demo-app says of itself is what Filebeat looks for.
func TestFilebeatTakesTheLabelledLogs(t *testing.T) {
	p := loadCompose(t)
	content := settings(p, "filebeat-docker")
	label := regexp.MustCompile(`docker\.attrs\.(\w+): "(\w+)"`).FindStringSubmatch(content)
	if label == nil {
		t.Fatalf("no label in:\n%s", content)
	}
	app := p.Services["demo-app"]
	if app.Labels[label[1]] != label[2] || app.Logging.Options["labels"] != label[1] || app.Logging.Driver != "json-file" {
		t.Errorf("Filebeat takes %s=%s; demo-app has labels %v and logging %v", label[1], label[2], app.Labels, app.Logging)
	}
	glob := *p.Services["filebeat"].Environment["DEMO_APP_LOGS"]
	for _, file := range []string{"ab/ab-json.log", "ab/ab-json.log.1"} { // rotated ones as well
		if ok, err := path.Match(strings.TrimPrefix(glob, "/var/lib/docker/containers/"), file); !ok || err != nil {
			t.Errorf("%s does not match %s: %v", glob, file, err)
		}
	}
}
