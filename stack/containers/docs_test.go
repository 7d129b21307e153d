package containers

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	readme = repository + "/README.md"
	manual = repository + "/docs/containers.md"
)

var update = flag.Bool("update", false, "write the footprint that was measured into the manual")

// publish shows a footprint, and puts it where CI keeps files and, if told to,
// into the manual.
func publish(t *testing.T, table string) {
	t.Helper()
	t.Log("\n" + table)
	if dir := os.Getenv("PLUMBLINE_ARTIFACTS"); dir != "" {
		if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, "footprint.md"), []byte(table), 0o644)); err != nil {
			t.Error(err)
		}
	}
	if !*update {
		return
	}
	const begin, end = "<!-- footprint -->\n", "<!-- end of footprint -->"
	text, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, found := strings.Cut(string(text), begin)
	_, tail, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has no %q to %q", manual, begin, end)
	}
	if err := os.WriteFile(manual, []byte(head+begin+table+end+tail), 0o644); err != nil {
		t.Error(err)
	}
}

// documented are the commands for Compose that a page's blocks show, one a line.
func documented(t *testing.T, page string) []string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var commands []string
	for _, block := range regexp.MustCompile("(?s)```\n(.*?)```").FindAllSubmatch(text, -1) {
		for line := range strings.Lines(string(block[1])) {
			command, _, _ := strings.Cut(line, " #")
			if command = strings.TrimSpace(command); strings.HasPrefix(command, "docker compose ") {
				commands = append(commands, command)
			}
		}
	}
	return commands
}

// manual types what the manual shows into a shell, but for what starts and
// stops the stack, which other tests do, or follows a log for ever.
func (p *project) manual(t *testing.T) {
	dir := t.TempDir()
	tried := 0
	for _, line := range documented(t, manual) {
		switch verb := strings.Fields(line)[2]; {
		case slices.Contains([]string{"up", "down", "build", "pull"}, verb), strings.HasPrefix(verb, "-"):
			continue
		case verb == "logs":
			line = strings.ReplaceAll(line, " -f", "")
		}
		shell := p.command(t.Context(), "")
		shell.Path, shell.Args = "/bin/sh", []string{"sh", "-euc", line}
		shell.Env, shell.Dir = append(shell.Env, p.env...), dir
		out, err := shell.CombinedOutput()
		if err != nil || len(strings.TrimSpace(string(out))) == 0 && !strings.Contains(line, " cp ") {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
		tried++
	}
	if tried == 0 {
		t.Error("the manual shows no command")
	}
	for _, name := range []string{"verdict.json", "ca.crt"} { // what it has copied here
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("no %s: %v", name, err)
		}
	}
}
