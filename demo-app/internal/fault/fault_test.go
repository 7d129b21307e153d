package fault

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/client_golang/prometheus"

	"plumbline/demo-app/icat"
	"plumbline/demo-app/telemetry"
)

// fixed returns a switch whose chance is always u.
func fixed(u float64) *Switch {
	return New(Options{Registerer: prometheus.NewRegistry(), Float: func() float64 { return u }})
}

func rule(t *testing.T, text string) Rule {
	t.Helper()
	var r Rule
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func set(t *testing.T, s *Switch, texts ...string) {
	t.Helper()
	for i, text := range texts {
		r := rule(t, text)
		r.ID = fmt.Sprintf("rule-%d", i)
		if _, err := s.Set(r); err != nil {
			t.Fatal(err)
		}
	}
}

// told is what Inject said, in a word.
func told(err error) string {
	if err == nil {
		return ""
	}
	return string(icat.AsError(err).Code)
}

func TestWhatBefallsARequest(t *testing.T) {
	const half = `{"route":"*","drop":0.2,"hang":0.2,"error":{"ratio":0.4,"codes":["INTERNAL","UNAVAILABLE"]}}`
	for name, row := range map[string]struct {
		rules   []string
		route   string
		chance  float64
		patient time.Duration // 0: one that waits for ever
		want    string
		after   time.Duration
	}{
		"nothing is set":                               {route: "/datasets"},
		"a rule for another route":                     {rules: []string{`{"route":"/users","drop":1}`}, route: "/datasets"},
		"a rule for this route":                        {rules: []string{`{"route":"/users","drop":1}`}, route: "/users", want: "CONNECTION_CUT"},
		"a rule for every route":                       {rules: []string{`{"route":"*","drop":1}`}, route: "/users/{id}", want: "CONNECTION_CUT"},
		"a request that matched no route":              {rules: []string{`{"route":"*","drop":1}`}, route: telemetry.RouteUnmatched, want: "CONNECTION_CUT"},
		"every route leaves probes alone":              {rules: []string{`{"route":"*","drop":1}`}, route: "/readyz"},
		"a probe that is named":                        {rules: []string{`{"route":"/readyz","drop":1}`}, route: "/readyz", want: "CONNECTION_CUT"},
		"the first share is dropped":                   {rules: []string{half}, route: "/users", chance: 0.19, want: "CONNECTION_CUT"},
		"the second hangs until the deadline":          {rules: []string{half}, route: "/users", chance: 0.2, patient: 10 * time.Second, want: "TIMEOUT", after: 10 * time.Second},
		"without a deadline it hangs for a minute":     {rules: []string{half}, route: "/users", chance: 0.39, want: "TIMEOUT", after: time.Minute},
		"the third errs with the first code":           {rules: []string{half}, route: "/users", chance: 0.41, want: "INTERNAL"},
		"or with the second":                           {rules: []string{half}, route: "/users", chance: 0.79, want: "UNAVAILABLE"},
		"and the rest is as ever":                      {rules: []string{half}, route: "/users", chance: 0.81},
		"a delay, then on":                             {rules: []string{`{"route":"*","latency":{"shape":"constant","value":"200ms"}}`}, route: "/users", after: 200 * time.Millisecond},
		"a delay of a share, of this one":              {rules: []string{`{"route":"*","latency":{"shape":"constant","value":"200ms","share":0.2}}`}, route: "/users", chance: 0.19, after: 200 * time.Millisecond},
		"a delay of a share, of another":               {rules: []string{`{"route":"*","latency":{"shape":"constant","value":"200ms","share":0.2}}`}, route: "/users", chance: 0.2},
		"a delay beyond the deadline":                  {rules: []string{`{"route":"*","latency":{"shape":"constant","value":"2s"}}`}, route: "/users", patient: time.Second, want: "TIMEOUT", after: time.Second},
		"a delay before an error":                      {rules: []string{`{"route":"*","latency":{"shape":"constant","value":"1s"},"error":{"ratio":1,"codes":["INTERNAL"]}}`}, route: "/users", want: "INTERNAL", after: time.Second},
		"several rules add up":                         {rules: []string{`{"route":"*","latency":{"shape":"constant","value":"1s"}}`, `{"route":"/users","latency":{"shape":"constant","value":"2s"}}`}, route: "/users", after: 3 * time.Second},
		"and the first that ends the request ends all": {rules: []string{`{"route":"*","drop":1}`, `{"route":"*","latency":{"shape":"constant","value":"1s"}}`}, route: "/users", want: "CONNECTION_CUT"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := fixed(row.chance)
				set(t, s, row.rules...)
				ctx := t.Context()
				if row.patient > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, row.patient)
					defer cancel()
				}
				began := time.Now()
				got := told(s.Inject(ctx, row.route))
				if got != row.want || time.Since(began) != row.after {
					t.Errorf("%q after %s, want %q after %s", got, time.Since(began), row.want, row.after)
				}
			})
		})
	}
}

func TestAClientThatLeavesEndsAHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := fixed(0)
		set(t, s, `{"route":"*","hang":1}`)
		ctx, leave := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, leave)
		if got := told(s.Inject(ctx, "/users")); got != string(icat.ClientClosed) {
			t.Errorf("got %q", got)
		}
	})
}

func TestARuleEndsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over := make(chan string, 2)
		s := New(Options{Registerer: prometheus.NewRegistry(), Expired: func(r Rule) { over <- r.ID }})
		short := rule(t, `{"id":"short","route":"*","drop":1,"for":"1m"}`)
		usual := rule(t, `{"id":"usual","route":"/users","drop":1}`)
		for _, r := range []Rule{short, usual} {
			got, err := s.Set(r)
			if err != nil {
				t.Fatal(err)
			}
			if !got.Until.Equal(time.Now().Add(time.Duration(got.For))) {
				t.Errorf("%s lasts %s until %s", got.ID, time.Duration(got.For), got.Until)
			}
		}
		ids := func() (ids []string) {
			for _, r := range s.Rules() {
				ids = append(ids, r.ID)
			}
			return ids
		}
		for _, step := range []struct {
			wait time.Duration
			want []string
		}{
			{time.Minute - time.Nanosecond, []string{"short", "usual"}},
			{time.Nanosecond, []string{"usual"}},
			{4*time.Minute - time.Nanosecond, []string{"usual"}},
			{time.Nanosecond, nil},
		} {
			time.Sleep(step.wait)
			synctest.Wait()
			if diff := cmp.Diff(step.want, ids()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
		if s.state.Load() != nil {
			t.Error("an empty switch still costs something")
		}
		if first, second := <-over, <-over; first != "short" || second != "usual" {
			t.Errorf("told of the end of %s and %s", first, second)
		}
	})
}

// A rule that was set again lasts as long as it was then told to, and one that
// was deleted does not take its successor along.
func TestTheEndOfAnOldRuleDoesNotEndANewOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := fixed(0)
		r := rule(t, `{"id":"a","route":"*","drop":1,"for":"1m"}`)
		again := func() {
			time.Sleep(40 * time.Second)
			if _, err := s.Set(r); err != nil {
				t.Fatal(err)
			}
		}
		again()
		again()
		again()
		if err := s.Delete("a"); err != nil {
			t.Fatal(err)
		}
		again()
		if _, err := s.Replace([]Rule{r}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute - time.Nanosecond)
		synctest.Wait()
		if len(s.Rules()) != 1 {
			t.Error("it ended early")
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if len(s.Rules()) != 0 {
			t.Error("it did not end")
		}
	})
}

