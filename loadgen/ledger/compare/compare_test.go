package compare

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/loadgen/ledger"
)

func header() ledger.Header {
	return ledger.Header{RunID: "a", Seed: 1, Target: "http://a", Rate: 100, Duration: 100 * time.Millisecond, Scale: "small", Version: "1"}
}

// attempts are ten that all went well.
func attempts() []ledger.Attempt {
	var all []ledger.Attempt
	for seq := uint64(1); seq <= 10; seq++ {
		due := time.Duration(seq-1) * 10 * time.Millisecond
		all = append(all, ledger.Attempt{Seq: seq, Scheduled: due, Sent: due, Service: time.Millisecond, Latency: time.Millisecond,
			Journey: "my data", Method: "GET", Route: "/users", Expect: 200, Status: 200, Outcome: ledger.Answered})
	}
	return all
}

func write(t *testing.T, h ledger.Header, all []ledger.Attempt) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.ledger")
	w, err := ledger.Create(path, h)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if a.Outcome != ledger.Dropped {
			err = w.Send(a)
		}
		if err := errors.Join(err, w.Done(a)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(ledger.Trailer{Planned: uint64(len(all))}); err != nil {
		t.Fatal(err)
	}
	return path
}

func compare(t *testing.T, a, b string) Comparison {
	t.Helper()
	left, err := ledger.Open(a)
	if err != nil {
		t.Fatal(err)
	}
	defer left.Close()
	right, err := ledger.Open(b)
	if err != nil {
		t.Fatal(err)
	}
	defer right.Close()
	return Ledgers(left, right)
}

// Each row changes one thing; found is how the table shows it, blanks aside.
func TestWhatMakesRunsDifferent(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(*ledger.Header, []ledger.Attempt) []ledger.Attempt
		same   bool
		found  string
	}{
		{"nothing", func(_ *ledger.Header, all []ledger.Attempt) []ledger.Attempt { return all }, true, "the same for 10 attempts"},
		{"run, target and version are where the runs took place", func(h *ledger.Header, all []ledger.Attempt) []ledger.Attempt {
			h.RunID, h.Target, h.Version = "b", "http://b", "2"
			return all
		}, true, "│ target"},
		{"latency is for the reader to judge", func(_ *ledger.Header, all []ledger.Attempt) []ledger.Attempt {
			for i := range all {
				all[i].Service *= 3
			}
			return all
		}, true, "│ 1.000 ms │ 3.000 ms │ 3.00 │"},
		{"another seed, whose plan cannot agree", func(h *ledger.Header, all []ledger.Attempt) []ledger.Attempt { h.Seed = 2; return all }, false, "not compared: seed or scale differ"},
		{"another pace", func(h *ledger.Header, all []ledger.Attempt) []ledger.Attempt { h.Pace = "poisson"; return all }, false, "│ poisson"},
		{"a request", func(_ *ledger.Header, all []ledger.Attempt) []ledger.Attempt {
			all[3].Route = "/groups"
			return all
		}, false, "│ plan, attempt 4 │ GET /users (my data) expecting 200 │ GET /groups (my data) expecting 200 │ differs │"},
		{"a time by a nanosecond", func(_ *ledger.Header, all []ledger.Attempt) []ledger.Attempt { all[4].Scheduled++; return all }, false,
			"│ due, attempt 5 │ 40ms"},
		{"a status", func(_ *ledger.Header, all []ledger.Attempt) []ledger.Attempt { all[5].Status = 500; return all }, false, "│ status 500 │ 0 │ 1 │ +1 │"},
		{"an outcome", func(_ *ledger.Header, all []ledger.Attempt) []ledger.Attempt {
			all[5].Outcome = ledger.Dropped
			return all
		}, false, "│ outcome dropped │ 0 │ 1 │ +1 │"},
		{"an end before the other", func(_ *ledger.Header, all []ledger.Attempt) []ledger.Attempt { return all[:9] }, false, "│ sent │ 10 │ 9 │ -1 │"},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := header()
			changed := row.change(&h, attempts())
			c := compare(t, write(t, header(), attempts()), write(t, h, changed))
			var table bytes.Buffer
			if err := c.WriteTable(&table); err != nil {
				t.Fatal(err)
			}
			if c.Same != row.same || !strings.Contains(strings.Join(strings.Fields(table.String()), " "), row.found) {
				t.Errorf("same %v, want %v and %q in:\n%s", c.Same, row.same, row.found, table.String())
			}
		})
	}
}

func TestATruncatedLedgerIsNamed(t *testing.T) {
	path := write(t, header(), attempts())
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.ledger")
	if err := os.WriteFile(cut, whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	c := compare(t, path, cut)
	var truncated *ledger.TruncatedError
	if c.A.Err != nil || !errors.As(c.B.Err, &truncated) || c.A.Attempts != 10 {
		t.Errorf("got %+v and %+v, want the second truncated", c.A, c.B)
	}
}

func TestJSONComesBack(t *testing.T) {
	changed := attempts()
	changed[0].Route, changed[1].Status = "/groups", 500
	want := compare(t, write(t, header(), attempts()), write(t, header(), changed))
	var text bytes.Buffer
	if err := want.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	var got Comparison
	if err := json.Unmarshal(text.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
