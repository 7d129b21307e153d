package k8s

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// target is the end of one stage of a Dockerfile, with what it has from the
// stage that it is made from.
type target struct {
	From, User, Entrypoint, Healthcheck string

	Labels map[string]string
}

func targets(dockerfile string) map[string]target {
	found := map[string]target{}
	name := ""
	for line := range strings.Lines(strings.ReplaceAll(dockerfile, "\\\n", " ")) {
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		now := found[name]
		switch words[0] {
		case "FROM":
			words = slices.DeleteFunc(words, func(w string) bool { return strings.HasPrefix(w, "--") })
			name = words[len(words)-1]
			if base, made := found[words[1]]; made {
				now = base
				now.Labels = maps.Clone(base.Labels)
			} else {
				now = target{From: words[1], Labels: map[string]string{}}
			}
		case "USER":
			now.User = words[1]
		case "ENTRYPOINT":
			now.Entrypoint = words[1]
		case "HEALTHCHECK":
			now.Healthcheck = strings.Join(words[1:], " ")
		case "LABEL":
			for _, m := range regexp.MustCompile(`(\S+)="([^"]*)"`).FindAllStringSubmatch(line, -1) {
				now.Labels[m[1]] = m[2]
			}
		}
		found[name] = now
	}
	return found
}

// faults are where a stage of the Dockerfile is not as the others rely on.
func faults(name string, stage target) []string {
	var found []string
	if stage.From != "scratch" {
		found = append(found, name+": holds more than its program: FROM "+stage.From)
	}
	if stage.User != "1000:0" {
		found = append(found, fmt.Sprintf("%s: user %q, and the volumes are 1000:0's", name, stage.User))
	}
	if stage.Entrypoint != `["/`+name+`"]` {
		found = append(found, fmt.Sprintf("%s: starts %s", name, stage.Entrypoint))
	}
	if own := `CMD ["/` + name + `",`; stage.Healthcheck != "NONE" && !strings.Contains(stage.Healthcheck, own) {
		found = append(found, fmt.Sprintf("%s: its health check is %q", name, stage.Healthcheck))
	}
	for _, label := range []string{"title", "description", "licenses", "version", "revision", "created"} {
		if stage.Labels["org.opencontainers.image."+label] == "" {
			found = append(found, name+": has no label "+label)
		}
	}
	return found
}

func TestImages(t *testing.T) {
	stages := targets(read(t, "Dockerfile"))
	if want := "golang:${GO_VERSION}-bookworm"; stages["build"].From != want {
		t.Errorf("built with %s, want %s", stages["build"].From, want)
	}
	built := map[string]bool{}
	project := loadCompose(t, allProfiles)
	for _, s := range project.Services {
		if s.Build == nil {
			continue
		}
		built[s.Build.Target] = true
		if name := ofService(project, s).program(); name != s.Build.Target {
			t.Errorf("%s: image %s is the target %s", s.Name, name, s.Build.Target)
		}
	}
	for name := range built {
		for _, fault := range faults(name, stages[name]) {
			t.Error(fault)
		}
	}
	baked := strings.Fields(strings.NewReplacer(`"`, "", ",", "").Replace(regexp.MustCompile(`matrix\s+= \{ part = \[(.*)\]`).FindStringSubmatch(read(t, "docker-bake.hcl"))[1]))
	if diff := cmp.Diff(baked, slices.Sorted(maps.Keys(built))); diff != "" {
		t.Errorf("what docker-bake.hcl and compose.yaml build (-bake +compose):\n%s", diff)
	}
}

// The version of Go stands in .env; two files cannot read it there.
func TestOneVersionOfGo(t *testing.T) {
	in := func(path, pattern string) string {
		m := regexp.MustCompile(pattern).FindStringSubmatch(read(t, path))
		if m == nil {
			t.Fatalf("%s: no %s", path, pattern)
		}
		return m[1]
	}
	want := in(".env", `(?m)^GO_VERSION=(\S+)$`)
	for path, pattern := range map[string]string{
		"Dockerfile":      `(?m)^ARG GO_VERSION=(\S+)$`,
		"docker-bake.hcl": `variable "GO_VERSION" \{ default = "(\S+)" \}`,
	} {
		if got := in(path, pattern); got != want {
			t.Errorf("%s builds with Go %s, .env says %s", path, got, want)
		}
	}
	if least := in("go.mod", `(?m)^go (\d+\.\d+)`); !strings.HasPrefix(want, least+".") {
		t.Errorf("Go %s in .env, go.mod wants %s", want, least)
	}
}

