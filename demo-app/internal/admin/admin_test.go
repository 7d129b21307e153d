package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/client_golang/prometheus"

	"plumbline/demo-app/icat"
	"plumbline/demo-app/internal/config"
	"plumbline/demo-app/internal/fault"
	"plumbline/demo-app/telemetry"
)

const theToken = "0123456789abcdef-secret"

// port is an admin port under test, with all that it controls.
type port struct {
	Options
	server   *httptest.Server
	registry *prometheus.Registry
	log      *bytes.Buffer // read only after the answers that it tells of

	level    telemetry.Level
	pool     int
	flushed  int
	queueErr error
}

func open(t testing.TB) *port {
	t.Helper()
	p := &port{registry: prometheus.NewRegistry(), log: &bytes.Buffer{}, pool: 8}
	level, err := telemetry.ParseLevel("info")
	if err != nil {
		t.Fatal(err)
	}
	p.level = level
	p.Options = Options{
		Token: theToken, Registerer: p.registry, Routes: []string{"/datasets", "/datasets/{id}", "/readyz"},
		Log:        telemetry.NewLog(p.log, telemetry.Service{Name: "test"}, level),
		Settings:   []config.Value{{Name: "admin-token", Value: "[set]", From: "environment"}},
		Faults:     fault.New(fault.Options{Registerer: p.registry}),
		Pressure:   &fault.Pressure{},
		Pool:       fault.NewPool(8, func(n int) { p.pool = n }),
		FlushCache: func(context.Context) error { p.flushed++; return nil },
		FlushQueue: func(context.Context) (int, error) { return 3, p.queueErr },
		Level:      func() telemetry.Level { return p.level },
		SetLevel:   func(l telemetry.Level) { p.level = l },
	}
	t.Cleanup(p.Pressure.End)
	t.Cleanup(p.Faults.Clear)
	p.server = httptest.NewUnstartedServer(nil)
	p.server.Config = New(p.Options).HTTP()
	p.server.Start()
	t.Cleanup(p.server.Close)
	return p
}

// ask sends a request with the token and returns status and body.
func (p *port) ask(t testing.TB, method, path, body string) (int, string) {
	t.Helper()
	r := p.request(t, method, path, body)
	r.Header.Set("Authorization", "Bearer "+theToken)
	status, text, _ := p.send(t, r)
	return status, text
}

func (p *port) request(t testing.TB, method, path, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, p.server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (p *port) send(t testing.TB, r *http.Request) (int, string, http.Header) {
	t.Helper()
	answer, err := p.server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text), answer.Header
}

// counts returns "name{label}" of every series of a metric that is not 0.
func (p *port) counts(t testing.TB, metric string) map[string]float64 {
	t.Helper()
	families, err := p.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if v := m.GetCounter().GetValue(); f.GetName() == metric && v != 0 {
				got[m.GetLabel()[0].GetValue()] = v
			}
		}
	}
	return got
}

