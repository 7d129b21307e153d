package k8s

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// target is the end of one stage of a Dockerfile.
type target struct{ From, User, Entrypoint string }

func targets(dockerfile string) map[string]target {
	found := map[string]target{}
	name := ""
	for line := range strings.Lines(dockerfile) {
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		now := found[name]
		switch words[0] {
		case "FROM":
			words = slices.DeleteFunc(words, func(w string) bool { return strings.HasPrefix(w, "--") })
			name, now = words[len(words)-1], target{From: words[1]}
		case "USER":
			now.User = words[1]
		case "ENTRYPOINT":
			now.Entrypoint = words[1]
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
	return found
}

func TestImages(t *testing.T) {
	stages := targets(read(t, "Dockerfile"))
	language := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "go.mod"))
	if want := "golang:" + language[1]; stages["build"].From != want {
		t.Errorf("built with %s, want %s as in go.mod", stages["build"].From, want)
	}
	built := map[string]bool{}
	for _, s := range loadCompose(t).Services {
		if s.Build == nil {
			continue
		}
		built[s.Build.Target] = true
		if name := ofService(s).program(); name != s.Build.Target {
			t.Errorf("%s: image %s is the target %s", s.Name, name, s.Build.Target)
		}
	}
	for name := range built {
		for _, fault := range faults(name, stages[name]) {
			t.Error(fault)
		}
	}
	if len(built) != 3 {
		t.Errorf("compose builds %v", built)
	}
}

func TestImageFaultsAreSeen(t *testing.T) {
	const good = "FROM --platform=x scratch AS a\nCOPY a /a\nUSER 1000:0\nENTRYPOINT [\"/a\"]\n"
	for _, row := range []struct {
		proves, from, to string
		want             []string
	}{
		{"a sound stage is accepted", "", "", nil},
		{"a base with a shell is refused", "scratch", "debian", []string{"a: holds more than its program: FROM debian"}},
		{"root is refused", "USER 1000:0\n", "", []string{`a: user "", and the volumes are 1000:0's`}},
		{"another program is refused", `["/a"]`, `["/b"]`, []string{`a: starts ["/b"]`}},
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
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,GoFiles,EmbedFiles", "./demo-app", "./loadgen", "./provisioner")
	list.Dir = ".."
	list.Env = append(list.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	text, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	needed := []string{"go.mod", "go.sum"}
	for packages := json.NewDecoder(strings.NewReader(string(text))); ; {
		var p struct {
			ImportPath          string
			GoFiles, EmbedFiles []string
		}
		if err := packages.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		dir, ours := strings.CutPrefix(p.ImportPath, "plumbline/")
		for _, file := range slices.Concat(p.GoFiles, p.EmbedFiles) {
			if ours {
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
