// Package localweb is what the web pages that the project's own programs serve
// have in common: who may read them, and how long an answer may take. They show
// and steer what runs on this machine, so a page of another site must neither
// read them nor act through them.
//
// What a page shows and does is the business of the program that serves it.
package localweb

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// Assets adds GET / and GET /assets/ to mux: the files of the directory assets,
// of which index.html is the page.
func Assets(mux *http.ServeMux, files fs.FS) {
	mux.Handle("GET /assets/", http.FileServerFS(files))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, files, "assets/index.html")
	})
}

// grace is what an answer under way has once the program ends.
const grace = 2 * time.Second

// Serve answers on ln until ctx ends, and lets requests under way finish.
func Serve(ctx context.Context, ln net.Listener, h http.Handler) error {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		if srv.Shutdown(limit) != nil {
			_ = srv.Close()
		}
	})
	err := srv.Serve(ln)
	if !stop() {
		<-ended
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Loopback reports whether a host, with or without a port, is this machine
// under a name that nobody can point elsewhere: localhost or a loopback address.
func Loopback(hostport string) bool {
	name := host(hostport)
	ip, err := netip.ParseAddr(name)
	return strings.EqualFold(name, "localhost") || err == nil && ip.Unmap().IsLoopback()
}

// host is a host without port and brackets.
func host(hostport string) string {
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		hostport = h
	}
	return strings.Trim(hostport, "[]")
}
