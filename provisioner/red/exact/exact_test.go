package exact

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/loadgen/ledger"
)

var started = time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)

// book writes a ledger of attempts and returns its path.
func book(t *testing.T, attempts ...ledger.Attempt) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.ledger")
	w, err := ledger.Create(path, ledger.Header{RunID: "r1", Target: "http://api", Started: started})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range attempts {
		if err := errors.Join(w.Send(a), w.Done(a)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(ledger.Trailer{Planned: uint64(len(attempts)), Ended: started.Add(10 * time.Second)}); err != nil {
		t.Fatal(err)
	}
	return path
}

// attempt is one that was sent at so many milliseconds and answered 20 ms later.
func attempt(seq uint64, ms int, route string, status int) ledger.Attempt {
	at := time.Duration(ms) * time.Millisecond
	return ledger.Attempt{Seq: seq, Scheduled: at, Sent: at, Service: 20 * time.Millisecond, Journey: "j", Method: "GET", Route: route, Status: status, Outcome: ledger.Answered}
}

// line is the application's about an attempt: it began 5 ms after the sending
// and took 10, by a clock that is ahead by so much.
func line(a ledger.Attempt, ahead time.Duration) Line {
	return Line{Seq: a.Seq, Method: a.Method, Route: a.Route, Status: a.Status, Took: 10 * time.Millisecond,
		Ended: started.Add(a.Sent + 15*time.Millisecond + ahead)}
}

func given(lines ...Line) Lines {
	return func(_ context.Context, _ string, yield func(Line)) error {
		for _, l := range lines {
			yield(l)
		}
		return nil
	}
}

func TestJoin(t *testing.T) {
	a, b, c := attempt(1, 0, "/a", 200), attempt(2, 100, "/b", 503), attempt(3, 200, "/a", 200)
	silent := c
	silent.Outcome, silent.Status = ledger.Timeout, 0
	refused := c
	refused.Outcome, refused.Status = ledger.Refused, 0
	probe := attempt(3, 200, "/readyz", 200)
	other := line(c, 0)
	other.Status = 404
	stray := line(c, 0)
	stray.Seq = 9
	for _, row := range []struct {
		proves   string
		attempts []ledger.Attempt
		lines    []Line
		want     Join
		requests int
	}{
		{"a line for each", []ledger.Attempt{a, b, c}, []Line{line(b, 0), line(a, 0), line(c, 0)}, Join{Attempts: 3, Answered: 3}, 3},
		{"an answer without a line is missing, by route", []ledger.Attempt{a, b, c}, []Line{line(a, 0), line(c, 0)}, Join{Attempts: 3, Answered: 3, Missing: map[string]uint64{"/b": 1}}, 2},
		{"no answer and no line is nobody's", []ledger.Attempt{a, b, silent}, []Line{line(a, 0), line(b, 0)}, Join{Attempts: 3, Answered: 2, Unseen: 1}, 2},
		{"no answer and a line is a request", []ledger.Attempt{a, b, silent}, []Line{line(a, 0), line(b, 0), line(c, 0)}, Join{Attempts: 3, Answered: 2}, 3},
		{"what never left is no attempt", []ledger.Attempt{a, b, refused}, []Line{line(a, 0), line(b, 0)}, Join{Attempts: 2, Answered: 2}, 2},
		{"a line of what never left is a stray", []ledger.Attempt{a, b, refused}, []Line{line(a, 0), line(b, 0), line(c, 0)}, Join{Attempts: 2, Answered: 2, Stray: 1}, 2},
		{"a second line is one too many, and a request", []ledger.Attempt{a, b, c}, []Line{line(a, 0), line(b, 0), line(c, 0), line(c, 0)}, Join{Attempts: 3, Answered: 3, Doubled: 1}, 4},
		{"another status differs", []ledger.Attempt{a, b, c}, []Line{line(a, 0), line(b, 0), other}, Join{Attempts: 3, Answered: 3, Differing: 1}, 3},
		{"a number that the ledger has not is a stray", []ledger.Attempt{a, b, c}, []Line{line(a, 0), line(b, 0), line(c, 0), stray}, Join{Attempts: 3, Answered: 3, Stray: 1}, 3},
		{"probes are left out", []ledger.Attempt{a, b, probe}, []Line{line(a, 0), line(b, 0), line(probe, 0)}, Join{Attempts: 2, Answered: 2}, 2},
	} {
		run, err := Read(t.Context(), book(t, row.attempts...), given(row.lines...), Patience{})
		if err != nil {
			t.Errorf("%s: %v", row.proves, err)
			continue
		}
		if row.want.Missing == nil {
			row.want.Missing = map[string]uint64{}
		}
		if diff := cmp.Diff(row.want, run.Join); diff != "" || len(run.Requests) != row.requests {
			t.Errorf("%s: %d requests, want %d; -want +got:\n%s", row.proves, len(run.Requests), row.requests, diff)
		}
	}
}

func TestClockIsToldByTheRequests(t *testing.T) {
	for _, ahead := range []time.Duration{0, 3 * time.Second, -40 * time.Millisecond, -time.Hour} {
		var attempts []ledger.Attempt
		var lines []Line
		for i := range 20 {
			attempts = append(attempts, attempt(uint64(i+1), 10*i, "/a", 200))
			lines = append(lines, line(attempts[i], ahead))
		}
		run, err := Read(t.Context(), book(t, attempts...), given(lines...), Patience{})
		if err != nil {
			t.Fatal(err)
		}
		if c := run.Clock; ahead < c.Low || ahead > c.High || c.High-c.Low > 20*time.Millisecond {
			t.Errorf("ahead by %v: it is told to be from %v to %v", ahead, c.Low, c.High)
		}
		if agrees := run.Clock.Agrees(100 * time.Millisecond); agrees != (ahead.Abs() < 100*time.Millisecond) {
			t.Errorf("ahead by %v: agrees is %v", ahead, agrees)
		}
		if off := (run.Clock.Middle() - ahead).Abs(); off > 20*time.Millisecond {
			t.Errorf("ahead by %v: the middle is %v", ahead, run.Clock.Middle())
		}
	}
}

func TestReadWaitsForLinesAndNotForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := attempt(1, 0, "/a", 200), attempt(2, 0, "/a", 200)
		path := book(t, a, b)
		began := time.Now()
		late := func(_ context.Context, _ string, yield func(Line)) error {
			yield(line(a, 0))
			if time.Since(began) >= 3*time.Second {
				yield(line(b, 0))
			}
			return nil
		}
		run, err := Read(t.Context(), path, late, Patience{Within: 10 * time.Second})
		if err != nil || run.Join.Lacking("") != 0 {
			t.Errorf("lacking %d, %v; want none after a wait", run.Join.Lacking(""), err)
		}
		run, err = Read(t.Context(), path, given(line(a, 0)), Patience{Within: time.Second})
		if err != nil || run.Join.Lacking("") != 1 {
			t.Errorf("lacking %d, %v; want one when patience has ended", run.Join.Lacking(""), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := Read(ctx, path, given(line(a, 0)), Patience{Within: time.Minute}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want the end of the context", err)
		}
	})
}

