package journey

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
)

// small are the options of a run on the small facility.
func small(seed uint64) Options {
	return Options{Facility: facility.New(1, facility.Small()), Seed: seed, Run: "run-1", Now: time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)}
}

func full() Options {
	o := small(1)
	o.Facility = facility.New(1, facility.Full())
	return o
}

// walk makes n requests of o and has each answered before the next.
func walk(o Options, n int, each func(r Request, status int, why error)) {
	s, a := NewSource(o), newAPI(o.Facility, o.Now)
	for range n {
		r := s.Next()
		status, body, why := a.answer(r)
		each(r, status, why)
		s.Done(r, status, body)
	}
}

func lines(o Options, n int) (out []string) {
	walk(o, n, func(r Request, _ int, _ error) {
		out = append(out, fmt.Sprint(r.Journey, " ", r.Method, " ", r.Route, " ", r.Path, " ", r.Body, " ", r.Bearer, " ", r.Expect))
	})
	return out
}

func TestSameOptionsSameRequests(t *testing.T) {
	first, second := lines(small(1), 3000), lines(small(1), 3000)
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("(-first +second):\n%s", diff)
	}
	if cmp.Equal(first, lines(small(2), 3000)) {
		t.Error("another seed makes the same requests")
	}
}

func TestAnotherRunDiffersOnlyInWhatItCreates(t *testing.T) {
	other := small(1)
	other.Run = "run-2"
	first, second := lines(small(1), 3000), lines(other, 3000)
	differ := 0
	for i := range first {
		if first[i] == second[i] {
			continue
		}
		differ++
		if strings.ReplaceAll(first[i], "run-1", "run-2") != second[i] || !strings.Contains(first[i], " POST /data") {
			t.Fatalf("request %d:\n%s\n%s", i, first[i], second[i])
		}
	}
	if differ == 0 {
		t.Error("both create the same names")
	}
}

// Whatever the day, the scale and the rules: what a journey expects is what a
// correct API answers.
func TestExpectationsAreThoseOfACorrectAPI(t *testing.T) {
	soon := small(5) // some investigations are released within the year
	soon.Now = soon.Facility.Investigations()[40].ReleaseDate.Time()
	early := small(6)
	early.Now = time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC) // hardly anything is public
	seen := map[string]int{}
	for _, row := range []struct {
		name string
		o    Options
	}{{"small", small(4)}, {"full", full()}, {"at the moment of a release", soon}, {"when most is embargoed", early}} {
		t.Run(row.name, func(t *testing.T) {
			tooMany := false
			walk(row.o, 12_000, func(r Request, status int, why error) {
				if status != r.Expect {
					t.Fatalf("%s: %s %s %s as %q: %d (%v), expected %d", r.Journey, r.Method, r.Path, r.Body, r.Bearer, status, why, r.Expect)
				}
				seen[fmt.Sprint(r.Route, " ", status)]++
				tooMany = tooMany || r.Route == "/datafiles" && status == http.StatusPreconditionFailed
			})
			if tooMany != (row.o.Facility.Scale.Name == "full") {
				t.Errorf("told of too many datafiles: %v", tooMany)
			}
		})
	}
	for _, refusal := range []string{"/sessions 403", "/investigations 401", "/investigations 400", "/datafiles/{id} 404", "/investigations/{id} 403",
		"/datasets/{id} 403", "/datafiles/{id} 403", "/datasets 412", "/icat/{username} 404"} {
		if seen[refusal] == 0 {
			t.Errorf("nobody was told %s", refusal)
		}
	}
}

// The clocks of the load generator and the server need not agree.
func TestAClockADayWrongChangesNoAnswer(t *testing.T) {
	o := small(7)
	for _, id := range []int64{5, 20, 35, 50} {
		o.Now = o.Facility.Investigations()[id-1].ReleaseDate.Time()
		for _, wrong := range []time.Duration{-margin, margin} {
			s, a := NewSource(o), newAPI(o.Facility, o.Now.Add(wrong*99/100))
			for range 1500 {
				r := s.Next()
				status, body, _ := a.answer(r)
				if status != r.Expect {
					t.Fatalf("%s %s: %d, expected %d", r.Method, r.Path, status, r.Expect)
				}
				s.Done(r, status, body)
			}
		}
	}
}

func TestMixHasEveryRouteAndFollowsTheWeights(t *testing.T) {
	const n = 30_000
	routes, journeys, refused, unknown := map[string]int{}, map[string]int{}, 0, 0
	walk(full(), n, func(r Request, status int, _ error) {
		routes[r.Method+" "+r.Route]++
		journeys[r.Journey]++
		if status >= 400 {
			refused++
		}
		if r.Route == "/icat/{username}" && status == http.StatusNotFound {
			unknown++
		}
	})
	want := []string{"GET /icat/{username}", "POST /sessions", "GET /sessions", "DELETE /sessions", "GET /search/documents",
		"POST /datasets", "POST /datafiles", "PATCH /datasets/{id}"}
	for _, c := range []string{"users", "investigations", "datasets", "datafiles"} {
		want = append(want, "GET /"+c+"/{id}")
	}
	for _, c := range []string{"users", "investigations", "datasets", "datafiles", "instruments", "facilitycycles", "samples"} {
		want = append(want, "GET /"+c, "GET /"+c+"/count")
	}
	for _, route := range want {
		if routes[route] == 0 {
			t.Errorf("no request for %s", route)
		}
		delete(routes, route)
	}
	for route := range routes {
		t.Errorf("requests for %s, which is no route", route)
	}
	share := func(name string, part, whole int, low, high float64) {
		if got := float64(part) / float64(whole); got < low || got > high {
			t.Errorf("%s: share %.3f, want %.3f to %.3f", name, got, low, high)
		}
	}
	share("my data", journeys["my data"], n, 0.40, 0.60)
	share("browse", journeys["browse"], n, 0.20, 0.35)
	share("search", journeys["search"], n, 0.10, 0.20)
	share("look-up", journeys["look-up"], n, 0.05, 0.15)
	share("ingest", journeys["ingest"], n, 0.01, 0.04)
	share("misuse", journeys["misuse"], n, 0.002, 0.02)
	share("errors on purpose", refused, n, 0.004, 0.03)
	share("unknown names", unknown, journeys["look-up"], 0.03, 0.05)
}

