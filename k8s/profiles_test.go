package k8s

import (
	"fmt"
	"maps"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"

	"plumbline/doctor/docker"
)

// unready are waits in a project that cannot come to their end: for the health
// of who is never asked, for the end of who never ends, for who is not there.
func unready(p *types.Project) []string {
	var found []string
	for _, s := range p.Services {
		for name, wait := range s.DependsOn {
			other, there := p.Services[name]
			switch {
			case !there && wait.Required:
				found = append(found, fmt.Sprintf("%s: waits for %s, which does not start", s.Name, name))
			case there && wait.Condition == types.ServiceConditionHealthy && (other.HealthCheck == nil || other.HealthCheck.Disable):
				found = append(found, fmt.Sprintf("%s: waits for the health of %s, which nobody checks", s.Name, name))
			case there && wait.Condition == types.ServiceConditionCompletedSuccessfully && other.Restart != types.RestartPolicyNo:
				found = append(found, fmt.Sprintf("%s: waits for the end of %s, which never ends", s.Name, name))
			}
		}
	}
	slices.Sort(found)
	return found
}

func TestVainWaitsAreSeen(t *testing.T) {
	p, err := compose(t.Context(), `
services:
  once: {image: x, restart: "no"}
  stays: {image: x, restart: always}
  asked: {image: x, healthcheck: {test: ["CMD", "x"]}}
  absent: {image: x, profiles: [other]}
  well: {image: x, depends_on: {once: {condition: service_completed_successfully}, asked: {condition: service_healthy}, absent: {condition: service_healthy, required: false}}}
  ill: {image: x, depends_on: {stays: {condition: service_completed_successfully}, once: {condition: service_healthy}}}`, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"ill: waits for the end of stays, which never ends", "ill: waits for the health of once, which nobody checks"}
	if diff := cmp.Diff(want, unready(p)); diff != "" {
		t.Errorf("vain waits (-want +got):\n%s", diff)
	}
}

func TestProfiles(t *testing.T) {
	always := []string{"board", "demo-app", "elasticsearch", "filebeat", "hand-out", "kibana", "kibana-setup", "loadgen", "metricbeat", "provisioner", "setup", "setup-certs", "worker"}
	for profile, more := range map[string][]string{
		"":           nil,
		"prometheus": {"prometheus", "alertmanager", "alerts", "canary", "grafana", "grafana-setup"},
		"mariadb":    {"mariadb", "use-mariadb"},
		"redis":      {"redis", "use-redis"},
		"upstream":   {"demo-app-upstream", "icat"},
		"operator":   {"operator"},
		"balancer":   {"balancer"},
		allProfiles:  {"mariadb", "use-mariadb", "redis", "use-redis", "demo-app-upstream", "icat", "operator", "balancer", "prometheus", "alertmanager", "alerts", "canary", "grafana", "grafana-setup"},
	} {
		t.Run("profile "+profile, func(t *testing.T) {
			p := loadCompose(t, profile)
			want := slices.Concat(always, more)
			slices.Sort(want)
			if diff := cmp.Diff(want, slices.Sorted(maps.Keys(p.Services))); diff != "" {
				t.Errorf("services (-want +got):\n%s", diff)
			}
			for _, vain := range unready(p) {
				t.Error(vain)
			}
			if _, err := p.MarshalYAML(); err != nil { // as docker compose config
				t.Error(err)
			}
		})
	}
}

