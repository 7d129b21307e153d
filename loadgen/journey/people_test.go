package journey

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// people are small options with a clock that the test sets, and one journey.
func people(t *testing.T, now *time.Duration, names ...string) Options {
	t.Helper()
	o := small(1)
	o.Clock = func() time.Duration { return *now }
	var err error
	if o.Journeys, err = Choose(BuiltIn(), names...); err != nil {
		t.Fatal(err)
	}
	return o
}

func TestTheNextStageWaitsForThinkingAndTheScheduleDoesNot(t *testing.T) {
	var now time.Duration
	o := people(t, &now, "my data")
	o.Think = Think{median: 3 * time.Second}
	s, a := NewSource(o), newAPI(o.Facility, o.Now)
	first := s.Next()
	status, body, _ := a.answer(first)
	s.Done(first, status, body)
	for _, now = range []time.Duration{0, time.Second, 3*time.Second - 1} {
		if r := s.Next(); r.visit == first.visit || r.Auth == Own && r.visit.next == 2 {
			t.Fatalf("%v: %s before the user had thought", now, r.Path)
		}
	}
	now = 3 * time.Second
	if r := s.Next(); r.visit != first.visit || r.Bearer == "" {
		t.Errorf("after thinking came %s of another", r.Path)
	}
}

func TestSameSeedSameRequestsWithThinkingAndDefinedJourneys(t *testing.T) {
	defined, err := Read("j.yaml", strings.NewReader(example(t)))
	if err != nil {
		t.Fatal(err)
	}
	run := func(seed uint64) []string {
		now := time.Duration(0)
		o := small(seed)
		o.Clock = func() time.Duration { now += 3 * time.Millisecond; return now }
		o.Journeys = append(BuiltIn(), defined...)
		o.Think, _ = ParseThink("lognormal(median=1s)")
		return lines(o, 3000)
	}
	if diff := cmp.Diff(run(1), run(1)); diff != "" {
		t.Errorf("(-first +second):\n%s", diff)
	}
	if cmp.Equal(run(1), run(2)) {
		t.Error("another seed makes the same requests")
	}
}

func TestThoseWhoThoughtLessComeFirst(t *testing.T) {
	var now time.Duration
	o := people(t, &now, "my data")
	o.Think, _ = ParseThink("lognormal(median=2.8s)")
	s, a := NewSource(o), newAPI(o.Facility, o.Now)
	for range 500 {
		r := s.Next()
		status, body, _ := a.answer(r)
		s.Done(r, status, body)
	}
	waiting, last := len(s.thinking), time.Duration(0)
	if waiting < 300 {
		t.Fatalf("%d users think", waiting)
	}
	for len(s.thinking) > 0 {
		if next := s.thinking[0].until; next < last {
			t.Fatalf("%v after %v", next, last)
		} else {
			last = next
		}
		now = last
		_ = s.Next()
	}
}

func TestProgramsDoNotThink(t *testing.T) {
	var now time.Duration
	o := people(t, &now, "look-up", "ingest", "misuse")
	o.Think = Think{median: time.Hour}
	s, a := NewSource(o), newAPI(o.Facility, o.Now)
	for range 2000 {
		r := s.Next()
		status, body, _ := a.answer(r)
		s.Done(r, status, body)
	}
	if n := len(s.thinking); n > 0 || len(s.open) > 0 {
		t.Errorf("%d think, %d left a session", n, len(s.open))
	}
}

