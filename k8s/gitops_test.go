package k8s

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// deployed is what a cluster follows, as either tool is told.
type deployed struct {
	Name, Repository, Revision, Path string
	Patches                          []any // of Argo CD, made on the way
	Automatic                        bool
}

// ladder is the way of a change, by what each tool calls it.
func ladder() []deployed {
	return []deployed{
		{Name: "plumbline-sandbox", Revision: "main", Path: "k8s/overlays/dev", Automatic: true},
		{Name: "plumbline-staging", Revision: "staging", Path: "k8s/overlays/staging", Automatic: true},
		{Name: "plumbline-production", Revision: "v1.0.0", Path: "k8s/overlays/production"},
	}
}

// from reads a manifest by way of JSON, whose member names the tools document.
func from(t *testing.T, o object, into any) {
	t.Helper()
	text, err := json.Marshal(o.text)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", o.name(), err)
	}
}

func argo(t *testing.T, objects []object) []deployed {
	t.Helper()
	var all []deployed
	for _, o := range objects {
		var a struct {
			Spec struct {
				Source struct {
					RepoURL, TargetRevision, Path string
					Kustomize                     struct{ Patches []any }
				}
				SyncPolicy struct {
					Automated *struct{ Prune, SelfHeal bool }
				}
			}
		}
		from(t, o, &a)
		automated := a.Spec.SyncPolicy.Automated
		all = append(all, deployed{o.Metadata.Name, a.Spec.Source.RepoURL, a.Spec.Source.TargetRevision, a.Spec.Source.Path,
			a.Spec.Source.Kustomize.Patches, automated != nil && automated.Prune && automated.SelfHeal})
	}
	return all
}

// flux joins each Kustomization with the repository that it names. What its Git
// reference says is what is deployed, so a tag is as good as a button.
func flux(t *testing.T, objects []object) []deployed {
	t.Helper()
	sources := map[string]deployed{}
	var all []deployed
	for _, o := range objects {
		var f struct {
			Spec struct {
				URL       string
				Ref       struct{ Branch, Tag string }
				Path      string
				Prune     bool
				SourceRef struct{ Kind, Name string }
			}
		}
		from(t, o, &f)
		switch o.Kind {
		case "GitRepository":
			sources[o.Metadata.Name] = deployed{Repository: f.Spec.URL, Revision: f.Spec.Ref.Branch + f.Spec.Ref.Tag, Automatic: f.Spec.Ref.Tag == ""}
		case "Kustomization":
			one := sources[f.Spec.SourceRef.Name]
			one.Name, one.Path = o.Metadata.Name, strings.TrimPrefix(f.Spec.Path, "./")
			all = append(all, one)
		}
	}
	return all
}

func manifest(t *testing.T, files ...string) []object {
	t.Helper()
	var all []object
	for _, file := range files {
		objects, err := decode([]byte(read(t, file)))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, objects...)
	}
	return all
}

func TestGitOps(t *testing.T) {
	known := kinds(t)
	apps := manifest(t, "k8s/gitops/argocd/applications.yaml")
	parts := manifest(t, "k8s/gitops/flux/gitrepositories.yaml", "k8s/gitops/flux/kustomizations.yaml")
	for _, o := range slices.Concat(apps, parts) {
		for _, fault := range known.Faults(o.text) {
			t.Errorf("%s: %s", o.name(), fault)
		}
	}
	for tool, got := range map[string][]deployed{"Argo CD": argo(t, apps), "Flux": flux(t, parts)} {
		for i, one := range got {
			if one.Repository != "https://git.example.org/plumbline.git" {
				t.Errorf("%s: %s follows %s", tool, one.Name, one.Repository)
			}
			if _, err := render(filesys.MakeFsOnDisk(), path.Join("..", one.Path)); err != nil {
				t.Errorf("%s: %s: %v", tool, one.Name, err)
			}
			got[i].Repository, got[i].Patches = "", nil
		}
		if diff := cmp.Diff(ladder(), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tool, diff)
		}
	}
	t.Run("and another path is seen", func(t *testing.T) {
		text := strings.Replace(read(t, "k8s/gitops/argocd/applications.yaml"), "k8s/overlays/staging", "k8s/overlays/stagging", 1)
		objects, err := decode([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		spoilt := argo(t, objects)[1]
		if _, err := render(filesys.MakeFsOnDisk(), path.Join("..", spoilt.Path)); err == nil || spoilt.Path == ladder()[1].Path {
			t.Errorf("%s is rendered", spoilt.Path)
		}
	})
}

// Argo CD's patches find the Jobs of each overlay, and only those.
func TestArgoMakesJobsAnew(t *testing.T) {
	for _, one := range argo(t, manifest(t, "k8s/gitops/argocd/applications.yaml")) {
		dir, overlay := t.TempDir(), path.Join("..", one.Path)
		absolute, err := filepath.Abs(overlay)
		if err != nil {
			t.Fatal(err)
		}
		relative, err := filepath.Rel(dir, absolute) // kustomize takes no other
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(map[string]any{"resources": []string{relative}, "patches": one.Patches})
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "kustomization.yaml"), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		objects, err := render(filesys.MakeFsOnDisk(), dir)
		if err != nil {
			t.Fatalf("%s: %v", one.Name, err)
		}
		jobs := 0
		for _, o := range objects {
			metadata, _ := o.text["metadata"].(map[string]any)
			annotations, _ := metadata["annotations"].(map[string]any)
			anew := fmt.Sprint(annotations["argocd.argoproj.io/sync-options"]) == "Force=true,Replace=true"
			if anew != (o.Kind == "Job") {
				t.Errorf("%s: %s %s is made anew: %v", one.Name, o.Kind, o.name(), anew)
			}
			if anew {
				jobs++
			}
		}
		if jobs == 0 {
			t.Errorf("%s has no Job", one.Name)
		}
	}
}
