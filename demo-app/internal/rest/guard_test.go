package rest

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"plumbline/demo-app/icat"
	"plumbline/demo-app/internal/fault"
	"plumbline/demo-app/internal/limit"
	"plumbline/demo-app/telemetry"
)

func TestFaultsBefallTheirRoute(t *testing.T) {
	faults := fault.New(fault.Options{Registerer: prometheus.NewRegistry()})
	r := startWith(t, func(o *Options, _ *http.Server) { o.Faults = faults }, nil)
	session := r.session(t)
	rules := []fault.Rule{
		{ID: "e", Route: "/users/{id}", Error: &fault.Error{Ratio: 1, Codes: []icat.Code{icat.BadUpstream}}},
	}
	for _, rule := range rules {
		if _, err := faults.Set(rule); err != nil {
			t.Fatal(err)
		}
	}
	r.check(t, row{"an injected error is the answer", "GET", "/users/482", session, "", 502, icat.BadUpstream, "injected fault"})
	r.check(t, row{"another route is as before", "GET", "/users?limit=1", session, "", 200, "", ""})
	faults.SetMaintenance("back at noon")
	a := r.check(t, row{"in maintenance nothing is done", "GET", "/users?limit=1", session, "", 503, icat.Unavailable, "back at noon"})
	if a.header.Get("Retry-After") == "" {
		t.Error("maintenance without Retry-After")
	}
	r.check(t, row{"probes still answer", "GET", "/readyz", "", "", 200, "", "ready"})
	if n := len(r.lines(t, telemetry.DatasetAccess)); n != 5 {
		t.Errorf("%d access lines for 5 requests", n)
	}
}

// Of a connection that a fault cuts, the client sees nothing but the end, and
// line, counters and span say so: no status that somebody could have received.
func TestACutConnectionIsNoAnswer(t *testing.T) {
	registry := prometheus.NewRegistry()
	faults := fault.New(fault.Options{Registerer: registry})
	kept := tracetest.NewInMemoryExporter()
	provider := sdk.NewTracerProvider(sdk.WithSyncer(kept))
	r := startWith(t, func(o *Options, _ *http.Server) {
		o.Faults, o.Tracing = faults, telemetry.NewTracing(provider, provider.Shutdown)
	}, nil)
	if _, err := faults.Set(fault.Rule{ID: "d", Route: "/version", Drop: 1}); err != nil {
		t.Fatal(err)
	}
	connection, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if _, err := io.WriteString(connection, "GET /version HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(connection); len(b) > 0 {
		t.Errorf("a cut connection was answered: %q, %v", b, err)
	}
	faults.Clear()
	r.check(t, row{"the next one is answered", "GET", "/version", "", "", 200, "", "test"})
	lines := r.lines(t, telemetry.DatasetAccess)
	if len(lines) != 2 {
		t.Fatalf("%d access lines for 2 requests", len(lines))
	}
	l := lines[0]
	if l.HTTP.Response.StatusCode != icat.StatusConnectionCut || l.HTTP.Response.Body.Bytes != 0 || l.Event.Outcome != "failure" ||
		l.Error.Code != string(icat.ConnectionCut) || !strings.Contains(l.Error.Message, "injected fault d") {
		t.Errorf("access line %+v", l)
	}
	if app := r.lines(t, telemetry.DatasetApp); len(app) > 0 {
		t.Errorf("app lines %+v", app)
	}
	if diff := cmp.Diff(map[string]float64{"200": 1, "444": 1}, counted(t, r.metrics.Registry, telemetry.MetricDuration, telemetry.LabelStatus)); diff != "" {
		t.Errorf("requests by status (-want +counted):\n%s", diff)
	}
	if n := counted(t, registry, fault.MetricInjected, "kind"); n["drop"] != 1 {
		t.Errorf("faults counted: %v", n)
	}
	if span := kept.GetSpans()[0]; span.Status.Code != codes.Error {
		t.Errorf("span %+v", span)
	}
}

// counted returns what a metric counts, by one of its labels.
func counted(t *testing.T, g prometheus.Gatherer, metric, label string) map[string]float64 {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	n := map[string]float64{}
	for _, f := range families {
		if f.GetName() != metric {
			continue
		}
		for _, s := range f.Metric {
			for _, pair := range s.Label {
				if pair.GetName() == label {
					n[pair.GetValue()] += s.GetCounter().GetValue() + float64(s.GetHistogram().GetSampleCount())
				}
			}
		}
	}
	return n
}

