// Package console shows a run under way to a browser, to programs (/status) and
// to Prometheus (/metrics), and lets who watches it steer: turn the rate, hold
// it, change what is asked, end the run.
//
// The figures are package report's, the rate is package pace's and the mix
// package journey's; nothing here is called for a single request of the run.
package console

import (
	"embed"
	"net/http"
	"sync"

	"plumbline/loadgen/journey"
	"plumbline/loadgen/ledger"
	"plumbline/loadgen/pace"
	"plumbline/loadgen/report"
	"plumbline/localweb"
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
	s := &server{Options: o}
	own := http.NewServeMux()
	own.HandleFunc("GET /status", s.status)
	own.HandleFunc("POST /control", s.control)
	localweb.Assets(own, assets)
	all := http.NewServeMux()
	all.Handle("/", localweb.Guard(o.Host, own))
	all.Handle("GET /metrics", metrics(s)) // a scraper may know this host by any name
	return all
}
