package icatfake

import (
	"net/http"
	"time"
)

// Trouble is what goes wrong with a request. It reports whether the request has
// been answered, or never will be.
type Trouble func(w http.ResponseWriter, r *http.Request) bool

// Meet lets the next n requests meet the trouble; n < 0 means all until the
// next call, 0 none.
func (s *Server) Meet(n int, t Trouble) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left, s.trouble = n, t
}

// Slow answers d later.
func Slow(d time.Duration) Trouble {
	return func(_ http.ResponseWriter, r *http.Request) bool {
		select {
		case <-time.After(d):
			return false
		case <-r.Context().Done():
			return true
		}
	}
}

// Page answers with the HTML page of a proxy, or of icat.server's container.
func Page(status int) Trouble {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		page(w, status)
		return true
	}
}

// Drop closes the connection without an answer.
func Drop(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) }

// Tear closes the connection in the middle of an answer.
func Tear(w http.ResponseWriter, _ *http.Request) bool {
	w.Header().Set("Content-Length", "1000")
	w.Write([]byte(`[{"User":{"id":`)) // the client is gone if it fails
	http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// Redirect sends the client elsewhere.
func Redirect(to string) Trouble {
	return func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, to+r.URL.RequestURI(), http.StatusTemporaryRedirect)
		return true
	}
}

func page(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(status)
	w.Write([]byte("<!DOCTYPE html><html><head><title>Error report</title></head><body><h1>HTTP Status</h1></body></html>\n"))
}
