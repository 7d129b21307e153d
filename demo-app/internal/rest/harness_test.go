package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
	"plumbline/demo-app/internal/cache"
	"plumbline/demo-app/internal/store"
	"plumbline/demo-app/telemetry"
)

// running is a server on a random port, and what it wrote.
type running struct {
	*Server
	url    string
	client *http.Client
	out    *lockedBuffer
	stop   func() // returns when all is answered and written
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start serves the small facility; more may register further routes.
func start(t testing.TB, more func(*Server)) *running {
	t.Helper()
	catalogue, err := store.Open(t.Context(), store.Memory, facility.New(1, facility.Small()))
	if err != nil {
		t.Fatal(err)
	}
	out := &lockedBuffer{}
	lines := telemetry.NewLines(out)
	log := telemetry.NewLog(lines, telemetry.Service{Name: "api", Version: "test"}, -1)
	s := New(Options{Store: catalogue, Sessions: cache.NewSessions(icat.SessionLifetime), Log: log, Version: "test"})
	if more != nil {
		more(s)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	web := s.HTTP()
	served := make(chan error, 1)
	go func() { served <- web.Serve(listener) }()
	r := &running{Server: s, url: "http://" + listener.Addr().String(), out: out, client: &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 16, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	r.stop = sync.OnceFunc(func() {
		r.client.CloseIdleConnections()
		if err := web.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
		if err := <-served; err != http.ErrServerClosed {
			t.Error(err)
		}
		s.Wait()
		if err := lines.Close(); err != nil {
			t.Error(err)
		}
		if err := catalogue.Close(); err != nil {
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

func (r *running) session(t testing.TB) string {
	t.Helper()
	a := r.do(t, "POST", "/sessions", "", fmt.Sprintf(`{"username":%q,"password":%q}`, facility.KarenName, facility.Password))
	var s icat.SessionID
	if err := json.Unmarshal(a.body, &s); err != nil || a.status != http.StatusCreated {
		t.Fatalf("log in: %d %s", a.status, a.body)
	}
	return s.ID
}
