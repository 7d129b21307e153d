package localweb

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LocalHost:80": true, "127.0.0.1": true, "127.8.9.1:80": true, "::1": true, "[::1]": true, "[::1]:80": true,
		"::ffff:127.0.0.1": true, "[::ffff:127.0.0.1]:80": true,
		"": false, ":80": false, "0.0.0.0:80": false, "[::]:80": false, "10.0.0.1": false, "localhost.example": false,
		"127.0.0.1.example": false, "127.1": false, "@": false,
	} {
		if got := Loopback(host); got != want {
			t.Errorf("%q: %v, want %v", host, got, want)
		}
	}
}

// ask sends a request to a server whose own address is local ("" for unknown);
// headers are "Name: value".
func ask(h http.Handler, local, method, host string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://"+host+"/", nil)
	if local != "" {
		addr := net.TCPAddrFromAddrPort(netip.MustParseAddrPort(local))
		r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(addr)))
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestNames(t *testing.T) {
	const here, open = "127.0.0.1:5602", "10.0.0.7:5602"
	for _, row := range []struct {
		proves            string
		local, name, host string
		known             bool
	}{
		{"localhost", here, "", "localhost:5602", true},
		{"a loopback address", here, "", "[::1]:5602", true},
		{"no name of another site", here, "", "evil.example", false},
		{"none that begins like ours", here, "", "127.0.0.1.example:5602", false},
		{"no foreign address on loopback", here, "", "10.0.0.7:5602", false},
		{"the name that was given", here, "bench", "Bench:5602", true},
		{"and no other", here, "bench", "bench.example:5602", false},
		{"an address where others reach it", open, "", "10.0.0.7:5602", true},
		{"a forwarded port there", open, "", "localhost:9000", true},
		{"no name of another site there", open, "", "evil.example:5602", false},
		{"the name that was given there", open, "board.example", "board.example", true},
		{"without an address of its own, as if on loopback", "", "", "10.0.0.7:5602", false},
	} {
		got := ask(Guard(row.name, http.NotFoundHandler()), row.local, "GET", row.host)
		if want := map[bool]int{true: 404, false: 421}[row.known]; got.Code != want {
			t.Errorf("%s: %d, want %d", row.proves, got.Code, want)
		}
	}
}

func TestAnotherOriginChangesNothing(t *testing.T) {
	changed := false
	h := Guard("", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { changed = changed || r.Method != "GET" }))
	for _, header := range []string{"Origin: http://evil.example", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site"} {
		if got := ask(h, "", "POST", "localhost", header); got.Code != 403 || changed {
			t.Errorf("%s: %d, changed %v", header, got.Code, changed)
		}
	}
	for _, header := range []string{"Origin: http://localhost", "Sec-Fetch-Site: same-origin", "User-Agent: curl"} {
		changed = false
		if got := ask(h, "", "POST", "localhost", header); got.Code != 200 || !changed {
			t.Errorf("%s: %d, changed %v", header, got.Code, changed)
		}
	}
}

func TestEveryAnswerHasTheHeaders(t *testing.T) {
	for _, host := range []string{"localhost", "evil.example"} {
		h := ask(Guard("", http.NotFoundHandler()), "", "GET", host).Header()
		policy := h.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") {
			t.Errorf("%s: policy %q lets in more than this origin", host, policy)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin", "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s %q, want %q", host, name, got, want)
			}
		}
	}
}

func TestAssets(t *testing.T) {
	mux := http.NewServeMux()
	Assets(mux, fstest.MapFS{"assets/index.html": {Data: []byte("<p>page")}, "assets/a.js": {Data: []byte("1")}, "secret": {Data: []byte("no")}})
	for path, want := range map[string]string{"/": "<p>page", "/assets/a.js": "1"} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != 200 || w.Body.String() != want {
			t.Errorf("%s: %d %q", path, w.Code, w.Body)
		}
	}
	for _, path := range []string{"/secret", "/assets/b.js", "/index.html"} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// An answer under way when the program ends is still given; one that takes too
// long is cut, and the server ends.
func TestServeEndsWithItsContext(t *testing.T) {
	for name, slow := range map[string]bool{"a last answer is given": false, "one that hangs is cut": true} {
		t.Run(name, func(t *testing.T) {
			ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			hung := make(chan struct{})
			defer close(hung)
			done := make(chan error, 1)
			go func() {
				done <- Serve(ctx, ln, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					cancel()
					if slow {
						<-hung
					}
					_, _ = io.WriteString(w, "told")
				}))
			}()
			resp, err := http.Get("http://" + ln.Addr().String() + "/")
			if (err != nil) != slow {
				t.Errorf("the last request got %v", err)
			}
			if err == nil {
				_ = resp.Body.Close()
			}
			select {
			case err := <-done:
				if err != nil {
					t.Errorf("got %v, want a clean stop", err)
				}
			case <-time.After(time.Minute):
				t.Fatal("it serves on")
			}
			if conn, err := net.Dial("tcp", ln.Addr().String()); err == nil {
				_ = conn.Close()
				t.Error("the port is still open")
			}
		})
	}
}
