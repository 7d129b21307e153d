// Package grafanafake is a FAKE of Grafana: no live one has met this project yet.
// It holds data sources, folders, dashboards and alert rules in memory, answers
// its HTTP API as Grafana 10 to 13 document theirs, and reads provisioning files
// as Grafana does at its start. It draws nothing.
//
// It is stricter than Grafana: a path, a member or a value that it does not know
// is refused, a dashboard has to please Grafana's schemas, and all that it ever
// refused is listed, so that a test can want the list empty. Never let it stand in
// for a Grafana that somebody looks at.
package grafanafake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"plumbline/dashboards/grafana/schema"
)

// Options are what a fake is started with.
type Options struct {
	Version                string // "" for one that dashboards are written for
	Admin, Password        string // who may do all
	Viewer, ViewerPassword string // who may look, and its password; "" for nobody
	Starting               int    // so many asks of /api/health are answered 503
	// Ask sends what Grafana would send to a data source when its health is
	// asked; without it, all but the broken ones are well.
	Ask bool
}

// Version is what a fake says that it is unless told otherwise.
const Version = "13.2.3"

// Grafana is a fake; it is an http.Handler, and safe for concurrent use.
type Grafana struct {
	options Options
	schemas *schema.Grafana
	mux     *http.ServeMux

	mu         sync.Mutex
	starting   int
	refusals   []string
	sources    map[string]*Source
	broken     map[string]breakage // by the data source's uid
	folders    map[string]*Folder
	dashboards map[string]*Dashboard
	groups     map[groupKey]*RuleGroup
	made       int64 // ids given
}

// New returns a fake in which there is nothing yet.
func New(o Options) (*Grafana, error) {
	schemas, err := schema.New()
	if err != nil {
		return nil, err
	}
	if o.Version == "" {
		o.Version = Version
	}
	g := &Grafana{
		options: o, schemas: schemas, mux: http.NewServeMux(), starting: o.Starting,
		sources: map[string]*Source{}, broken: map[string]breakage{}, folders: map[string]*Folder{},
		dashboards: map[string]*Dashboard{}, groups: map[groupKey]*RuleGroup{},
	}
	g.mux.HandleFunc("GET /api/health", g.health)
	for pattern, route := range map[string]struct {
		viewer bool // may ask that
		answer http.HandlerFunc
	}{
		"POST /api/datasources":                                        {false, g.addSource},
		"GET /api/datasources/uid/{uid}":                               {false, g.getSource},
		"PUT /api/datasources/uid/{uid}":                               {false, g.putSource},
		"GET /api/datasources/uid/{uid}/health":                        {true, g.checkSource},
		"POST /api/folders":                                            {false, g.addFolder},
		"GET /api/folders/{uid}":                                       {true, g.getFolder},
		"POST /api/dashboards/db":                                      {false, g.saveDashboard},
		"GET /api/dashboards/uid/{uid}":                                {true, g.getDashboard},
		"GET /api/search":                                              {true, g.search},
		"GET /api/v1/provisioning/alert-rules":                         {false, g.getRules},
		"POST /api/v1/provisioning/alert-rules":                        {false, g.addRule},
		"GET /api/v1/provisioning/alert-rules/{uid}":                   {false, g.getRule},
		"PUT /api/v1/provisioning/alert-rules/{uid}":                   {false, g.putRule},
		"GET /api/v1/provisioning/folder/{folder}/rule-groups/{group}": {false, g.getGroup},
		"PUT /api/v1/provisioning/folder/{folder}/rule-groups/{group}": {false, g.putGroup},
	} {
		g.mux.HandleFunc(pattern, g.trusted(route.viewer, route.answer))
	}
	g.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { g.refuse(w, r, http.StatusNotFound, "Not found") })
	return g, nil
}

// ServeHTTP answers as Grafana does, one request after the other.
func (g *Grafana) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.mux.ServeHTTP(w, r)
}

// Refusals are the requests that were refused until now, with what was answered.
// That something which is asked for is not there is no refusal.
func (g *Grafana) Refusals() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.refusals)
}

func (g *Grafana) health(w http.ResponseWriter, _ *http.Request) {
	if g.starting > 0 {
		g.starting--
		answer(w, http.StatusServiceUnavailable, object{"database": "failing"})
		return
	}
	answer(w, http.StatusOK, object{"database": "ok", "version": g.options.Version, "commit": "abc"})
}

// trusted lets those in who may ask.
func (g *Grafana) trusted(viewer bool, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		user, password, ok := r.BasicAuth()
		switch {
		case ok && user == g.options.Admin && password == g.options.Password:
		case ok && g.options.Viewer != "" && user == g.options.Viewer && password == g.options.ViewerPassword:
			if !viewer {
				g.refused(r, http.StatusForbidden, "a viewer")
				answer(w, http.StatusForbidden, object{
					"accessErrorId": "ACE0000000001", "title": "Access denied",
					"message": "You'll need additional permissions to perform this action. Permissions needed: " + r.Method + " " + r.URL.Path,
				})
				return
			}
		default:
			g.refused(r, http.StatusUnauthorized, user)
			answer(w, http.StatusUnauthorized, object{"message": "Invalid username or password", "messageId": "password-auth.failed", "statusCode": 401, "traceID": ""})
			return
		}
		next(w, r)
	}
}

type object map[string]any

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// absent answers that there is no such thing.
func absent(w http.ResponseWriter, message string) {
	answer(w, http.StatusNotFound, object{"message": message})
}

func (g *Grafana) refused(r *http.Request, status int, why string) {
	g.refusals = append(g.refusals, fmt.Sprintf("%s %s: %d %s", r.Method, r.URL.Path, status, why))
}

// refuse answers with an error that Grafana has, and lists it.
func (g *Grafana) refuse(w http.ResponseWriter, r *http.Request, status int, message string) {
	g.refused(r, status, message)
	body := object{"message": message}
	if kind := map[string]string{
		"The dashboard has been changed by someone else": "version-mismatch",
		"Dashboard title cannot be empty":                "empty-name",
	}[message]; kind != "" {
		body["status"] = kind
	}
	answer(w, status, body)
}

// read decodes a request, every member of which has to be known.
func (g *Grafana) read(w http.ResponseWriter, r *http.Request, into any) bool {
	if kind := r.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		g.refuse(w, r, http.StatusUnsupportedMediaType, "content type "+kind)
		return false
	}
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		g.refuse(w, r, http.StatusBadRequest, "bad request data: "+err.Error())
		return false
	}
	return true
}

// next is an id that nobody has.
func (g *Grafana) next() int64 {
	g.made++
	return g.made
}
