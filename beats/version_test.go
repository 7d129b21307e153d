package beats

import (
	"os"
	"regexp"
	"testing"
)

func TestVersionIsTheOneThatIsBuilt(t *testing.T) {
	named := find(t, "../.env", `(?m)^BEATS_NATIVE_VERSION=(\S+)$`)
	built := find(t, "native/go.mod", `(?m)^require github\.com/elastic/beats/v7 v(\S+)$`)
	if named != built {
		t.Errorf(".env names Beats %s, native/go.mod builds %s", named, built)
	}
}

// find is what the one group of a pattern matches in a file.
func find(t *testing.T, file, pattern string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	match := regexp.MustCompile(pattern).FindSubmatch(text)
	if match == nil {
		t.Fatalf("%s: nothing matches %s", file, pattern)
	}
	return string(match[1])
}
