package k8s

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// object is what is read of any manifest.
type object struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct {
		Name, Namespace string
		Labels          map[string]string
	}
	Data  map[string]any
	Rules []struct { // of a Role
		Resources     []string
		ResourceNames []string `yaml:"resourceNames"`
	}
	Spec struct {
		Version     string // of what an operator runs
		Replicas    *int
		ServiceName string `yaml:"serviceName"`
		Strategy    struct {
			RollingUpdate struct {
				MaxUnavailable any `yaml:"maxUnavailable"`
			} `yaml:"rollingUpdate"`
		}
		Template pod
		NodeSets []struct {
			PodTemplate          pod     `yaml:"podTemplate"`
			VolumeClaimTemplates []claim `yaml:"volumeClaimTemplates"`
		} `yaml:"nodeSets"`
		PodTemplate pod `yaml:"podTemplate"`
		DaemonSet   struct {
			PodTemplate pod `yaml:"podTemplate"`
		} `yaml:"daemonSet"`
		JobTemplate struct {
			Spec struct{ Template pod }
		} `yaml:"jobTemplate"`
		Selector    yaml.Node
		PodSelector struct {
			MatchLabels map[string]string `yaml:"matchLabels"`
		} `yaml:"podSelector"`
		ScaleTargetRef struct{ Kind, Name string } `yaml:"scaleTargetRef"`
		MinReplicas    int                         `yaml:"minReplicas"`
		Rules          []struct {
			HTTP struct {
				Paths []struct {
					Backend struct {
						Service struct {
							Name string
							Port struct{ Name string }
						}
					}
				}
			}
		}
		VolumeClaimTemplates []claim  `yaml:"volumeClaimTemplates"`
		PolicyTypes          []string `yaml:"policyTypes"`
		Ingress              []struct {
			From []peer
		}
		Egress []struct {
			To []peer
		}
		Ports []servicePort
	}
	text map[string]any // all of it
}

type claim struct {
	Metadata struct{ Name string }
}