func TestBeyondTheLimitIs503(t *testing.T) {
	held, release := make(chan struct{}), make(chan struct{})
	r := startWith(t, func(o *Options, _ *http.Server) {
		o.Limit = limit.New(limit.Options{Max: 1, Registerer: prometheus.NewRegistry()})
	}, func(s *Server) {
		s.handle("GET /hold", func(x *exchange, _ *http.Request) error {
			close(held)
			<-release
			x.writeJSON(http.StatusOK, "")
			return nil
		})
	})
	first := make(chan answer, 1)
	go func() { first <- r.do(t, "GET", "/hold", "", "") }()
	<-held
	a := r.check(t, row{"a second request is refused", "GET", "/icat/Karen482", "", "", 503, icat.Unavailable, "too many"})
	if a.header.Get("Retry-After") != retryBusy {
		t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
	}
	r.check(t, row{"a probe is not", "GET", "/healthz", "", "", 200, "", ""})
	close(release)
	if a := <-first; a.status != 200 {
		t.Errorf("the first: %d", a.status)
	}
	r.check(t, row{"afterwards there is room", "GET", "/icat/Karen482", "", "", 200, "", ""})
}

// lost is a catalogue behind which something is wrong.
type lost struct {
	Catalogue
	err error
}

func (l lost) List(context.Context, icat.Session, *icat.Entity, icat.Filter) ([]icat.Object, error) {
	return nil, l.err
}
func (l lost) UserByName(context.Context, string) (icat.Object, error) { return icat.Object{}, l.err }
func (l lost) Ping(context.Context) error                              { return l.err }

func TestWhatIsLostIsNamedToTheClientAndNothingMore(t *testing.T) {
	for _, way := range []struct {
		proves string
		err    error
		status int
		code   icat.Code
	}{
		{"a lost database is 503", icat.Wrap(icat.Unavailable, "the catalogue cannot be reached", errors.New("dial tcp 10.1.2.3:3306")), 503, icat.Unavailable},
		{"one that is too slow is 504", icat.Errorf(icat.Timeout, "the catalogue took too long"), 504, icat.Timeout},
		{"nonsense is 502", icat.Errorf(icat.BadUpstream, "not JSON"), 502, icat.BadUpstream},
		{"what nobody thought of is 500", errors.New("password=hunter2"), 500, icat.Internal},
	} {
		r := startWith(t, func(o *Options, _ *http.Server) {
			o.Catalogue = lost{o.Catalogue, way.err}
			o.Dependencies = []Dependency{{"redis", func(context.Context) error { return errors.New("AUTH hunter2") }}}
		}, nil)
		session := r.session(t)
		for _, path := range []string{"/datasets?limit=1", "/icat/Karen482", "/ping"} {
			a := r.check(t, row{way.proves, "GET", path, session, "", way.status, way.code, ""})
			if strings.Contains(string(a.body), "10.1.2.3") || strings.Contains(string(a.body), "hunter2") {
				t.Errorf("%s: the answer tells %s", way.proves, a.body)
			}
		}
		a := r.check(t, row{"it is not ready", "GET", "/readyz", "", "", 503, icat.Unavailable, `"name":"redis","ok":false`})
		if strings.Contains(string(a.body), "hunter2") {
			t.Errorf("readyz tells %s", a.body)
		}
		r.check(t, row{"but alive", "GET", "/healthz", "", "", 200, "", ""})
		r.stop()
		causes := []string{"AUTH hunter2"}
		if e, ok := errors.AsType[*icat.Error](way.err); !ok {
			causes = append(causes, way.err.Error())
		} else if e.Err != nil {
			causes = append(causes, e.Err.Error())
		}
		for _, cause := range causes {
			if !strings.Contains(r.out.String(), cause) {
				t.Errorf("%s: no line tells the cause %q", way.proves, cause)
			}
		}
	}
}

func TestOneDependencyThatHangsDoesNotHideTheOthers(t *testing.T) {
	r := startWith(t, func(o *Options, _ *http.Server) {
		o.Dependencies = []Dependency{
			{"hung", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }},
			{"queue", func(context.Context) error { return nil }},
		}
	}, nil)
	a := r.check(t, row{"a hung dependency is found out", "GET", "/readyz", "", "", 503, icat.Unavailable, `"name":"queue","ok":true`})
	if !strings.Contains(string(a.body), `"name":"hung","ok":false`) || !strings.Contains(string(a.body), "TIMEOUT") {
		t.Errorf("the hung one is not told: %s", a.body)
	}
}
