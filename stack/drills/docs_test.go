package drills

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

var contractRow = regexp.MustCompile(`(?m)^\| ([^|]+) \| [^|]+ \| [^|]+ \|$`)

func TestDocsListEachDrill(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(repository, "docs", "drills.md"))
	if err != nil {
		t.Fatal(err)
	}
	var listed, want []string
	for _, row := range contractRow.FindAllSubmatch(text, -1) {
		if name := string(row[1]); name != "drill" {
			listed = append(listed, name)
		}
	}
	for _, d := range drills() {
		want = append(want, d.name)
	}
	if !slices.Equal(listed, want) {
		t.Errorf("docs/drills.md lists %q, want %q", listed, want)
	}
}