// A profile is the only switch: the service use-X tells demo-app and its worker,
// in the file that both read, where X is, and both share a network with it.
func TestProfilesLeadToTheirParts(t *testing.T) {
	p := loadCompose(t, allProfiles)
	for part, variable := range map[string]string{"mariadb": "DATABASE_URL_FILE", "redis": "REDIS_URL_FILE"} {
		said := ofService(p, p.Services["use-"+part]).Script
		m := regexp.MustCompile(`@([a-z]+):\d+\S*' .* >(\S+)$`).FindStringSubmatch(strings.TrimSpace(said))
		if m == nil {
			t.Errorf("use-%s writes no address:\n%s", part, said)
			continue
		}
		for _, name := range []string{"demo-app", "worker"} {
			reader := p.Services[name]
			if got := reader.Environment[variable]; got == nil || *got != m[2] {
				t.Errorf("%s reads %v, and %s is written for it", name, got, m[2])
			}
			if _, waits := reader.DependsOn["use-"+part]; !waits {
				t.Errorf("%s does not wait for use-%s", name, part)
			}
			if !near(reader, p.Services[m[1]]) {
				t.Errorf("%s shares no network with %s", name, m[1])
			}
		}
		if file := strings.TrimPrefix(m[2], "/run/plumbline/"); !strings.Contains(ofService(p, p.Services["setup-certs"]).Script, ">/made/"+file) {
			t.Errorf("without the profile nobody writes %s", file)
		}
	}
}

// near reports whether two services share a network.
func near(a, b types.ServiceConfig) bool {
	for network := range a.Networks {
		if _, there := b.Networks[network]; there {
			return true
		}
	}
	return false
}

// What lies behind demo-app has no way out, and no one but demo-app, its worker
// and its twin a way in. The admin port is on a loopback that one service shares.
func TestWhoReachesWhom(t *testing.T) {
	p := loadCompose(t, allProfiles)
	if !p.Networks["data"].Internal {
		t.Error("the network data leads outside")
	}
	reach := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(p.Services)) {
		s := p.Services[name]
		for _, behind := range []string{"mariadb", "redis", "icat"} {
			if name != behind && near(s, p.Services[behind]) {
				reach[behind] = append(reach[behind], name)
			}
		}
		if of, shares := strings.CutPrefix(s.NetworkMode, types.ServicePrefix); shares {
			reach[of+" (namespace)"] = append(reach[of+" (namespace)"], name)
		}
		for _, port := range s.Ports {
			if port.Target == 8001 {
				t.Errorf("%s publishes the admin port", name)
			}
		}
		if slices.ContainsFunc(s.Command, func(arg string) bool { return strings.HasPrefix(arg, "-admin-addr") }) {
			t.Errorf("%s moves the admin port", name)
		}
	}
	want := map[string][]string{
		"mariadb":              {"demo-app", "demo-app-upstream", "icat", "redis", "worker"},
		"redis":                {"demo-app", "demo-app-upstream", "icat", "mariadb", "worker"},
		"icat":                 {"demo-app", "demo-app-upstream", "mariadb", "redis", "worker"},
		"demo-app (namespace)": {"operator"},
	}
	if diff := cmp.Diff(want, reach); diff != "" {
		t.Errorf("who reaches whom (-want +got):\n%s", diff)
	}
}

// Metricbeat looks up one name: every API has it, and nobody else.
func TestMetricbeatFindsEveryAPI(t *testing.T) {
	p := loadCompose(t, allProfiles)
	name := regexp.MustCompile(`getent ahostsv4 ([a-z-]+)\)`).FindStringSubmatch(ofService(p, p.Services["metricbeat"]).Script)
	if name == nil {
		t.Fatal("Metricbeat looks up no name")
	}
	var found []string
	for _, s := range p.Services {
		if api := s.Networks["api"]; api != nil && slices.Contains(api.Aliases, name[1]) {
			found = append(found, s.Name)
		}
	}
	slices.Sort(found)
	if want := []string{"demo-app", "demo-app-upstream"}; !slices.Equal(found, want) {
		t.Errorf("%s is %q, want %q", name[1], found, want)
	}
}

