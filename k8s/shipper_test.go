package k8s

import (
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"plumbline/stack/versions"
)

// filebeatFiles are the configurations that Filebeat is given, by their names.
func filebeatFiles(script string) (names []string) {
	words := strings.Fields(script)
	for i, word := range words {
		if word == "-c" && i+1 < len(words) {
			names = append(names, path.Base(words[i+1]))
		}
	}
	return names
}

// One variable chooses Filebeat's profile, which comes after its own settings and
// before what containers add; without it, it is the fast one.
func TestFilebeatHasItsProfile(t *testing.T) {
	profiles, err := filepath.Glob("../beats/profiles/*.yml")
	if err != nil || len(profiles) < 2 {
		t.Fatalf("profiles: %v, %v", profiles, err)
	}
	env, err := versions.Parse(strings.NewReader(read(t, versions.File)))
	if err != nil {
		t.Fatal(err)
	}
	for chosen, want := range map[string]string{"": "fast.yml", "fast": "fast.yml", "balanced": "balanced.yml"} {
		env["SHIPPER_PROFILE"] = chosen
		p, err := compose(t.Context(), read(t, "compose.yaml"), env)
		if err != nil {
			t.Fatal(err)
		}
		filebeat := p.Services["filebeat"]
		if got := filebeatFiles(strings.Join(filebeat.Command, " ")); !slices.Equal(got, []string{"filebeat.yml", want, "containers.yml"}) {
			t.Errorf("SHIPPER_PROFILE=%s: Filebeat reads %v", chosen, got)
		}
		mounted := false
		for _, v := range filebeat.Volumes {
			mounted = mounted || v.Target == "/usr/share/filebeat/profiles" && strings.HasSuffix(v.Source, "beats/profiles") && v.ReadOnly
		}
		if !mounted {
			t.Error("beats/profiles is not mounted")
		}
	}
	manifest, kustomization := read(t, "k8s/base/filebeat.yaml"), read(t, "beats/kustomization.yaml")
	if !strings.Contains(manifest, "- /etc/plumbline/$(SHIPPER_PROFILE).yml\n") || !strings.Contains(manifest, "{name: SHIPPER_PROFILE, value: fast}") {
		t.Error("on Kubernetes no variable chooses the profile, or it is not fast")
	}
	for _, profile := range profiles {
		if name := "profiles/" + filepath.Base(profile); !strings.Contains(kustomization, name) {
			t.Errorf("on Kubernetes there is no %s", name)
		}
	}
}
