package logfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		found[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestFullFilesStepAside(t *testing.T) {
	for _, row := range []struct {
		proves string
		before string // what is there already
		writes []string
		want   map[string]string
	}{
		{"lines are appended", "", []string{"a\n", "b\n"}, map[string]string{"log": "a\nb\n"}},
		{"what is there goes on", "a\n", []string{"b\n"}, map[string]string{"log": "a\nb\n"}},
		{"a full file steps aside", "", []string{"aaaa\n", "bbbb\n", "c\n"}, map[string]string{"log": "c\n", "log.1": "aaaa\nbbbb\n"}},
		{"the oldest goes", "", []string{"aaaaaaaaa\n", "bbbbbbbbb\n", "ccccccccc\n", "d\n"}, map[string]string{"log": "d\n", "log.1": "ccccccccc\n", "log.2": "bbbbbbbbb\n"}},
		{"a write is not parted", "", []string{"a\n", "bbbb\ncccc\n"}, map[string]string{"log": "bbbb\ncccc\n", "log.1": "a\n"}},
		{"one too large for any file is written all the same", "", []string{"aaaaaaaaaaaaaaaa\n"}, map[string]string{"log": "aaaaaaaaaaaaaaaa\n"}},
		{"a line that was torn is not parted", "", []string{"aaaaaa", "bbbbbb\n", "c\n"}, map[string]string{"log": "c\n", "log.1": "aaaaaabbbbbb\n"}},
	} {
		t.Run(row.proves, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "log")
			if row.before != "" {
				if err := os.WriteFile(path, []byte(row.before), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			f, err := open(path, 10, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range row.writes {
				if n, err := f.Write([]byte(w)); n != len(w) || err != nil {
					t.Fatalf("write %q: %d, %v", w, n, err)
				}
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, contents(t, dir)); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

func TestALogThatCannotBeWrittenIsAnError(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "absent", "log")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in a directory that is not there: %v", err)
	}
	dir := t.TempDir()
	f, err := open(filepath.Join(dir, "log"), 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "log.1", "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("a\n")); err != nil {
		t.Fatal(err)
	}
	if n, err := f.Write([]byte("b\n")); n != 0 || err == nil {
		t.Errorf("with something in the way: %d, %v", n, err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "log.1")); err != nil {
		t.Fatal(err)
	}
	if n, err := f.Write([]byte("b\n")); n != 2 || err != nil {
		t.Errorf("and with nothing in the way any more: %d, %v", n, err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"log": "b\n", "log.1": "a\n"}, contents(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}
