package config

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"plumbline/cli"
)

func TestHealthcheck(t *testing.T) {
	for name, row := range map[string]struct {
		args   []string
		answer http.HandlerFunc // nil: nobody listens
		want   string           // "" : healthy
	}{
		"ready": {answer: func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/readyz" {
				w.WriteHeader(500)
			}
		}},
		"alive": {args: []string{"-live", "true"}, answer: func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/healthz" {
				w.WriteHeader(500)
			}
		}},
		"not ready, with its reason": {answer: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(503)
			_, _ = w.Write([]byte(`{"code":"UNAVAILABLE","message":"draining","requestId":"x"}`))
		}, want: "503 Service Unavailable: draining"},
		"somebody else's server": {answer: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(404)
			_, _ = w.Write([]byte("<html>"))
		}, want: "404 Not Found: no reason given"},
		"sent elsewhere":    {answer: http.RedirectHandler("http://127.0.0.1:1/", http.StatusFound).ServeHTTP, want: "302 Found"},
		"nobody listens":    {want: "connection refused"},
		"no answer in time": {args: []string{"-timeout", "20ms"}, answer: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, want: "deadline exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(row.answer)
			t.Cleanup(server.Close)
			if row.answer == nil {
				server.Close()
			}
			addr := strings.TrimPrefix(server.URL, "http://")
			addr = strings.Replace(addr, "127.0.0.1", "0.0.0.0", 1) // as a container listens
			c, err := Read(append([]string{"healthcheck", "-addr", addr}, row.args...), env{"http_proxy": "http://127.0.0.1:1"}.lookup, nil)
			if err != nil {
				t.Fatal(err)
			}
			err = c.Healthy(t.Context())
			var stderr strings.Builder
			code := cli.Report(&stderr, "demo-app", err)
			if want := map[bool]int{true: 0, false: cli.False}[row.want == ""]; code != want || !strings.Contains(stderr.String(), row.want) {
				t.Errorf("exit code %d, %q, want %d and %q", code, &stderr, want, row.want)
			}
		})
	}
}

func TestReachable(t *testing.T) {
	for listen, ask := range map[string]string{
		":8000": "127.0.0.1:8000", "0.0.0.0:8000": "127.0.0.1:8000", "[::]:8000": "[::1]:8000", "127.0.0.1:8000": "127.0.0.1:8000",
		"[::1]:8000": "[::1]:8000", "demo-app:8000": "demo-app:8000", "10.0.0.7:8000": "10.0.0.7:8000",
	} {
		if got := reachable(listen); got != ask {
			t.Errorf("%s is asked at %s, want %s", listen, got, ask)
		}
	}
	if c := (Config{Addr: "127.0.0.1:1", CheckTimeout: time.Second}); c.Healthy(t.Context()) == nil {
		t.Error("nobody is healthy")
	}
}
