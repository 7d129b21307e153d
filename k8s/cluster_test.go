package k8s

import (
	"bytes"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	diff "github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"plumbline/demo-app/telemetry"
)

// update copies the Beats' configurations: kustomize takes files from below its
// own directory only.
var update = flag.Bool("update", false, "copy beats/*.yml and beats/profiles to base/beats")

func TestBeatsConfigurationsAreTheStacks(t *testing.T) {
	for _, beat := range []string{"filebeat.yml", "metricbeat.yml", "profiles/fast.yml", "profiles/balanced.yml"} {
		want, file := read(t, "beats/"+beat), "base/beats/"+beat
		if *update {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got := read(t, "k8s/"+file); got != want {
			t.Errorf("%s is not beats/%s: run go test ./k8s -update\n%s", file, beat, diff.Diff(want, got))
		}
	}
}

// The entries that metricbeat-containers.yml replaces are those that ask Filebeat.
func TestTheMergedModulesAskFilebeat(t *testing.T) {
	type modules struct {
		List []struct {
			Module string
			Hosts  []string
		} `yaml:"metricbeat.modules"`
	}
	var own, merged modules
	if err := errors.Join(yaml.Unmarshal([]byte(read(t, "beats/metricbeat.yml")), &own),
		yaml.Unmarshal([]byte(read(t, "k8s/base/beats/metricbeat-containers.yml")), &merged)); err != nil {
		t.Fatal(err)
	}
	if len(own.List) != len(merged.List) {
		t.Fatalf("%d modules are merged over %d", len(merged.List), len(own.List))
	}
	for i, module := range own.List {
		asks := len(module.Hosts) > 0 && strings.Contains(module.Hosts[0], "FILEBEAT_STATS_PORT")
		replaced := slices.Equal(merged.List[i].Hosts, []string{"${FILEBEAT_STATS_URL}"})
		if asks != replaced || !replaced && len(merged.List[i].Hosts) > 0 {
			t.Errorf("module %d (%s) asks %v, and %v is merged over that", i, module.Module, module.Hosts, merged.List[i].Hosts)
		}
	}
}

// object is what is read of any manifest.
type object struct {
	Kind     string
	Metadata struct {
		Name, Namespace string
		Labels          map[string]string
	}
	Spec struct {
		Template    pod
		Selector    yaml.Node
		PodSelector struct {
			MatchLabels map[string]string `yaml:"matchLabels"`
		} `yaml:"podSelector"`
		VolumeClaimTemplates []struct {
			Metadata struct{ Name string }
		} `yaml:"volumeClaimTemplates"`
		PolicyTypes []string `yaml:"policyTypes"`
		Ingress     []struct {
			From []peer
		}
		Egress []struct {
			To []peer
		}
		Ports []struct {
			Port       int
			TargetPort string `yaml:"targetPort"`
		}
	}
	text map[string]any // all of it
}

type peer struct {
	PodSelector struct {
		MatchLabels map[string]string `yaml:"matchLabels"`
	} `yaml:"podSelector"`
	NamespaceSelector *struct {
		MatchLabels map[string]string `yaml:"matchLabels"`
	} `yaml:"namespaceSelector"`
}

type pod struct {
	Metadata struct{ Labels map[string]string }
	Spec     struct {
		ServiceAccountName           string `yaml:"serviceAccountName"`
		AutomountServiceAccountToken *bool  `yaml:"automountServiceAccountToken"`
		HostNetwork                  bool   `yaml:"hostNetwork"`
		HostPID                      bool   `yaml:"hostPID"`
		SecurityContext              struct {
			RunAsNonRoot   bool  `yaml:"runAsNonRoot"`
			RunAsUser      int64 `yaml:"runAsUser"`
			SeccompProfile struct{ Type string }
		} `yaml:"securityContext"`
		InitContainers []podContainer `yaml:"initContainers"`
		Containers     []podContainer
		Volumes        []volume
	}
}

type volume struct {
	Name      string
	ConfigMap *struct{ Name string } `yaml:"configMap"`
	Secret    *struct {
		SecretName string `yaml:"secretName"`
	}
	HostPath *struct{ Path string } `yaml:"hostPath"`
}

type podContainer struct {
	Name, Image   string
	Command, Args []string
	Env           []struct {
		Name, Value string
		ValueFrom   struct {
			SecretKeyRef struct{ Name, Key string } `yaml:"secretKeyRef"`
		} `yaml:"valueFrom"`
	}
	Ports []struct {
		Name          string
		ContainerPort int `yaml:"containerPort"`
	}
	StartupProbe   *probe `yaml:"startupProbe"`
	LivenessProbe  *probe `yaml:"livenessProbe"`
	ReadinessProbe *probe `yaml:"readinessProbe"`
	Resources      struct {
		Requests map[string]string
		Limits   map[string]string
	}
	SecurityContext struct {
		AllowPrivilegeEscalation *bool `yaml:"allowPrivilegeEscalation"`
		Privileged               bool
		ReadOnlyRootFilesystem   bool `yaml:"readOnlyRootFilesystem"`
		Capabilities             struct{ Drop, Add []string }
	} `yaml:"securityContext"`
	VolumeMounts []struct {
		Name, MountPath string
		ReadOnly        bool `yaml:"readOnly"`
	} `yaml:"volumeMounts"`
}

type probe struct {
	Exec    struct{ Command []string }
	HTTPGet *struct {
		Path string
		Port string
	} `yaml:"httpGet"`
}

// render builds a kustomization as `kubectl apply -k` does.
func render(files filesys.FileSystem, dir string) ([]object, error) {
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, dir)
	if err != nil {
		return nil, err
	}
	text, err := resources.AsYaml()
	if err != nil {
		return nil, err
	}
	return decode(text)
}