func TestChangingTheRules(t *testing.T) {
	s := fixed(0)
	set(t, s, `{"route":"*","drop":1}`, `{"route":"/users","drop":1}`)
	if err := s.Delete("rule-0"); err != nil {
		t.Error(err)
	}
	if err := s.Delete("rule-0"); told(err) != string(icat.NoSuchObject) {
		t.Errorf("deleted twice: %v", err)
	}
	good, bad := rule(t, `{"id":"x","route":"*","drop":1}`), rule(t, `{"id":"y","route":"*","drop":2}`)
	if _, err := s.Replace([]Rule{good, bad}); told(err) != string(icat.BadParameter) {
		t.Errorf("replaced by a bad one: %v", err)
	}
	if _, err := s.Replace([]Rule{good, good}); told(err) != string(icat.BadParameter) {
		t.Errorf("replaced by twins: %v", err)
	}
	if _, err := s.Rule("rule-1"); err != nil {
		t.Errorf("a refused replacement changed something: %v", err)
	}
	if _, err := s.Replace([]Rule{good}); err != nil {
		t.Error(err)
	}
	want := []Rule{{ID: "x", Route: "*", Drop: 1, For: Duration(DefaultFor)}}
	if diff := cmp.Diff(want, s.Rules(), cmpopts.IgnoreFields(Rule{}, "Until")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	s.Clear()
	if len(s.Rules()) > 0 || s.Inject(t.Context(), "/users") != nil {
		t.Error("something was left over")
	}
	var many []Rule
	for i := range MaxRules + 1 {
		many = append(many, Rule{ID: fmt.Sprint(i), Route: "*", Drop: 1})
	}
	if _, err := s.Replace(many); told(err) != string(icat.Validation) {
		t.Errorf("too many: %v", err)
	}
	if _, err := s.Replace(many[:MaxRules]); err != nil {
		t.Error(err)
	}
	if _, err := s.Set(many[MaxRules]); told(err) != string(icat.Validation) {
		t.Errorf("one too many: %v", err)
	}
	if _, err := s.Set(many[0]); err != nil {
		t.Errorf("one of them again: %v", err)
	}
	s.Clear()
}

func TestMaintenance(t *testing.T) {
	registry := prometheus.NewRegistry()
	s := New(Options{Registerer: registry, Float: func() float64 { return 0 }})
	set(t, s, `{"route":"/readyz","error":{"ratio":1,"codes":["INTERNAL"]}}`)
	s.SetMaintenance("back at noon")
	err := s.Inject(t.Context(), "/users")
	if told(err) != string(icat.Unavailable) || icat.AsError(err).Message != "back at noon" || s.Maintenance() != "back at noon" {
		t.Errorf("while it is on: %v, message %q", err, s.Maintenance())
	}
	if err := s.Inject(t.Context(), "/metrics"); err != nil {
		t.Errorf("a scraper: %v", err)
	}
	if got := told(s.Inject(t.Context(), "/readyz")); got != string(icat.Internal) {
		t.Errorf("rules went away: %q", got)
	}
	s.Clear()
	if s.Maintenance() == "" {
		t.Error("ending the faults ended it")
	}
	s.SetMaintenance("")
	if err := s.Inject(t.Context(), "/users"); err != nil || s.state.Load() != nil {
		t.Errorf("when it is off: %v", err)
	}
	counted := map[string]float64{}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == MetricInjected {
				counted[m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue()
			}
		}
	}
	if diff := cmp.Diff(map[string]float64{"maintenance": 1, "error": 1, "drop": 0, "hang": 0, "latency": 0}, counted); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
}

func TestBadRules(t *testing.T) {
	for name, row := range map[string]struct{ rule, want string }{
		"no id":                        {`{"route":"*","drop":1}`, "id is not"},
		"an id that is none":           {`{"id":"a b","route":"*","drop":1}`, "id is not"},
		"no route":                     {`{"id":"a","drop":1}`, "route is neither"},
		"a route without a slash":      {`{"id":"a","route":"users","drop":1}`, "route is neither"},
		"nothing to befall":            {`{"id":"a","route":"*"}`, "nothing is to befall"},
		"a ratio of nothing":           {`{"id":"a","route":"*","error":{"ratio":0,"codes":["INTERNAL"]}}`, "error.ratio is not"},
		"a negative ratio":             {`{"id":"a","route":"*","drop":-0.1}`, "drop is not"},
		"a ratio above 1":              {`{"id":"a","route":"*","hang":1.1}`, "hang is not"},
		"ratios above 1 together":      {`{"id":"a","route":"*","hang":0.6,"drop":0.6}`, "exceed 1 together"},
		"no code":                      {`{"id":"a","route":"*","error":{"ratio":1}}`, "error.codes is empty"},
		"an unknown code":              {`{"id":"a","route":"*","error":{"ratio":1,"codes":["TEAPOT"]}}`, "error.codes holds another"},
		"a code that is no answer":     {`{"id":"a","route":"*","error":{"ratio":1,"codes":["CLIENT_CLOSED"]}}`, "error.codes holds another"},
		"a negative end":               {`{"id":"a","route":"*","drop":1,"for":"-1s"}`, "for is not"},
		"an end too far":               {`{"id":"a","route":"*","drop":1,"for":"25h"}`, "for is not"},
		"an end as an instant":         {`{"id":"a","route":"*","drop":1,"until":"2040-01-01T00:00:00Z"}`, "say for"},
		"no shape":                     {`{"id":"a","route":"*","latency":{"value":"1s"}}`, "shape is not"},
		"a share that is none":         {`{"id":"a","route":"*","latency":{"shape":"constant","value":"1s","share":1.5}}`, "share is not"},
		"negative latency":             {`{"id":"a","route":"*","latency":{"shape":"constant","value":"-1s"}}`, "latency: not from"},
		"latency without end":          {`{"id":"a","route":"*","latency":{"shape":"constant","value":"2h"}}`, "latency: not from"},
		"no latency":                   {`{"id":"a","route":"*","latency":{"shape":"exponential"}}`, "no delay"},
		"another shape's parameter":    {`{"id":"a","route":"*","latency":{"shape":"exponential","mean":"1s","p99":"2s"}}`, "constant takes value"},
		"an upside-down range":         {`{"id":"a","route":"*","latency":{"shape":"uniform","min":"2s","max":"1s"}}`, "max is below min"},
		"a lognormal without a median": {`{"id":"a","route":"*","latency":{"shape":"lognormal","p99":"1s"}}`, "median is 0"},
		"a median above the p99":       {`{"id":"a","route":"*","latency":{"shape":"lognormal","median":"2s","p99":"1s"}}`, "above p99"},
		"all that is wrong at once":    {`{"route":"x","drop":2,"for":"-1s"}`, "id is not 1 to 64 of A-Z a-z 0-9 . _ -; route is neither a template such as /datasets/{id} nor *; for is not from 0s to 24h0m0s; drop is not from 0 to 1; drop, hang and error.ratio exceed 1 together"},
	} {
		t.Run(name, func(t *testing.T) {
			s := fixed(0)
			_, err := s.Set(rule(t, row.rule))
			if told(err) != string(icat.BadParameter) || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %q", err, row.want)
			}
			if s.state.Load() != nil {
				t.Error("it is in force")
			}
		})
	}
}

