package journey

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// example is the file that the documentation shows.
func example(t testing.TB) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/journeys.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(page), "```yaml\n")
	text, _, found := strings.Cut(after, "```")
	if !found {
		t.Fatal("docs/journeys.md shows no example")
	}
	return text
}

// one is a file with one journey of these steps, which begin in column 5.
func one(steps string) string {
	return "journeys:\n- name: mine\n  weight: 1\n  steps:\n" + steps
}

const step = "  - {method: GET, path: /users}\n"

func TestRead(t *testing.T) {
	for _, row := range []struct {
		name, text string
		want       []string // "" for a file that is right
	}{
		{"the documentation's example", example(t), nil},
		{"the least there is", one(step), nil},
		{"nothing", "", []string{"j.yaml:1:1: is empty"}},
		{"a comment", "# nothing\n", []string{"j.yaml:1:1: is empty"}},
		{"no YAML", "journeys: [\n", []string{"j.yaml:1: did not find"}},
		{"a tab", "journeys:\n\t- name: x\n", []string{"j.yaml:2: found character that cannot start any token"}},
		{"another kind of file", "just text", []string{"j.yaml:1:1: the file is a mapping of journeys"}},
		{"two documents", one(step) + "---\n" + one(step), []string{"more than one document"}},
		{"no journeys", "journeys: []\n", []string{"j.yaml:1:11: journeys: a list of 1 to 100 journeys is wanted"}},
		{"an unknown key of the file", "journeys:\n- {name: a, weight: 1, steps: [{method: GET, path: /}]}\nspeed: 3\n", []string{`j.yaml:3:1: unknown key "speed": the file has journeys`}},
		{"an unknown key of a journey", one(step) + "  wait: 3\n", []string{`j.yaml:6:3: unknown key "wait": a journey has name, weight, steps, about, people, think`}},
		{"an unknown key of a step", one("  - {method: GET, path: /users, header: x}\n"), []string{`j.yaml:5:33: unknown key "header": a step has method, path, route, query, body, expect, session, capture, think`}},
		{"a key twice", one("  - {method: GET, path: /users, method: PUT}\n"), []string{`j.yaml:5:33: method is given twice`}},
		{"no name, weight or steps", "journeys:\n- about: x\n", []string{"j.yaml:2:3: name is missing", "weight is missing", "steps is missing"}},
		{"weight 0", "journeys:\n- {name: a, weight: 0, steps: [{method: GET, path: /}]}\n", []string{`j.yaml:2:21: weight "0": a whole number from 1 to 1000000 is wanted`}},
		{"a weight below 0", "journeys:\n- {name: a, weight: -3, steps: [{method: GET, path: /}]}\n", []string{`weight "-3"`}},
		{"a weight that is no number", "journeys:\n- {name: a, weight: lots, steps: [{method: GET, path: /}]}\n", []string{`weight "lots"`}},
		{"an empty journey", "journeys:\n- {name: a, weight: 1, steps: []}\n", []string{`j.yaml:2:31: steps: a list of 1 to 1000 steps is wanted`}},
		{"steps that are no list", "journeys:\n- {name: a, weight: 1, steps: GET}\n", []string{`j.yaml:2:31: steps: a list`}},
		{"a step that is a word", one("  - GET\n"), []string{`j.yaml:5:5: a step is a mapping of method, path`}},
		{"a built-in name", "journeys:\n- {name: search, weight: 1, steps: [{method: GET, path: /}]}\n", []string{`journey "search": the name is taken`}},
		{"a name with a comma", "journeys:\n- {name: 'a,b', weight: 1, steps: [{method: GET, path: /}]}\n", []string{`name "a,b": 1 to 64 letters`}},
		{"the same name twice", "journeys:\n- {name: a, weight: 1, steps: [{method: GET, path: /}]}\n- {name: a, weight: 1, steps: [{method: GET, path: /}]}\n", []string{`j.yaml:3:3: journey "a": the name is taken`}},
		{"people is no word", one(step) + "  people: many\n", []string{`j.yaml:6:11: people: allowed are true and false`}},
		{"a bad method", one("  - {method: FETCH, path: /users}\n"), []string{`j.yaml:5:14: method "FETCH": allowed are GET, HEAD, POST, PUT, PATCH, DELETE`}},
		{"a method in lower case", one("  - {method: get, path: /users}\n"), []string{`method "get": allowed are GET`}},
		{"a path without a slash", one("  - {method: GET, path: users}\n"), []string{`j.yaml:5:25: path "users": must begin with one /`}},
		{"a path to another host", one("  - {method: GET, path: //evil/x}\n"), []string{`must begin with one /`}},
		{"a path that would break the request", one("  - {method: GET, path: \"/x HTTP/1.1\\r\\nHost: y\"}\n"), []string{`holds a character that a path cannot`}},
		{"a path with half an escape", one("  - {method: GET, path: /x%2}\n"), []string{`holds a % without two hex digits`}},
		{"a name without a route", one("  - {method: GET, path: '/users/{{user.id}}'}\n"), []string{`path has {{user.id}}, so a route is wanted`}},
		{"a bad route", one("  - {method: GET, path: '/users/{{user.id}}', route: 'users/{id}'}\n"), []string{`route "users/{id}": the target's name`}},
		{"an unknown name", one("  - {method: GET, path: '/x/{{proposal}}', route: /x}\n"), []string{`j.yaml:5:25: {{proposal}} is not known here, known are cycle, datafile, dataset`}},
		{"an unknown name in a body", one("  - {method: POST, path: /x, body: {a: ['{{nobody}}']}}\n"), []string{`j.yaml:5:41: {{nobody}} is not known here`}},
		{"a name that is not closed", one("  - {method: GET, path: '/x/{{user', route: /x}\n"), []string{`{{user: a name of a-z, 0-9, _ and . and }} should follow`}},
		{"a name from the same group", one("  - together:\n    - {method: POST, path: /x, body: {}, capture: {id: /id}}\n    - {method: GET, path: '/x/{{id}}', route: '/x/{id}'}\n"), []string{`j.yaml:7:27: {{id}} is not known here`}},
		{"a body that is a word", one("  - {method: POST, path: /x, body: hello}\n"), []string{`j.yaml:5:36: body: a mapping or a list is wanted`}},
		{"a body without a method for it", one("  - {method: GET, path: /x, body: {a: 1}}\n"), []string{`body: a GET has none`}},
		{"a number that JSON has not", one("  - {method: POST, path: /x, body: {a: .nan}}\n"), []string{`".nan" has no form in JSON`}},
		{"an empty query", one("  - {method: GET, path: /x, query: {}}\n"), []string{`query: keys and values are wanted`}},
		{"a bad status", one("  - {method: GET, path: /x, expect: 42}\n"), []string{`expect "42": allowed are 200 to 599 and any`}},
		{"a session before there is one", one("  - {method: GET, path: /x, session: own}\n"), []string{`session: own, but no step before has session: open`}},
		{"an unknown session", one("  - {method: GET, path: /x, session: mine}\n"), []string{`session "mine": allowed are own, none, open and stale`}},
		{"a session that nothing opens", one("  - {method: GET, path: /x, session: open}\n"), []string{`session: open is for the POST with a body`}},
		{"an empty capture", one("  - {method: GET, path: /x, capture: {}}\n"), []string{`capture: names and JSON pointers are wanted`}},
		{"a bad pointer", one("  - {method: GET, path: /x, capture: {id: id}}\n"), []string{`capture id: "id" is no JSON pointer`}},
		{"a captured name that is taken", one("  - {method: GET, path: /x, capture: {user: /id}}\n"), []string{`capture "user": the name is taken`}},
		{"a bad captured name", one("  - {method: GET, path: /x, capture: {My Id: /id}}\n"), []string{`capture "My Id": a name of a-z`}},
		{"a bad think time", one("  - {method: GET, path: /x, think: long}\n"), []string{`think "long": not a time up to 1h0m0s; allowed are 0, 1.5s and lognormal(median=2.8s[,sigma=0.6])`}},
		{"a think time inside a group", one("  - together:\n    - {method: GET, path: /x, think: 1s}\n"), []string{`think: belongs to the group`}},
		{"an empty group", one("  - together: []\n"), []string{`together: a list of 1 to 1000 steps is wanted`}},
		{"an alias", "x: &a {}\njourneys: *a\n", []string{`anchors and aliases are not supported`}},
		{"more mistakes than are worth reading", one(strings.Repeat("  - {}\n", 20)), []string{"method is missing", "and 30 more"}},
		{"a file that is too long", strings.Repeat("#", maxFile+1), []string{"more than 1048576 bytes"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			journeys, err := Read("j.yaml", strings.NewReader(row.text))
			if (err == nil) != (row.want == nil) || err == nil && len(journeys) == 0 {
				t.Fatalf("got %v, want %q", err, row.want)
			}
			for _, want := range row.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q", err, want)
				}
			}
		})
	}
}

