package mutations

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// mutation replaces what stands just once in a file.
type mutation struct{ breaks, file, old, new string }

func mutations() []mutation {
	return []mutation{
		{"head loss", "roll.go", "for seq := uint64(1); seq <= r.last;", "for seq := uint64(2); seq <= r.last;"},
		{"tail loss", "roll.go", "seq <= r.last; seq++", "seq < r.last; seq++"},
		{"loss told from indeterminate", "roll.go", "case !found && k.state == answered:", "case !found && k.state == unanswered:"},
		{"duplicates", "roll.go", "case c.again.has(i):", "case false:"},
		{"corrupted attempts", "roll.go", "case c.differs.has(i):", "case false:"},
		{"what was never sent", "roll.go", "case a.NeverSent():", "case false:"},
		{"more than 256 kinds", "roll.go", "c.high[i] = uint8(place >> 8)", "c.high[i] = 0"},
		{"the border between two chunks", "roll.go", "return r.chunks[n], (seq - 1) % chunkSize", "return r.chunks[n], (seq - 1) % (chunkSize - 1)"},

		{"the first document is a copy", "compare.go", "\t\tchunk.again.set(i)\n", ""},
		{"how many copies", "compare.go", "acc.Duplicated.Extra++", "acc.Duplicated.Extra += 2"},
		{"the last attempt", "compare.go", "seq > c.last {", "seq >= c.last {"},
		{"every comparison", "compare.go", "if want != string(got) && ", "if want == string(got) && "},
		{"the method", "compare.go", "\tcheck(telemetry.FieldMethod, k.method, d.values[colMethod])\n", ""},
		{"the route", "compare.go", "\tcheck(telemetry.FieldRoute, k.route, d.values[colRoute])\n", ""},
		{"the status", "compare.go", "\t\tcheck(telemetry.FieldStatus, k.status, d.values[colStatus])\n", ""},
		{"the trace id", "compare.go", "if string(c.trace) != string(d.values[colTrace]) {", "if false {"},
		{"a duration of nothing", "compare.go", "ok && took > 0", "ok && took >= 0"},
		{"which attempt was found", "compare.go", "\tchunk.found.set(i)\n", "\tchunk.found.set(0)\n"},
		{"what a ledger that was cut off cannot know", "compare.go", "case a.Truncated:", "case !a.Truncated:"},

		{"one line stored twice told from two lines", "copies.go", "if events < c.n {", "if events <= c.n {"},
		{"a shard that did not answer", "page.go", "case failed > 0:", "case failed > 1:"},
		{"a slice that was not read", "read.go", "read != portions[i].documents {", "read > portions[i].documents {"},
		{"a second value", "survey.go", "values.Values != s.", "values.Values < s."},
		{"documents of a kind that was not told", "survey.go", "if rest != 0 {", "if false {"},
		{"what is known of a kind", "page.go", "document{values: p.layout.given}", "document{}"},
		{"ranges", "seqs.go", "if seq == r.Last+1 {", "if seq == r.Last+2 {"},

		{"counts at a glance", "fast.go", "a.N == b.N && ", ""},
		{"sums at a glance", "fast.go", "a.Sum == b.Sum && ", ""},
		{"squares at a glance", "fast.go", "|| a.Squares == b.Squares)", "|| true)"},
		{"groups with too many", "fast.go", "if group.Sent != group.Found {", "if group.Sent > group.Found {"},
		{"what is known without an answer", "fast.go", "Known: alike(got, want.Answered, last),", "Known: true,"},
		{"documents outside the ledger", "glance.go", "out.Outside = out.Documents - min(within, out.Documents)", "out.Outside = out.Documents - max(within, out.Documents)"},

		{"a count that ends the wait", "wait.go", "return s.Found > s.Sent })", "return s.Found >= s.Sent })"},
		{"late duplicates", "wait.go", "if n != acc.searched() {", "if n == acc.searched() {"},

		{"the verdict on one loss", "verdict.go", "if n := a.Lost.Len(); n > 0 {", "if n := a.Lost.Len(); n > 1 {"},
		{"the verdict on one stray", "verdict.go", "if a.Unexpected.Documents > 0 {", "if a.Unexpected.Documents > 1 {"},
		{"what could not be measured", "verdict.go", "if p.Outcome == Fails || p.Outcome == Unmeasured && r.Outcome == Holds {", "if p.Outcome == Fails {"},

		{"a line cut at its end", "fate/fate.go", "i >= 0 && len(part) > 0", "i > 0 && len(part) > 0"},
		{"where a line was altered", "fate/fate.go", "At: parting(want, got)}", "At: 0}"},
	}
}

// decisive are the tests that a mutation has to break: all without a network and quick.
const decisive = "^Test(Audit|HowValues|DurationFound|Roll|Glance|BlindSpot|Squares|Wait|EachPropertyCanFail|Seqs|Of|OfMalformed)"

func TestEachMutationBreaksATest(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the tests of arrival once for each mutation")
	}
	home, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range mutations() {
		if os.Getenv("PLUMBLINE_MUTATIONS") != "all" && i%3 != time.Now().YearDay()%3 {
			continue // each takes a build: a third of them a day
		}
		t.Run(m.breaks, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(home, m.file)
			source, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(source, []byte(m.old)); n != 1 {
				t.Fatalf("%s has %q %d times: the code has changed, so change the mutation", m.file, m.old, n)
			}
			out, err := tested(t, path, bytes.Replace(source, []byte(m.old), []byte(m.new), 1))
			switch {
			case err == nil:
				t.Errorf("no test notices that %q became %q in %s", m.old, m.new, m.file)
			case !strings.Contains(out, "--- FAIL") && !strings.Contains(out, "panic:"):
				t.Errorf("no test failed, but it could not be run: %s", out)
			}
		})
	}
}

// And without a mutation they pass: otherwise each would seem to be noticed.
func TestTheTestsPassWithoutAMutation(t *testing.T) {
	if testing.Short() {
		t.Skip("likewise")
	}
	for _, file := range []string{"roll.go", "fate/fate.go"} {
		path, err := filepath.Abs(filepath.Join("..", file))
		if err != nil {
			t.Fatal(err)
		}
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := tested(t, path, source); err != nil || !strings.Contains(out, "ok") || strings.Contains(out, "no tests to run") {
			t.Errorf("%s: %v: %s", file, err, out)
		}
	}
}

// tested runs the decisive tests of a file's package with another content of it.
func tested(t *testing.T, path string, content []byte) (string, error) {
	t.Helper()
	changed := filepath.Join(t.TempDir(), filepath.Base(path))
	if err := os.WriteFile(changed, content, 0o600); err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {path: changed}})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "go", "test", "-vet=off", "-short", "-failfast", "-count=1", "-timeout=2m",
		"-ldflags=-s -w", "-overlay", list, "-run", decisive, ".")
	command.Dir = filepath.Dir(path)
	out, err := command.CombinedOutput()
	return string(out), err
}
