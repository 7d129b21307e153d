package canary

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"plumbline/provisioner/arrival"
)

// of is what becomes of one probe's line; all others are there soon.
func of(seq int64, copies ...document) func(int64) []document {
	return func(s int64) []document {
		if s != seq {
			return nil
		}
		return append([]document{}, copies...)
	}
}

func TestWhatBecomesOfProbes(t *testing.T) {
	always := func(time.Duration) bool { return true }
	const s = time.Second
	for _, row := range []struct {
		proves  string
		world   world
		want    totals // of 24 probes in two minutes, all of them found unless it says otherwise
		verdict arrival.Outcome
		says    string
	}{
		{"all is well", world{}, totals{Found: 24}, arrival.Holds, "24 of 24 delivered, 0 lost, 0 duplicated, 0 corrupted, 0 late"},
		{"a line that never comes is lost", world{ways: of(4)}, totals{Found: 23, Lost: 1}, arrival.Fails, "23 of 24 delivered, 1 lost: 4, 0 dup"},
		{"one of the last seconds is not lost yet", world{ways: of(21)}, totals{Found: 23}, arrival.Holds, "23 of 23 delivered"},
		{"a line that takes longer than it may is late", world{ways: of(4, document{after: 12 * s})}, totals{Found: 24, Late: 1}, arrival.Holds, "1 late: 4"},
		{"one that takes just as long as it may is not", world{ways: of(4, document{after: 10 * s})}, totals{Found: 24}, arrival.Holds, "0 late"},
		{"a lost line that turns up was late, and stays counted as lost", world{ways: of(4, document{after: 40 * s})},
			totals{Found: 24, Lost: 1, Recovered: 1, Late: 1}, arrival.Holds, "24 of 24 delivered, 0 lost, 0 duplicated, 0 corrupted, 1 late: 4"},
		{"a line that is there twice is duplicated", world{ways: of(5, document{after: 1}, document{after: 1})}, totals{Found: 24, Duplicated: 1}, arrival.Fails, "1 duplicated: 5"},
		{"one that is doubled long after it was found, too", world{ways: of(5, document{after: 1}, document{after: 25 * s})}, totals{Found: 24, Duplicated: 1}, arrival.Fails, "1 duplicated: 5"},
		{"three copies are one duplicated probe", world{ways: of(5, document{after: 1}, document{after: 9 * s}, document{after: 20 * s})}, totals{Found: 24, Duplicated: 1}, arrival.Fails, "1 duplicated: 5"},
		{"one that is doubled after it has settled is nobody's business", world{ways: of(5, document{after: 1}, document{after: 60 * s})}, totals{Found: 24}, arrival.Holds, "0 duplicated"},
		{"a line that tells another status is corrupted", world{ways: of(6, document{status: 500})}, totals{Found: 24, Corrupted: 1}, arrival.Fails, "1 corrupted: 6"},
		{"who is not answered looks for nothing", world{down: always}, totals{Unanswered: 24}, arrival.Unmeasured, "none of 24 probes in 5m0s was answered"},
		{"an Elasticsearch that cannot be asked loses nothing", world{gone: always}, totals{SearchErrors: 1}, arrival.Unmeasured, "connection refused"},
		{"nor does one that gave up in time", world{cut: `"timed_out":true,"_shards":{"total":2,"successful":2,"failed":0}`}, totals{SearchErrors: 1}, arrival.Unmeasured, "2 of 2 shards searched to the end"},
		{"nor one with a shard that failed", world{cut: `"timed_out":false,"_shards":{"total":2,"successful":1,"failed":1}`}, totals{SearchErrors: 1}, arrival.Unmeasured, "1 of 2 shards"},
		{"nor one that says nothing of its shards", world{cut: `"timed_out":false`}, totals{SearchErrors: 1}, arrival.Unmeasured, "none of a search"},
		{"a loss that is proven stays one while nothing can be asked", world{ways: of(4), gone: func(at time.Duration) bool { return at > 60*s }},
			totals{Found: 11, Lost: 1, SearchErrors: 1}, arrival.Fails, "1 lost: 4"},
		{"what an outage of Elasticsearch kept away gets its time after it", world{
			gone: func(at time.Duration) bool { return at > 27*s && at < 80*s },
			ways: func(seq int64) []document { // nothing of that time is there before 95 s
				if sent := time.Duration(seq-1) * 5 * s; sent > 25*s && sent < 80*s {
					return []document{{after: 95*s - sent}}
				}
				return nil
			}}, totals{Found: 24, Late: 10, SearchErrors: 1}, arrival.Holds, "10 late: 7-16 (10)"},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := row.world
			w.began = time.Now()
			got := w.watch(t, w.options(), 119500*time.Millisecond)
			if row.want.Requests = 24; got.Verdict != row.verdict || !strings.Contains(got.Summary, row.says) {
				t.Errorf("%s: %s %s, want %s %s", row.proves, got.Verdict, got.Summary, row.verdict, row.says)
			}
			got.Totals.SearchErrors = min(got.Totals.SearchErrors, 1) // how many depends on which of two ticks is first
			if diff := cmp.Diff(row.want, got.Totals); diff != "" {
				t.Errorf("%s: totals (-want +got):\n%s", row.proves, diff)
			}
			if row.want.SearchErrors == 0 && row.want.Unanswered == 0 && int64(got.Pending) != 24-got.Totals.Found-got.Totals.Lost+got.Totals.Recovered {
				t.Errorf("%s: %d pending of %+v", row.proves, got.Pending, got.Totals)
			}
		})
	}
}