// parameters are the variables of compose.yaml, and whether each has a default.
func parameters(text string) map[string]bool {
	found := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?:^|[^$])\$\{([A-Z_]+)(:-)?`).FindAllStringSubmatch(text, -1) {
		found[m[1]] = m[2] != ""
	}
	return found
}

// A variable is either a version, which .env sets, or a choice, which has a
// default and stands in the documentation's table.
func TestVariablesAreSetOrDocumented(t *testing.T) {
	used := parameters(read(t, "compose.yaml"))
	set := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^([A-Z_]+)=`).FindAllStringSubmatch(read(t, ".env"), -1) {
		set[m[1]] = true
	}
	documented := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\|").FindAllStringSubmatch(read(t, "docs/containers.md"), -1) {
		documented[m[1]] = true
		if _, is := used[m[1]]; !is {
			t.Errorf("docs/containers.md: compose.yaml knows no %s", m[1])
		}
	}
	for name, hasDefault := range used {
		switch {
		case set[name] == documented[name]:
			t.Errorf("%s: in .env %v, documented %v", name, set[name], documented[name])
		case documented[name] && !hasDefault:
			t.Errorf("%s has no default", name)
		}
	}
	if len(used) < 10 || parameters("a: $${NOT_OURS} ${OURS:-1}")["NOT_OURS"] {
		t.Errorf("variables: %v", used)
	}
}

// Addresses in the documentation are those that compose.yaml publishes.
func TestDocumentedPortsArePublished(t *testing.T) {
	published := map[string]bool{}
	for _, s := range loadCompose(t, allProfiles).Services {
		for _, port := range s.Ports {
			published[port.Published] = true
		}
	}
	named := map[string]bool{}
	for _, m := range regexp.MustCompile(`https?://127\.0\.0\.1:(\d+)`).FindAllStringSubmatch(read(t, "docs/containers.md"), -1) {
		named[m[1]] = true
	}
	if diff := cmp.Diff(published, named); diff != "" {
		t.Errorf("ports published and documented (-published +documented):\n%s", diff)
	}
}

// The doctor looks for what compose.yaml will ask.
func TestTheDoctorKnowsComposeYAML(t *testing.T) {
	p := loadCompose(t)
	want := map[string]string{}
	for _, s := range p.Services {
		if s.CPUS > docker.Processors {
			t.Errorf("%s may have %v processors, the doctor asks for %d", s.Name, s.CPUS, docker.Processors)
		}
		for _, port := range s.Ports {
			want[s.Name] = port.Published
		}
	}
	got := map[string]string{}
	for _, port := range docker.Ports() {
		got[port.For] = fmt.Sprint(port.Number)
		if !strings.Contains(read(t, "compose.yaml"), fmt.Sprintf("${%s:-%d}", port.Variable, port.Number)) {
			t.Errorf("%s does not move the port of %s", port.Variable, port.For)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ports (-compose +doctor):\n%s", diff)
	}
}

// What a shell runs in a container is at least a script.
func TestScriptsParse(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("needs bash")
	}
	parse := func(script string) error {
		bash := exec.CommandContext(t.Context(), "bash", "-n")
		bash.Stdin = strings.NewReader(script)
		if out, err := bash.CombinedOutput(); err != nil || len(out) > 0 {
			return fmt.Errorf("%v: %s", err, out)
		}
		return nil
	}
	scripts := 0
	for _, s := range loadCompose(t, allProfiles).Services {
		var texts []string
		if words := slices.Concat(s.Entrypoint, s.Command); len(words) > 2 && strings.HasSuffix(words[0], "sh") {
			texts = append(texts, words[2])
		}
		if s.HealthCheck != nil && len(s.HealthCheck.Test) == 4 && strings.HasSuffix(s.HealthCheck.Test[1], "sh") {
			texts = append(texts, s.HealthCheck.Test[3])
		}
		for _, text := range texts {
			scripts++
			if err := parse(text); err != nil {
				t.Errorf("%s: %v", s.Name, err)
			}
		}
	}
	if scripts < 10 {
		t.Errorf("only %d scripts", scripts)
	}
	if parse("if true; then echo 'x") == nil {
		t.Error("half a script is taken for one")
	}
}
