package health

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"plumbline/cli"
)

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func TestAsk(t *testing.T) {
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	for _, row := range []struct {
		proves string
		answer http.HandlerFunc // nil: nobody listens
		within time.Duration
		want   string // "": well
	}{
		{"200 is a yes", says(200, ""), 0, ""},
		{"anything else is a no, with demo-app's reason", says(503, `{"code":"UNAVAILABLE","message":"draining","requestId":"x"}`), 0, "503 Service Unavailable: draining"},
		{"with the console's reason", says(403, `{"error":"not yours"}`), 0, "403 Forbidden: not yours"},
		{"with the board's reason", says(502, `{"error":{"message":"Elasticsearch is gone","hint":"x"}}`), 0, "502 Bad Gateway: Elasticsearch is gone"},
		{"a stranger's no has no reason", says(404, "<html>"), 0, "404 Not Found: no reason given"},
		{"no content is not 200", says(204, ""), 0, "204 No Content"},
		{"being sent elsewhere is a no", http.RedirectHandler("http://127.0.0.1:1/", http.StatusFound).ServeHTTP, 0, "302 Found"},
		{"silence is a no", nil, 0, "connection refused"},
		{"so is an answer that does not come in time", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, 20 * time.Millisecond, "deadline exceeded"},
	} {
		t.Run(row.proves, func(t *testing.T) {
			server := httptest.NewServer(row.answer)
			t.Cleanup(server.Close)
			if row.answer == nil {
				server.Close()
			}
			err := Ask(t.Context(), Question{URL: server.URL + "/well", Within: row.within, Next: "start it"})
			var stderr strings.Builder
			code := cli.Report(&stderr, "it", err)
			if want := map[bool]int{true: 0, false: cli.False}[row.want == ""]; code != want || !strings.Contains(stderr.String(), row.want) {
				t.Errorf("exit code %d, %q, want %d and %q", code, &stderr, want, row.want)
			}
		})
	}
}

func TestAskTrustsWhomItIsTold(t *testing.T) {
	server := httptest.NewTLSServer(says(200, ""))
	defer server.Close()
	if err := Ask(t.Context(), Question{URL: server.URL}); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown authority: %v", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	if err := Ask(t.Context(), Question{URL: server.URL, TLS: &tls.Config{RootCAs: roots}}); err != nil {
		t.Errorf("a known one: %v", err)
	}
}

func TestReachable(t *testing.T) {
	for listen, ask := range map[string]string{
		":8000": "127.0.0.1:8000", "0.0.0.0:8000": "127.0.0.1:8000", "[::]:8000": "[::1]:8000", "127.0.0.1:8000": "127.0.0.1:8000",
		"[::1]:8000": "[::1]:8000", "demo-app:8000": "demo-app:8000", "10.0.0.7:8000": "10.0.0.7:8000", "nonsense": "nonsense",
	} {
		if got := Reachable(listen); got != ask {
			t.Errorf("%s is asked at %s, want %s", listen, got, ask)
		}
	}
}
