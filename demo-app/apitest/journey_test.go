package apitest

import (
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func serve(t *testing.T) *API {
	t.Helper()
	a, err := Serve(t.Context(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// python returns the interpreter. Where it is missing the test is skipped with
// a word, but not in CI.
func python(t *testing.T, what string) string {
	t.Helper()
	path, err := exec.LookPath("python3")
	if err != nil {
		missing(t, what, "python3 is not installed: sudo apt-get install -y python3 python3-venv")
	}
	return path
}

func missing(t *testing.T, what, why string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("%s: cannot run, %s", what, why)
	}
	t.Skipf("%s: skipped, %s", what, why)
}

func TestAStrangerWithTheDocumentCompletesTheJourney(t *testing.T) {
	python := python(t, "journey.py")
	a := serve(t)
	out, err := exec.CommandContext(t.Context(), python, "journey.py", a.URL).CombinedOutput()
	t.Logf("journey.py:\n%s", out)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []string{"logged in as Karen482", "are mine to see", "datasets", "datafiles", "is COMPLETE", "its manifest has", "logged out; the session says"} {
		if !strings.Contains(string(out), step) {
			t.Errorf("no step says %q", step)
		}
	}
}

// The journey must notice a server that is none.
func TestTheJourneyHasTeeth(t *testing.T) {
	python := python(t, "journey.py")
	a := serve(t)
	for _, args := range [][]string{{a.URL, "nobody"}, {a.URL + "/elsewhere"}, {"http://127.0.0.1:1"}, {}} {
		if out, err := exec.CommandContext(t.Context(), python, append([]string{"journey.py"}, args...)...).CombinedOutput(); err == nil {
			t.Errorf("journey.py %q ended well:\n%s", args, out)
		}
	}
}
