package console

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/demo-app/facility"
	"plumbline/loadgen/journey"
	"plumbline/loadgen/ledger"
	"plumbline/loadgen/pace"
	"plumbline/loadgen/report"
)

// run is one under way: a request was answered, one was not, one was dropped.
func run(t *testing.T) Options {
	t.Helper()
	start := time.Now()
	header := ledger.Header{RunID: "r1", Target: "http://127.0.0.1:8000", Rate: 100, Duration: time.Hour, Version: "test"}
	recorder := report.NewRecorder(header)
	for seq, outcome := range []ledger.Outcome{ledger.Answered, ledger.Timeout, ledger.Dropped} {
		a := ledger.Attempt{Seq: uint64(seq + 1), Journey: "search", Outcome: outcome, Latency: 20 * time.Millisecond}
		if outcome == ledger.Answered {
			a.Expect, a.Status = 200, 500
		}
		recorder.Add(a)
	}
	even, err := pace.Parse("constant", 100, time.Hour, 1)
	if err != nil {
		t.Fatal(err)
	}
	governor := pace.NewGovernor(even, start)
	scale, err := facility.ParseScale("small")
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		Run: header, Planned: 360_000, Governor: governor, Stopping: make(chan struct{}), Stop: func() {}, Host: "127.0.0.1",
		Watch:  &report.Watch{Recorder: recorder, InFlight: func() int { return 4 }, Start: start, Length: time.Hour, Wanted: governor.Rate},
		Source: journey.NewSource(journey.Options{Facility: facility.New(1, scale), Seed: 1, Run: "r1", Now: start}),
	}
}

