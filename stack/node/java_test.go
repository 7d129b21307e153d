package node

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// machine lays out Java runtimes: name -> version, "!" before it for no JDK.
func machine(t *testing.T, runtimes map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, version := range runtimes {
		programs := []string{"java", "javac"}
		if version[0] == '!' {
			version, programs = version[1:], programs[:1]
		}
		if err := os.MkdirAll(filepath.Join(root, name, "bin"), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, p := range programs {
			if err := os.WriteFile(filepath.Join(root, name, "bin", p), nil, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		release := "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + "\"\n"
		if err := os.WriteFile(filepath.Join(root, name, "release"), []byte(release), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestFindJava(t *testing.T) {
	for _, row := range []struct {
		proves   string
		runtimes map[string]string
		elastic  string
		env      map[string]string // value: a runtime's name
		compiler bool
		closed   string // a runtime that the user cannot reach
		want     string // its name, or "" and refused
		refused  int
	}{
		{proves: "the newest that fits", runtimes: map[string]string{"a": "17.0.15", "b": "21.0.2", "c": "11.0.1"}, elastic: "8.19.7", want: "b"},
		{proves: "9.x refuses Java 17", runtimes: map[string]string{"a": "17.0.15"}, elastic: "9.2.0", refused: 1},
		{proves: "9.x takes Java 21", runtimes: map[string]string{"a": "17.0.15", "b": "21"}, elastic: "9.2.0", want: "b"},
		{proves: "a tried one goes before a newer one", runtimes: map[string]string{"a": "25.0.3", "b": "31"}, elastic: "8.19.7", want: "a"},
		{proves: "an untried one is better than none", runtimes: map[string]string{"b": "31"}, elastic: "8.19.7", want: "b"},
		{proves: "ES_JAVA_HOME has the last word", runtimes: map[string]string{"a": "17.0.15", "b": "21.0.2"}, elastic: "8.19.7", env: map[string]string{"ES_JAVA_HOME": "a"}, want: "a"},
		{proves: "an unfit ES_JAVA_HOME has not", runtimes: map[string]string{"a": "11", "b": "21.0.2"}, elastic: "8.19.7", env: map[string]string{"ES_JAVA_HOME": "a"}, want: "b"},
		{proves: "JAVA_HOME is only one of them", runtimes: map[string]string{"a": "17.0.15", "b": "21.0.2"}, elastic: "8.19.7", env: map[string]string{"JAVA_HOME": "a"}, want: "b"},
		{proves: "a JDK when something is to be built", runtimes: map[string]string{"a": "17.0.15", "b": "!21.0.2"}, elastic: "8.19.7", compiler: true, want: "a"},
		{proves: "a runtime without compiler runs it", runtimes: map[string]string{"a": "17.0.15", "b": "!21.0.2"}, elastic: "8.19.7", want: "b"},
		{proves: "one that Elasticsearch's user cannot reach does not count", runtimes: map[string]string{"a": "17.0.15", "b": "21.0.2"}, elastic: "8.19.7", closed: "b", want: "a"},
		{proves: "Java 8's old numbers are too old", runtimes: map[string]string{"a": "1.8.0_402"}, elastic: "8.19.7", refused: 1},
		{proves: "an early access build has a number", runtimes: map[string]string{"a": "21-ea"}, elastic: "8.19.7", want: "a"},
		{proves: "none at all", elastic: "8.19.7"},
	} {
		t.Run(row.proves, func(t *testing.T) {
			root := machine(t, row.runtimes)
			java, err := JavaSearch{
				Getenv: func(name string) string {
					if row.env[name] == "" {
						return ""
					}
					return filepath.Join(root, row.env[name])
				},
				Globs:    []string{filepath.Join(root, "*")},
				Compiler: row.compiler,
				Reachable: func(path string) error {
					if row.closed != "" && path == filepath.Join(root, row.closed, "bin", "java") {
						return errors.New("closed")
					}
					return nil
				},
			}.Find(row.elastic)
			if row.want != "" {
				if err != nil || java.Home != filepath.Join(root, row.want) {
					t.Errorf("got %v, %v, want %s", java, err, row.want)
				}
				return
			}
			var none *NoJavaError
			if !errors.As(err, &none) || len(none.Refused) != row.refused {
				t.Errorf("got %v, %v, want a refusal of %d", java, err, row.refused)
			}
		})
	}
}

func TestJavaInPathIsFoundBehindItsLinks(t *testing.T) {
	root := machine(t, map[string]string{"jdk": "21.0.2"})
	bin := t.TempDir()
	if err := os.Symlink(filepath.Join(root, "jdk", "bin", "java"), filepath.Join(bin, "java")); err != nil {
		t.Fatal(err)
	}
	got, err := JavaSearch{
		Getenv:    func(name string) string { return map[string]string{"PATH": "/nowhere:" + bin}[name] },
		Reachable: func(string) error { return nil },
	}.Find("8.19.7")
	want := Java{Home: filepath.Join(root, "jdk"), Version: "21.0.2", Feature: 21, Found: "PATH"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}
