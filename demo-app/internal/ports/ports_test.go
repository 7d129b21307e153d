package ports

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"plumbline/demo-app/icat"
	"plumbline/demo-app/telemetry"
)

func TestUnrouted(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /a", func(http.ResponseWriter, *http.Request) {})
	for asked, want := range map[string]struct {
		code icat.Code
		says string
	}{
		"GET /b":  {icat.NoSuchRoute, "/docs lists what does"},
		"POST /a": {icat.MethodNotAllowed, "allowed: GET, HEAD"},
		"GET /a":  {},
	} {
		method, path, _ := strings.Cut(asked, " ")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(method, path, nil))
		err := Unrouted(w.Code, w.Header(), "/docs")
		if want.code == "" {
			if err != nil {
				t.Errorf("%s: %v, want none", asked, err)
			}
			continue
		}
		if e := icat.AsError(err); e.Code != want.code || !strings.Contains(e.Message, want.says) {
			t.Errorf("%s: %+v, want %+v", asked, e, want)
		}
	}
}

func TestBearer(t *testing.T) {
	for header, want := range map[string]string{
		"": "", "Bearer": "", "Bearer ": "", "Basic abc": "", "abc": "", "Bearerabc": "", "Bearer abc": "abc", "bEARER abc": "abc", "Bearer a b": "a b",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", header)
		if got := Bearer(r); got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
}

func TestClientIPIsAlwaysAnAddress(t *testing.T) {
	for remote, want := range map[string]string{"10.0.0.7:81": "10.0.0.7", "[::1]:81": "::1", "@": "0.0.0.0", "": "0.0.0.0"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = remote
		r.Header.Set("X-Forwarded-For", "127.0.0.1") // anybody can say so
		if got := ClientIP(r); got != want {
			t.Errorf("%q: %q, want %q", remote, got, want)
		}
	}
}

// What net/http complains about is a line of the log, and nothing on stderr.
func TestComplaintsAreLines(t *testing.T) {
	var lines bytes.Buffer
	l := telemetry.NewLog(&lines, telemetry.Service{Name: "test"}, telemetry.LevelInfo)
	server := Server(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
		w.WriteHeader(http.StatusTeapot)
	}), l, time.Minute)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	answer, err := http.Get("http://" + listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	<-served
	if got := lines.String(); !strings.Contains(got, "http server complains") || !strings.Contains(got, "superfluous") {
		t.Errorf("the log says %q", got)
	}
}