// ask sends a request whose headers are "Name: value".
func ask(h http.Handler, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = "127.0.0.1:8089"
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
		if name == "Host" {
			r.Host = value
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const asJSON = "Content-Type: application/json"

func TestStatusIsThatOfTheRun(t *testing.T) {
	o := run(t)
	answer := ask(New(o), "GET", "/status", "")
	var got Status
	if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct{ got, want any }{
		"run":                       {got.Run.RunID, "r1"},
		"phase":                     {got.Phase, "sending"},
		"wanted is the schedule's":  {got.Wanted, 100.0},
		"planned":                   {got.Planned, uint64(360_000)},
		"sent with those in flight": {got.Sent, uint64(6)},
		"in flight":                 {got.InFlight, 4},
		"outcomes":                  {got.Outcomes, map[ledger.Outcome]uint64{"answered": 1, "timeout": 1, "dropped": 1}},
		"statuses":                  {got.Statuses, map[int]uint64{500: 1}},
		"unexpected":                {got.Unexpected, uint64(1)},
		"no answer":                 {got.NoAnswer, uint64(1)},
		"journeys":                  {got.Journeys, []report.Journey{{Name: "search", Sent: 2, Unexpected: 1, NoAnswer: 1, Dropped: 1}}},
		"latency of what waited":    {got.Latency.Count, uint64(2)},
		"the mix is the source's":   {len(got.Mix), len(journey.BuiltIn())},
	} {
		if diff := cmp.Diff(row.want, row.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestControlsTurnTheRun(t *testing.T) {
	o := run(t)
	stopped := false
	o.Stop = func() { stopped = true }
	h := New(o)
	for _, row := range []struct {
		control string
		turned  func() bool
	}{
		{`{"factor": 2.5}`, func() bool { f, _ := o.Governor.Factor(); return f == 2.5 }},
		{`{"factor": 0}`, func() bool { f, _ := o.Governor.Factor(); return f == 0 }},
		{`{"paused": true}`, func() bool { _, paused := o.Governor.Factor(); return paused }},
		{`{"paused": false}`, func() bool { _, paused := o.Governor.Factor(); return !paused }},
		{`{"mix": [{"journey": "search", "weight": 77}]}`, func() bool {
			for _, m := range o.Source.Mix() {
				if m.Name == "search" {
					return m.Weight == 77
				}
			}
			return false
		}},
		{`{"stop": true}`, func() bool { return stopped }},
	} {
		if answer := ask(h, "POST", "/control", row.control, asJSON); answer.Code != http.StatusOK || !row.turned() {
			t.Errorf("%s: %d %s, or nothing turned", row.control, answer.Code, answer.Body)
		}
	}
}

func TestWhatIsRefusedTurnsNothing(t *testing.T) {
	for _, row := range []struct {
		name, control string
		headers       []string
		code          int
		message       string
	}{
		{"a form, which any page may send", `{"stop":true}`, []string{"Content-Type: text/plain"}, 415, "send JSON"},
		{"a page of another origin", `{"stop":true}`, []string{asJSON, "Origin: http://evil.example"}, 403, "another origin"},
		{"a page of another site", `{"stop":true}`, []string{asJSON, "Sec-Fetch-Site: cross-site"}, 403, "another origin"},
		{"a foreign name for this machine", `{"stop":true}`, []string{asJSON, "Host: evil.example:8089"}, 421, "evil.example"},
		{"a factor out of range", `{"factor": 1e9}`, []string{asJSON}, 400, "must be 0 to 1000"},
		{"a negative factor", `{"factor": -1}`, []string{asJSON}, 400, "must be 0 to 1000"},
		{"an unknown journey", `{"mix":[{"journey":"shopping","weight":1}]}`, []string{asJSON}, 400, `unknown journey "shopping"`},
		{"an unknown key", `{"speed": 2}`, []string{asJSON}, 400, "is not a control"},
		{"nothing", `{}`, []string{asJSON}, 400, "give one of"},
		{"two at once", `{"factor": 2, "stop": true}`, []string{asJSON}, 400, "give one of"},
		{"more after it", `{"factor": 2} {}`, []string{asJSON}, 400, "goes on"},
		{"a huge body", `{"mix": [` + strings.Repeat(" ", maxControl) + `]}`, []string{asJSON}, 400, "is not a control"},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := run(t)
			o.Stop = func() { t.Error("the run was stopped") }
			before := o.Source.Mix()
			answer := ask(New(o), "POST", "/control", row.control, row.headers...)
			if answer.Code != row.code || !strings.Contains(answer.Body.String(), strings.ReplaceAll(row.message, `"`, `\"`)) {
				t.Errorf("%d %s, want %d and %s", answer.Code, answer.Body, row.code, row.message)
			}
			if factor, paused := o.Governor.Factor(); factor != 1 || paused || cmp.Diff(before, o.Source.Mix()) != "" {
				t.Errorf("factor %v, paused %v, mix %v", factor, paused, o.Source.Mix())
			}
		})
	}
}

func TestARunThatCannotBeTurnedSaysSo(t *testing.T) {
	o := run(t)
	o.Governor, o.Source = nil, nil
	for control, want := range map[string]string{
		`{"factor": 2}`:    "closed model",
		`{"paused": true}`: "closed model",
		`{"mix":[{"journey":"search","weight":1}]}`: "single path",
	} {
		if answer := ask(New(o), "POST", "/control", control, asJSON); answer.Code != http.StatusBadRequest || !strings.Contains(answer.Body.String(), want) {
			t.Errorf("%s: %d %s", control, answer.Code, answer.Body)
		}
	}
}

func TestReadingOverAnotherName(t *testing.T) {
	h := New(run(t))
	for _, row := range []struct {
		path, host string
		code       int
	}{
		{"/status", "localhost:8089", 200},
		{"/status", "[::1]:8089", 200},
		{"/status", "evil.example", 421},
		{"/", "evil.example", 421},
		{"/", "127.0.0.1:8089", 200},
		{"/assets/console.js", "127.0.0.1:8089", 200},
		{"/metrics", "loadgen.bench.svc:8089", 200},
		{"/nothing", "127.0.0.1:8089", 404},
	} {
		if got := ask(h, "GET", row.path, "", "Host: "+row.host).Code; got != row.code {
			t.Errorf("%s of %s: %d, want %d", row.path, row.host, got, row.code)
		}
	}
}

func TestMetricsAreThoseOfTheRun(t *testing.T) {
	body := ask(New(run(t)), "GET", "/metrics", "").Body.Bytes()
	for _, line := range []string{
		`loadgen_run_info{pace="",run_id="r1",target="http://127.0.0.1:8000",version="test"} 1`,
		`loadgen_rate_wanted 100`, `loadgen_rate_factor 1`, `loadgen_paused 0`, `loadgen_in_flight_requests 4`, `loadgen_requests_sent_total 6`,
		`loadgen_requests_ended_total{outcome="timeout"} 1`, `loadgen_answers_total{status="500"} 1`, `loadgen_answers_unexpected_total 1`,
		`loadgen_journey_requests_ended_total{journey="search"} 2`, `loadgen_latency_seconds_count 2`,
	} {
		if !bytes.Contains(body, []byte("\n"+line+"\n")) {
			t.Errorf("no line %s in:\n%s", line, body)
		}
	}
}

func FuzzControl(f *testing.F) {
	for _, seed := range []string{`{"factor": 2}`, `{"paused":false}`, `{"mix":[{"journey":"a","weight":1}]}`, `{"stop":true}`, `{} {}`, `null`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		c, err := readControl(strings.NewReader(body))
		if err == nil && c.Factor == nil && c.Paused == nil && len(c.Mix) == 0 && !c.Stop {
			t.Errorf("%q is taken and says nothing", body)
		}
	})
}