func TestImageFaultsAreSeen(t *testing.T) {
	const good = "FROM --platform=x scratch AS base\nUSER 1000:0\nLABEL org.opencontainers.image.licenses=\"l\" \\\n org.opencontainers.image.version=\"v\" " +
		"org.opencontainers.image.revision=\"r\" org.opencontainers.image.created=\"c\"\n" +
		"FROM base AS a\nLABEL org.opencontainers.image.title=\"a\" org.opencontainers.image.description=\"d\"\nCOPY a /a\n" +
		"HEALTHCHECK --interval=5s CMD [\"/a\", \"healthcheck\"]\nENTRYPOINT [\"/a\"]\n"
	for _, row := range []struct {
		proves, from, to string
		want             []string
	}{
		{"a sound stage is accepted", "", "", nil},
		{"so is one that says that it has no check", `--interval=5s CMD ["/a", "healthcheck"]`, "NONE", nil},
		{"a base with a shell is refused", "scratch", "debian", []string{"a: holds more than its program: FROM debian"}},
		{"root is refused", "USER 1000:0\n", "", []string{`a: user "", and the volumes are 1000:0's`}},
		{"another program is refused", `ENTRYPOINT ["/a"]`, `ENTRYPOINT ["/b"]`, []string{`a: starts ["/b"]`}},
		{"a check by what the image has not is refused", `CMD ["/a",`, `CMD ["curl",`, []string{`a: its health check is "--interval=5s CMD [\"curl\", \"healthcheck\"]"`}},
		{"silence about health is refused", "HEALTHCHECK --interval=5s CMD [\"/a\", \"healthcheck\"]\n", "", []string{`a: its health check is ""`}},
		{"a stage that says not what it is is refused", "org.opencontainers.image.title=\"a\" ", "", []string{"a: has no label title"}},
	} {
		t.Run(row.proves, func(t *testing.T) {
			stages := targets(strings.Replace(good, row.from, row.to, 1))
			if diff := cmp.Diff(row.want, faults("a", stages["a"])); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

// missing are the files that a build needs and the context leaves out.
func missing(ignore string, needed []string) []string {
	var found []string
	for _, file := range needed {
		kept := false
		for line := range strings.Lines(ignore) {
			line = strings.TrimSpace(line)
			switch pattern, back := strings.CutPrefix(line, "!"); {
			case line == "" || line[0] == '#':
			case pattern == "*":
				kept = false
			case back:
				kept = kept || file == pattern || strings.HasPrefix(file, pattern+"/")
			case strings.HasPrefix(pattern, "**/"):
				for part := range strings.SplitSeq(file, "/") {
					if ok, _ := filepath.Match(pattern[3:], part); ok {
						kept = false
					}
				}
			}
		}
		if !kept {
			found = append(found, file)
		}
	}
	return found
}

func TestTheBuildContextHoldsWhatIsBuilt(t *testing.T) {
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-test", "-json=ImportPath,GoFiles,EmbedFiles,TestGoFiles,XTestGoFiles",
		"./cli/...", "./health/...", "./demo-app/...", "./loadgen/...", "./provisioner/...", "./dashboards/...")
	list.Dir = ".."
	list.Env = append(list.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	text, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	needed := []string{"go.mod", "go.sum", "README.md", "docs/journeys.md", "docs/lines.md", "docs/ledger.md"} // the last are read by tests
	for packages := json.NewDecoder(strings.NewReader(string(text))); ; {
		var p struct {
			ImportPath                                     string
			GoFiles, EmbedFiles, TestGoFiles, XTestGoFiles []string
		}
		if err := packages.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		dir, ours := strings.CutPrefix(p.ImportPath, "plumbline/")
		for _, file := range slices.Concat(p.GoFiles, p.EmbedFiles, p.TestGoFiles, p.XTestGoFiles) {
			if ours && !strings.ContainsAny(p.ImportPath, " ") && !strings.HasSuffix(p.ImportPath, ".test") {
				needed = append(needed, dir+"/"+file)
			}
		}
	}
	ignore := read(t, ".dockerignore")
	for _, file := range missing(ignore, needed) {
		t.Errorf(".dockerignore leaves out %s", file)
	}
	// The control, and what must never get into an image.
	secret := []string{".env", ".git/config", ".plumbline/run/secrets/elastic.password", "stack/main.go"}
	if diff := cmp.Diff(secret, missing(ignore, secret)); diff != "" {
		t.Errorf("the context holds what it should not (-want +got):\n%s", diff)
	}
	if len(needed) < 50 {
		t.Errorf("only %d files are needed: %v", len(needed), needed)
	}
}