// The lag is as fine as the looks are: half a second is seen after one.
func TestLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.ways = of(7, document{after: 8200 * time.Millisecond})
		got := w.watch(t, w.options(), 59500*time.Millisecond).Window.Lag
		if want := (&Lag{Count: 12, P50: time.Second, P99: 9 * time.Second, Max: 9 * time.Second}); !cmp.Equal(got, want) {
			t.Errorf("lag %+v, want %+v", got, want)
		}
	})
	// Nobody looked shortly before: that it was found then says nothing of its way.
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.gone = func(at time.Duration) bool { return at > 20*time.Second && at < 40*time.Second }
		got := w.watch(t, w.options(), 59500*time.Millisecond)
		if lag := got.Window.Lag; got.Totals.Found != 12 || lag.Count != 9 || lag.Max > 8*time.Second {
			t.Errorf("%d found, lag %+v: want those of nine, none of them longer than looks may take", got.Totals.Found, lag)
		}
	})
}

// A line on the terminal is for a verdict that changes.
func TestSaysWhatChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said bytes.Buffer
		w := newWorld()
		w.ways = of(4, document{after: 40 * time.Second})
		w.gone = func(at time.Duration) bool { return at > 90*time.Second && at < 100*time.Second }
		o := w.options()
		o.Said = &said
		w.watch(t, o, 2*time.Minute)
		want := []string{"HOLDS  1 of 1", "FAILS  ", "HOLDS  ", "UNMEASURED  search", "HOLDS  "}
		got := strings.Split(strings.TrimSpace(said.String()), "\n")
		for i := range max(len(got), len(want)) {
			if i >= len(got) || i >= len(want) || !strings.HasPrefix(got[i], want[i]) {
				t.Fatalf("it says\n%swant\n%s", &said, strings.Join(want, "\n"))
			}
		}
	})
	synctest.Test(t, func(t *testing.T) {
		var said bytes.Buffer
		w := newWorld()
		w.gone = func(time.Duration) bool { return true }
		o := w.options()
		o.Said = &said
		w.watch(t, o, time.Minute)
		if got := said.String(); strings.Count(got, "\n") != 1 || !strings.HasPrefix(got, "UNMEASURED  search") {
			t.Errorf("it says %q, want one line", got)
		}
	})
}

// What is out of the window is forgotten but in the totals, and a long silence of
// Elasticsearch does not fill the memory.
func TestWhatIsRememberedIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.ways = of(4)
		got := w.watch(t, w.options(), 10*time.Minute-time.Millisecond)
		if got.Verdict != arrival.Holds || got.Totals.Lost != 1 || got.Totals.Found != 119 || got.Window.Found > 61 {
			t.Errorf("%s, %+v, %d found in the window", got.Verdict, got.Totals, got.Window.Found)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.gone = func(time.Duration) bool { return true }
		c, err := New(w.options())
		if err != nil {
			t.Fatal(err)
		}
		c.subject.(*service).http.Transport = w
		for range MostProbes - 3 {
			c.account.sent(c.account.begin(time.Now()), nil)
		}
		if run(t, c, time.Minute); c.Status().Pending != MostProbes || len(w.lines) != 3 {
			t.Errorf("%d wait, %d were sent", c.Status().Pending, len(w.lines))
		}
	})
}

