package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plumbline/cli"
	"plumbline/stack/progress"
	"plumbline/stack/supervise"
	"plumbline/stack/versions"
)

// tree writes files: path -> content.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestKeyFollowsWhatTheResultDependsOn(t *testing.T) {
	base := map[string]string{"go.mod": "module m", "filebeat/main.go": "package main", "notes.md": "a"}
	with := func(name, text string) map[string]string {
		files := map[string]string{name: text}
		for n, c := range base {
			if _, ok := files[n]; !ok {
				files[n] = c
			}
		}
		return files
	}
	want, err := key(tree(t, base), isGoSource, "7.17.29")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		proves  string
		files   map[string]string
		version string
		same    bool
	}{
		{"the same sources are the same", base, "7.17.29", true},
		{"a changed source is another", with("filebeat/main.go", "package main // x"), "7.17.29", false},
		{"a new source is another", with("filebeat/more.go", "package main"), "7.17.29", false},
		{"another version is another", base, "7.17.28", false},
		{"prose does not matter", with("notes.md", "b"), "7.17.29", true},
		{"tests do not matter", with("filebeat/main_test.go", "package main"), "7.17.29", true},
		{"what Maven made does not matter", with("target/x.go", "package x"), "7.17.29", true},
	} {
		t.Run(row.proves, func(t *testing.T) {
			got, err := key(tree(t, row.files), isGoSource, row.version)
			if err != nil || (got == want) != row.same {
				t.Errorf("got %s, %v; before it was %s, want same = %v", got, err, want, row.same)
			}
		})
	}
}

// fetcher is a Fetch into a temporary cache.
func fetcher(t *testing.T) Fetch {
	t.Helper()
	dir := t.TempDir()
	_, group := supervise.New(context.Background(), dir, nil)
	t.Cleanup(func() { _ = group.Stop() })
	return Fetch{
		Repository: "../..", Versions: versions.Versions{Elastic: "8.19.7", Beats: "7.17.29", Prometheus: "3.13.5", Alertmanager: "0.31.1"},
		Cache: func(parts ...string) string { return filepath.Join(append([]string{dir}, parts...)...) },
		Logs:  dir, Group: group, Progress: progress.New(io.Discard),
	}
}

func TestEnsureMakesAPartOnceAndNeverHalf(t *testing.T) {
	f := fetcher(t)
	made, broken := 0, errors.New("the network went away")
	p := part{name: "thing", path: f.Cache("thing-1"), make: func(_ context.Context, into string) error {
		made++
		if err := os.Mkdir(into, 0o755); err != nil {
			return err // what the first, broken attempt left was not removed
		}
		if made == 1 {
			return broken
		}
		return nil
	}}
	if err := f.ensure(t.Context(), p); !errors.Is(err, broken) {
		t.Fatalf("got %v, want %v", err, broken)
	}
	if exists(p.path) {
		t.Fatal("half a part is in its place")
	}
	for range 2 {
		if err := f.ensure(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	if made != 2 {
		t.Errorf("made %d times, want 2", made)
	}
}

func TestFailingToolIsShownWithItsCommandAndTheEndOfItsLog(t *testing.T) {
	f := fetcher(t)
	p := part{name: "broken", path: f.Cache("broken"), make: func(ctx context.Context, _ string) error {
		return f.run(ctx, "broken", "/", []string{"PLAY=fail"}, os.Args[0])
	}}
	err := f.ensure(t.Context(), p)
	var want strings.Builder
	fmt.Fprintf(&want, "fetch broken: (cd / && %s): broken ended: exit status 3; the last lines of %s:", os.Args[0], filepath.Join(f.Logs, "fetch-broken.log"))
	for n := 6; n <= 20; n++ {
		fmt.Fprintf(&want, "\n  | line %d", n)
	}
	if diff := cmp.Diff(want.String(), fmt.Sprint(err)); diff != "" {
		t.Error(diff)
	}
	if hint := cli.Hint(err); hint != "run again: what was downloaded is kept" {
		t.Errorf("hint: %q", hint)
	}
}

func TestInterruptEndsATool(t *testing.T) {
	f := fetcher(t)
	sleep, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	wish := errors.New("Ctrl-C")
	env := []string{"PLAY=wait"}
	go func() {
		for f.Group.Child("slow") == nil {
		}
		cancel(wish)
	}()
	if err := f.run(ctx, "slow", ".", env, sleep); !errors.Is(err, wish) {
		t.Errorf("got %v, want %v", err, wish)
	}
	select {
	case <-f.Group.Child("slow").Done():
	default:
		t.Error("the tool still runs")
	}
}

func TestMain(m *testing.M) {
	switch os.Getenv("PLAY") {
	case "wait":
		select {}
	case "fail":
		for n := range 20 {
			fmt.Println("line", n+1)
		}
		os.Exit(3)
	}
	os.Exit(m.Run())
}

func TestReadableLetsEverybodyRead(t *testing.T) {
	root := tree(t, map[string]string{"bin/elasticsearch": "", "lib/x.jar": ""})
	for path, mode := range map[string]fs.FileMode{"bin/elasticsearch": 0o700, "lib/x.jar": 0o600, "lib": 0o700} {
		if err := os.Chmod(filepath.Join(root, path), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := readable(root); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]fs.FileMode{"bin/elasticsearch": 0o755, "lib/x.jar": 0o644, "lib": 0o755} {
		if info, _ := os.Stat(filepath.Join(root, path)); info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, want %v", path, info.Mode().Perm(), want)
		}
	}
}

func TestPartsOfTheRepositoryHaveKeys(t *testing.T) {
	have, err := fetcher(t).Cached()
	if err != nil || len(have) != 3 || have["elasticsearch"] || have["beats"] || have["prometheus"] {
		t.Errorf("an empty cache: got %v, %v", have, err)
	}
}
