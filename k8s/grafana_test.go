package k8s

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
)

// unprovided are what Grafana's provisioning files ask for and a service does not
// have: a variable, a mounted file, or one of the directories of files itself.
func unprovided(s types.ServiceConfig, files fs.FS) ([]string, error) {
	var found []string
	mounted := func(at string) bool {
		return slices.ContainsFunc(s.Volumes, func(v types.ServiceVolumeConfig) bool { return v.Target == at && v.ReadOnly })
	}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if at := path.Join("/etc/grafana/provisioning", name); name != "." && !mounted(at) {
				found = append(found, at+" is not mounted")
			}
			return nil
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		for _, m := range regexp.MustCompile(`\$__(env|file)\{([^}]+)\}`).FindAllStringSubmatch(string(text), -1) {
			if kind, what := m[1], m[2]; kind == "env" && s.Environment[what] == nil {
				found = append(found, what+" is not set")
			} else if kind == "file" && !mounted(path.Dir(what)) {
				found = append(found, what+" is not mounted")
			}
		}
		return nil
	})
	slices.Sort(found)
	return slices.Compact(found), err
}

func TestGrafanaFindsItsFiles(t *testing.T) {
	p := loadCompose(t, allProfiles)
	files := os.DirFS("../dashboards/rendered/grafana")
	missing, err := unprovided(p.Services["grafana"], files)
	if err != nil || len(missing) > 0 {
		t.Errorf("%v: %q", err, missing)
	}
	out := ofService(p, p.Services["hand-out"]).Script
	if !regexp.MustCompile(`reader\.key.*base64.*>\.\./authorization-grafana/elasticsearch\.authorization`).MatchString(out) {
		t.Error("hand-out does not make the header that Grafana sends")
	}
	// The command that looks whether it has taken them wants the same addresses.
	setup := strings.Join(p.Services["grafana-setup"].Command, " ")
	for flag, variable := range map[string]string{"-prometheus=": "PROMETHEUS_URL", "-es=": "ELASTICSEARCH_URL"} {
		if want := flag + *p.Services["grafana"].Environment[variable]; !strings.Contains(setup, want) {
			t.Errorf("grafana-setup has no %s: %s", want, setup)
		}
	}
	t.Run("and a service that lacks them is seen", func(t *testing.T) {
		p, err := compose(t.Context(), `services: {a: {image: x, environment: {PROMETHEUS_URL: x}, volumes: ["./k8s:/etc/grafana/provisioning/alerting:ro", "./k8s:/etc/grafana/provisioning/dashboards"]}}`, nil)
		if err != nil {
			t.Fatal(err)
		}
		missing, err := unprovided(p.Services["a"], files)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{
			"/etc/grafana/provisioning/dashboards is not mounted", "/etc/grafana/provisioning/datasources is not mounted",
			"/run/plumbline/authorization/elasticsearch.authorization is not mounted", "/run/plumbline/trust/ca.crt is not mounted", "ELASTICSEARCH_URL is not set",
		}
		if diff := cmp.Diff(want, missing); diff != "" {
			t.Error(diff)
		}
	})
}
