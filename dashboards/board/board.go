// Package board serves the dashboards as one self-contained web page that
// keeps itself up to date, and the JSON it is drawn from. It asks
// Elasticsearch on the reader's behalf, so no key reaches the browser.
//
// What a panel asks and means is package dashboards' business; who may read
// Elasticsearch is the searcher's.
package board

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"time"

	"plumbline/dashboards"
)

// Searcher runs one search of an index and returns the answer as it came.
type Searcher interface {
	Search(ctx context.Context, index string, body []byte) ([]byte, error)
}

// Options is what a board needs.
type Options struct {
	Searcher   Searcher
	Absent     func(error) bool // reports that a search failed because its index does not exist yet
	Dashboards []dashboards.Dashboard
	Now        func() time.Time // nil: time.Now
}

//go:embed assets
var assets embed.FS

// maxSearches is how many searches run at once, whatever the number of pages.
const maxSearches = 4

type server struct {
	Options
	searching chan struct{} // holds a token per running search
}

// New returns the handler of the page and its API.
func New(o Options) http.Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Absent == nil {
		o.Absent = func(error) bool { return false }
	}
	s := &server{Options: o, searching: make(chan struct{}, maxSearches)}
	files, err := fs.Sub(assets, "assets")
	if err != nil {
		panic(err) // the embedded directory is part of the program
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.health)
	mux.HandleFunc("GET /api/dashboards", s.list)
	mux.HandleFunc("GET /api/dashboards/{id}", s.dashboard)
	mux.HandleFunc("GET /api/runs", s.runs)
	mux.HandleFunc("/api/", s.unknown)
	mux.Handle("GET /assets/", http.StripPrefix("/assets/", http.FileServerFS(files)))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, files, "index.html")
	})
	return guard(mux)
}

// Serve answers on ln until ctx ends, then lets running requests finish.
func Serve(ctx context.Context, ln net.Listener, h http.Handler) error {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		stopped <- srv.Shutdown(deadline)
	})
	err := srv.Serve(ln)
	if !stop() && errors.Is(err, http.ErrServerClosed) {
		return <-stopped
	}
	return err
}
