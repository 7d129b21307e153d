package cluster

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

const repository = "../.."

// object is one of a manifest.
type object map[string]any

// at is what a path leads to, nil where it ends early.
func (o object) at(path ...string) any {
	var here any = map[string]any(o)
	for _, name := range path {
		within, _ := here.(map[string]any)
		here = within[name]
	}
	return here
}

func (o object) text(path ...string) string {
	text, _ := o.at(path...).(string)
	return text
}

func (o object) kind() string { return o.text("kind") }

// name tells it from others: Kind namespace/name.
func (o object) name() string {
	return strings.TrimPrefix(fmt.Sprintf("%s %s/%s", o.kind(), o.text("metadata", "namespace"), o.text("metadata", "name")), "/")
}

// manifest is what is applied at once.
type manifest []object

// parse reads a stream of YAML documents.
func parse(text string) (manifest, error) {
	var all manifest
	for reader := yaml.NewDecoder(strings.NewReader(text)); ; {
		var o map[string]any // and not object, or all maps in it would be objects
		if err := reader.Decode(&o); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		if o != nil {
			all = append(all, o)
		}
	}
}

// reader gives the manifest to kubectl.
func (m manifest) reader() io.Reader {
	text, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "List", "items": m})
	if err != nil {
		panic(err) // it was read as YAML: it can be written as JSON
	}
	return bytes.NewReader(text)
}

// only are the objects of these kinds, except those of the others.
func (m manifest) only(keep func(object) bool) manifest {
	return slices.DeleteFunc(slices.Clone(m), func(o object) bool { return !keep(o) })
}

func isNamespace(o object) bool { return o.kind() == "Namespace" }

// pods are those that the workloads would have made.
func (m manifest) pods() manifest {
	var all manifest
	for _, o := range m {
		spec, _ := o.at("spec").(map[string]any)
		if inner, is := o.at("spec", "jobTemplate", "spec").(map[string]any); is {
			spec = inner
		}
		template, is := spec["template"].(map[string]any)
		if within, _ := template["spec"].(map[string]any); !is || within["containers"] == nil || !slices.Contains([]string{"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"}, o.kind()) {
			continue
		}
		pod := object{"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{
			"name": strings.ToLower(o.kind()) + "-" + o.text("metadata", "name"), "namespace": o.at("metadata", "namespace"), "labels": object(template).at("metadata", "labels"),
		}}
		within := map[string]any{}
		for name, value := range template["spec"].(map[string]any) {
			within[name] = value
		}
		volumes, _ := within["volumes"].([]any)
		claims, _ := spec["volumeClaimTemplates"].([]any)
		for _, claim := range claims {
			name := object(claim.(map[string]any)).text("metadata", "name")
			volumes = append(slices.Clone(volumes), map[string]any{"name": name, "persistentVolumeClaim": map[string]any{"claimName": name}})
		}
		within["volumes"] = volumes
		pod["spec"] = within
		all = append(all, pod)
	}
	return all
}

// render has kubectl build the kustomization in a directory.
func (c client) render(t *testing.T, dir string) manifest {
	t.Helper()
	all, err := parse(c.run(t, "kustomize", dir))
	if err != nil {
		t.Fatalf("%s: %v", dir, err)
	}
	return all
}

// kustomizations are the directories under k8s that can be applied as they are.
func kustomizations(t *testing.T) []string {
	t.Helper()
	root := filepath.Join(repository, "k8s")
	var dirs []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "kustomization.yaml" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var kind struct{ Kind string }
		if err := yaml.Unmarshal(text, &kind); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		dir := filepath.Dir(path)
		if within, _ := filepath.Rel(root, dir); kind.Kind == "Kustomization" && within != "base" && !strings.HasPrefix(within, "base"+string(filepath.Separator)) {
			dirs = append(dirs, dir)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return dirs
}