// What the documentation shows works against a correct API.
func TestTheExampleWalksToItsEnd(t *testing.T) {
	journeys, err := Read("j.yaml", strings.NewReader(example(t)))
	if err != nil {
		t.Fatal(err)
	}
	o, now := small(1), time.Duration(0)
	o.Journeys = journeys
	o.Clock = func() time.Duration { now += 10 * time.Millisecond; return now }
	seen := map[string]int{}
	walk(o, 3000, func(r Request, status int, why error) {
		if status != r.Expect {
			t.Fatalf("%s %s %s: %d (%v), expected %d", r.Method, r.Path, r.Body, status, why, r.Expect)
		}
		seen[r.Journey+": "+r.Method+" "+r.Route]++
	})
	for _, want := range []string{"samples: GET /samples", "samples: GET /samples/count", "samples: GET /investigations/{id}", "samples: DELETE /sessions", "upload: POST /datasets", "upload: GET /datasets/{id}"} {
		if seen[want] == 0 {
			t.Errorf("nobody came to %s", want)
		}
	}
	if seen["upload: GET /datasets/{id}"] != 0 && seen["samples: POST /sessions"] <= seen["samples: DELETE /sessions"] {
		t.Error("nobody walked off")
	}
}

func TestADefinedStepIsFilledAndEscaped(t *testing.T) {
	text := one(`  - method: POST
    path: /things
    body: {text: "a {{run}} b", id: "{{investigation}}", quoted: 'no {{investigation}}', list: [1, 2.5, true, null, ""], nested: {x: "<&\""}}
    query: {where: {a.b: {eq: "{{investigation}}"}}, order: ["x y", "{{run}}"], limit: 5}
    capture: {odd: /0/na~1me, whole: /0/n, yes: /0/b}
  - method: PUT
    path: /things/{{odd}}
    route: /things/{id}
    body: {odd: "{{odd}}", n: "{{whole}}", b: "{{yes}}"}
    expect: any
`)
	journeys, err := Read("j.yaml", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	o := small(3)
	o.Journeys = journeys
	s := NewSource(o)
	first := s.Next()
	id := first.written.scene["investigation"].text
	want := Step{Journey: "mine", Method: "POST", Route: "/things", Expect: 200, Keep: Captured,
		Path: "/things?where=%7B%22a.b%22%3A%7B%22eq%22%3A" + id + "%7D%7D&order=x+y&order=run-1&limit=5",
		Body: `{"text":"a run-1 b","id":` + id + `,"quoted":"no ` + id + `","list":[1,2.5,true,null,""],"nested":{"x":"\u003c\u0026\""}}`}
	got := first.Step
	got.written, got.capture = nil, nil
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Step{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	s.Done(first, http.StatusOK, []byte(`[{"na/me":"a/b?c \"d\"","n":12345678901234567890,"b":false}]`))
	second := s.Next()
	if want := `/things/a%2Fb%3Fc%20%22d%22`; second.Path != want || second.visit != first.visit {
		t.Errorf("path %s, want %s", second.Path, want)
	}
	if want := `{"odd":"a/b?c \"d\"","n":12345678901234567890,"b":false}`; second.Body != want {
		t.Errorf("body %s, want %s", second.Body, want)
	}
}

func TestAVisitEndsWhenWhatItCapturesIsNotThere(t *testing.T) {
	journeys, err := Read("j.yaml", strings.NewReader(one("  - {method: GET, path: /a, capture: {id: /0/id}}\n  - {method: GET, path: '/a/{{id}}', route: '/a/{id}'}\n")))
	if err != nil {
		t.Fatal(err)
	}
	for body, goesOn := range map[string]bool{`[{"id":7}]`: true, `[]`: false, `{"0":{"id":"x"}}`: true, `[{"id":{}}]`: false, `[{"id":null}]`: false, `[{"id":""}]`: false,
		`<html>`: false, ``: false, `[{"id":"` + strings.Repeat("x", maxCaptured+1) + `"}]`: false} {
		o := small(1)
		o.Journeys = journeys
		s := NewSource(o)
		first := s.Next()
		s.Done(first, http.StatusOK, []byte(body))
		if got := s.Next().visit == first.visit; got != goesOn {
			t.Errorf("after %.40q the visit went on: %v, want %v", body, got, goesOn)
		}
	}
}

func TestParseThink(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, row := range []struct{ text, again string }{{"0", "0"}, {"0s", "0"}, {"1500ms", "1.5s"}, {"lognormal(median=2.8s)", "lognormal(median=2.8s,sigma=0.6)"},
		{"lognormal(sigma=1, median=1m)", "lognormal(median=1m0s,sigma=1)"}} {
		think, err := ParseThink(row.text)
		if err != nil || think.String() != row.again {
			t.Errorf("%s: %v, %v", row.text, think, err)
		}
	}
	for _, text := range []string{"", "2", "-1s", "2h", "lognormal", "lognormal(", "lognormal()", "lognormal(median=1s", "lognormal(median=0s)", "lognormal(mean=1s)",
		"lognormal(median=x)", "lognormal(median=1s,median=2s)", "lognormal(median=1s,sigma=NaN)", "lognormal(median=1s,sigma=9)"} {
		if _, err := ParseThink(text); err == nil || !strings.Contains(err.Error(), "allowed are") {
			t.Errorf("%q: %v", text, err)
		}
	}
	think, err := ParseThink("lognormal(median=2.8s)")
	if err != nil {
		t.Fatal(err)
	}
	within, below := 0, 0
	for range 10_000 {
		d := think.Draw(random)
		if d >= time.Second && d <= 8*time.Second {
			within++
		}
		if d < 2800*time.Millisecond {
			below++
		}
	}
	if within < 8800 || below < 4800 || below > 5200 {
		t.Errorf("%d of 10,000 within 1s and 8s, %d below the median", within, below)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(example(f))
	f.Add(one(step))
	f.Add("journeys: [{name: a, weight: 1, steps: [{together: [{method: GET, path: '/{{run}}', route: /x}]}]}]")
	o := small(1)
	f.Fuzz(func(t *testing.T, text string) {
		journeys, err := Read("j.yaml", strings.NewReader(text))
		if err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				if !strings.HasPrefix(line, "j.yaml:") {
					t.Errorf("%q names no file", line)
				}
			}
			return
		}
		o.Journeys = journeys
		s := NewSource(o)
		for range 20 {
			r := s.Next()
			if request, err := http.NewRequest(r.Method, "http://host"+r.Path, nil); err != nil || request.URL.Host != "host" {
				t.Fatalf("%q makes no request: %v", r.Path, err)
			}
			s.Done(r, r.Expect, []byte(`{"sessionID":"x","id":1}`))
		}
		_ = fmt.Sprint(s.Mix())
	})
}
