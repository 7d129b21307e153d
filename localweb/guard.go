package localweb

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Guard sets the security headers of every answer and refuses two kinds of
// request: those that a page of another origin sends, and those under a name
// that is not this server's, since a page elsewhere can point its own name at
// this machine. A server on a loopback address answers to loopback names, one
// that others reach also to its addresses, and both to name unless it is "".
func Guard(name string, next http.Handler) http.Handler {
	policy := strings.Join([]string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'",
		"base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
	}, "; ")
	same := http.NewCrossOriginProtection()
	same.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "a page of another origin may change nothing here", http.StatusForbidden)
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
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cache-Control", "no-cache")
		if !known(r, name) {
			http.Error(w, "nothing here answers to the name "+r.Host+": use the address that was printed at the start, or start the program for that name", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// known reports whether the Host header names this server: an address cannot be
// pointed elsewhere as a name can.
func known(r *http.Request, name string) bool {
	asked := host(r.Host)
	if Loopback(asked) || name != "" && strings.EqualFold(asked, name) {
		return true
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	_, err := netip.ParseAddr(asked)
	return ok && !Loopback(local.String()) && err == nil
}
