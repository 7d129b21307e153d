package canary

import (
	"encoding/json"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const subjectOfTests = "requests in logs-icat.access-default"

// lived is an account after some time of chance, as a seed has it.
func lived(seed uint64) *account {
	r := rand.New(rand.NewPCG(seed, 0))
	a := newAccount(subjectOfTests)
	o := Options{Poll: time.Second, Late: 5 * time.Second, Within: 10 * time.Second, Settle: 20 * time.Second, Window: time.Minute}
	now, since := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), time.Time{}
	for range r.IntN(200) {
		now = now.Add(time.Duration(r.IntN(3000)) * time.Millisecond)
		switch r.IntN(8) {
		case 0:
			a.begin(now) // and killed
			a.resume(now.Add(-time.Duration(r.IntN(2)) * time.Hour))
			since = time.Time{}
		case 1, 2:
			p := a.begin(now)
			p.Status = 200
			a.sent(p, map[bool]error{true: errors.New("refused")}[r.IntN(10) == 0])
		case 3:
			a.Totals.SearchErrors++
			since = time.Time{}
		default:
			if since.IsZero() {
				since = now
			}
			l := looked{asked: now, answered: now.Add(50 * time.Millisecond), since: since, sweep: r.IntN(3) == 0, seen: map[int64]sighting{}}
			l.of = a.tracked(l.sweep)
			for _, p := range l.of {
				l.seen[p.Seq] = sighting{documents: max(0, r.IntN(5)-2), altered: r.IntN(20) == 0}
			}
			a.looked(l, o)
		}
		a.prune(now, o.Window)
	}
	return a
}

// Whatever happens, the counts add up, and what is read is what was written.
func TestAnAccountAddsUp(t *testing.T) {
	for seed := range uint64(300) {
		a := lived(seed)
		for _, p := range a.Probes {
			if p.Outcome == asked {
				p.Outcome = interrupted
				a.Totals.Interrupted++
			}
		}
		if err := a.check(); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		text, err := json.Marshal(state{stateKind, stateRevision, a})
		if err != nil {
			t.Fatal(err)
		}
		got, err := readState(text)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if diff := cmp.Diff(a, got); diff != "" {
			t.Fatalf("seed %d (-written +read):\n%s", seed, diff)
		}
	}
}

func FuzzState(f *testing.F) {
	for seed := range uint64(5) {
		text, err := json.Marshal(state{stateKind, stateRevision, lived(seed)})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"kind":"plumbline canary","revision":1,"run":"r","next":2,"totals":{"requests":1},"probes":[null]}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := readState(text)
		if err != nil {
			return
		}
		a.resume(time.Now())
		if err := a.check(); err != nil {
			t.Fatalf("an account that was read is not one after a restart: %v", err)
		}
		again, err := json.Marshal(state{stateKind, stateRevision, a})
		if err != nil {
			t.Fatal(err)
		}
		if b, err := readState(again); err != nil || !cmp.Equal(a, b) {
			t.Fatalf("written again it is %+v, %v", b, err)
		}
	})
}

// A state that cannot be used is refused in a line, and stays as it is.
func TestStatesThatAreRefused(t *testing.T) {
	a := newAccount(subjectOfTests)
	a.sent(a.begin(time.Now()), nil)
	whole, err := json.Marshal(state{stateKind, stateRevision, a})
	if err != nil {
		t.Fatal(err)
	}
	with := func(from, to string) string {
		if !strings.Contains(string(whole), from) {
			t.Fatalf("no %s in %s", from, whole)
		}
		return strings.Replace(string(whole), from, to, 1)
	}
	for _, row := range []struct{ what, text, says string }{
		{"empty", "", "damaged: unexpected end of JSON input"},
		{"cut", string(whole[:len(whole)/2]), "damaged: unexpected end"},
		{"with something behind it", string(whole) + "{}", "damaged: invalid character"},
		{"another program's", `{"cursor":12}`, "no state of provisioner watch"},
		{"of a newer program", with(`"revision":1`, `"revision":2`), "of a newer program: revision 2, this one knows 1"},
		{"of no revision", with(`"revision":1`, `"revision":0`), "damaged: revision 0"},
		{"with a count changed", with(`"found":`, `"found":1`), "damaged: "},
		{"with a number used twice", with(`"next":`, `"next":1`), "damaged: "},
		{"with an outcome that is none", with(`"outcome":"`, `"outcome":"un`), "damaged: probe "},
		{"of lines", with("requests in", "ecs lines in"), "it is of ecs lines in logs-icat.access-default, not of requests in"},
	} {
		t.Run(row.what, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "canary.json")
			if err := os.WriteFile(path, []byte(row.text), 0o600); err != nil {
				t.Fatal(err)
			}
			o := newWorld().options()
			o.State = path
			_, err := New(o)
			bad := new(StateError)
			if !errors.As(err, &bad) || !strings.HasPrefix(err.Error(), "state "+path+": "+row.says) || strings.Contains(err.Error(), "\n") || bad.Hint() == "" {
				t.Errorf("it says %v, want %s", err, row.says)
			}
			if after, err := os.ReadFile(path); err != nil || string(after) != row.text {
				t.Errorf("the file was changed: %s, %v", after, err)
			}
		})
	}
}

func TestStateFile(t *testing.T) {
	o := newWorld().options()
	o.State = filepath.Join(t.TempDir(), "canary.json")
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("is the user's own", func(t *testing.T) {
		for _, name := range []string{o.State, o.State + ".lock"} {
			info, err := os.Stat(name)
			if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v, %v", name, info.Mode(), err)
			}
		}
	})
	t.Run("is one process'", func(t *testing.T) {
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), "another process keeps it") {
			t.Errorf("a second one says %v", err)
		}
	})
	t.Run("is free when that one has ended", func(t *testing.T) {
		run := c.account.Run
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if c, err = New(o); err != nil || c.account.Run != run {
			t.Fatalf("the next one says %v", err)
		}
	})
	t.Run("that cannot be written ends the canary before it sends", func(t *testing.T) {
		if err := os.RemoveAll(filepath.Dir(o.State)); err != nil {
			t.Fatal(err)
		}
		bad := new(StateError)
		if err := c.send(t.Context()); !errors.As(err, &bad) {
			t.Errorf("it says %v", err)
		}
		if _, err := New(o); !errors.As(err, &bad) || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a new one says %v", err)
		}
	})
}

// Of what a clock that was set back has in the future nothing is said.
func TestAClockThatWasSetBack(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	a := newAccount(subjectOfTests)
	for range 3 {
		a.sent(a.begin(now), nil)
	}
	a.find(a.Probes[1], looked{answered: now.Add(time.Second)}, Options{Late: time.Minute})
	back := now.Add(-time.Hour)
	a.resume(back)
	if err := a.check(); err != nil || a.Totals.Interrupted != 2 || len(a.tracked(true)) != 0 {
		t.Errorf("%+v, %v", a.Totals, err)
	}
	if a.prune(back.Add(2*time.Minute), time.Minute); len(a.Probes) != 0 {
		t.Errorf("%d probes wait for a moment that has been", len(a.Probes))
	}
}
