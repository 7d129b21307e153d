package k8s

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// unfounded are the files that a text names and that are not there, and the words
// that it says a manifest has: a row of a table that names one file in its second
// cell, then a colon, then words in backticks.
func unfounded(root, text string) []string {
	var found []string
	for _, name := range regexp.MustCompile(`k8s/[a-z/-]+(\.[a-z]+)?`).FindAllString(text, -1) {
		if _, err := os.Stat(filepath.Join(root, name)); err != nil {
			found = append(found, name)
		}
	}
	var file string
	for _, line := range strings.Split(text, "\n") {
		cells := strings.Split(line, " | ")
		if len(cells) < 3 {
			continue
		}
		for _, part := range strings.Split(cells[1], ";") {
			place, words, ok := strings.Cut(part, ": ")
			if !ok {
				continue
			}
			if strings.TrimSpace(place) != "there" {
				quoted := regexp.MustCompile("`(k8s/[^`]+)`").FindAllStringSubmatch(place, -1)
				if quoted == nil {
					continue
				}
				file = quoted[len(quoted)-1][1]
			}
			manifest, _ := os.ReadFile(filepath.Join(root, file))
			for _, word := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(words, -1) {
				if !strings.Contains(string(manifest), word[1]) {
					found = append(found, file+": "+word[1])
				}
			}
		}
	}
	return found
}

func TestDocsNameWhatIsThere(t *testing.T) {
	text := read(t, "docs/kubernetes.md")
	for _, name := range unfounded("..", text) {
		t.Errorf("docs/kubernetes.md names %s, which is not there", name)
	}
	for _, page := range []string{"kubernetes.md", "sizing.md", "decisions/helm.md"} {
		for _, link := range regexp.MustCompile(`\]\(([^)#:]+)[)#]`).FindAllStringSubmatch(read(t, "docs/"+page), -1) {
			if _, err := os.Stat(filepath.Join("../docs", filepath.Dir(page), link[1])); err != nil {
				t.Errorf("docs/%s links %s, which is not there", page, link[1])
			}
		}
	}
	for _, overlay := range overlays(t) {
		if !strings.Contains(text, "`k8s/overlays/"+overlay+"`") {
			t.Errorf("docs/kubernetes.md does not name the overlay %s", overlay)
		}
	}
	for _, row := range []struct{ proves, text, want string }{
		{"a file that is not there is seen", "see k8s/base/logstash.yaml", "k8s/base/logstash.yaml"},
		{"a word that a manifest lacks is seen", "| probes | `k8s/base/demo-app.yaml`: `livelinessProbe` | try |", "k8s/base/demo-app.yaml: livelinessProbe"},
		{"there is the file above", "| a | `k8s/base/demo-app.yaml`: `preStop` | try |\n| b | there: `postStart` | try |", "k8s/base/demo-app.yaml: postStart"},
	} {
		if got := unfounded("..", row.text); len(got) != 1 || got[0] != row.want {
			t.Errorf("%s: %q", row.proves, got)
		}
	}
}