// A name that exists already would be refused, and what is created must hang
// together.
func TestIngestCreatesADatasetAndItsFiles(t *testing.T) {
	names, last, visits := map[string]bool{}, "", 0
	walk(small(1), 8_000, func(r Request, status int, _ error) {
		if r.Journey != "ingest" || status != http.StatusOK || r.Auth != Own {
			return
		}
		switch r.Method + " " + r.Route {
		case "POST /datasets":
			var body []icat.Dataset
			if err := json.Unmarshal([]byte(r.Body), &body); err != nil || len(body) != 1 || names[body[0].Name] || body[0].Complete {
				t.Fatalf("%v: %s", err, r.Body)
			}
			names[body[0].Name] = true
		case "POST /datafiles":
			var body []icat.Datafile
			if err := json.Unmarshal([]byte(r.Body), &body); err != nil || len(body) < fewestFiles || len(body) > mostFiles {
				t.Fatalf("%v: %d files", err, len(body))
			}
			last = fmt.Sprintf("/datasets/%d", body[0].Dataset.ID)
		case "PATCH /datasets/{id}":
			if visits++; r.Path != last || !strings.Contains(r.Body, `"complete":true`) {
				t.Fatalf("%s after files for %s: %s", r.Path, last, r.Body)
			}
		}
	})
	if visits == 0 || visits != len(names) {
		t.Errorf("%d datasets created, %d completed", len(names), visits)
	}
}

func TestListAndCountGoOutTogether(t *testing.T) {
	o := small(1)
	s, a := NewSource(o), newAPI(o.Facility, o.Now)
	for range 1000 {
		r := s.Next()
		if r.Route == "/investigations" && r.Journey == "my data" {
			if count := s.Next(); count.Route != "/investigations/count" || count.visit != r.visit {
				t.Errorf("after the list came %s", count.Route)
			}
			return
		}
		status, body, _ := a.answer(r)
		s.Done(r, status, body)
	}
	t.Error("no list came")
}

// A target that answers nothing must not stop the arrivals.
func TestThereIsAlwaysANextRequest(t *testing.T) {
	s := NewSource(small(1))
	for range 1000 {
		if r := s.Next(); r.Auth == Own {
			t.Fatalf("%s goes out with a session, but no login was answered", r.Path)
		}
	}
}

func TestAVisitEndsWhenAStepGoesWrong(t *testing.T) {
	for _, row := range []struct {
		name   string
		route  string // whose answer goes wrong
		status int
		body   string
	}{
		{"no answer", "/sessions", 0, ""},
		{"a failed login", "/sessions", http.StatusInternalServerError, ""},
		{"an answer without a session", "/sessions", http.StatusCreated, `{}`},
		{"a login's answer that is not JSON", "/sessions", http.StatusCreated, `<html>`},
		{"a creation that fails", "/datasets", http.StatusServiceUnavailable, ``},
		{"a creation without an id", "/datasets", http.StatusOK, `[{}]`},
		{"a creation of nothing", "/datasets", http.StatusOK, `[]`},
		{"a creation's answer that is not JSON", "/datasets", http.StatusOK, `<html>`},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := small(1)
			s, a := NewSource(o), newAPI(o.Facility, o.Now)
			spoilt := map[*visit]bool{}
			for range 1500 {
				r := s.Next()
				if spoilt[r.visit] {
					t.Fatalf("%s was sent nevertheless", r.Path)
				}
				if r.Method == http.MethodPost && r.Route == row.route {
					spoilt[r.visit] = true
					s.Done(r, row.status, []byte(row.body))
					continue
				}
				status, body, _ := a.answer(r)
				s.Done(r, status, body)
			}
			if len(spoilt) == 0 {
				t.Error("nothing went wrong")
			}
		})
	}
}

func TestConcurrentUse(t *testing.T) {
	o := small(1)
	s := NewSource(o)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			a := newAPI(o.Facility, o.Now)
			for range 500 {
				r := s.Next()
				_, body, _ := a.answer(r)
				s.Done(r, r.Expect, body)
			}
		})
	}
	group.Wait()
}

func BenchmarkNext(b *testing.B) {
	o := full()
	s, a := NewSource(o), newAPI(o.Facility, o.Now)
	for b.Loop() {
		r := s.Next()
		body := []byte(nil)
		if r.Keep != Nothing {
			_, body, _ = a.answer(r)
		}
		s.Done(r, r.Expect, body)
	}
}
