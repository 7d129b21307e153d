package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// watch writes a line for each request that next answers: method, path, status,
// time, and the query of the catalogue. Session ids and forms are left out.
func watch(out io.Writer, next http.Handler) http.Handler {
	var mu sync.Mutex // lines stay whole
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		status := &statusWriter{ResponseWriter: w}
		next.ServeHTTP(status, r)
		path := r.URL.Path
		if before, _, ok := strings.Cut(path, "/session/"); ok {
			path = before + "/session/…"
		}
		mu.Lock()
		defer mu.Unlock()
		line := fmt.Sprintf("  %-6s %-25s %d %6.1fms  %q", r.Method, path, status.code, float64(time.Since(begun).Microseconds())/1000, r.URL.Query().Get("query"))
		fmt.Fprintln(out, strings.TrimSuffix(line, `  ""`))
	})
}

// statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter
	code int
}

func (w *statusWriter) WriteHeader(code int) {
	w.code = code
	w.ResponseWriter.WriteHeader(code)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
