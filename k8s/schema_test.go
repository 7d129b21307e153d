package k8s

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/filesys"

	"plumbline/k8s/schema"
)

// kinds are all that an API server with the operators' CRDs would know.
func kinds(t *testing.T) *schema.Schemas {
	t.Helper()
	known, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("crds/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		definitions, err := decode(text)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, crd := range definitions {
			if faults := known.Faults(crd.text); faults != nil {
				t.Errorf("%s: %v", file, faults)
			}
			if err := known.Define(crd.text); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
	return known
}

// kustomizations are the directories that can be applied by themselves: a
// component is a part of others.
func kustomizations(t *testing.T) []string {
	t.Helper()
	var dirs []string
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "kustomization.yaml" {
			return err
		}
		text, err := os.ReadFile(path)
		if !strings.Contains(string(text), "\nkind: Component\n") {
			dirs = append(dirs, filepath.Dir(path))
		}
		return err
	})
	if err == nil && len(dirs) < 3 {
		err = errors.New("base, an overlay and the verdict are not there")
	}
	if err != nil {
		t.Fatal(err)
	}
	return dirs
}

// Every field of every object exists in the version of Kubernetes on whose node
// the manifests are tried.
func TestEveryOverlayFitsTheSchemas(t *testing.T) {
	known := kinds(t)
	for _, dir := range kustomizations(t) {
		objects, err := render(filesys.MakeFsOnDisk(), dir)
		if err != nil {
			t.Errorf("%s: %v", dir, err)
		}
		for _, o := range objects {
			for _, fault := range known.Faults(o.text) {
				t.Errorf("%s: %s: %s", dir, o.name(), fault)
			}
		}
	}
}

func TestSchemasAreThoseOfTheNode(t *testing.T) {
	if version := kinds(t).Version; !strings.Contains(read(t, "k8s/kube/go.mod"), "k8s.io/kubernetes v"+version+"\n") {
		t.Errorf("k8s/schema describes Kubernetes %s, which is not what k8s/kube builds: go run ./k8s/schema/generate", version)
	}
}
