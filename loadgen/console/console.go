// Package console shows a run under way to a browser, to programs (/status) and
// to Prometheus (/metrics), and lets who watches it steer: turn the rate, hold
// it, change what is asked, end the run.
//
// The figures are package report's, the rate is package pace's and the mix
// package journey's; nothing here is called for a single request of the run.
package console

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"sync"
	"time"

	"plumbline/loadgen/journey"
	"plumbline/loadgen/ledger"
	"plumbline/loadgen/pace"
	"plumbline/loadgen/report"
)

// Options is what a console shows and turns. Governor and Source are nil when
// the run has none: then they cannot be turned.
type Options struct {
	Run      ledger.Header
	Watch    *report.Watch
	Governor *pace.Governor
	Source   *journey.Source
	Planned  uint64          // of the whole run; 0 if the target decides
	Stop     func()          // ends the run early
	Stopping <-chan struct{} // closed when the run was asked to end
	Host     string          // by which it is reached, without the port; names of other hosts may not steer
}

//go:embed assets
var assets embed.FS

type server struct {
	Options
	turning sync.Mutex // one control at a time
}

// New returns the handler of the page, the state, the metrics and the controls.
func New(o Options) http.Handler {
	files, err := fs.Sub(assets, "assets")
	if err != nil {
		panic(err) // the embedded directory is part of the program
	}
	s := &server{Options: o}
	own := http.NewServeMux()
	own.HandleFunc("GET /status", s.status)
	own.HandleFunc("POST /control", s.control)
	own.Handle("GET /assets/", http.StripPrefix("/assets/", http.FileServerFS(files)))
	own.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, files, "index.html")
	})
	all := http.NewServeMux()
	all.Handle("/", guard(o.Host, own))
	all.Handle("GET /metrics", metrics(s)) // a scraper may know this host by any name
	return all
}

// grace is what an answer under way has once the run has ended: whoever stopped
// the run is told so.
const grace = 2 * time.Second

// Serve answers on ln until ctx ends.
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
