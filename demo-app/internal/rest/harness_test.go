package rest

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"plumbline/cli/transcript"
	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
	"plumbline/demo-app/internal/cache"
	"plumbline/demo-app/internal/jobs"
	"plumbline/demo-app/internal/session"
	"plumbline/demo-app/internal/store"
	"plumbline/demo-app/internal/store/storetest"
	"plumbline/demo-app/telemetry"

	"github.com/prometheus/client_golang/prometheus"
)

// running is a server on a random port, and what it wrote.
type running struct {
	*Server
	Store  *store.Store
	url    string
	client *http.Client
	out    *transcript.Buffer
	says   func() *promises // of the document; read when it is first needed
	stop   func()           // returns when all is answered and written
}

// start serves the small facility; more may register further routes.
func start(t testing.TB, more func(*Server)) *running {
	t.Helper()
	return startWith(t, nil, more)
}

// startWith serves the small facility with all that a server can have; options
// may change that.
func startWith(t testing.TB, options func(*Options, *http.Server), more func(*Server)) *running {
	t.Helper()
	catalogue := storetest.Open(t)
	out := &transcript.Buffer{}
	lines := telemetry.NewLines(out)
	log := telemetry.NewLog(lines, telemetry.Service{Name: "api", Version: "test"}, -1)
	o := Options{
		Catalogue: catalogue, Authority: session.NewAuthority(catalogue.CheckPassword, session.NewMemory(session.Options{})),
		Log: log, Version: "test", Cache: cache.NewMemory(cache.Options{}),
	}
	downloads, endWorker := newDownloads(t, catalogue, log)
	o.Downloads = downloads
	web := &http.Server{}
	if options != nil {
		options(&o, web)
	}
	s := New(o)
	if more != nil {
		more(s)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	limits := web
	web = s.HTTP()
	web.ReadTimeout = cmp.Or(limits.ReadTimeout, web.ReadTimeout)
	served := make(chan error, 1)
	go func() { served <- web.Serve(listener) }()
	r := &running{Server: s, Store: catalogue, url: "http://" + listener.Addr().String(), out: out, client: &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 16, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	r.says = sync.OnceValue(func() *promises { return readPromises(t) })
	r.stop = sync.OnceFunc(func() {
		r.client.CloseIdleConnections()
		if err := web.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
		if err := <-served; err != http.ErrServerClosed {
			t.Error(err)
		}
		s.Wait()
		endWorker()
		if err := lines.Close(); err != nil {
			t.Error(err)
		}
		if err := o.Cache.Close(); err != nil {
			t.Error(err)
		}
		if err := catalogue.Close(); err != nil && !errors.Is(err, sql.ErrConnDone) {
			t.Error(err)
		}
	})
	t.Cleanup(r.stop)
	return r
}

// line is what the tests look at of a line.
type line struct {
	Message string
	Event   struct{ ID, Dataset, Outcome string }
	HTTP    struct {
		Request  struct{ ID, Method string }
		Response struct {
			StatusCode int `json:"status_code"`
			Body       struct{ Bytes int64 }
		}
		Route string
	}
	URL   struct{ Path string }
	User  struct{ Name string }
	Run   struct{ Seq int64 }
	Error struct {
		Code, Message string
		StackTrace    string `json:"stack_trace"`
	}
}

// lines stops the server and returns its lines of a data set.
func (r *running) lines(t testing.TB, dataset string) []line {
	t.Helper()
	r.stop()
	var found []line
	for text := range strings.Lines(r.out.String()) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("line is not JSON: %v: %s", err, text)
		}
		if l.Event.Dataset == dataset {
			found = append(found, l)
		}
	}
	return found
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

func (r *running) do(t testing.TB, method, path, session, body string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if session != "" {
		req.Header.Set("Authorization", "Bearer "+session)
	}
	a, err := send(r.client, req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

func send(c *http.Client, req *http.Request) (answer, error) {
	resp, err := c.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, b}, err
}

// session logs in as Karen482.
func (r *running) session(t testing.TB) string {
	t.Helper()
	return r.login(t, facility.KarenName)
}

func (r *running) login(t testing.TB, name string) string {
	t.Helper()
	a := r.do(t, "POST", "/sessions", "", fmt.Sprintf(`{"username":%q,"password":%q}`, name, facility.Password))
	var s icat.SessionID
	if err := json.Unmarshal(a.body, &s); err != nil || a.status != http.StatusCreated {
		t.Fatalf("log in: %d %s", a.status, a.body)
	}
	return s.ID
}

// newDownloads returns downloads with a worker, and what ends the worker.
func newDownloads(t testing.TB, catalogue *store.Store, log *telemetry.Log) (*jobs.Service, func()) {
	t.Helper()
	s, err := jobs.New(jobs.Options{
		Queue: jobs.NewSQLQueue(catalogue.DB(), false), Catalogue: catalogue, Notifier: jobs.LogNotifier{}, Log: log,
		Registerer: prometheus.NewRegistry(), Poll: 10 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	return s, func() {
		end()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// row is a request and what must come back.
type row struct {
	proves, method, path, session, body string
	status                              int
	code                                icat.Code // "" for a success
	contains                            string
}

// check asks what row says. The answer must be what it says, and what the
// document says.
func (r *running) check(t testing.TB, row row) answer {
	t.Helper()
	a := r.do(t, row.method, row.path, row.session, row.body)
	if a.status != row.status || !strings.Contains(string(a.body), row.contains) {
		t.Errorf("%s: %s %.300s: %d %.300s; want %d with %q", row.proves, row.method, row.path, a.status, a.body, row.status, row.contains)
	}
	if row.code != "" {
		var e icat.Envelope
		if err := json.Unmarshal(a.body, &e); err != nil || e.Code != row.code || e.Message == "" || e.RequestID != a.header.Get(telemetry.HeaderRequestID) {
			t.Errorf("%s: envelope %s (request id %s), want code %s", row.proves, a.body, a.header.Get(telemetry.HeaderRequestID), row.code)
		}
	}
	if err := r.documented(row.method, row.path, a); err != nil {
		t.Errorf("%s: %s %.300s answers what the document does not say: %v", row.proves, row.method, row.path, err)
	}
	return a
}
