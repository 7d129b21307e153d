package rest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

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
		{ID: "d", Route: "/users/count", Drop: 1},
	}
	for _, rule := range rules {
		if _, err := faults.Set(rule); err != nil {
			t.Fatal(err)
		}
	}
	r.check(t, row{"an injected error is the answer", "GET", "/users/482", session, "", 502, icat.BadUpstream, "injected fault"})
	r.check(t, row{"another route is as before", "GET", "/users?limit=1", session, "", 200, "", ""})
	req, err := http.NewRequestWithContext(t.Context(), "GET", r.url+"/users/count", nil)
	if err != nil {
		t.Fatal(err)
	}
	once := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // a kept connection that is cut is tried again
	if a, err := send(once, req); err == nil {
		t.Errorf("a dropped connection was answered: %d", a.status)
	}
	faults.SetMaintenance("back at noon")
	a := r.check(t, row{"in maintenance nothing is done", "GET", "/users?limit=1", session, "", 503, icat.Unavailable, "back at noon"})
	if a.header.Get("Retry-After") == "" {
		t.Error("maintenance without Retry-After")
	}
	r.check(t, row{"probes still answer", "GET", "/readyz", "", "", 200, "", "ready"})
	if n := len(r.lines(t, telemetry.DatasetAccess)); n != 6 {
		t.Errorf("%d access lines for 6 requests", n)
	}
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
