package k8s

import (
	"errors"
	"flag"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"plumbline/demo-app/telemetry"
)

// update rewrites what is made of other files.
var update = flag.Bool("update", false, "rewrite what is made of other files")

// module is an entry of Metricbeat's configuration.
type module struct {
	Module  string
	Hosts   []string
	Enabled any
}

func mergedModules(t *testing.T, file string) (own, merged []module) {
	t.Helper()
	var a, b struct {
		List []module `yaml:"metricbeat.modules"`
	}
	if err := errors.Join(yaml.Unmarshal([]byte(read(t, "beats/metricbeat.yml")), &a), yaml.Unmarshal([]byte(read(t, "k8s/base/beats/"+file)), &b)); err != nil {
		t.Fatal(err)
	}
	if len(a.List) > len(b.List) {
		t.Fatalf("%d modules are merged over %d", len(b.List), len(a.List))
	}
	return a.List, b.List
}

// The entries that metricbeat-containers.yml replaces are those that ask Filebeat.
func TestTheMergedModulesAskFilebeat(t *testing.T) {
	own, merged := mergedModules(t, "metricbeat-containers.yml")
	for i, m := range own {
		asks := len(m.Hosts) > 0 && strings.Contains(m.Hosts[0], "FILEBEAT_STATS_PORT")
		replaced := slices.Equal(merged[i].Hosts, []string{"${FILEBEAT_STATS_URL}"})
		if asks != replaced || !replaced && len(merged[i].Hosts) > 0 {
			t.Errorf("module %d (%s) asks %v, and %v is merged over that", i, m.Module, m.Hosts, merged[i].Hosts)
		}
	}
}

// What exists once is asked by one Metricbeat, what each node has by each node's,
// and nothing by both.
func TestEachModuleIsAskedByOneMetricbeat(t *testing.T) {
	own, once := mergedModules(t, "metricbeat-once.yml")
	_, node := mergedModules(t, "metricbeat-node.yml")
	for i, m := range own {
		switch {
		case m.Module == "system" && once[i].Enabled == false && node[i].Enabled == nil: // each node's
		case m.Enabled != nil && once[i].Enabled == nil && node[i].Enabled == nil: // asked where a variable says so
		case m.Module != "system" && m.Enabled == nil && once[i].Enabled == false && node[i].Enabled == false: // found pod by pod
		default:
			t.Errorf("module %d (%s %v) is enabled: %v, once: %v, for each node: %v", i, m.Module, m.Hosts, m.Enabled, once[i].Enabled, node[i].Enabled)
		}
	}
}

// larger is what several nodes of Elasticsearch, or larger ones, have otherwise than
// the native one: whom they look for, and how much they take.
var larger = regexp.MustCompile(`^elasticsearch/elasticsearch: (discovery\.type|heap|node\.store\.allow_mmap|cluster\.routing\.allocation\.disk\.watermark\.\w+):`)

func TestCluster(t *testing.T) {
	for _, overlay := range overlays(t) {
		t.Run(overlay, func(t *testing.T) {
			f, objects := learn(t), rendered(t, overlay)
			var all []container
			for _, o := range objects {
				for _, problem := range dangling(o, objects) {
					t.Error(problem)
				}
				if o.managed() && o.Spec.Version != f.Elastic {
					t.Errorf("%s: version %q, and .env says %s", o.name(), o.Spec.Version, f.Elastic)
				}
				for _, c := range o.containers(objects) {
					all = append(all, c)
					for _, problem := range f.disagreements(c) {
						if overlay == "dev" || !larger.MatchString(problem) {
							t.Error(problem)
						}
					}
				}
			}
			for _, problem := range undenied(objects) {
				t.Error(problem)
			}
			allowed := exceptions{"filebeat/filebeat: user": "the nodes' logs are root's"}
			if _, ok := find(objects, "DaemonSet", "plumbline-node", "filebeat"); !ok {
				allowed = nil
			}
			check(t, all, f.Elastic, allowed)
			if !slices.ContainsFunc(all, func(c container) bool { return c.program() == "filebeat" }) && !slices.ContainsFunc(objects, func(o object) bool { return o.Kind == "Beat" }) {
				t.Error("nobody runs Filebeat")
			}
			for _, want := range []string{"setup/provisioner", "demo-app/demo-app", "worker/worker", "mariadb/mariadb", "redis/redis",
				"metricbeat/metricbeat", "metricbeat-node/metricbeat", "elasticsearch/elasticsearch", "kibana/kibana", "kibana-setup/provisioner",
				"board/board", "canary/canary", "verdict/loadgen", "verdict/provisioner"} {
				if !slices.ContainsFunc(all, func(c container) bool { return c.Name == want }) && !slices.ContainsFunc(objects, func(o object) bool {
					return o.managed() && o.Metadata.Name+"/"+o.Spec.Template.Spec.Containers[0].Name == want
				}) {
					t.Errorf("nobody runs %s", want)
				}
			}
		})
	}
}