type servicePort struct {
	Name       string
	Port       int
	TargetPort string `yaml:"targetPort"`
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
	Metadata struct{ Labels, Annotations map[string]string }
	Spec     struct {
		ServiceAccountName            string `yaml:"serviceAccountName"`
		AutomountServiceAccountToken  *bool  `yaml:"automountServiceAccountToken"`
		HostNetwork                   bool   `yaml:"hostNetwork"`
		HostPID                       bool   `yaml:"hostPID"`
		TerminationGracePeriodSeconds *int   `yaml:"terminationGracePeriodSeconds"`
		SecurityContext               struct {
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
		Items      []struct{ Key string }
	}
	Projected struct {
		Sources []struct {
			ConfigMap *struct{ Name string } `yaml:"configMap"`
		}
	}
	HostPath *struct{ Path string } `yaml:"hostPath"`
}

type podContainer struct {
	Name, Image   string
	Command, Args []string
	RestartPolicy string `yaml:"restartPolicy"`
	EnvFrom       []struct {
		ConfigMapRef struct{ Name string } `yaml:"configMapRef"`
		SecretRef    struct{ Name string } `yaml:"secretRef"`
	} `yaml:"envFrom"`
	Env []struct {
		Name, Value string
		ValueFrom   struct {
			SecretKeyRef struct{ Name, Key string } `yaml:"secretKeyRef"`
			FieldRef     struct {
				FieldPath string `yaml:"fieldPath"`
			} `yaml:"fieldRef"`
		} `yaml:"valueFrom"`
	}
	Ports []struct {
		Name          string
		ContainerPort int `yaml:"containerPort"`
	}
	StartupProbe   *probe `yaml:"startupProbe"`
	LivenessProbe  *probe `yaml:"livenessProbe"`
	ReadinessProbe *probe `yaml:"readinessProbe"`
	Lifecycle      struct {
		PreStop struct {
			Sleep struct{ Seconds int }
		} `yaml:"preStop"`
	}
	Resources struct {
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
		switch o.Kind {
		case "CronJob":
			o.Spec.Template = o.Spec.JobTemplate.Spec.Template
		case "Elasticsearch":
			o.Spec.Template, o.Spec.VolumeClaimTemplates = o.Spec.NodeSets[0].PodTemplate, o.Spec.NodeSets[0].VolumeClaimTemplates
		case "Kibana":
			o.Spec.Template = o.Spec.PodTemplate
		case "Beat":
			o.Spec.Template = o.Spec.DaemonSet.PodTemplate
		}
		all = append(all, o)
	}
}

// rendered is the stack of an overlay and its load run, as they are applied.
func rendered(t *testing.T, overlay string) []object {
	t.Helper()
	var all []object
	for _, dir := range []string{path.Join("overlays", overlay), "verdict"} {
		objects, err := render(filesys.MakeFsOnDisk(), dir)
		if err != nil {
			t.Fatalf("%s: %v", dir, err)
		}
		all = append(all, objects...)
	}
	return all
}

func overlays(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("overlays/*/kustomization.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("overlays: %v, %v", files, err)
	}
	var names []string
	for _, file := range files {
		names = append(names, path.Base(path.Dir(file)))
	}
	return names
}

func (o object) name() string { return o.Metadata.Namespace + "/" + o.Metadata.Name }

// runs reports that the object makes pods.
func (o object) runs() bool { return len(o.Spec.Template.Spec.Containers) > 0 }

// managed reports that an operator makes its pods, and adds to their template images,
// ports, probes and volumes of its own.
func (o object) managed() bool { return strings.Contains(o.APIVersion, ".k8s.elastic.co/") }

// ends reports that its pods come to an end by themselves.
func (o object) ends() bool { return o.Kind == "Job" || o.Kind == "CronJob" }

func (p pod) all() []podContainer { return slices.Concat(p.Spec.InitContainers, p.Spec.Containers) }

// sidecar reports that an init container stays.
func (c podContainer) sidecar() bool { return c.RestartPolicy == "Always" }

// find is the object of a kind, name and namespace.
func find(all []object, kind, namespace, name string) (object, bool) {
	i := slices.IndexFunc(all, func(o object) bool {
		return o.Kind == kind && o.Metadata.Namespace == namespace && o.Metadata.Name == name
	})
	if i < 0 {
		return object{}, false
	}
	return all[i], true
}

// containers are a workload's, in the terms of the common rules. What a variable
// takes from a Secret or from the pod stands there as a path.
func (o object) containers(all []object) []container {
	p := o.Spec.Template
	var found []container
	if o.managed() {
		return nil
	}
	for i, pc := range p.all() {
		s := pc.SecurityContext
		c := container{
			Name: o.Metadata.Name + "/" + pc.Name, Image: pc.Image, ReadOnly: s.ReadOnlyRootFilesystem,
			User: fmt.Sprint(p.Spec.SecurityContext.RunAsUser), Drop: s.Capabilities.Drop, Add: s.Capabilities.Add,
			Confined: s.AllowPrivilegeEscalation != nil && !*s.AllowPrivilegeEscalation && !s.Privileged && !p.Spec.HostNetwork && !p.Spec.HostPID,
			CPU:      pc.Resources.Limits["cpu"], Ends: o.ends() || i < len(p.Spec.InitContainers) && !pc.sidecar(),
			Checked: pc.StartupProbe != nil && pc.LivenessProbe != nil && pc.ReadinessProbe != nil, Env: map[string]string{}, Args: pc.Args,
		}
		if pc.Resources.Limits["memory"] != "" && pc.Resources.Requests["memory"] != "" && pc.Resources.Requests["cpu"] != "" {
			c.Memory = 1
		}
		for _, from := range pc.EnvFrom {
			settings, _ := find(all, "ConfigMap", o.Metadata.Namespace, from.ConfigMapRef.Name)
			for name, value := range settings.Data {
				c.Env[name] = fmt.Sprint(value)
			}
		}
		for _, e := range pc.Env {
			c.Env[e.Name] = e.Value
			if from := e.ValueFrom; from.SecretKeyRef.Name != "" {
				c.Env[e.Name] = "secret/" + from.SecretKeyRef.Name + "/" + from.SecretKeyRef.Key
			} else if from.FieldRef.FieldPath != "" {
				c.Env[e.Name] = "pod/" + from.FieldRef.FieldPath
			}
		}
		if len(pc.Command) > 0 {
			c.Args, c.Script = nil, strings.Join(append(pc.Command, pc.Args...), " ")
		}
		if pc.ReadinessProbe != nil {
			c.Check = strings.Join(pc.ReadinessProbe.Exec.Command, " ")
			if get := pc.ReadinessProbe.HTTPGet; get != nil {
				number, _ := pc.port(get.Port)
				c.Check = fmt.Sprintf(":%d%s", number, get.Path)
			}
		}
		found = append(found, c)
	}
	return found
}

// labels of a selector, whether it says matchLabels or not.
func (o object) labels() map[string]string {
	var plain map[string]string
	var nested struct {
		MatchLabels map[string]string `yaml:"matchLabels"`
	}
	if o.Spec.Selector.Decode(&nested) == nil && nested.MatchLabels != nil {
		return nested.MatchLabels
	}
	_ = o.Spec.Selector.Decode(&plain) // a wrong type was found by the schema
	return plain
}

// selected reports that the object's pods have the labels.
func (o object) selected(namespace string, labels map[string]string) bool {
	if o.Metadata.Namespace != namespace || !o.runs() {
		return false
	}
	for key, value := range labels {
		if o.Spec.Template.Metadata.Labels[key] != value {
			return false
		}
	}
	return true
}

// grace is how long a pod may take to end.
func (p pod) grace() int {
	if p.Spec.TerminationGracePeriodSeconds == nil {
		return 30
	}
	return *p.Spec.TerminationGracePeriodSeconds
}

// port is the number of the port that has the name or number.
func (p podContainer) port(target string) (int, bool) {
	for _, named := range p.Ports {
		if named.Name == target || fmt.Sprint(named.ContainerPort) == target {
			return named.ContainerPort, true
		}
	}
	return 0, false
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