func TestFiles(t *testing.T) {
	access := func(run string, seq int, more string) string {
		return fmt.Sprintf(`{"@timestamp":"2026-01-02T15:04:05.123456789Z","event":{"id":"x"%s},"http":{"request":{"method":"GET"},"response":{"status_code":200},"route":"/a"},"run":{"id":%q,"seq":%d}}`, more, run, seq)
	}
	const took = `,"duration":1500000`
	path := filepath.Join(t.TempDir(), "demo-app.json")
	text := access("r1", 1, took) + "\n" +
		access("r2", 2, took) + "\n" + // another run
		`{"message":"about r1","run":"\"r1\""}` + "\n" + // not an access line
		access("r1", 3, "") + "\n" + // without a duration
		"garbage \"r1\"\n" +
		access("r1", 4, took) // still being written
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var got []Line
	if err := Files([]string{path})(t.Context(), "r1", func(l Line) { got = append(got, l) }); err != nil {
		t.Fatal(err)
	}
	want := []Line{{Seq: 1, Method: "GET", Route: "/a", Status: 200, Took: 1500 * time.Microsecond, Ended: time.Date(2026, 1, 2, 15, 4, 5, 123456789, time.UTC)}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if err := Files([]string{path + ".gone"})(t.Context(), "r1", nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v, want that the file does not exist", err)
	}
}

func TestDurations(t *testing.T) {
	d := make(Durations, 100)
	for i := range d {
		d[i] = time.Duration(i+1) * time.Millisecond
	}
	for _, row := range []struct {
		q    float64
		want time.Duration
	}{{0, time.Millisecond}, {.5, 50 * time.Millisecond}, {.501, 51 * time.Millisecond}, {.99, 99 * time.Millisecond}, {.999, 100 * time.Millisecond}, {1, 100 * time.Millisecond}} {
		if got := d.At(row.q); got != row.want {
			t.Errorf("%v is %v, want %v", row.q, got, row.want)
		}
	}
	if got := d.AtMost(.025); got != 25 { // a bound belongs to its own bucket
		t.Errorf("%d took at most 25 ms, want 25", got)
	}
	if !d.Tells(.99) || d.Tells(.999) || (Durations{}).At(.5) != 0 {
		t.Error("of 100 durations p99 can be told, p99.9 cannot, and of none nothing")
	}
}
