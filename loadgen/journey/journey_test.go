package journey

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plumbline/demo-app/facility"
)

func small() *facility.Facility { return facility.New(1, facility.Small()) }

// answer is what a well-behaved API would say.
func answer(r Request) (int, []byte) {
	if r.Login {
		return r.Expect, []byte(`{"sessionID":"s-` + fmt.Sprint(len(r.Body)) + `"}`)
	}
	return r.Expect, nil
}

func walk(s *Source, n int) []string {
	var out []string
	for range n {
		r := s.Next()
		out = append(out, fmt.Sprint(r.Journey, " ", r.Method, " ", r.Route, " ", r.Path, " ", r.Body, " ", r.Bearer, " ", r.Expect))
		s.Done(r, r.Expect, loginBody(r))
	}
	return out
}

func loginBody(r Request) []byte { _, body := answer(r); return body }

func TestSameSeedSameRequests(t *testing.T) {
	first, second, other := walk(NewSource(small(), 1), 2000), walk(NewSource(small(), 1), 2000), walk(NewSource(small(), 2), 2000)
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("same seed (-first +second):\n%s", diff)
	}
	if cmp.Equal(first, other) {
		t.Error("another seed makes the same requests")
	}
}

func TestMixHasEveryRouteAndFollowsTheWeights(t *testing.T) {
	const n = 50_000
	routes, journeys, unexpected, unknown := map[string]int{}, map[string]int{}, 0, 0
	s := NewSource(small(), 1)
	for range n {
		r := s.Next()
		routes[r.Method+" "+r.Route]++
		journeys[r.Journey]++
		if r.Expect >= 400 {
			unexpected++
		}
		if r.Route == "/icat/{username}" && r.Expect == http.StatusNotFound {
			unknown++
		}
		status, body := answer(r)
		s.Done(r, status, body)
	}
	want := []string{"GET /icat/{username}", "POST /sessions", "GET /sessions", "DELETE /sessions"}
	for _, c := range []string{"users", "investigations", "datasets", "datafiles"} {
		want = append(want, "GET /"+c, "GET /"+c+"/count", "GET /"+c+"/{id}")
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
	share("my data", journeys["my data"], n, 0.45, 0.60)
	share("look-up", journeys["look-up"], n, 0.05, 0.15)
	share("misuse", journeys["misuse"], n, 0.002, 0.02)
	share("errors on purpose", unexpected, n, 0.004, 0.03)
	share("unknown names", unknown, journeys["look-up"], 0.03, 0.05)
}

func TestWhatIsNamedExistsAndWhatIsNotDoesNot(t *testing.T) {
	f := small()
	names := map[string]bool{}
	for _, u := range f.Users() {
		names[u.Name] = true
	}
	sizes := map[string]int{"users": f.Scale.Users, "investigations": f.Scale.Investigations, "datasets": f.Scale.Datasets, "datafiles": f.Scale.Datafiles}
	id := regexp.MustCompile(`^/(\w+)/(\d+)$`)
	s := NewSource(f, 3)
	for range 20_000 {
		r := s.Next()
		u, err := url.Parse(r.Path)
		if err != nil {
			t.Fatal(err)
		}
		if name, ok := strings.CutPrefix(u.Path, "/icat/"); ok && names[name] != (r.Expect == http.StatusOK) {
			t.Fatalf("%s: expects %d", r.Path, r.Expect)
		}
		if m := id.FindStringSubmatch(u.Path); m != nil {
			var n int
			if _, err := fmt.Sscan(m[2], &n); err != nil {
				t.Fatal(err)
			}
			if exists := n >= 1 && n <= sizes[m[1]]; exists != (r.Expect == http.StatusOK) {
				t.Fatalf("%s: expects %d", r.Path, r.Expect)
			}
		}
		if where := u.Query().Get("where"); where != "" && json.Valid([]byte(where)) != (r.Expect == http.StatusOK) {
			t.Fatalf("%s: expects %d", r.Path, r.Expect)
		}
		if (r.Bearer == "") != (r.Auth == Nobody) {
			t.Fatalf("%s %s: session %q", r.Method, r.Path, r.Bearer)
		}
		if r.Method == http.MethodPost {
			var c struct{ Username, Password string }
			if err := json.Unmarshal([]byte(r.Body), &c); err != nil || !names[c.Username] || (c.Password == facility.Password) != (r.Expect == http.StatusCreated) {
				t.Fatalf("login %s: expects %d", r.Body, r.Expect)
			}
		}
		status, body := answer(r)
		s.Done(r, status, body)
	}
}

func TestListAndCountGoOutTogether(t *testing.T) {
	s := NewSource(small(), 1)
	for range 1000 {
		r := s.Next()
		if r.Route == "/investigations" && r.Journey == "my data" {
			if count := s.Next(); count.Route != "/investigations/count" || count.visit != r.visit {
				t.Errorf("after the list came %s", count.Route)
			}
			return
		}
		status, body := answer(r)
		s.Done(r, status, body)
	}
	t.Error("no list came")
}

// A target that answers nothing must not stop the arrivals.
func TestThereIsAlwaysANextRequest(t *testing.T) {
	s := NewSource(small(), 1)
	for range 5000 {
		if r := s.Next(); r.Auth == Own {
			t.Fatalf("%s goes out with a session, but no login was answered", r.Path)
		}
	}
}

func TestAVisitEndsWhenAStepGoesWrong(t *testing.T) {
	for _, row := range []struct {
		name   string
		status int
		body   string
	}{
		{"no answer", 0, ""},
		{"a failed login", http.StatusInternalServerError, ""},
		{"an answer without a session", http.StatusCreated, `{}`},
		{"an answer that is not JSON", http.StatusCreated, `<html>`},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := NewSource(small(), 1)
			for range 200 {
				r := s.Next()
				if r.Auth == Own {
					t.Fatalf("%s was sent nevertheless", r.Path)
				}
				s.Done(r, row.status, []byte(row.body))
			}
		})
	}
}

func TestConcurrentUse(t *testing.T) {
	s := NewSource(small(), 1)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 2000 {
				r := s.Next()
				status, body := answer(r)
				s.Done(r, status, body)
			}
		})
	}
	group.Wait()
}
