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
	"net/http"
	"time"

	"plumbline/dashboards"
	"plumbline/localweb"
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
	Host       string           // name under which it may be asked for, beside its addresses; "" for none
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
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.health)
	mux.HandleFunc("GET /readyz", s.ready)
	mux.HandleFunc("GET /api/dashboards", s.list)
	mux.HandleFunc("GET /api/dashboards/{id}", s.dashboard)
	mux.HandleFunc("GET /api/runs", s.runs)
	mux.HandleFunc("/api/", s.unknown)
	localweb.Assets(mux, assets)
	return localweb.Guard(o.Host, mux)
}
