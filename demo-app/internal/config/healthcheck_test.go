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
	asked := ""
	draining := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked = r.URL.Path; asked == "/readyz" {
			w.WriteHeader(503)
			_, _ = w.Write([]byte(`{"code":"UNAVAILABLE","message":"draining","requestId":"x"}`))
		}
	}))
	t.Cleanup(draining.Close)
	for name, row := range map[string]struct {
		args  []string
		asked string
		want  string // "": healthy
	}{
		"it asks whether the server is ready": {nil, "/readyz", "503 Service Unavailable: draining"},
		"or whether it lives":                 {[]string{"-live", "true"}, "/healthz", ""},
	} {
		t.Run(name, func(t *testing.T) {
			addr := strings.Replace(strings.TrimPrefix(draining.URL, "http://"), "127.0.0.1", "0.0.0.0", 1) // as a container listens
			c, err := Read(append([]string{"healthcheck", "-addr", addr}, row.args...), env{}.lookup, nil)
			if err != nil {
				t.Fatal(err)
			}
			var stderr strings.Builder
			code := cli.Report(&stderr, "demo-app", c.Healthy(t.Context()))
			if want := map[bool]int{true: 0, false: cli.False}[row.want == ""]; code != want || !strings.Contains(stderr.String(), row.want) || asked != row.asked {
				t.Errorf("asked %s, exit code %d, %q, want %s, %d and %q", asked, code, &stderr, row.asked, want, row.want)
			}
		})
	}
	if c := (Config{Addr: "127.0.0.1:1", CheckTimeout: time.Second}); c.Healthy(t.Context()) == nil {
		t.Error("nobody is healthy")
	}
}