func decode(text []byte) ([]object, error) {
	var all []object
	for documents := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var document yaml.Node
		err := documents.Decode(&document)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		var o object
		if err := errors.Join(document.Decode(&o), document.Decode(&o.text)); err != nil {
			return nil, err
		}
		all = append(all, o)
	}
}

// cluster is the stack and its load run, as they are applied.
func cluster(t *testing.T) []object {
	t.Helper()
	var all []object
	for _, dir := range []string{"overlays/dev", "verdict"} {
		objects, err := render(filesys.MakeFsOnDisk(), dir)
		if err != nil {
			t.Fatalf("%s: %v", dir, err)
		}
		all = append(all, objects...)
	}
	return all
}

func (o object) name() string { return o.Metadata.Namespace + "/" + o.Metadata.Name }

func (p pod) all() []podContainer { return slices.Concat(p.Spec.InitContainers, p.Spec.Containers) }

// containers are a workload's, in the terms of the common rules.
func (o object) containers() []container {
	p := o.Spec.Template
	var all []container
	for i, pc := range p.all() {
		s := pc.SecurityContext
		c := container{
			Name: o.Metadata.Name + "/" + pc.Name, Image: pc.Image, ReadOnly: s.ReadOnlyRootFilesystem,
			User: fmt.Sprint(p.Spec.SecurityContext.RunAsUser), Drop: s.Capabilities.Drop, Add: s.Capabilities.Add,
			Confined: s.AllowPrivilegeEscalation != nil && !*s.AllowPrivilegeEscalation && !s.Privileged && !p.Spec.HostNetwork && !p.Spec.HostPID,
			CPU:      pc.Resources.Limits["cpu"], Ends: o.Kind == "Job" || i < len(p.Spec.InitContainers),
			Checked: pc.ReadinessProbe != nil, Env: map[string]string{}, Args: pc.Args,
		}
		if pc.Resources.Limits["memory"] != "" && pc.Resources.Requests["memory"] != "" {
			c.Memory = 1
		}
		for _, e := range pc.Env {
			c.Env[e.Name] = cmp.Or(e.Value, e.ValueFrom.SecretKeyRef.Key)
		}
		if len(pc.Command) > 0 {
			c.Args, c.Script = nil, strings.Join(append(pc.Command, pc.Args...), " ")
		}
		if pc.ReadinessProbe != nil {
			c.Check = strings.Join(pc.ReadinessProbe.Exec.Command, " ")
		}
		all = append(all, c)
	}
	return all
}