func TestProbesAskRoutesThatExist(t *testing.T) {
	known := map[string][]string{
		"filebeat": {"/"}, "metricbeat": {"/"}, // who they are
		"prometheus": {"/-/healthy", "/-/ready"}, "alertmanager": {"/-/healthy", "/-/ready"}, "grafana": {"/api/health"},
	}
	for _, o := range rendered(t, "prometheus") {
		for _, c := range o.Spec.Template.Spec.Containers {
			routes := telemetry.OperationalRoutes()
			if !strings.HasPrefix(c.Image, "plumbline/") {
				routes = known[container{Image: c.Image}.program()]
			}
			for kind, p := range map[string]*probe{"startup": c.StartupProbe, "liveness": c.LivenessProbe, "readiness": c.ReadinessProbe} {
				if p == nil || p.HTTPGet == nil {
					continue
				}
				if !slices.Contains(routes, p.HTTPGet.Path) {
					t.Errorf("%s: probe of %s, want one of %v", o.name(), p.HTTPGet.Path, routes)
				}
				if kind != "readiness" && p.HTTPGet.Path == "/readyz" {
					t.Errorf("%s: %s asks for what it depends on, and would restart it for that", o.name(), kind)
				}
				if _, ok := c.port(p.HTTPGet.Port); !ok {
					t.Errorf("%s: %s asks port %s, which it has not", o.name(), kind, p.HTTPGet.Port)
				}
			}
		}
	}
}

// Compose and the cluster start the programs the same way: all flags and
// settings but those that name an address, a file, or a duration.
func TestClusterRunsWhatComposeRuns(t *testing.T) {
	options := func(c container) map[string]string {
		found := map[string]string{}
		for _, arg := range c.Args {
			name, value, _ := strings.Cut(arg, "=")
			if strings.ContainsAny(value, "/") || strings.HasPrefix(name, "--") {
				value = ""
			}
			if name == "-json" || name == "-junit" || name == "-within" {
				continue // the report stays in the log of a pod, where there is no order of start
			}
			found[name] = value
		}
		for name, value := range c.Env {
			if strings.Contains(value, "/") || name == "node.name" || name == "xpack.security.transport.ssl.verification_mode" {
				continue
			}
			if c.program() == "demo-app" {
				name = "-" + strings.ReplaceAll(strings.ToLower(name), "_", "-") // a setting is a flag or a variable
			}
			found[name] = strings.TrimSpace(value)
		}
		return found
	}
	// Here two settings stand that are demo-app's defaults, there a console, what
	// somebody adds for Java, and a canary that need not be.
	apart := map[string][]string{
		"demo-app": {"-environment", "-drain-timeout"}, "worker": {"-environment", "-drain-timeout"}, "loadgen": {"-listen"},
		"elasticsearch": {"CLI_JAVA_OPTS"}, "metricbeat": {"CANARY_METRICS"},
	}
	inCluster, project := map[string]container{}, loadCompose(t, allProfiles)
	objects := rendered(t, "prometheus") // dev with all that compose has
	for _, o := range objects {
		for _, c := range o.containers(objects) {
			inCluster[c.Name] = c
		}
	}
	for service, name := range map[string]string{
		"elasticsearch": "elasticsearch/elasticsearch", "setup": "setup/provisioner", "demo-app": "demo-app/demo-app", "worker": "worker/worker",
		"mariadb": "mariadb/mariadb", "board": "board/board", "canary": "canary/canary", "kibana": "kibana/kibana", "kibana-setup": "kibana-setup/provisioner",
		"loadgen": "verdict/loadgen", "provisioner": "verdict/provisioner", "metricbeat": "metricbeat/metricbeat",
		"prometheus": "prometheus/prometheus", "alertmanager": "alertmanager/alertmanager", "alerts": "alerts/alerts", "grafana": "grafana/grafana",
		"grafana-setup": "grafana-setup/provisioner",
	} {
		service := ofService(project, project.Services[service])
		got, want := options(inCluster[name]), options(service)
		for _, only := range apart[service.Name] {
			delete(got, only)
			delete(want, only)
		}
		if service.Args == nil { // a script starts it there
			maps.DeleteFunc(got, func(name, _ string) bool {
				return strings.HasPrefix(name, "-") || strings.HasSuffix(name, ".yml") || strings.Contains(name, "/")
			})
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-compose +cluster):\n%s", name, d)
		}
		if here, there := strings.TrimPrefix(inCluster[name].Image, "plumbline/"), strings.TrimPrefix(service.Image, "plumbline/"); here != there {
			t.Errorf("%s: image %s, compose runs %s", name, here, there)
		}
	}
	// Redis is started by the same script.
	if here, there := inCluster["redis/redis"].Script, ofService(project, project.Services["redis"]).Script; strings.TrimSpace(here[strings.Index(here, "umask"):]) !=
		strings.TrimSpace(strings.ReplaceAll(there[strings.Index(there, "umask"):], "password-redis", "passwords")) {
		t.Errorf("Redis is started by\n%s\ncompose does it by\n%s", here, there)
	}
}