// Ten thousand draws have the percentiles that were asked for, to 1 ms.
func TestDistributions(t *testing.T) {
	for name, row := range map[string]struct {
		latency       string
		p50, p99, max time.Duration // ms
	}{
		"constant":    {`{"shape":"constant","value":"20ms"}`, 20, 20, 20},
		"uniform":     {`{"shape":"uniform","min":"100ms","max":"200ms"}`, 150, 199, 200},
		"exponential": {`{"shape":"exponential","mean":"100ms"}`, 69, 460, 990},
		"lognormal":   {`{"shape":"lognormal","median":"20ms","p99":"400ms"}`, 20, 400, 2998},
		"no end":      {`{"shape":"lognormal","median":"1ms","p99":"1m"}`, 1, 60_000, 60_000},
	} {
		t.Run(name, func(t *testing.T) {
			var l Latency
			if err := json.Unmarshal([]byte(row.latency), &l); err != nil {
				t.Fatal(err)
			}
			const n = 10_000
			draws := make([]time.Duration, n)
			for i := range draws {
				draws[i] = l.draw((float64(i) + 0.5) / n)
			}
			draws = append(draws, l.draw(0))
			slices.Sort(draws)
			if draws[0] < 0 {
				t.Errorf("a delay of %s", draws[0])
			}
			got := []time.Duration{draws[n/2], draws[n*99/100], draws[n]}
			want := []time.Duration{row.p50 * time.Millisecond, row.p99 * time.Millisecond, row.max * time.Millisecond}
			for i := range got {
				if off := (got[i] - want[i]).Abs(); off > max(time.Millisecond, want[i]/20) {
					t.Errorf("median, p99, max are %s, want %s", got, want)
					break
				}
			}
		})
	}
}

// Whatever JSON is a rule either is refused or does what a rule may do.
func FuzzRule(f *testing.F) {
	f.Add([]byte(`{"id":"a","route":"*","drop":0.2,"hang":0.2,"error":{"ratio":0.4,"codes":["INTERNAL","TIMEOUT"]},"for":"1m"}`), 0.5)
	f.Add([]byte(`{"id":"a","route":"/x","latency":{"shape":"lognormal","median":"1ns","p99":"1m"}}`), 0.0)
	f.Add([]byte(`{"id":"a","route":"/x","latency":{"shape":"uniform","min":"1ns","max":"1m"},"error":{"ratio":5e-324,"codes":["INTERNAL"]}}`), 0.99)
	f.Fuzz(func(t *testing.T, text []byte, u float64) {
		var r Rule
		if json.Unmarshal(text, &r) != nil || !(u >= 0 && u < 1) {
			return
		}
		if err := r.check(); err != nil {
			if told(err) != string(icat.BadParameter) {
				t.Errorf("refused with %v", err)
			}
			return
		}
		if r.Latency != nil {
			if d := r.Latency.draw(u); d < 0 || d > MaxLatency {
				t.Errorf("a delay of %s", d)
			}
		}
		if r.Error != nil && !slices.Contains(Codes(), r.Error.code(u)) {
			t.Error("a code that is none")
		}
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var again Rule
		if err := json.Unmarshal(b, &again); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		if diff := cmp.Diff(r, again, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("there and back (-want +got):\n%s", diff)
		}
	})
}

func BenchmarkInject(b *testing.B) {
	for name, text := range map[string]string{"nothing set": "", "another route": `{"id":"a","route":"/x","drop":1}`} {
		b.Run(name, func(b *testing.B) {
			s := fixed(0)
			if text != "" {
				var r Rule
				if err := json.Unmarshal([]byte(text), &r); err != nil {
					b.Fatal(err)
				}
				if _, err := s.Set(r); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := s.Inject(b.Context(), "/datasets/{id}"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
