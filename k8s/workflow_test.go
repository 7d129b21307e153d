package k8s

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

// workflow is what is read of a file of GitHub Actions.
type workflow struct {
	Permissions map[string]string
	Jobs        map[string]struct {
		Permissions map[string]string
		Timeout     int `yaml:"timeout-minutes"`
		Strategy    struct{ Matrix struct{ Profiles []string } }
		Steps       []struct{ Uses, Run string }
	}
}

// careless is what a workflow should not do: run what somebody else can change,
// be allowed more than to read, wait for ever, ask for what is not there.
func (w workflow) careless(makefile string, profiles []string) []string {
	var found []string
	if len(w.Permissions) != 1 || w.Permissions["contents"] != "read" {
		found = append(found, fmt.Sprintf("may do %v", w.Permissions))
	}
	targets := regexp.MustCompile(`(?m)^([a-z-]+(?: [a-z-]+)*):`).FindAllStringSubmatch(makefile, -1)
	for name, job := range w.Jobs {
		if job.Timeout == 0 {
			found = append(found, name+": waits for ever")
		}
		if job.Permissions["contents"] == "write" || job.Permissions["packages"] == "write" && name != "publish" {
			found = append(found, fmt.Sprintf("%s: may do %v", name, job.Permissions))
		}
		for _, set := range job.Strategy.Matrix.Profiles {
			for profile := range strings.SplitSeq(set, ",") {
				if profile != "" && !slices.Contains(profiles, profile) {
					found = append(found, fmt.Sprintf("%s: compose.yaml has no profile %s", name, profile))
				}
			}
		}
		for _, step := range job.Steps {
			if step.Uses != "" && !regexp.MustCompile(`^[\w./-]+@[0-9a-f]{40}$`).MatchString(step.Uses) {
				found = append(found, fmt.Sprintf("%s: %s may become another", name, step.Uses))
			}
			for _, m := range regexp.MustCompile(`(?m)^\s*make ([a-z-]+)`).FindAllStringSubmatch(step.Run, -1) {
				if !slices.ContainsFunc(targets, func(t []string) bool { return slices.Contains(strings.Fields(t[1]), m[1]) }) {
					found = append(found, fmt.Sprintf("%s: no target %s in the Makefile", name, m[1]))
				}
			}
		}
	}
	slices.Sort(found)
	return found
}

func readWorkflow(t *testing.T, text string) workflow {
	t.Helper()
	var w workflow
	if err := yaml.Unmarshal([]byte(text), &w); err != nil {
		t.Fatal(err)
	}
	return w
}

func TestWorkflow(t *testing.T) {
	var profiles []string
	for _, s := range loadCompose(t, allProfiles).Services {
		profiles = append(profiles, s.Profiles...)
	}
	w := readWorkflow(t, read(t, ".github/workflows/ci.yml"))
	for _, fault := range w.careless(read(t, "Makefile"), profiles) {
		t.Error(fault)
	}
	if len(w.Jobs) < 5 {
		t.Errorf("jobs: %v", w.Jobs)
	}
}

func TestCarelessWorkflowsAreSeen(t *testing.T) {
	const good = `
permissions: {contents: read}
jobs:
  test:
    timeout-minutes: 5
    strategy: {matrix: {profiles: ["", "a,b"]}}
    steps:
      - uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2
      - run: make lint
`
	for _, row := range []struct {
		proves, from, to string
		want             []string
	}{
		{"a careful one is accepted", "", "", nil},
		{"an action by its tag is refused", "@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2", "@v6", []string{"test: actions/checkout@v6 may become another"}},
		{"more than reading is refused", "permissions: {contents: read}", "permissions: {contents: write}", []string{"may do map[contents:write]"}},
		{"silence about permissions is refused", "permissions: {contents: read}", "", []string{"may do map[]"}},
		{"a job's own rights are, too", "    timeout-minutes: 5", "    timeout-minutes: 5\n    permissions: {packages: write}", []string{"test: may do map[packages:write]"}},
		{"a job without end is refused", "    timeout-minutes: 5\n", "", []string{"test: waits for ever"}},
		{"a profile that is not there is refused", `"a,b"`, `"a,c"`, []string{"test: compose.yaml has no profile c"}},
		{"a target that is not there is refused", "make lint", "make lnit", []string{"test: no target lnit in the Makefile"}},
	} {
		t.Run(row.proves, func(t *testing.T) {
			w := readWorkflow(t, strings.Replace(good, row.from, row.to, 1))
			if diff := cmp.Diff(row.want, w.careless("build lint: x\n\tgo vet\n", []string{"a", "b"})); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}