// envelope fails when body is not the API's error envelope.
func envelope(t testing.TB, body string) icat.Envelope {
	t.Helper()
	var e icat.Envelope
	d := json.NewDecoder(strings.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil || e.Code == "" || e.Message == "" || e.RequestID == "" {
		t.Errorf("not an envelope: %q (%v)", body, err)
	}
	return e
}

// changes returns what the log says of changes: "what: before -> after by whom".
func (p *port) changes(t testing.TB) (said []string) {
	t.Helper()
	for line := range strings.Lines(p.log.String()) {
		var l struct {
			Message string
			Client  struct{ IP string }
			HTTP    struct{ Request struct{ ID string } }
			Labels  struct{ What, Before, After, Reason string }
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		if l.Client.IP != "127.0.0.1" || l.HTTP.Request.ID == "" {
			t.Errorf("who was it? %s", line)
		}
		if l.Message == "admin change" {
			said = append(said, fmt.Sprintf("%s: %s -> %s", l.Labels.What, l.Labels.Before, l.Labels.After))
		} else {
			said = append(said, l.Message+": "+l.Labels.Reason)
		}
	}
	return said
}

func TestChanges(t *testing.T) {
	const slow = `{"id":"slow","route":"/datasets","latency":{"shape":"constant","value":"5ms"},"for":"10m0s"}`
	for name, row := range map[string]struct {
		method, path, body string
		counted            string
		log                string
		works              func(p *port, body string) bool
	}{
		"a fault": {"PUT", "/admin/faults/slow", `{"route":"/datasets","latency":{"shape":"constant","value":"5ms"},"for":"10m"}`, "faults", `faults: none -> ` + slow,
			func(p *port, _ string) bool { return len(p.Faults.Rules()) == 1 }},
		"several faults": {"PUT", "/admin/faults", `[` + slow + `,{"id":"b","route":"*","drop":1}]`, "faults", `faults: [] -> [{"id":"b","route":"*","drop":1,"for":"5m0s"},` + slow + `]`,
			func(p *port, _ string) bool { return len(p.Faults.Rules()) == 2 }},
		"no faults": {"DELETE", "/admin/faults", "", "faults", "faults: [] -> none", func(p *port, body string) bool { return body == "[]\n" }},
		"memory": {"POST", "/admin/pressure", `{"mib":1,"for":"1m"}`, "pressure", `pressure: none -> {"mib":1,"for":"1m0s"}`,
			func(p *port, _ string) bool { return p.Pressure.Load().MiB == 1 }},
		"no pressure":   {"DELETE", "/admin/pressure", "", "pressure", "pressure: none -> none", func(p *port, _ string) bool { return p.Pressure.Load() == fault.Load{} }},
		"pool":          {"PUT", "/admin/pool", `{"size":1}`, "pool", "pool: 8 -> 1", func(p *port, _ string) bool { return p.pool == 1 }},
		"maintenance":   {"PUT", "/admin/maintenance", `{"on":true,"message":"back at noon"}`, "maintenance", "maintenance: off -> on: back at noon", func(p *port, _ string) bool { return p.Faults.Maintenance() == "back at noon" }},
		"without words": {"PUT", "/admin/maintenance", `{"on":true}`, "maintenance", "maintenance: off -> on: closed for maintenance", func(p *port, _ string) bool { return p.Faults.Maintenance() != "" }},
		"no more":       {"PUT", "/admin/maintenance", `{"on":false}`, "maintenance", "maintenance: off -> off", func(p *port, _ string) bool { return p.Faults.Maintenance() == "" }},
		"log level":     {"PUT", "/admin/log-level", `{"level":"error"}`, "log-level", "log-level: info -> error", func(p *port, _ string) bool { return p.level.String() == "error" }},
		"cache":         {"POST", "/admin/cache/flush", "", "cache", "cache: filled -> empty", func(p *port, _ string) bool { return p.flushed == 1 }},
		"queue":         {"POST", "/admin/queue/flush", "", "queue", "queue: 3 waiting -> empty", func(_ *port, body string) bool { return strings.Contains(body, `"dropped": 3`) }},
	} {
		t.Run(name, func(t *testing.T) {
			p := open(t)
			status, body := p.ask(t, row.method, row.path, row.body)
			if status != 200 || !row.works(p, body) {
				t.Errorf("%d %s", status, body)
			}
			if diff := cmp.Diff(map[string]float64{row.counted: 1}, p.counts(t, MetricChanges)); diff != "" {
				t.Errorf("counted (-want +got):\n%s", diff)
			}
			said := p.changes(t)
			for i := range said {
				said[i] = withoutInstants(said[i])
			}
			if diff := cmp.Diff([]string{row.log}, said); diff != "" {
				t.Errorf("logged (-want +got):\n%s", diff)
			}
			if strings.Contains(p.log.String()+body, theToken) {
				t.Error("the token is told")
			}
		})
	}
}

// withoutInstants cuts ,"until":"…" out.
func withoutInstants(s string) string {
	for {
		before, rest, ok := strings.Cut(s, `,"until":"`)
		if !ok {
			return s
		}
		_, after, _ := strings.Cut(rest, `"`)
		s = before + after
	}
}

func TestOneFaultFromItsBeginningToItsEnd(t *testing.T) {
	p := open(t)
	const path = "/admin/faults/slow"
	if status, body := p.ask(t, "GET", path, ""); status != 404 || envelope(t, body).Code != icat.NoSuchObject {
		t.Errorf("before: %d %s", status, body)
	}
	status, body := p.ask(t, "PUT", path, `{"route":"*","error":{"ratio":1,"codes":["INTERNAL"]}}`)
	var got fault.Rule
	if err := json.Unmarshal([]byte(body), &got); err != nil || status != 200 {
		t.Fatalf("%d %s: %v", status, body, err)
	}
	want := fault.Rule{ID: "slow", Route: "*", Error: &fault.Error{Ratio: 1, Codes: []icat.Code{icat.Internal}}, For: fault.Duration(fault.DefaultFor)}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(fault.Rule{}, "Until")); diff != "" || got.Until.Before(time.Now()) {
		t.Errorf("until %s (-want +got):\n%s", got.Until, diff)
	}
	if _, again := p.ask(t, "GET", path, ""); again != body {
		t.Errorf("read again: %s", again)
	}
	if err := p.Faults.Inject(t.Context(), "/datasets"); err == nil {
		t.Error("nothing befalls anybody")
	}
	if status, body := p.ask(t, "PUT", path, `{"route":"/datasets","drop":1}`); status != 200 {
		t.Errorf("replaced: %d %s", status, body)
	}
	if status, body := p.ask(t, "DELETE", path, ""); status != 200 {
		t.Errorf("deleted: %d %s", status, body)
	}
	if status, body := p.ask(t, "DELETE", path, ""); status != 404 {
		t.Errorf("deleted twice: %d %s", status, body)
	}
	if got := p.counts(t, MetricChanges)["faults"]; got != 3 {
		t.Errorf("%v changes are counted, want 3", got)
	}
}

func TestBadRequestsChangeNothing(t *testing.T) {
	long := `{"on":true,"message":"` + strings.Repeat("x", maxMessage+1) + `"}`
	for name, row := range map[string]struct {
		method, path, body string
		code               icat.Code
		says               string
	}{
		"an unknown path":         {"GET", "/admin/nothing", "", icat.NoSuchRoute, "GET /admin/ lists"},
		"the root":                {"GET", "/", "", icat.NoSuchRoute, ""},
		"an unknown method":       {"POST", "/admin/faults", "", icat.MethodNotAllowed, "allowed: DELETE, GET, HEAD, PUT"},
		"a profile by POST":       {"POST", "/debug/pprof/profile", "", icat.MethodNotAllowed, ""},
		"no body":                 {"PUT", "/admin/faults/a", "", icat.BadParameter, "body is not"},
		"no JSON":                 {"PUT", "/admin/faults/a", "{", icat.BadParameter, "body is not"},
		"two values":              {"PUT", "/admin/faults/a", `{"route":"*","drop":1} {}`, icat.BadParameter, "more than one value"},
		"an unknown field":        {"PUT", "/admin/faults/a", `{"route":"*","drops":1}`, icat.BadParameter, `unknown field "drops"`},
		"a wrong type":            {"PUT", "/admin/faults/a", `{"route":"*","drop":"1"}`, icat.BadParameter, "body is not"},
		"a number for a duration": {"PUT", "/admin/faults/a", `{"route":"*","drop":1,"for":60}`, icat.BadParameter, "a duration is text"},
		"negative latency":        {"PUT", "/admin/faults/a", `{"route":"*","latency":{"shape":"constant","value":"-1s"}}`, icat.BadParameter, "latency: not from"},
		"an unknown route":        {"PUT", "/admin/faults/a", `{"route":"/dataset","drop":1}`, icat.BadParameter, "no such route; known: [* unmatched /datasets"},
		"another id":              {"PUT", "/admin/faults/a", `{"id":"b","route":"*","drop":1}`, icat.BadParameter, "not the path's"},
		"a bad id":                {"PUT", "/admin/faults/a%20b", `{"route":"*","drop":1}`, icat.BadParameter, "id is not"},
		"null for no faults":      {"PUT", "/admin/faults", `null`, icat.BadParameter, "[] for none"},
		"one bad fault of two":    {"PUT", "/admin/faults", `[{"id":"a","route":"*","drop":1},{"id":"b","route":"*"}]`, icat.BadParameter, "nothing is to befall"},
		"one unknown of two":      {"PUT", "/admin/faults", `[{"id":"a","route":"*","drop":1},{"id":"b","route":"/x","drop":1}]`, icat.BadParameter, "no such route"},
		"a body without end":      {"PUT", "/admin/faults", "[" + strings.Repeat(" ", maxBody) + "]", icat.TooLarge, "exceeds 65536 bytes"},
		"too much memory":         {"POST", "/admin/pressure", `{"mib":4096}`, icat.BadParameter, "mib is not"},
		"too many cores":          {"POST", "/admin/pressure", `{"cores":4096}`, icat.BadParameter, "cores is not"},
		"no pool":                 {"PUT", "/admin/pool", `{"size":0}`, icat.BadParameter, "size is not"},
		"on or off":               {"PUT", "/admin/maintenance", `{"message":"x"}`, icat.BadParameter, "say on"},
		"words for nothing":       {"PUT", "/admin/maintenance", `{"on":false,"message":"x"}`, icat.BadParameter, "means nothing"},
		"too many words":          {"PUT", "/admin/maintenance", long, icat.BadParameter, "exceeds 200 bytes"},
		"a level that is none":    {"PUT", "/admin/log-level", `{"level":"loud"}`, icat.BadParameter, "not one of"},
		"null for a level":        {"PUT", "/admin/log-level", `null`, icat.BadParameter, "not one of"},
	} {
		t.Run(name, func(t *testing.T) {
			p := open(t)
			status, body := p.ask(t, row.method, row.path, row.body)
			e := envelope(t, body)
			if status != row.code.Status() || e.Code != row.code || !strings.Contains(e.Message, row.says) {
				t.Errorf("%d %s, want %s and %q", status, body, row.code, row.says)
			}
			if got := p.counts(t, MetricChanges); len(got) > 0 || p.log.Len() > 0 || len(p.Faults.Rules()) > 0 || p.Faults.Maintenance() != "" {
				t.Errorf("changed: %v %s", got, p.log)
			}
		})
	}
}

func TestWhatThisProcessDoesNotHave(t *testing.T) {
	p := open(t)
	bare := p.Options
	bare.Registerer = prometheus.NewRegistry()
	bare.Pool, bare.FlushCache, bare.FlushQueue = nil, nil, nil
	p.server.Config.Handler = New(bare)
	for path, method := range map[string]string{"/admin/pool": "PUT", "/admin/cache/flush": "POST", "/admin/queue/flush": "POST"} {
		if status, body := p.ask(t, method, path, "{}"); status != 501 || envelope(t, body).Code != icat.NotImplemented {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if status, _ := p.ask(t, "GET", "/admin/pool", ""); status != 501 {
		t.Errorf("GET /admin/pool: %d", status)
	}
}

func TestAFlushThatComesToNothingIsNoChange(t *testing.T) {
	p := open(t)
	p.queueErr = icat.Wrap(icat.Unavailable, "the queue cannot be reached", errors.New("connection refused"))
	status, body := p.ask(t, "POST", "/admin/queue/flush", "")
	if status != 503 || envelope(t, body).Message != "the queue cannot be reached" || len(p.counts(t, MetricChanges)) > 0 ||
		strings.Contains(p.log.String(), "admin change") || !strings.Contains(p.log.String(), "connection refused") {
		t.Errorf("%d %s %s", status, body, p.log)
	}
}

func TestReading(t *testing.T) {
	p := open(t)
	for path, want := range map[string]string{
		"/admin/faults": "[]", "/admin/pressure": `{}`, "/admin/pool": `{"size":8,"configured":8}`, "/admin/maintenance": `{"on":false}`,
		"/admin/log-level": `{"level":"info"}`, "/admin/settings": `[{"name":"admin-token","value":"[set]","from":"environment"}]`,
	} {
		status, body := p.ask(t, "GET", path, "")
		var compacted bytes.Buffer
		if err := json.Compact(&compacted, []byte(body)); err != nil || status != 200 || strings.TrimSpace(compacted.String()) != want {
			t.Errorf("%s: %d %s, want %s", path, status, &compacted, want)
		}
	}
	for _, path := range []string{"/debug/pprof/", "/debug/pprof/goroutine?debug=1", "/debug/pprof/cmdline", "/debug/pprof/symbol", "/debug/pprof/profile?seconds=1"} {
		if status, body := p.ask(t, "GET", path, ""); status != 200 || body == "" {
			t.Errorf("%s: %d", path, status)
		}
	}
	if len(p.changes(t)) > 0 {
		t.Errorf("reading changes something: %s", p.log)
	}
}

// Whoever does what the list says is not refused.
func TestTheListOfEndpointsWorks(t *testing.T) {
	p := open(t)
	_, body := p.ask(t, "GET", "/admin/", "")
	var list struct{ Endpoints []endpoint }
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Endpoints) != 24 {
		t.Errorf("%d endpoints", len(list.Endpoints))
	}
	for _, e := range list.Endpoints {
		if strings.HasPrefix(e.Path, "/debug/") {
			continue // slow, and asked by TestReading
		}
		path := strings.Replace(e.Path, "{id}", "a", 1)
		if e.Method == "GET" || e.Method == "DELETE" {
			if _, err := p.Faults.Set(fault.Rule{ID: "a", Route: "*", Drop: 1}); err != nil {
				t.Fatal(err)
			}
		}
		if status, body := p.ask(t, e.Method, path, e.Example); status != 200 {
			t.Errorf("%s %s: %d %s", e.Method, path, status, body)
		}
	}
}

func TestAPanicIsAnAnswerAndTheProcessGoesOn(t *testing.T) {
	p := open(t)
	ill := p.Options
	ill.Registerer = prometheus.NewRegistry()
	ill.FlushCache = func(context.Context) error { panic("hunter2") }
	p.server.Config.Handler = New(ill)
	status, body := p.ask(t, "POST", "/admin/cache/flush", "")
	if e := envelope(t, body); status != 500 || e.Code != icat.Internal || strings.Contains(body, "hunter2") {
		t.Errorf("%d %s", status, body)
	}
	if !strings.Contains(p.log.String(), "stack_trace") {
		t.Errorf("the log lacks the stack: %s", p.log)
	}
	if status, _ := p.ask(t, "GET", "/admin/faults", ""); status != 200 {
		t.Error("it does not go on")
	}
}

// Whatever is sent as faults is taken or refused in the envelope.
func FuzzFaults(f *testing.F) {
	f.Add(`[{"id":"a","route":"*","drop":0.2,"for":"1m"}]`)
	f.Add(`[{"id":"a","route":"/datasets","latency":{"shape":"lognormal","median":"1ms","p99":"1s"}},{"id":"b","route":"*","error":{"ratio":1,"codes":["INTERNAL"]}}]`)
	f.Add(`{"id":"a"`)
	f.Add("[null]")
	f.Add("[{\"id\":\"\xff\"}]")
	p := open(f)
	server := New(func() Options { o := p.Options; o.Registerer = prometheus.NewRegistry(); return o }())
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequestWithContext(t.Context(), "PUT", "http://localhost/admin/faults", strings.NewReader(body))
		r.RemoteAddr = "127.0.0.1:1"
		r.Header.Set("Authorization", "Bearer "+theToken)
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		switch {
		case w.Code == 200 && !json.Valid(w.Body.Bytes()):
			t.Errorf("%q", w.Body)
		case w.Code != 200:
			if e := envelope(t, w.Body.String()); e.Code.Status() != w.Code || w.Code >= 500 {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		}
		p.log.Reset()
	})
}
