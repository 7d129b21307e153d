package node

import (
	"bufio"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Java is one Java runtime of this machine.
type Java struct {
	Home    string
	Version string // as in its release file: "17.0.15"
	Feature int    // 17
	Found   string // where: a variable, PATH, or a directory
}

func (j Java) String() string { return fmt.Sprintf("Java %s at %s", j.Version, j.Home) }

// javaRange returns the Java versions that an Elasticsearch version asks for at
// least, and the newest that was tried with it.
func javaRange(elastic string) (least, tried int) {
	if major, _, _ := strings.Cut(elastic, "."); major == "7" || major == "8" {
		return 17, 25
	}
	return 21, 25
}

// JavaSearch says where to look for Java.
type JavaSearch struct {
	Getenv    func(string) string
	Globs     []string           // directories of runtimes
	Reachable func(string) error // whether Elasticsearch's user can run the file
	Compiler  bool               // only runtimes with a compiler: JDKs
}

// DefaultJavaSearch looks in ES_JAVA_HOME, JAVA_HOME, PATH and the usual
// directories.
func DefaultJavaSearch(reachable func(string) error) JavaSearch {
	return JavaSearch{
		Getenv:    os.Getenv,
		Globs:     []string{"/usr/lib/jvm/*", "/usr/java/*", "/opt/java/*", "/Library/Java/JavaVirtualMachines/*/Contents/Home"},
		Reachable: reachable,
	}
}

// Find returns the Java to run an Elasticsearch version with: ES_JAVA_HOME when
// it is suitable, else the newest suitable one, preferring those that were
// tried. The error lists what was found and why it does not do.
func (s JavaSearch) Find(elastic string) (Java, error) {
	least, tried := javaRange(elastic)
	var fit []Java
	var refused []string
	for _, j := range s.all() {
		switch err := s.Reachable(filepath.Join(j.Home, "bin", "java")); {
		case j.Feature < least:
			refused = append(refused, j.String()+" is too old")
		case s.Compiler && !executable(filepath.Join(j.Home, "bin", "javac")):
			refused = append(refused, j.String()+" has no compiler: it is not a JDK")
		case err != nil:
			refused = append(refused, fmt.Sprintf("%s: %v", j, err))
		default:
			fit = append(fit, j)
		}
	}
	if len(fit) == 0 {
		return Java{}, &NoJavaError{Elastic: elastic, Least: least, Refused: refused}
	}
	return slices.MaxFunc(fit, func(a, b Java) int {
		return cmp.Or(
			cmpBool(a.Found == "ES_JAVA_HOME", b.Found == "ES_JAVA_HOME"),
			cmpBool(a.Feature <= tried, b.Feature <= tried),
			cmp.Compare(a.Feature, b.Feature),
		)
	}), nil
}

func cmpBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// NoJavaError is a machine without a suitable Java.
type NoJavaError struct {
	Elastic string
	Least   int
	Refused []string
}

func (e *NoJavaError) Error() string {
	found := "none found"
	if len(e.Refused) > 0 {
		found = strings.Join(e.Refused, "; ")
	}
	return fmt.Sprintf("Elasticsearch %s needs Java %d or newer: %s", e.Elastic, e.Least, found)
}

// all lists the runtimes, each home once, in the order of the search.
func (s JavaSearch) all() []Java {
	type place struct{ home, found string }
	places := []place{{s.Getenv("ES_JAVA_HOME"), "ES_JAVA_HOME"}, {s.Getenv("JAVA_HOME"), "JAVA_HOME"}}
	for _, dir := range filepath.SplitList(s.Getenv("PATH")) {
		if file, err := exec.LookPath(filepath.Join(dir, "java")); err == nil {
			if real, err := filepath.EvalSymlinks(file); err == nil {
				places = append(places, place{filepath.Dir(filepath.Dir(real)), "PATH"})
			}
		}
	}
	for _, glob := range s.Globs {
		homes, _ := filepath.Glob(glob) // a bad pattern finds nothing
		for _, home := range homes {
			places = append(places, place{home, filepath.Dir(home)})
		}
	}
	var found []Java
	seen := map[string]bool{}
	for _, p := range places {
		home, err := filepath.EvalSymlinks(p.home)
		if p.home == "" || err != nil || seen[home] {
			continue
		}
		seen[home] = true
		if j, ok := readJava(home); ok {
			j.Found = p.found
			found = append(found, j)
		}
	}
	return found
}

// readJava reads the release file that every runtime since Java 9 has.
func readJava(home string) (Java, bool) {
	if !executable(filepath.Join(home, "bin", "java")) {
		return Java{}, false
	}
	f, err := os.Open(filepath.Join(home, "release"))
	if err != nil {
		return Java{}, false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "JAVA_VERSION="); ok {
			version := strings.Trim(value, `"`)
			digits := strings.FieldsFunc(version, func(r rune) bool { return r < '0' || r > '9' })
			if len(digits) == 0 {
				return Java{}, false
			}
			feature, err := strconv.Atoi(digits[0])
			return Java{Home: home, Version: version, Feature: feature}, err == nil
		}
	}
	return Java{}, false
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&0o111 != 0
}
