package k8s

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// largest is what a program may take of its image, in bytes. They are all well
// below: what makes the linker keep every exported method costs 10 MB at once,
// and docs/decisions/size.md tells how to find it.
const largest = 30_000_000

func tooLarge(dir string, programs ...string) ([]string, error) {
	var found []string
	for _, name := range programs {
		file, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		if file.Size() > largest {
			found = append(found, fmt.Sprintf("%s: %d bytes, more than %d", name, file.Size(), largest))
		}
	}
	return found, nil
}

func TestProgramsStaySmall(t *testing.T) {
	if testing.Short() {
		t.Skip("builds three programs")
	}
	dir := t.TempDir()
	// As the Dockerfile does, for the processor at hand.
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", dir, "./demo-app", "./loadgen", "./provisioner")
	build.Dir = ".."
	build.Env = append(build.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	found, err := tooLarge(dir, "demo-app", "loadgen", "provisioner")
	if err != nil {
		t.Fatal(err)
	}
	for _, program := range found {
		t.Errorf("%s; see docs/decisions/size.md", program)
	}
}

func TestALargeProgramIsSeen(t *testing.T) {
	dir := t.TempDir()
	for name, size := range map[string]int64{"a": largest, "b": largest + 1} {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Truncate(size); err != nil { // a hole: no disk is used
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	got, err := tooLarge(dir, "a", "b")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"b: 30000001 bytes, more than 30000000"}, got); diff != "" {
		t.Errorf("too large (-want +got):\n%s", diff)
	}
	if _, err := tooLarge(dir, "c"); err == nil {
		t.Error("what is not there is small enough")
	}
}
