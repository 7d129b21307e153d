package statedir

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// opened is a fresh state directory.
func opened(t *testing.T) Dir {
	t.Helper()
	path, err := Resolve(filepath.Join(t.TempDir(), "new", "state"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestChoose(t *testing.T) {
	public := filepath.Join(t.TempDir(), "repo")
	// Test directories lie below one that only their owner may pass.
	for dir := public; dir != "/tmp" && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.MkdirAll(dir, 0o755); err == nil {
			_ = os.Chmod(dir, 0o755)
		}
	}
	private := filepath.Join(public, "private")
	inner := filepath.Join(private, "repo")
	if err := os.MkdirAll(inner, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(private, 0o700); err != nil {
		t.Fatal(err)
	}
	if closed, _ := Untraversable(public); closed != "" {
		t.Skipf("the test's directory is below %s, which is closed", closed)
	}
	for _, row := range []struct {
		proves, repository string
		uid                int
		inside             bool
		why                string
	}{
		{"it is in the repository", public, 1000, true, ""},
		{"it is so for root as well", public, 0, true, ""},
		{"root needs a place that another user can reach", inner, 0, false, private},
		{"a plain user is the only one to reach it", inner, 1000, true, ""},
	} {
		t.Run(row.proves, func(t *testing.T) {
			path, why := Choose(row.repository, row.uid)
			if row.inside && (path != filepath.Join(row.repository, ".plumbline") || why != "") {
				t.Errorf("got %s because %q, want it in %s", path, why, row.repository)
			}
			if !row.inside && (!strings.HasPrefix(path, "/var/tmp/plumbline-0-") || !strings.Contains(why, row.why)) {
				t.Errorf("got %s because %q, want it in /var/tmp because of %s", path, why, row.why)
			}
		})
	}
	one, _ := Choose(inner, 0)
	two, _ := Choose(private, 0)
	if one == two {
		t.Errorf("two repositories share %s", one)
	}
}

func TestOpenRefusesWhatIsNotOurs(t *testing.T) {
	home := t.TempDir()
	precious := filepath.Join(home, "run", "thesis.tex")
	if err := os.MkdirAll(filepath.Dir(precious), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(precious, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{home, precious} {
		var foreign *ForeignError
		if _, err := Open(path); !errors.As(err, &foreign) {
			t.Errorf("open %s: got %v, want a refusal", path, err)
		}
	}
	if _, err := os.Stat(precious); err != nil {
		t.Error(err)
	}
}

func TestOpenTwiceIsTheSame(t *testing.T) {
	d := opened(t)
	again, err := Open(d.Path)
	if err != nil || again != d {
		t.Errorf("got %+v, %v, want %+v", again, err, d)
	}
}

func TestResetEmptiesTheRunAndKeepsLockAndCache(t *testing.T) {
	d := opened(t)
	lock, err := d.Lock()
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Unlock()
	for _, dir := range []string{d.Run("elasticsearch", "data"), d.Cache("bin")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Reset(); err != nil {
		t.Fatal(err)
	}
	left := func(dir string) (names []string) {
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	if diff := cmp.Diff([]string{"lock"}, left(d.Run())); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"bin"}, left(d.Cache())); diff != "" {
		t.Error(diff)
	}
}

func TestLock(t *testing.T) {
	d := opened(t)
	if pid, held, err := d.Holder(); held || err != nil {
		t.Errorf("before: held by %d, %v", pid, err)
	}
	lock, err := d.Lock()
	if err != nil {
		t.Fatal(err)
	}
	if pid, held, err := d.Holder(); !held || pid != os.Getpid() || err != nil {
		t.Errorf("holder: got %d, %v, %v, want %d", pid, held, err, os.Getpid())
	}
	_, err = d.Lock()
	if diff := cmp.Diff(&HeldError{Dir: d.Path, PID: os.Getpid()}, err); diff != "" {
		t.Error(diff)
	}
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	if pid, held, _ := d.Holder(); held {
		t.Errorf("after: held by %d", pid)
	}
	lock, err = d.Lock()
	if err != nil {
		t.Fatalf("second holder: %v", err)
	}
	lock.Unlock()
}

func TestHeldErrorNamesTheHolderIfItIsKnown(t *testing.T) {
	for _, row := range []struct {
		proves string
		pid    int
		want   string
	}{
		{"a known one by its number", 7, "the stack is already running: process 7 uses /state"},
		{"an unknown one has no number", 0, "the stack is already running: another process uses /state"},
	} {
		t.Run(row.proves, func(t *testing.T) {
			if diff := cmp.Diff(row.want, (&HeldError{Dir: "/state", PID: row.pid}).Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLockFileOfAKilledHolderIsNoLock(t *testing.T) {
	d := opened(t)
	if err := os.WriteFile(d.Run(lockName), []byte("4194304\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, held, err := d.Holder(); held || err != nil {
		t.Errorf("held %v, %v", held, err)
	}
	lock, err := d.Lock()
	if err != nil {
		t.Fatal(err)
	}
	lock.Unlock()
}

func TestRecordComesBack(t *testing.T) {
	d := opened(t)
	code := 1
	want := Record{
		PID: 7, Command: "demo", Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Phase: "up", State: d.Path, Verdict: &code,
		Addresses: []Address{{"board", "http://127.0.0.1:5602/"}}, Processes: []Process{{Name: "filebeat", PID: 8, Log: "x.log"}},
	}
	if err := d.Write(want); err != nil {
		t.Fatal(err)
	}
	got, err := d.Read()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