// Killed again and again, also in the midst of a request, a canary counts what one
// does that was left alone; nobody is told what a kill undoes.
func TestKills(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.ways = func(seq int64) []document {
			return map[int64][]document{3: {}, 8: {{after: 1}, {after: 15 * time.Second}}, 10: {{after: 33 * time.Second}}, 13: {{status: 503}}}[seq]
		}
		w.hang = func(seq int64) bool { return seq == 16 }
		o := w.options()
		o.State = filepath.Join(t.TempDir(), "canary.json")
		var last *Status
		for i := range 30 {
			during := time.Duration(1+i*37%9)*time.Second + 300*time.Millisecond
			s := w.watch(t, o, during)
			if last != nil && (s.Run != last.Run || s.Totals.Requests < last.Totals.Requests || s.Totals.Found < last.Totals.Found || s.Totals.Lost < last.Totals.Lost) {
				t.Fatalf("after %+v of %s: %+v of %s", last.Totals, last.Run, s.Totals, s.Run)
			}
			last = s
			time.Sleep(time.Duration(i%4) * time.Second)
		}
		w.hang = nil
		last = w.watch(t, o, 94500*time.Millisecond)
		n := last.Totals.Requests // of which the 3rd is lost and the 16th unknown; the 10th was never looked for long enough to be lost
		want := totals{Requests: n, Found: n - 2, Lost: 1, Late: 1, Duplicated: 1, Corrupted: 1, Interrupted: 1}
		if diff := cmp.Diff(want, last.Totals); diff != "" {
			t.Errorf("totals (-want +got):\n%s", diff)
		}
		seen := map[int64]bool{}
		for _, l := range w.lines {
			if seen[l.seq] || l.run != last.Run {
				t.Errorf("probe %d of %s was sent again", l.seq, l.run)
			}
			seen[l.seq] = true
		}
	})
}

func TestStatusAndMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.ways = func(seq int64) []document { return map[int64][]document{2: {}, 3: {}, 4: {}, 7: {}, 5: {{}, {}}}[seq] }
		c, err := New(w.options())
		if err != nil {
			t.Fatal(err)
		}
		get := func(path string) string {
			r := httptest.NewRecorder()
			if path == "/status" {
				c.ServeHTTP(r, httptest.NewRequest("GET", path, nil))
			} else {
				c.Metrics().ServeHTTP(r, httptest.NewRequest("GET", path, nil))
			}
			return r.Body.String()
		}
		if text := get("/metrics"); !strings.Contains(text, "plumbline_canary_verdict NaN\n") || !strings.Contains(text, "plumbline_canary_last_search_timestamp_seconds 0\n") {
			t.Errorf("before anything is known: %s", text)
		}
		problems, err := promlint.New(strings.NewReader(get("/metrics"))).Lint()
		if err != nil || len(problems) > 0 {
			t.Errorf("%v, %v", problems, err)
		}
		c.subject.(*service).http.Transport = w
		run(t, c, 61500*time.Millisecond)
		for _, want := range []string{
			"plumbline_canary_verdict 0\n", "plumbline_canary_lost_total 4\n", "plumbline_canary_duplicated_total 1\n", "plumbline_canary_pending 0\n",
			"plumbline_canary_lag_seconds_count 9\n", "plumbline_canary_lag_seconds_bucket{le=\"1\"} 9\n", "plumbline_canary_window_lag_p99_seconds 1\n",
		} {
			if text := get("/metrics"); !strings.Contains(text, want) {
				t.Errorf("no %q in %s", want, text)
			}
		}
		var status struct {
			Verdict, Summary string
			Window           struct {
				Sent             int
				Lost, Duplicated struct {
					Count  int
					Ranges [][2]int
				}
			}
		}
		if err := json.Unmarshal([]byte(get("/status")), &status); err != nil {
			t.Fatal(err)
		}
		if got := status.Window; status.Verdict != "fails" || got.Sent != 13 || got.Lost.Count != 4 || !cmp.Equal(got.Lost.Ranges, [][2]int{{2, 4}, {7, 7}}) || !cmp.Equal(got.Duplicated.Ranges, [][2]int{{5, 5}}) {
			t.Errorf("status %+v", status)
		}
	})
}
