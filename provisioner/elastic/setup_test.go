package elastic

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plumbline/elasticsearch"
)

// run runs the steps of s from the first-th on; the 0th takes real time, for
// it asks several times.
func run(t *testing.T, s Setup, first int) ([]Done, string, error) {
	t.Helper()
	steps, err := s.Steps()
	if err != nil {
		t.Fatal(err)
	}
	var progress bytes.Buffer
	done, err := RunSteps(t.Context(), steps[first:], &progress, false)
	return done, progress.String(), err
}

// keyFiles reads the directory of keys.
func keyFiles(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if info, _ := e.Info(); info.Mode() != 0o600 {
			t.Errorf("%s has mode %v", e.Name(), info.Mode())
		}
		texts[e.Name()] = string(text)
	}
	return texts
}

func notes(done []Done) map[string]string {
	all := map[string]string{}
	for _, d := range done {
		all[d.Name] = d.Note
	}
	return all
}

var allKeys = []string{"plumbline-loadgen", "plumbline-provisioner", "plumbline-reader", "plumbline-shipper_logs", "plumbline-shipper_metrics"}

func TestSetup(t *testing.T) {
	node, s := newFakeNode(t)
	done, progress, err := run(t, s, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(progress, "✓"); got != len(done) || len(done) != 8 {
		t.Errorf("%d steps in %d lines:\n%s", len(done), got, progress)
	}
	if diff := cmp.Diff(allKeys, node.alive()); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	files := keyFiles(t, s.KeysDir)
	if len(files) != 5 {
		t.Errorf("key files: %v", files)
	}
	for name, text := range files {
		if !regexp.MustCompile(`^key\d:\w+\n$`).MatchString(text) {
			t.Errorf("%s: not one line id:api_key", name)
		}
		if _, secret, _ := strings.Cut(strings.TrimSpace(text), ":"); strings.Contains(progress, secret) {
			t.Errorf("the secret of %s is in the progress", name)
		}
	}
}

func TestSetupAgain(t *testing.T) {
	for name, row := range map[string]struct {
		between func(t *testing.T, n *fakeNode, s Setup)
		note    string
		kept    bool // the reader's file
	}{
		"keeps every key":              {func(*testing.T, *fakeNode, Setup) {}, "0 made, 5 kept", true},
		"replaces a key that is ended": {func(_ *testing.T, n *fakeNode, _ Setup) { n.keys[2].ended = true }, "1 made, 4 kept", false},
		"replaces a key that was made from another role": {
			func(_ *testing.T, n *fakeNode, _ Setup) { n.keys[2].Metadata["digest"] = "older" }, "1 made, 4 kept", false,
		},
		"replaces a file that is gone": {
			func(t *testing.T, _ *fakeNode, s Setup) {
				if err := os.Remove(KeyFile(s.KeysDir, "reader")); err != nil {
					t.Error(err)
				}
			}, "1 made, 4 kept", false,
		},
		"replaces a file that holds no key": {
			func(t *testing.T, _ *fakeNode, s Setup) {
				if err := os.WriteFile(KeyFile(s.KeysDir, "reader"), []byte("?"), 0o600); err != nil {
					t.Error(err)
				}
			}, "1 made, 4 kept", false,
		},
		"does not take another role's key": {
			func(t *testing.T, _ *fakeNode, s Setup) {
				if err := os.Rename(KeyFile(s.KeysDir, "provisioner"), KeyFile(s.KeysDir, "reader")); err != nil {
					t.Error(err)
				}
			}, "2 made, 3 kept", false,
		},
		"ends a key that an interrupted setup left": {
			func(_ *testing.T, n *fakeNode, _ Setup) {
				n.keys = append(n.keys, &fakeKey{ID: "left", Name: "plumbline-reader"})
			}, "0 made, 5 kept", true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			node, s := newFakeNode(t)
			if _, _, err := run(t, s, 1); err != nil {
				t.Fatal(err)
			}
			before := keyFiles(t, s.KeysDir)["reader.key"]
			row.between(t, node, s)
			done, _, err := run(t, s, 1)
			if err != nil {
				t.Fatal(err)
			}
			if got := notes(done)["api keys"]; got != row.note {
				t.Errorf("note %q, want %q", got, row.note)
			}
			if got := keyFiles(t, s.KeysDir)["reader.key"]; (got == before) != row.kept {
				t.Errorf("reader.key kept: %v, want %v", got == before, row.kept)
			}
			alive := map[string]int{}
			for _, key := range node.alive() {
				alive[key]++
			}
			for _, key := range allKeys {
				if alive[key] != 1 {
					t.Errorf("%d keys %s work, want 1", alive[key], key)
				}
			}
		})
	}
}

func TestSetupFindsWhatIsWrong(t *testing.T) {
	for name, row := range map[string]struct {
		spoil func(*fakeNode)
		step  string
		want  string
	}{
		"a template that wins over ours": {
			func(n *fakeNode) { n.override = "somebody" }, "template check", "index template logs-icat.access does not apply",
		},
		"a role that may too much": {func(n *fakeNode) { n.widen = "shipper_logs" }, "role check", "role shipper_logs is too wide: manage_security on the cluster is allowed"},
		"a server that accepts everything": {
			func(n *fakeNode) { n.lax = true }, "role check", "role shipper_logs is too wide: a document was accepted in metrics-plumbline.forbidden-default",
		},
	} {
		t.Run(name, func(t *testing.T) {
			node, s := newFakeNode(t)
			row.spoil(node)
			_, progress, err := run(t, s, 1)
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("error %v, want %q", err, row.want)
			}
			if !strings.Contains(progress, "✗ "+row.step) {
				t.Errorf("progress:\n%s", progress)
			}
		})
	}
}

func TestARoleThatMayTooLittleIsFound(t *testing.T) {
	want := expectations()[0]
	held := privileges{"": {"monitor": false}}
	if _, err := want.compare(held); err == nil || err.Error() != "role shipper_logs is too narrow: monitor on the cluster is refused" {
		t.Errorf("error %v", err)
	}
}

func TestEachRoleIsChecked(t *testing.T) {
	roles, err := elasticsearch.Roles()
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, r := range roles {
		want = append(want, r.Name)
	}
	for _, e := range expectations() {
		got = append(got, e.role)
	}
	if diff := cmp.Diff(want, got, cmp.Transformer("set", func(names []string) map[string]bool {
		set := map[string]bool{}
		for _, n := range names {
			set[n] = true
		}
		return set
	})); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
}

func TestLifecycleNote(t *testing.T) {
	for want, modules := range map[string][]string{
		"notice: this server has no lifecycle management": {"x-pack-core"},
		"data is deleted at the age":                      {"x-pack-core", "data-streams"},
	} {
		node, s := newFakeNode(t)
		node.modules = modules
		done, _, err := run(t, s, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got := notes(done)["lifecycle"]; !strings.HasPrefix(got, want) {
			t.Errorf("note %q, want %q", got, want)
		}
	}
}

func TestStepsStopAtTheFirstFailure(t *testing.T) {
	ok := func(context.Context) (string, error) { return "fine", nil }
	bad := func(context.Context) (string, error) { return "", errors.New("no") }
	var progress bytes.Buffer
	done, err := RunSteps(t.Context(), []Step{{"first", ok}, {"second one", bad}, {"third", ok}}, &progress, true)
	if err == nil || len(done) != 1 {
		t.Errorf("%d steps done, error %v", len(done), err)
	}
	got := regexp.MustCompile(`\d\.\ds`).ReplaceAllString(progress.String(), "N")
	want := "… first\r✓ first       fine  N\n… second one\r✗ second one  failed  N\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
}
