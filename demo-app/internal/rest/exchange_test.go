package rest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
	"plumbline/demo-app/telemetry"
)

// Under concurrent load of good and bad requests: one line for each, none
// twice, each with what its client saw, and the histogram counts the same.
func TestExactlyOneLinePerRequest(t *testing.T) {
	r := start(t, nil)
	session := r.session(t)
	asks := []struct {
		method, path string
		status       int
	}{
		{"GET", "/icat/Karen482", 200}, {"GET", "/icat/nobody", 404}, {"GET", "/nope", 404}, {"PUT", "/users", 405},
		{"GET", "/datasets?limit=3", 200}, {"GET", "/datafiles/count", 200}, {"GET", "/users?limit=x", 400}, {"HEAD", "/version", 200},
	}
	const clients, each = 8, 100
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			for i := range each {
				seq := c*each + i + 1
				ask := asks[seq%len(asks)]
				req, err := http.NewRequestWithContext(t.Context(), ask.method, r.url+ask.path, nil)
				if err != nil {
					t.Error(err)
					return
				}
				req.Header.Set("Authorization", "Bearer "+session)
				req.Header.Set("Baggage", fmt.Sprintf("run.id=test,run.seq=%d", seq))
				if a, err := send(r.client, req); err != nil || a.status != ask.status {
					t.Errorf("%s %s: %d, %v", ask.method, ask.path, a.status, err)
				}
			}
		})
	}
	wg.Wait()
	lines := r.lines(t, telemetry.DatasetAccess)
	bySeq, ids := map[int64]int{}, map[string]bool{}
	for _, l := range lines {
		if l.Run.Seq == 0 {
			continue // the login
		}
		bySeq[l.Run.Seq]++
		ids[l.Event.ID] = true
		if want := asks[int(l.Run.Seq)%len(asks)]; l.HTTP.Response.StatusCode != want.status || l.HTTP.Request.Method != want.method {
			t.Errorf("seq %d: line %+v, want %+v", l.Run.Seq, l, want)
		}
	}
	for seq := range int64(clients * each) {
		if bySeq[seq+1] != 1 {
			t.Errorf("seq %d has %d lines", seq+1, bySeq[seq+1])
		}
	}
	if len(ids) != clients*each {
		t.Errorf("%d event ids for %d requests", len(ids), clients*each)
	}
	if got := samples(t, r.metrics); got != uint64(len(lines)) {
		t.Errorf("the histogram counts %d requests, the log %d", got, len(lines))
	}
}

func samples(t *testing.T, m *telemetry.Metrics) uint64 {
	t.Helper()
	families, err := m.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var n uint64
	for _, f := range families {
		if f.GetName() == telemetry.MetricDuration {
			for _, s := range f.Metric {
				n += s.Histogram.GetSampleCount()
			}
		}
		if f.GetName() == telemetry.MetricActive && f.Metric[0].GetGauge().GetValue() != 0 {
			t.Errorf("%v requests are still active", f.Metric[0].GetGauge().GetValue())
		}
	}
	return n
}

func TestAPanicIsAnswered500AndTheProcessGoesOn(t *testing.T) {
	r := start(t, func(s *Server) {
		s.handle("GET /panic", func(*exchange, *http.Request) error { panic("boom") })
	})
	a := r.do(t, http.MethodGet, "/panic", "", "")
	if a.status != 500 || !strings.Contains(string(a.body), `"code":"INTERNAL"`) || strings.Contains(string(a.body), "boom") {
		t.Errorf("answer %d %s; want INTERNAL without the panic's text", a.status, a.body)
	}
	if a := r.do(t, http.MethodGet, "/healthz", "", ""); a.status != 200 {
		t.Errorf("afterwards healthz answers %d", a.status)
	}
	access, app := r.lines(t, telemetry.DatasetAccess), r.lines(t, telemetry.DatasetApp)
	if len(access) != 2 || access[0].HTTP.Response.StatusCode != 500 || access[0].Event.Outcome != "failure" || access[0].HTTP.Route != "/panic" {
		t.Errorf("access lines %+v", access)
	}
	if len(app) != 1 || app[0].Error.Message != "boom" || !strings.Contains(app[0].Error.StackTrace, "exchange_test.go") {
		t.Errorf("app lines %+v", app)
	}
}

func TestAPanicAfterTheHeaderCutsTheConnection(t *testing.T) {
	r := start(t, func(s *Server) {
		s.handle("GET /half", func(x *exchange, _ *http.Request) error {
			io.WriteString(x, "half")
			panic("boom")
		})
	})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+"/half", nil)
	if err != nil {
		t.Fatal(err)
	}
	if a, err := send(r.client, req); err == nil {
		t.Errorf("half an answer looks whole: %d %q", a.status, a.body)
	}
	lines := r.lines(t, telemetry.DatasetAccess)
	if len(lines) != 1 || lines[0].HTTP.Response.StatusCode != 200 || lines[0].Error.Code != string(icat.Internal) {
		t.Errorf("access lines %+v, want one with status 200 and error INTERNAL", lines)
	}
}

// Whoever is taken for gone, rightly or not, must not see net/http's own empty 200.
func TestAClientThatIsTakenForGoneSeesNoAnswer(t *testing.T) {
	r := start(t, func(s *Server) {
		s.handle("GET /slow", func(*exchange, *http.Request) error { return icat.Errorf(icat.ClientClosed, "gone") })
	})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+"/slow", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true // on a connection that was used before, net/http asks again
	if a, err := send(r.client, req); err == nil {
		t.Errorf("nobody answered, and yet there is %d %q", a.status, a.body)
	}
	lines := r.lines(t, telemetry.DatasetAccess)
	if len(lines) != 1 || lines[0].HTTP.Response.StatusCode != icat.StatusClientClosed {
		t.Errorf("access lines %+v, want one with status 499", lines)
	}
}

