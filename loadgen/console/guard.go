package console

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// guard keeps pages of other sites from reading and steering: they can neither
// point their own name at this machine, nor send a request from their own page.
func guard(host string, next http.Handler) http.Handler {
	policy := strings.Join([]string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'",
		"base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
	}, "; ")
	same := http.NewCrossOriginProtection()
	same.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fail(w, http.StatusForbidden, "a page of another origin may not steer this run")
	}))
	next = same.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-cache")
		if !known(r.Host, host) {
			fail(w, http.StatusMisdirectedRequest, "this console does not answer to the name "+r.Host+": use the address that it printed")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// known reports whether a Host header names this console: an address cannot be
// pointed elsewhere as a name can.
func known(header, own string) bool {
	host := header
	if h, _, err := net.SplitHostPort(header); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	_, err := netip.ParseAddr(host)
	return err == nil || host == "localhost" || own != "" && strings.EqualFold(host, own)
}
