package rest

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"plumbline/demo-app/telemetry"
)

// series are the values that each label of the server's request metrics has.
func (r *running) series(t testing.TB) (values map[string]map[string]bool, total int) {
	t.Helper()
	families, err := prometheus.Gatherer(r.metrics.Registry).Gather()
	if err != nil {
		t.Fatal(err)
	}
	values = map[string]map[string]bool{}
	for _, family := range families {
		if !strings.HasPrefix(family.GetName(), "http_server_") {
			continue
		}
		for _, m := range family.GetMetric() {
			total++
			for _, label := range m.GetLabel() {
				if values[label.GetName()] == nil {
					values[label.GetName()] = map[string]bool{}
				}
				values[label.GetName()][label.GetValue()] = true
			}
		}
	}
	return values, total
}

// boundedLabels fails if a label has a value that is in no list of ours.
func (r *running) boundedLabels(t testing.TB, routes []string) {
	t.Helper()
	allowed := map[string][]string{
		telemetry.LabelRoute:  append(slices.Clone(routes), telemetry.RouteUnmatched),
		telemetry.LabelMethod: append(telemetry.Methods(), telemetry.MethodOther),
	}
	values, _ := r.series(t)
	for label, list := range allowed {
		for value := range values[label] {
			if !slices.Contains(list, value) {
				t.Errorf("a client made %s=%q, which is in no list", label, value)
			}
		}
	}
	if len(values[telemetry.LabelRoute]) == 0 {
		t.Error("no request was counted: nothing was looked at")
	}
}

// FuzzSeries asks for whatever path with whatever method: a label has values
// from a list, and no client can add one.
func FuzzSeries(f *testing.F) {
	r := start(f, nil)
	routes := slices.Collect(maps.Keys(r.says().doc["paths"].(map[string]any)))
	for _, path := range []string{"/", "/users/482", "/users/%2e%2e", "/icat/Karen482", "/icat/a%2fb", "/datasets/\x00", "//users", "/USERS", "/users/count/", "/downloads/x/manifest", "/../etc/passwd", "/docs/x", "*"} {
		f.Add("GET", path)
	}
	f.Add("BREW", "/users")
	f.Add("get", "/metrics")
	f.Fuzz(func(t *testing.T, method, path string) {
		at, err := url.ParseRequestURI(path)
		if err != nil || strings.ContainsAny(method, " \r\n\t\"") {
			return // net/http refuses those before any handler
		}
		request := &http.Request{Method: method, URL: at, Host: "localhost", RequestURI: path, RemoteAddr: "127.0.0.1:1", Header: http.Header{}, Body: http.NoBody, ProtoMajor: 1, ProtoMinor: 1}
		r.ServeHTTP(httptest.NewRecorder(), request.WithContext(t.Context()))
		r.boundedLabels(t, routes)
	})
}

// The other way round: ten thousand paths make no more series than one does.
func TestPathsMakeNoSeries(t *testing.T) {
	r := start(t, nil)
	get := func(path string) {
		r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil).WithContext(t.Context()))
	}
	ask := func(name string) {
		get("/icat/" + name)
		get("/users/" + name)
		get("/nowhere/" + name)
	}
	ask("nobody")
	_, first := r.series(t)
	for i := range 1000 {
		ask("nobody" + strings.Repeat("x", i%50) + string(rune('a'+i%26)))
	}
	if _, after := r.series(t); after != first {
		t.Errorf("%d series after one path each, %d after a thousand", first, after)
	}
	// Or else the look would find nothing anyway.
	get("/ping")
	if _, after := r.series(t); after == first {
		t.Error("a route that was never asked before made no series")
	}
}