func TestCluster(t *testing.T) {
	f, objects := learn(t), cluster(t)
	var all []container
	for _, o := range objects {
		for _, problem := range slices.Concat(unknownFields(o.text), o.open(), dangling(o, objects)) {
			t.Error(problem)
		}
		for _, c := range o.containers() {
			all = append(all, c)
			for _, problem := range f.disagreements(c) {
				t.Error(problem)
			}
		}
	}
	for _, problem := range undenied(objects) {
		t.Error(problem)
	}
	check(t, all, f.Elastic, exceptions{"filebeat/filebeat: user": "the nodes' logs are root's"})
	for _, want := range []string{"elasticsearch/elasticsearch", "setup/provisioner", "filebeat/filebeat", "metricbeat/metricbeat",
		"demo-app/demo-app", "board/board", "verdict/loadgen", "verdict/provisioner"} {
		if !slices.ContainsFunc(all, func(c container) bool { return c.Name == want }) {
			t.Errorf("nobody runs %s", want)
		}
	}
}

func TestProbesAskRoutesThatExist(t *testing.T) {
	routes := telemetry.OperationalRoutes()
	for _, o := range cluster(t) {
		for _, c := range o.Spec.Template.Spec.Containers {
			for _, p := range []*probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
				if p != nil && p.HTTPGet != nil && !slices.Contains(routes, p.HTTPGet.Path) {
					t.Errorf("%s: probe of %s, want one of %v", o.name(), p.HTTPGet.Path, routes)
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
			if strings.ContainsAny(value, "/") || name == "-within" || name == "-json" || name == "-junit" || strings.HasPrefix(name, "--") {
				value = ""
			}
			if name == "-json" || name == "-junit" {
				continue // the report stays in the log of a pod
			}
			found[name] = value
		}
		for name, value := range c.Env {
			if !strings.ContainsAny(value, "/") && !strings.HasPrefix(name, "ELASTIC_PASSWORD") && name != "node.name" && !strings.HasSuffix(name, "_API_KEY") &&
				name != "xpack.security.transport.ssl.verification_mode" {
				found[name] = strings.TrimSpace(value)
			}
		}
		return found
	}
	// Here there is a Kibana, a worker and so a catalogue in a file, a console,
	// and what somebody adds for Java.
	apart := map[string][]string{
		"setup": {"-kibana-token-file"}, "demo-app": {"-database-url", "-workers"}, "loadgen": {"-listen"}, "elasticsearch": {"CLI_JAVA_OPTS"},
	}
	inCluster, project := map[string]container{}, loadCompose(t)
	for _, o := range cluster(t) {
		for _, c := range o.containers() {
			inCluster[c.Name] = c
		}
	}
	for service, name := range map[string]string{
		"elasticsearch": "elasticsearch/elasticsearch", "setup": "setup/provisioner", "demo-app": "demo-app/demo-app",
		"board": "board/board", "loadgen": "verdict/loadgen", "provisioner": "verdict/provisioner", "metricbeat": "metricbeat/metricbeat",
	} {
		service := ofService(project, project.Services[service])
		got, want := options(inCluster[name]), options(service)
		for _, only := range apart[service.Name] {
			delete(got, only)
			delete(want, only)
		}
		if service.Script != "" {
			maps.DeleteFunc(got, func(name, _ string) bool {
				return strings.HasPrefix(name, "-") || strings.HasSuffix(name, ".yml") || strings.Contains(name, "/")
			})
		}
		if d := diff.Diff(want, got); d != "" {
			t.Errorf("%s (-compose +cluster):\n%s", name, d)
		}
	}
}

func TestAMissingResourceIsRefused(t *testing.T) {
	files := filesys.MakeFsInMemory()
	if err := files.WriteFile("a/kustomization.yaml", []byte("resources: [absent.yaml]\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := render(files, "a"); err == nil {
		t.Error("a kustomization with a missing resource is rendered")
	}
}
