package red

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/arrival"
	"plumbline/provisioner/red/estimate"
	"plumbline/provisioner/red/exact"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// bench measures a world with every source.
func (w *world) bench(t *testing.T) *Report {
	t.Helper()
	path, lines, _ := w.run(t)
	r, err := Bench{
		Ledger: "run.ledger", Lines: lines,
		Sources: []Source{
			Logs{Search: elasticsearch{w}, Index: telemetry.StreamAccess, Label: "logs, HDR", By: estimate.HDR(3)},
			Metricbeat{Search: elasticsearch{w}, Index: telemetry.StreamPrometheus},
			Prometheus{Query: prometheus{w}},
			Prometheus{Query: prometheus{w}, Native: true},
		},
		CPU:    map[string]time.Duration{"filebeat": 300 * time.Millisecond, "elasticsearch": 900 * time.Millisecond},
		Advise: &Wish{Error: .2},
	}.at(path).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.Took, r.Ledger = 0, "run.ledger"
	return r
}

// at is the bench with the ledger at a path.
func (b Bench) at(path string) Bench {
	b.Ledger = path
	return b
}

func TestGolden(t *testing.T) {
	r := steady(600).bench(t)
	var table bytes.Buffer
	if err := r.WriteTable(&table, false); err != nil {
		t.Fatal(err)
	}
	const path = "testdata/table.txt"
	if *update {
		if err := os.WriteFile(path, table.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), table.String()); diff != "" {
		t.Errorf("-want +got (go test -update rewrites it):\n%s", diff)
	}
	for what, write := range map[string]func() error{
		"JSON": func() error { return r.WriteJSON(&table) }, "HTML": func() error { return r.WriteHTML(&table) },
	} {
		table.Reset()
		if err := write(); err != nil || table.Len() == 0 || strings.Contains(table.String(), "NaN") {
			t.Errorf("%s: %v, %d bytes", what, err, table.Len())
		}
	}
}

// outcomes are the properties that do not hold, by name.
func outcomes(r *Report, of arrival.Outcome) []string {
	var names []string
	for _, p := range r.Properties {
		if p.Outcome == of {
			names = append(names, p.Name)
		}
	}
	return names
}

func TestEveryPromiseIsKeptWhereNothingIsWrong(t *testing.T) {
	burst := steady(300)
	for i := range 80 { // shorter than an interval, and the first of their series
		burst.add(began.Add(12*time.Second+time.Duration(i)*10*time.Millisecond), "/a", 500, 3*time.Millisecond)
	}
	restart := steady(300)
	restart.lives = append(restart.lives, began.Add(17*time.Second))
	quick := steady(300) // many requests after the restart: the counters are ahead of their old values at once
	quick.lives = append(quick.lives, began.Add(6*time.Second))
	young := steady(300) // the application began in mid-run, as far as scrapes go
	ahead := steady(300)
	ahead.ahead = 7 * time.Second
	behind := steady(300)
	behind.ahead = -7 * time.Second
	low := steady(6)
	low.length = 30 * time.Second
	for name, w := range map[string]*world{
		"steady": steady(300), "burst of errors": burst, "restart": restart, "restart that does not show": quick, "young": young,
		"scrapers' clocks ahead": ahead, "scrapers' clocks behind": behind, "low traffic": low,
	} {
		r := w.bench(t)
		if r.Outcome != arrival.Holds {
			t.Errorf("%s: %s; %q", name, r.Outcome, r.Broken())
		}
	}
}

