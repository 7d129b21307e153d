package admin

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"plumbline/demo-app/icat"
)

func TestWhoIsLetIn(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*http.Request)
		status int
		reason string
	}{
		"the token":                    {func(*http.Request) {}, 200, ""},
		"the scheme in small letters":  {func(r *http.Request) { r.Header.Set("Authorization", "bearer "+theToken) }, 200, ""},
		"localhost":                    {func(r *http.Request) { r.Host = "localhost:8001" }, 200, ""},
		"IPv6 without a port":          {func(r *http.Request) { r.Host = "[::1]" }, 200, ""},
		"no token":                     {func(r *http.Request) { r.Header.Del("Authorization") }, 401, "token"},
		"a wrong token":                {func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+theToken[1:]+"x") }, 401, "token"},
		"the beginning of the token":   {func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+theToken[:16]) }, 401, "token"},
		"the token and more":           {func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+theToken+" x") }, 401, "token"},
		"an empty token":               {func(r *http.Request) { r.Header.Set("Authorization", "Bearer ") }, 401, "token"},
		"another scheme":               {func(r *http.Request) { r.Header.Set("Authorization", "Basic "+theToken) }, 401, "token"},
		"the token in the query":       {func(r *http.Request) { r.Header.Del("Authorization"); r.URL.RawQuery = "token=" + theToken }, 401, "token"},
		"a foreign name":               {func(r *http.Request) { r.Host = "rebound.example:8001" }, 403, "host"},
		"a name that begins like ours": {func(r *http.Request) { r.Host = "localhost.example" }, 403, "host"},
		"a foreign address for a name": {func(r *http.Request) { r.Host = "10.0.0.1:8001" }, 403, "host"},
	} {
		for _, path := range []string{"/admin/faults", "/admin/", "/debug/pprof/cmdline"} {
			t.Run(name+path, func(t *testing.T) {
				p := open(t)
				r := p.request(t, "GET", path, "")
				r.Header.Set("Authorization", "Bearer "+theToken)
				row.change(r)
				status, body, header := p.send(t, r)
				if status != row.status {
					t.Errorf("%d %s, want %d", status, body, row.status)
				}
				if header.Get("Access-Control-Allow-Origin") != "" {
					t.Error("pages of other origins are let in")
				}
				if row.reason == "" {
					return
				}
				if e := envelope(t, body); e.Code != map[int]icat.Code{401: icat.Unauthenticated, 403: icat.InsufficientPrivileges}[status] {
					t.Errorf("code %s", e.Code)
				}
				if (status == 401) != (header.Get("WWW-Authenticate") == "Bearer") {
					t.Errorf("WWW-Authenticate: %q", header.Get("WWW-Authenticate"))
				}
				if diff := cmp.Diff(map[string]float64{row.reason: 1}, p.counts(t, MetricRefused)); diff != "" {
					t.Errorf("counted (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff([]string{"admin request refused: " + row.reason}, p.changes(t)); diff != "" {
					t.Errorf("logged (-want +got):\n%s", diff)
				}
				if strings.Contains(p.log.String()+body, theToken[1:]) {
					t.Error("a token is told")
				}
			})
		}
	}
}

// Requests from elsewhere cannot reach a loopback listener, so this one is made
// by hand.
func TestOnlyThisMachine(t *testing.T) {
	server := New(func() Options { o := open(t).Options; o.Registerer = prometheus.NewRegistry(); return o }())
	for from, want := range map[string]int{"127.0.0.1:1": 200, "[::1]:1": 200, "[::ffff:127.0.0.1]:1": 200, "10.0.0.7:1": 403, "[2001:db8::1]:1": 403, "@": 403, "": 403} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "http://localhost/admin/faults", nil)
		r.RemoteAddr = from
		r.Header.Set("Authorization", "Bearer "+theToken)
		r.Header.Set("X-Forwarded-For", "127.0.0.1") // anybody can say so
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("from %q: %d, want %d", from, w.Code, want)
		}
	}
}

func TestWithoutATokenThereIsNoServer(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("it would serve everybody")
		}
	}()
	New(Options{})
}
