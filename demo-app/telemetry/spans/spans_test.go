package spans

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	otlp "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"plumbline/demo-app/icat"
	"plumbline/demo-app/telemetry"
)

const (
	theTrace  = "4bf92f3577b34da6a3ce929d0e0e4736"
	theParent = "00f067aa0ba902b7"
)

// receiver is an OTLP collector that keeps what it is sent.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
	resource map[string]string
	spans    []*trace.Span
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{resource: map[string]string{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		var sent otlp.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &sent)
		}
		if err != nil {
			t.Errorf("%s: %v", req.URL, err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.requests = append(r.requests, req)
		for _, rs := range sent.ResourceSpans {
			for name, v := range texts(rs.Resource.Attributes) {
				r.resource[name] = v
			}
			for _, ss := range rs.ScopeSpans {
				r.spans = append(r.spans, ss.Spans...)
			}
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func texts(attributes []*common.KeyValue) map[string]string {
	m := map[string]string{}
	for _, a := range attributes {
		m[a.Key] = strings.Trim(strings.TrimPrefix(a.Value.String(), "string_value:"), `"`)
	}
	return m
}

func options(log io.Writer) Options {
	s := telemetry.Service{Name: "icat-demo-api", Version: "1.2.3", Environment: "test", Node: "host-1"}
	return Options{Service: s, Getenv: os.Getenv, Log: telemetry.NewLog(log, s, 0), Console: io.Discard}
}

// answer plays one request through a Tracing, with one backend operation, and
// returns the identity of its line.
func answer(t *testing.T, tracing *telemetry.Tracing, status int) telemetry.Identity {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/users/1?sessionId=s3cr3t", nil)
	r.Header.Set("Traceparent", "00-"+theTrace+"-"+theParent+"-01")
	r.Header.Set("Authorization", "Bearer s3cr3t")
	id := telemetry.Identify(r.Header)
	span, r := tracing.Start(r, &id)
	m := telemetry.NewMetrics("1", "go")
	_, done := m.Operation(r.Context(), "sqlite", "get", "User")
	a := telemetry.Access{Identity: id, Ended: time.Now(), Method: "GET", Route: "/users/{id}", Path: r.URL.Path, Status: status, Bytes: 7, ClientIP: "127.0.0.1", UserAgent: "curl/8"}
	var err error
	if status >= 500 {
		err = icat.Errorf(icat.Unavailable, "lost")
		a.Err = &telemetry.AccessError{Code: string(icat.Unavailable)}
	}
	done(err)
	span.End(&a)
	return id
}

func TestSpansArriveWithTheIdsOfTheLine(t *testing.T) {
	r := newReceiver(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", r.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=abc")
	t.Setenv("OTEL_SERVICE_NAME", "renamed")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "team=blue,service.name=overruled")
	tracing, err := New(t.Context(), options(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	id := answer(t, tracing, 503)
	if err := tracing.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(r.spans) != 2 || len(r.requests) != 1 {
		t.Fatalf("%d spans in %d requests, want the server's and the operation's in one", len(r.spans), len(r.requests))
	}
	operation, server := r.spans[0], r.spans[1]
	if got := hex.EncodeToString(server.TraceId); got != theTrace || got != id.TraceID {
		t.Errorf("trace %s, line %s, client %s: want one and the same", got, id.TraceID, theTrace)
	}
	if got := hex.EncodeToString(server.SpanId); got != id.SpanID {
		t.Errorf("span %s, the line says %s", got, id.SpanID)
	}
	if got := hex.EncodeToString(server.ParentSpanId); got != theParent {
		t.Errorf("parent %s, the client sent %s", got, theParent)
	}
	if server.Kind != trace.Span_SPAN_KIND_SERVER || server.Name != "GET /users/{id}" || server.Status.Code != trace.Status_STATUS_CODE_ERROR {
		t.Errorf("server span %v", server)
	}
	want := map[string]string{
		"http.request.method": "GET", "http.route": "/users/{id}", "http.response.status_code": "int_value:503", "http.response.body.size": "int_value:7",
		"url.path": "/users/1", "url.scheme": "http", "user_agent.original": "curl/8", "client.address": "127.0.0.1", "error.type": "UNAVAILABLE",
	}
	if diff := cmp.Diff(want, texts(server.Attributes)); diff != "" {
		t.Errorf("server span's attributes (-want +got):\n%s", diff)
	}
	if !bytes.Equal(operation.ParentSpanId, server.SpanId) || operation.Kind != trace.Span_SPAN_KIND_CLIENT || operation.Name != "get User" {
		t.Errorf("operation's span %v", operation)
	}
	want = map[string]string{"icat.backend": "sqlite", "icat.operation": "get", "icat.entity": "User", "error.type": "UNAVAILABLE"}
	if diff := cmp.Diff(want, texts(operation.Attributes)); diff != "" {
		t.Errorf("operation's attributes (-want +got):\n%s", diff)
	}
	for name, want := range map[string]string{"service.name": "renamed", "team": "blue", "service.version": "1.2.3", "service.instance.id": "host-1"} {
		if r.resource[name] != want {
			t.Errorf("resource %s is %q, want %q", name, r.resource[name], want)
		}
	}
	if req := r.requests[0]; req.URL.Path != "/v1/traces" || req.Header.Get("X-Key") != "abc" {
		t.Errorf("sent to %s with %v", req.URL, req.Header)
	}
}

func TestNothingIsSentUnlessAskedFor(t *testing.T) {
	r := newReceiver(t)
	for _, row := range []struct {
		proves string
		env    map[string]string
		traces bool
	}{
		{"by default nothing is made", nil, false},
		{"an endpoint asks", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": r.URL}, true},
		{"so does one for traces alone", map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": r.URL}, true},
		{"none wins over an endpoint", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": r.URL, "OTEL_TRACES_EXPORTER": "none"}, false},
		{"the console needs no endpoint", map[string]string{"OTEL_TRACES_EXPORTER": "console"}, true},
		{"otlp has a default endpoint", map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, true},
		{"disabled wins over all, bad values too", map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "true", "OTEL_TRACES_SAMPLER": "x"}, false},
	} {
		o := options(io.Discard)
		o.Getenv = func(name string) string { return row.env[name] }
		tracing, err := New(t.Context(), o)
		if err != nil || (tracing != nil) != row.traces {
			t.Errorf("%s: tracing %v, %v", row.proves, tracing != nil, err)
		}
		if tracing == nil {
			answer(t, tracing, 200)
		}
		if err := tracing.Shutdown(t.Context()); err != nil {
			t.Errorf("%s: %v", row.proves, err)
		}
	}
	if len(r.requests) > 0 {
		t.Errorf("%d requests were sent", len(r.requests))
	}
}

func TestTheSamplerIsHonoured(t *testing.T) {
	r := newReceiver(t)
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", r.URL+"/here")
	t.Setenv("OTEL_TRACES_SAMPLER", "always_off")
	tracing, err := New(t.Context(), options(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	id := answer(t, tracing, 200)
	if err := tracing.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(r.spans) > 0 || id.TraceID != theTrace || len(id.SpanID) != 16 {
		t.Errorf("%d spans, identity %+v; want no span and good ids all the same", len(r.spans), id)
	}
}

func TestTheConsoleIsNotTheLog(t *testing.T) {
	t.Setenv("OTEL_TRACES_EXPORTER", "console")
	var log, console bytes.Buffer
	o := options(&log)
	o.Console = &console
	tracing, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	answer(t, tracing, 200)
	if err := tracing.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if log.Len() > 0 || !strings.Contains(console.String(), "GET /users/{id}") || strings.Contains(console.String(), "s3cr3t") {
		t.Errorf("log %q, console %q", &log, &console)
	}
}

func TestBadValuesAreRefusedAllAtOnce(t *testing.T) {
	for name, value := range map[string]string{
		"OTEL_SDK_DISABLED": "yes", "OTEL_TRACES_EXPORTER": "otlp,zipkin", "OTEL_PROPAGATORS": "b3", "OTEL_RESOURCE_ATTRIBUTES": "team",
		"OTEL_TRACES_SAMPLER": "sometimes", "OTEL_TRACES_SAMPLER_ARG": "1.5", "OTEL_EXPORTER_OTLP_ENDPOINT": "localhost:4317",
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://user:s3cr3t@host", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION": "zstd",
		"OTEL_EXPORTER_OTLP_TIMEOUT": "10s", "OTEL_EXPORTER_OTLP_HEADERS": "s3cr3t", "OTEL_EXPORTER_OTLP_CERTIFICATE": "/nowhere/ca.pem", "OTEL_BSP_MAX_QUEUE_SIZE": "-1",
	} {
		o := options(io.Discard)
		o.Getenv = func(n string) string {
			return map[string]string{name: value, "OTEL_EXPORTER_OTLP_TRACES_INSECURE": "perhaps"}[n]
		}
		_, err := New(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), name+" ") || !strings.Contains(err.Error(), "OTEL_EXPORTER_OTLP_TRACES_INSECURE ") {
			t.Errorf("%s=%s: %v; want both bad values named", name, value, err)
		}
		if err != nil && strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: the error shows a secret: %v", name, err)
		}
	}
}

// A collector that is down costs spans and one line a minute, no more.
func TestALostCollectorIsToldOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		r := &reporter{SpanExporter: failing{}, log: options(&log).Log}
		batch := tracetest.SpanStubs{{Name: "a"}, {Name: "b"}}.Snapshots()
		for range 25 { // every 5 s for two minutes
			if err := r.ExportSpans(t.Context(), batch); err != nil {
				t.Errorf("the error is told a second time: %v", err)
			}
			time.Sleep(5 * time.Second)
		}
		if n := strings.Count(log.String(), "spans not exported"); n != 3 || !strings.Contains(log.String(), "24 spans lost: no route") {
			t.Errorf("%d lines, want 3:\n%s", n, &log)
		}
	})
}

type failing struct{ sdk.SpanExporter }

func (failing) ExportSpans(context.Context, []sdk.ReadOnlySpan) error { return errors.New("no route") }

func TestACollectorThatIsDownDoesNotHarm(t *testing.T) {
	r := newReceiver(t)
	r.Close() // nobody listens there any more
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", r.URL)
	var log bytes.Buffer
	tracing, err := New(t.Context(), options(&log))
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		answer(t, tracing, 200)
	}
	if err := tracing.Shutdown(t.Context()); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	if n := strings.Count(log.String(), "spans not exported"); n != 1 || !strings.Contains(log.String(), "20 spans lost") {
		t.Errorf("%d lines about it, want 1: %s", n, &log)
	}
}
