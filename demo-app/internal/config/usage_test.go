package config

import (
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the README's table")

// listed returns the flags and variables that a help text explains, and the
// variables of which it says that a file may hold them.
func listed(help string) (names, files []string) {
	help, _, _ = strings.Cut(help, "\nExample")
	for line := range strings.Lines(help) {
		if m := regexp.MustCompile(`^  ((?:[A-Z_]+, )*[A-Z_]+)\n$`).FindStringSubmatch(line); m != nil {
			files = strings.Split(m[1], ", ")
		} else if m := regexp.MustCompile(`^  (-[a-z-]+|[A-Z_]+) `).FindStringSubmatch(line); m != nil {
			names = append(names, m[1])
		}
	}
	slices.Sort(names)
	slices.Sort(files)
	return names, files
}

func TestHelpListsTheSettingsOfItsCommandAndNoOther(t *testing.T) {
	for _, command := range []Command{Serve, Worker, Healthcheck} {
		help := usage(command)
		var names, files []string
		for _, r := range rows(new(Config)) {
			if !slices.Contains(r.of, command) {
				continue
			}
			if names = append(names, r.Flag); r.Flag == "" {
				names[len(names)-1] = r.Env
			}
			if r.Secret {
				files = append(files, r.Env)
			}
			if r.Default != "" && !strings.Contains(help, "("+r.Default+")") {
				t.Errorf("%s: the help lacks the default (%s) of %s", command, r.Default, r.Name)
			}
		}
		slices.Sort(names)
		slices.Sort(files)
		gotNames, gotFiles := listed(help)
		if diff := cmp.Diff(names, gotNames); diff != "" {
			t.Errorf("%s (-settings +help):\n%s", command, diff)
		}
		if diff := cmp.Diff(files, gotFiles); diff != "" {
			t.Errorf("%s, variables with a _FILE (-settings +help):\n%s", command, diff)
		}
		for line := range strings.Lines(help) {
			if len(line) > 88 {
				t.Errorf("%s: too wide: %s", command, line)
			}
		}
	}
	names, files := listed("Usage\n  -nope N   none (1)\n  NO_SUCH   none\n  A_B, C\n\nExample:\n  -no example\n")
	if !slices.Equal(names, []string{"-nope", "NO_SUCH"}) || !slices.Equal(files, []string{"A_B", "C"}) {
		t.Errorf("the check sees %q and %q", names, files)
	}
}

func TestSettingsFollowOneRule(t *testing.T) {
	taken := map[string]bool{"PATH": true, "HOME": true, "USER": true, "HOSTNAME": true, "TZ": true} // by others
	for _, s := range rows(new(Config)) {
		if s.Env != "" && s.Env != variable(s.Name) || s.Flag != "" && s.Flag != "-"+s.Name || s.Env == "" && s.Flag == "" {
			t.Errorf("%+v breaks the rule of names", s)
		}
		if s.Env != "" && taken[s.Env] {
			t.Errorf("%s is taken", s.Env)
		}
		taken[s.Env] = true
		if s.Meaning == "" || strings.HasSuffix(s.Meaning, ".") {
			t.Errorf("%s means %q", s.Name, s.Meaning)
		}
	}
	for _, r := range rows(new(Config)) {
		if r.Secret && r.Default == "" {
			continue // not set
		}
		if err := r.set(r.Default); err != nil {
			t.Errorf("the default of %s is bad: %v", r.Name, err)
		}
	}
}

// TestREADME holds the README's table to the settings.
func TestREADME(t *testing.T) {
	const readme, begin, end = "../../../README.md", "<!-- settings -->\n", "<!-- end of settings -->"
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, found := strings.Cut(string(text), begin)
	table, tail, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has no %q to %q", readme, begin, end)
	}
	if *update {
		if err := os.WriteFile(readme, []byte(head+begin+Table()+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		table = Table()
	}
	if diff := cmp.Diff(table, Table()); diff != "" {
		t.Errorf("(-%s +settings); make update writes it anew:\n%s", readme, diff)
	}
}