// A session is used by one visit at a time, never after its logout, and not
// when it may have expired.
func TestSessionsAreReusedAndAbandoned(t *testing.T) {
	var now time.Duration
	o := people(t, &now, "my data", "browse", "search")
	run := func(pass time.Duration) (logins, logouts, reused int) {
		now = 0
		s, a := NewSource(o), newAPI(o.Facility, o.Now)
		holder, out := map[string]*visit{}, map[string]bool{}
		serial := 0
		for range 10_000 {
			now += pass
			r := s.Next()
			status, body, _ := a.answer(Request{Step: r.Step, Bearer: plain(r.Bearer)})
			switch {
			case r.Keep == Session:
				logins++
				serial++
				body = []byte(strings.Replace(string(body), `"}`, fmt.Sprintf("#%d\"}", serial), 1))
			case out[r.Bearer]:
				t.Fatalf("%s in the session %s after its logout", r.Path, r.Bearer)
			case r.Method == http.MethodDelete:
				logouts++
				out[r.Bearer] = true
			}
			if before := holder[r.Bearer]; r.Bearer != "" && before != r.visit {
				if before != nil {
					reused++
					if before.pending > 0 || before.next < len(before.stages) {
						t.Fatalf("session %s is used by two visits", r.Bearer)
					}
				}
				holder[r.Bearer] = r.visit
			}
			if status != r.Expect {
				t.Fatalf("%s %s: %d, expected %d", r.Method, r.Path, status, r.Expect)
			}
			s.Done(r, status, body)
		}
		return logins, logouts, reused
	}
	logins, logouts, reused := run(0)
	if reused < logins/10 || logouts < logins/4 || logouts > 3*logins/4 {
		t.Errorf("%d logins, %d logouts, %d sessions reused", logins, logouts, reused)
	}
	if _, _, reused := run(stillValid); reused > 0 {
		t.Errorf("%d sessions were reused that may have expired", reused)
	}
}

// plain takes off what tells the sessions of one user apart.
func plain(bearer string) string {
	name, _, _ := strings.Cut(bearer, "#")
	return name
}

func TestASessionThatCannotBeSentIsNone(t *testing.T) {
	for _, id := range []string{"a\r\nX: y", "ä", strings.Repeat("x", 2000), ""} {
		if got := sessionOf([]byte(text(map[string]string{"sessionID": id}))); got != "" {
			t.Errorf("%q became %q", id, got)
		}
	}
}

func TestChoose(t *testing.T) {
	some, err := Choose(BuiltIn(), "search", "ingest")
	if err != nil || len(some) != 2 || some[0].Name != "search" {
		t.Fatalf("%v, %v", some, err)
	}
	if all, err := Choose(BuiltIn()); err != nil || len(all) != len(BuiltIn()) {
		t.Errorf("without names: %d, %v", len(all), err)
	}
	for name, want := range map[string]string{"shopping": `unknown journey "shopping", known are my data, browse, search, look-up, ingest, misuse`, "search": `journey "search" is named twice`} {
		if _, err := Choose(BuiltIn(), "search", name); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	o := small(1)
	o.Journeys = some
	walk(o, 500, func(r Request, _ int, _ error) {
		if r.Journey != "search" && r.Journey != "ingest" {
			t.Fatalf("%s was not chosen", r.Journey)
		}
	})
}

func TestTheMixCanBeChangedWhileTheRunGoes(t *testing.T) {
	s := NewSource(small(1))
	for _, row := range []struct {
		mix  []Share
		want string
	}{
		{[]Share{{"shopping", 1}}, `unknown journey "shopping"`},
		{[]Share{{"search", -1}}, `journey "search": weight -1 must be 0 to 1000000`},
		{[]Share{{"my data", 0}, {"browse", 0}, {"search", 0}, {"look-up", 0}, {"ingest", 0}, {"misuse", 0}}, "one must be above"},
	} {
		if err := s.SetMix(row.mix...); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("got %v, want %q", err, row.want)
		}
	}
	if s.Mix()[0] != (Share{"my data", 45}) {
		t.Errorf("a refused change left %v", s.Mix())
	}
	if err := s.SetMix(Share{"my data", 0}, Share{"browse", 0}, Share{"search", 0}, Share{"ingest", 0}, Share{"misuse", 0}); err != nil {
		t.Fatal(err)
	}
	for range 200 {
		if r := s.Next(); r.Journey != "look-up" {
			t.Fatalf("%s has weight 0", r.Journey)
		}
	}
}