func TestWhatIsWrongIsNamed(t *testing.T) {
	for _, row := range []struct {
		proves  string
		bend    func(w *world)
		outcome arrival.Outcome
		names   []string // properties that do not hold, each a part of its name
		text    string   // in one of them
	}{
		{"one request in another bucket by the last scrape", func(w *world) {
			w.bent = func(c *Counter) {
				if c.Route == "/a" && c.Held.Count == 300 {
					c.Held.Ranges = slices.Clone(c.Held.Ranges)
					c.Held.Ranges[2].Count++
					c.Held.Ranges[3].Count--
				}
			}
		}, arrival.Fails, []string{"Metricbeat: buckets", "Prometheus, classic: buckets", "Prometheus, native: buckets"}, "/a"},
		{"a counter that lost one", func(w *world) {
			w.bent = func(c *Counter) {
				if c.Route == "/a" && c.Held.Count == 300 {
					c.Held.Ranges = slices.Clone(c.Held.Ranges)
					c.Held.Ranges[2].Count--
					c.Held.Count--
				}
			}
		}, arrival.Fails, []string{"Metricbeat: counts"}, "299 requests of /a, of 300"},
		{"no scrape after the run", func(w *world) { w.until = -6 * time.Second }, arrival.Unmeasured, []string{"Metricbeat", "Prometheus, classic", "Prometheus, native"}, "not after the last request"},
		{"no scrape before the run", func(w *world) { w.phase = -8 * time.Second }, arrival.Unmeasured, []string{"Metricbeat", "Prometheus, classic"}, "not before the run"},
		{"a run shorter than two scrapes", func(w *world) { w.every, w.phase = 25*time.Second, 18*time.Second }, arrival.Unmeasured, []string{"Metricbeat: rate", "Prometheus, classic: rate"}, "fewer than two scrapes"},
		{"native histograms are not scraped", func(w *world) { w.native = false }, arrival.Unmeasured, []string{"Prometheus, native"}, "scrape_native_histograms"},
		{"Prometheus is not there", func(w *world) { w.silent = errors.New("connection refused") }, arrival.Unmeasured, []string{"Prometheus, classic", "Prometheus, native"}, "connection refused"},
	} {
		w := steady(300)
		row.bend(w)
		r := w.bench(t)
		if r.Outcome != row.outcome {
			t.Errorf("%s: %s, want %s; %q", row.proves, r.Outcome, row.outcome, r.Broken())
			continue
		}
		broken := strings.Join(r.Broken(), "\n")
		for _, name := range row.names {
			if !slices.ContainsFunc(outcomes(r, row.outcome), func(got string) bool { return strings.HasPrefix(got, name) }) {
				t.Errorf("%s: %s is not named in\n%s", row.proves, name, broken)
			}
		}
		if !strings.Contains(broken, row.text) {
			t.Errorf("%s: %q is not said in\n%s", row.proves, row.text, broken)
		}
	}
}

func TestOtherPeoplesRequestsAndMissingRoutesAreNamed(t *testing.T) {
	whole := steady(300)
	_, _, run := whole.run(t)
	for _, row := range []struct {
		proves string
		said   *world
		text   string
	}{
		{"a request that the run did not send", func() *world { w := steady(300); w.add(began.Add(time.Second), "/c", 200, time.Millisecond); return w }(), "1 request of /c"},
		{"one too many of a route", func() *world { w := steady(300); w.add(began.Add(time.Second), "/a", 200, time.Millisecond); return w }(), "did somebody else ask"},
		{"a route that a source does not know", func() *world {
			w := steady(300)
			w.requests = slices.DeleteFunc(w.requests, func(q exact.Request) bool { return q.Route == "/b" })
			return w
		}(), "it says nothing of /b"},
	} {
		for _, source := range []Source{
			Metricbeat{Search: elasticsearch{row.said}, Index: telemetry.StreamPrometheus},
			Prometheus{Query: prometheus{row.said}, Native: true},
			Logs{Search: elasticsearch{row.said}, By: estimate.HDR(3)},
		} {
			m, err := source.Measure(t.Context(), run, Patience{})
			if err != nil {
				t.Fatalf("%s: %v", row.proves, err)
			}
			list := judge(run, source.Name(), compare(run, truth(run), m), m)
			if list[0].Outcome != arrival.Fails || !strings.Contains(list[0].Text, row.text) {
				t.Errorf("%s: %s: %s: %s", row.proves, source.Name(), list[0].Outcome, list[0].Text)
			}
		}
	}
}

func TestTheReadingFollowsTheNumbers(t *testing.T) {
	said := func(w *world) string { return strings.Join(w.bench(t).Reading, "\n") }
	calm := steady(400)
	burst := steady(400)
	for i := range 100 {
		burst.add(began.Add(12*time.Second+time.Duration(i)*10*time.Millisecond), "/a", 500, 3*time.Millisecond)
	}
	slow := steady(400)
	for i, q := range slow.requests {
		if q.Route == "/a" && i%4 == 0 {
			slow.requests[i].Took = 9 * time.Second
		}
	}
	restart := steady(400)
	restart.lives = append(restart.lives, began.Add(17*time.Second))
	for _, row := range []struct {
		proves  string
		w, not  *world
		reading string
	}{
		{"a burst is explained by series that begin with it", burst, calm, "the error ratio of /a is shown as"},
		{"what lies beyond the last bound is said to", slow, calm, "beyond the last bound"},
		{"a restart is told, with what it cost", restart, calm, "began anew once"},
	} {
		if text := said(row.w); !strings.Contains(text, row.reading) {
			t.Errorf("%s: %q is not in\n%s", row.proves, row.reading, text)
		}
		if text := said(row.not); strings.Contains(text, row.reading) {
			t.Errorf("%s: %q is said without reason in\n%s", row.proves, row.reading, text)
		}
	}
}
