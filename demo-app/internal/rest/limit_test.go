package rest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
	"plumbline/demo-app/internal/limit"
)

// Whoever sends a body drop by drop, or does not read their answer, holds no
// place that another could have.
func TestASlowClientHoldsUpNobody(t *testing.T) {
	const places = 12
	r := startWith(t, func(o *Options, _ *http.Server) {
		o.Limit = limit.New(limit.Options{Max: places, Wait: 5 * time.Second, Registerer: prometheus.NewRegistry()})
	}, nil)
	address := strings.TrimPrefix(r.url, "http://")
	connect := func(request string) net.Conn {
		t.Helper()
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if _, err := fmt.Fprint(conn, request); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	for range places + 1 {
		connect("POST /sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
		connect(strings.Repeat("GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n", 20))
	}
	// The slow ones have been let in once their first answer is on its way.
	reader := connect("GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n")
	if _, err := bufio.NewReader(reader).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if got := r.do(t, http.MethodGet, "/ping", "", ""); got.status != http.StatusOK {
			t.Fatalf("beside slow clients: %d %s", got.status, got.body)
		}
	}
}

// Who may not write is refused before the body has come; who may holds no place
// of a reader or another writer while it comes.
func TestASlowUploadHoldsUpNobody(t *testing.T) {
	r := startWith(t, func(o *Options, _ *http.Server) {
		o.Limit = limit.New(limit.Options{Max: 1, Wait: 5 * time.Second, Registerer: prometheus.NewRegistry()})
	}, nil)
	var anonymous icat.SessionID
	if a := r.do(t, http.MethodPost, "/sessions", "", `{"mechanism":"anon"}`); json.Unmarshal(a.body, &anonymous) != nil {
		t.Fatalf("an anonymous session: %d %s", a.status, a.body)
	}
	karen, ingest := r.session(t), r.login(t, facility.IngestName)
	upload := func(authorization string) net.Conn {
		t.Helper()
		conn, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if _, err := fmt.Fprintf(conn, "POST /datasets HTTP/1.1\r\nHost: x\r\n%sContent-Length: 1000\r\n\r\n[", authorization); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	for who, want := range map[string]string{"": "401", "Bearer none": "403", "Bearer " + anonymous.ID: "403", "Bearer " + karen: "403"} {
		if who != "" {
			who = "Authorization: " + who + "\r\n"
		}
		status, err := bufio.NewReader(upload(who)).ReadString('\n')
		if err != nil || !strings.Contains(status, want) {
			t.Errorf("%q is told %q, %v before its body came; want %s", who, status, err, want)
		}
	}
	for i := range 4 {
		upload("Authorization: Bearer " + ingest + "\r\n")
		r.awaitArriving(t, i+1)
		r.check(t, row{"a reader beside slow uploads", "GET", "/users/1", karen, "", 200, "", ""})
		r.check(t, row{"a writer beside them", "PATCH", "/datasets/1", ingest, `{"description":"quick"}`, 200, "", "quick"})
	}
}

func (r *running) awaitArriving(t *testing.T, n int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); len(r.arriving) < n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d bodies are on their way after a minute, want %d", len(r.arriving), n)
		}
	}
}

// Large bodies that are on their way take memory, so there is a bound to them,
// and who may not write at all takes no part of it.
func TestOnlySoManyLargeBodiesArriveAtATime(t *testing.T) {
	r := startWith(t, func(_ *Options, limits *http.Server) { limits.ReadTimeout = time.Minute }, nil)
	session, ingest := r.session(t), r.login(t, facility.IngestName)
	var bodies []*io.PipeWriter
	answers := make(chan error, maxArriving)
	for range maxArriving {
		body, rest := io.Pipe()
		bodies = append(bodies, rest)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, r.url+"/datasets/1", body)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+ingest)
		go func() {
			a, err := send(r.client, req)
			if err == nil && a.status != http.StatusOK {
				err = fmt.Errorf("%d %s", a.status, a.body)
			}
			answers <- err
		}()
	}
	r.awaitArriving(t, maxArriving)
	change := func(proves, session string, status int, code icat.Code) answer {
		t.Helper()
		return r.check(t, row{proves, "PATCH", "/datasets/1", session, `{"description":"quick"}`, status, code, ""})
	}
	if a := change("one more is refused", ingest, 503, icat.Unavailable); a.header.Get("Retry-After") != retryBusy {
		t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
	}
	change("who may not write is told so all the same", session, 403, icat.InsufficientPrivileges)
	r.check(t, row{"reading goes on", "GET", "/datasets/1", ingest, "", 200, "", ""})
	for _, rest := range bodies {
		if _, err := io.WriteString(rest, `{"description":"slow"}`); err != nil {
			t.Error(err)
		}
		rest.Close()
	}
	for range bodies {
		if err := <-answers; err != nil {
			t.Errorf("a slow one: %v", err)
		}
	}
	change("afterwards there is room", ingest, 200, "")
}