func TestAClientThatLeavesIsLogged499(t *testing.T) {
	arrived := make(chan struct{})
	r := start(t, func(s *Server) {
		s.handle("GET /slow", func(_ *exchange, r *http.Request) error {
			close(arrived)
			<-r.Context().Done()
			return r.Context().Err()
		})
	})
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		<-arrived
		leave()
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url+"/slow", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := send(r.client, req); err == nil {
		t.Error("the request was answered")
	}
	lines := r.lines(t, telemetry.DatasetAccess)
	if len(lines) != 1 || lines[0].HTTP.Response.StatusCode != icat.StatusClientClosed || lines[0].Error.Code != string(icat.ClientClosed) {
		t.Errorf("access lines %+v, want one with status 499", lines)
	}
}

// Whatever a client sends as a secret, or where one might hide, stays out of
// every line.
func TestSecretsStayOutOfTheLines(t *testing.T) {
	const secret = "s3cr3t"
	r := start(t, nil)
	session := r.session(t)
	r.do(t, "POST", "/sessions", "", `{"username":"Karen482","password":"`+secret+`"}`)
	r.do(t, "POST", "/sessions", "", `{"username":"`+secret+`","password":"`+secret+`"}`)
	r.do(t, "POST", "/sessions", "", `{"`+secret+`":1}`)
	r.do(t, "POST", "/sessions?password="+secret, "", secret)
	r.do(t, "GET", "/users", secret, "")
	r.do(t, "GET", "/users?"+secret+"=1", session, "")
	r.do(t, "GET", "/users?sessionId="+secret, session, "")
	r.do(t, "GET", "/users?order="+secret, session, "")
	r.do(t, "GET", "/users?limit="+secret, session, "")
	r.do(t, "GET", "/users"+where(`{"`+secret+`":{"eq":1}}`), session, "")
	r.do(t, "GET", "/users"+where(`{"name":{"`+secret+`":"x"}}`), session, "")
	r.do(t, "GET", "/users"+where(`{"name":{"eq":"`+secret+`"}}`), session, "")
	r.stop()
	for _, hidden := range []string{secret, session, facility.Password} {
		if text := r.out.String(); strings.Contains(text, hidden) {
			at := strings.Index(text, hidden)
			t.Errorf("%q is in a line: …%s", hidden, text[max(0, at-200):at+len(hidden)])
		}
	}
}

// Through the whole server: the span has the ids of the access line, its parent
// is the client's, and nothing secret is in it.
func TestTheSpanIsTheLines(t *testing.T) {
	kept := tracetest.NewInMemoryExporter()
	provider := sdk.NewTracerProvider(sdk.WithSyncer(kept))
	r := startWith(t, func(o *Options, _ *http.Server) { o.Tracing = telemetry.NewTracing(provider, provider.Shutdown) }, nil)
	session := r.session(t)
	kept.Reset()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+"/datasets?limit=1&order="+session, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+session)
	req.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	if _, err := send(r.client, req); err != nil {
		t.Fatal(err)
	}
	r.stop()
	var server *tracetest.SpanStub
	spans := kept.GetSpans()
	for i := range spans {
		if s := &spans[i]; s.SpanKind == trace.SpanKindServer {
			server = s
		}
		if text := fmt.Sprint(spans[i]); strings.Contains(text, session) || strings.Contains(text, "limit=") {
			t.Errorf("a query or a session is in span %s", text)
		}
	}
	if server == nil {
		t.Fatalf("no server span in %v", spans)
	}
	sc := server.SpanContext
	if want := fmt.Sprintf(`"trace":{"id":"%s"},"span":{"id":"%s"}`, sc.TraceID(), sc.SpanID()); !strings.Contains(r.out.String(), want) {
		t.Errorf("no line has %s", want)
	}
	if server.Name != "GET /datasets" || sc.TraceID().String() != "4bf92f3577b34da6a3ce929d0e0e4736" || server.Parent.SpanID().String() != "00f067aa0ba902b7" {
		t.Errorf("span %q %s below %s", server.Name, sc.TraceID(), server.Parent.SpanID())
	}
}

func TestADrainingServerAnswersButIsNotReady(t *testing.T) {
	r := start(t, nil)
	r.Drain()
	if a := r.do(t, "GET", "/readyz", "", ""); a.status != 503 || !strings.Contains(string(a.body), "draining") {
		t.Errorf("readyz: %d %s", a.status, a.body)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+"/icat/Karen482", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := r.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 || !resp.Close {
		t.Errorf("a request while draining: %d, connection closes: %v; want 200 and true", resp.StatusCode, resp.Close)
	}
}

func TestALostCatalogueIsNotReadyButAlive(t *testing.T) {
	r := start(t, nil)
	if err := r.Store.Close(); err != nil {
		t.Fatal(err)
	}
	if a := r.do(t, "GET", "/readyz", "", ""); a.status != 503 || !strings.Contains(string(a.body), `"code":"UNAVAILABLE"`) {
		t.Errorf("readyz: %d %s", a.status, a.body)
	}
	if a := r.do(t, "GET", "/healthz", "", ""); a.status != 200 {
		t.Errorf("healthz: %d", a.status)
	}
}

func BenchmarkRequest(b *testing.B) {
	r := start(b, nil)
	req, err := http.NewRequest(http.MethodGet, "/version", nil)
	if err != nil {
		b.Fatal(err)
	}
	req.RemoteAddr = "127.0.0.1:1"
	req.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	req.Header.Set("Baggage", "run.id=bench,run.seq=1")
	w := discard{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		r.ServeHTTP(w, req)
	}
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header       { return d.header }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}
