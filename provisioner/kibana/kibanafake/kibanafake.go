// Package kibanafake is a FAKE of Kibana: an http.Handler that answers the few
// requests by which dashboards, data views and alert rules come into a Kibana,
// and refuses what Kibana refuses, in its words. It was written after Kibana's
// sources and recorded answers. It renders nothing and evaluates no rule, and no
// test against it says that a live Kibana draws a dashboard.
//
// In some things it is stricter, so that mistakes show: unknown members of a
// request, a space that is not there, and a panel whose references lead nowhere
// are refused. What it has refused is kept in a list, for tests to look at.
package kibanafake

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Config is what a Kibana is like when it starts.
type Config struct {
	Version  string    // as /api/status tells it: 8.19.7
	Starting int       // how many times /api/status answers 503 before it is available
	Accounts []Account // who may ask
	// NoEncryptionKey: xpack.encryptedSavedObjects.encryptionKey is not set, so
	// there can be no alert rules.
	NoEncryptionKey bool
	// DropsPanels: a dashboard that is read through /api/dashboards lacks its
	// last panel, and a warning says so.
	DropsPanels bool
	// Stores is what it makes of attributes before it stores them; nil for nothing.
	Stores func(kind string, attributes map[string]any)
}

// Account is somebody that Kibana knows, by password or by API key.
type Account struct {
	Name, Password string
	Key            string // id:api_key
	ReadOnly       bool   // may look at everything in every space, and change nothing
}

// Refusal is a request that a caller who knows Kibana would not have sent.
// Questions for an object that is not there and conflicts are none.
type Refusal struct {
	Method, Path string
	Status       int
	Message      string
}

// Kibana is the fake. It is safe for concurrent use.
type Kibana struct {
	config Config
	mux    *http.ServeMux

	mu       sync.Mutex
	starting int
	spaces   map[string]*space
	refusals []Refusal
	writes   int
	made     int // of the ids that it made up
}

type space struct {
	name    string
	objects map[string]Object       // by type:id
	rules   map[string]rule         // by id
	bodies  map[string]apiDashboard // by id, of those made through /api/dashboards
}

// DefaultSpace is the space that every Kibana has.
const DefaultSpace = "default"

// New returns a Kibana with nothing in it but the default space.
func New(c Config) *Kibana {
	k := &Kibana{config: c, starting: c.Starting, spaces: map[string]*space{DefaultSpace: newSpace("Default")}}
	k.mux = k.routes()
	return k
}

func newSpace(name string) *space {
	return &space{name: name, objects: map[string]Object{}, rules: map[string]rule{}, bodies: map[string]apiDashboard{}}
}

// Refusals are the requests it has refused so far.
func (k *Kibana) Refusals() []Refusal {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.refusals)
}

// Writes is how often something was made or changed.
func (k *Kibana) Writes() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.writes
}

// An ask is a request with what is known of it by the time it is handled.
type ask struct {
	w       http.ResponseWriter
	r       *http.Request
	account *Account // nil: not known
	space   string
}

type handler func(*ask)

func (k *Kibana) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for pattern, h := range map[string]handler{
		"GET /api/status":                    k.status,
		"GET /api/spaces/space/{id}":         k.trusted(k.readSpace),
		"POST /api/spaces/space":             k.writer(k.makeSpace),
		"POST /api/saved_objects/_import":    k.writer(k.importObjects),
		"POST /api/saved_objects/_export":    k.written(k.exportObjects),
		"POST /api/data_views/data_view":     k.writer(k.makeDataView),
		"GET /api/data_views/data_view/{id}": k.trusted(k.readDataView),
		"GET /api/alerting/rule/{id}":        k.trusted(k.readRule),
		"POST /api/alerting/rule/{id}":       k.writer(k.makeRule),
		"PUT /api/alerting/rule/{id}":        k.writer(k.changeRule),
		"GET /api/dashboards/{id}":           k.trusted(k.since("9.4", k.readDashboard)),
		"PUT /api/dashboards/{id}":           k.writer(k.since("9.4", k.putDashboard)),
		"/":                                  k.trusted(func(a *ask) { k.refuse(a, http.StatusNotFound, "Not Found") }),
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { k.serve(w, r, h) })
	}
	return mux
}

// ServeHTTP answers as Kibana does below its base path.
func (k *Kibana) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	id := DefaultSpace
	if rest, ok := strings.CutPrefix(r.URL.Path, "/s/"); ok {
		var path string
		id, path, _ = strings.Cut(rest, "/")
		r = r.Clone(r.Context())
		r.URL.Path, r.URL.RawPath = "/"+path, ""
	}
	r.SetPathValue("space", id)
	k.mux.ServeHTTP(w, r)
}

func (k *Kibana) serve(w http.ResponseWriter, r *http.Request, h handler) {
	a := &ask{w: w, r: r, account: k.who(r), space: r.PathValue("space")}
	if _, there := k.spaces[a.space]; !there {
		k.refuse(a, http.StatusNotFound, "Saved object [space/"+a.space+"] not found")
		return
	}
	h(a)
}

// refuse answers with Kibana's form of an error, and keeps it.
func (k *Kibana) refuse(a *ask, status int, message string) {
	k.refusals = append(k.refusals, Refusal{a.r.Method, a.r.URL.Path, status, message})
	k.fail(a, status, message, nil)
}

// fail answers with an error that is no mistake of the caller's.
func (k *Kibana) fail(a *ask, status int, message string, attributes any) {
	body := map[string]any{"statusCode": status, "error": http.StatusText(status), "message": message}
	if attributes != nil {
		body["attributes"] = attributes
	}
	answer(a.w, status, body)
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// decode reads a request whose every member has to be known.
func (k *Kibana) decode(a *ask, into any) bool {
	decoder := json.NewDecoder(a.r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		k.refuse(a, http.StatusBadRequest, "[request body]: "+err.Error())
		return false
	}
	return true
}
