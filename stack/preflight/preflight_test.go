package preflight

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plumbline/doctor"
	"plumbline/stack/statedir"
)

// find returns the finding of one check.
func find(t *testing.T, all []doctor.Finding, check string) doctor.Finding {
	t.Helper()
	for _, f := range all {
		if f.Check == check {
			return f
		}
	}
	t.Fatalf("no finding %q in %+v", check, all)
	return doctor.Finding{}
}

func TestBusyPortNamesPortWisherAndHolder(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	busy := l.Addr().(*net.TCPAddr).Port
	got := ports(t.Context(), []Port{{busy, "demo-app"}})
	if len(got) != 1 || got[0].Level != doctor.Fail {
		t.Fatalf("got %+v, want one failure", got)
	}
	for _, want := range []string{"demo-app", strconv.Itoa(busy), "process " + strconv.Itoa(os.Getpid()), filepath.Base(os.Args[0])} {
		if !strings.Contains(got[0].Message, want) {
			t.Errorf("message lacks %q: %s", want, got[0].Message)
		}
	}
	if !strings.Contains(got[0].Fix, "-port-offset") {
		t.Errorf("fix: %q", got[0].Fix)
	}
}

func TestPortHeldOnAllAddressesIsBusy(t *testing.T) {
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := ports(t.Context(), []Port{{l.Addr().(*net.TCPAddr).Port, "the board"}})
	if len(doctor.Failed(got)) != 1 {
		t.Errorf("got %+v, want a failure", got)
	}
}

func TestFreePortIsFreeAgainAfterwards(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	for range 2 {
		got := ports(t.Context(), []Port{{port, "demo-app"}})
		want := []doctor.Finding{{Check: "ports", Level: doctor.OK, Message: "free: " + strconv.Itoa(port)}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestContainerMemory(t *testing.T) {
	for _, row := range []struct {
		proves string
		files  map[string]string
		want   uint64
	}{
		{"no container, no limit", nil, 1<<64 - 1},
		{"a container without a limit", map[string]string{"memory.max": "max\n", "memory.current": "5\n"}, 1<<64 - 1},
		{"a limit leaves what is not used", map[string]string{"memory.max": "1000\n", "memory.current": "300\n"}, 700},
		{"file cache is given back", map[string]string{"memory.max": "1000\n", "memory.current": "300\n", "memory.stat": "anon 1\ninactive_file 100\n"}, 800},
		{"over the limit is nothing left", map[string]string{"memory.max": "1000\n", "memory.current": "1300\n"}, 0},
	} {
		t.Run(row.proves, func(t *testing.T) {
			root := t.TempDir()
			for name, text := range row.files {
				if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if got := containerMemory(root); got != row.want {
				t.Errorf("got %d, want %d", got, row.want)
			}
		})
	}
}

func TestStateLockAndMissingTools(t *testing.T) {
	path, err := statedir.Resolve(filepath.Join(t.TempDir(), "state"))
	if err != nil {
		t.Fatal(err)
	}
	needs := Needs{Elastic: "8.19.7", State: path}
	all := Examine(t.Context(), needs)
	for _, check := range []string{"state", "lock", "go"} {
		if f := find(t, all, check); f.Level != doctor.OK {
			t.Errorf("before: %+v", f)
		}
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("looking has made the directory")
	}
	d, err := statedir.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	lock, err := d.Lock()
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Unlock()
	t.Setenv("PATH", t.TempDir())
	all = Examine(t.Context(), needs)
	for check, want := range map[string]string{
		"lock":  "process " + strconv.Itoa(os.Getpid()),
		"go":    "does not run",
		"maven": "not in PATH",
	} {
		f := find(t, all, check)
		if f.Level != doctor.Fail || !strings.Contains(f.Message, want) || f.Fix == "" {
			t.Errorf("%s: got %+v, want a failure with %q and a fix", check, f, want)
		}
	}
	needs.ServerCached = true
	if f := find(t, Examine(t.Context(), needs), "maven"); f.Level != doctor.Info {
		t.Errorf("maven with Elasticsearch in the cache: %+v", f)
	}
}

func TestStateThatElasticsearchCannotReachFails(t *testing.T) {
	closed := filepath.Join(t.TempDir(), "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	f := state(Needs{State: filepath.Join(closed, "state"), NodeUID: 64200})
	if f.Level != doctor.Fail || !strings.Contains(f.Message, "cannot pass "+closed) {
		t.Errorf("got %+v", f)
	}
}
