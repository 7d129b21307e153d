package grafana

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	admin    = "admin"
	password = "a-password-of-this-test"
)

// fake is a FAKE of Grafana 13, written after its API's description: no live one
// has met this package yet. It refuses what it does not know: paths, users,
// members of a request, a dashboard that Grafana's own schema refuses, a data
// source of another's uid, an update of an old version.
type fake struct {
	t      *testing.T
	schema *jsonschema.Schema

	mu         sync.Mutex
	starting   int               // how often health is not well yet
	sources    map[string]source // by uid
	dashboards map[string]map[string]any
	ill        map[string]string // data sources that do not answer, and why
	drops      bool              // panels, when it stores a dashboard
}

type source struct {
	UID            string            `json:"uid"`
	Name           string            `json:"name"`
	Type           string            `json:"type"`
	Access         string            `json:"access"`
	URL            string            `json:"url"`
	IsDefault      bool              `json:"isDefault"`
	JSONData       map[string]any    `json:"jsonData"`
	SecureJSONData map[string]string `json:"secureJsonData,omitempty"`
	Version        int64             `json:"version"`
	ReadOnly       bool              `json:"readOnly,omitempty"`
}

// start serves the fake, and returns it with what a caller needs.
func start(t *testing.T) (*fake, Config) {
	t.Helper()
	f := &fake{t: t, schema: compiled(t), sources: map[string]source{}, dashboards: map[string]map[string]any{}, ill: map[string]string{}}
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	file := filepath.Join(t.TempDir(), "admin.password")
	if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return f, Config{URL: s.URL, User: admin, PasswordFile: file}
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/health", f.health)
	mux.HandleFunc("GET /api/datasources/uid/{uid}", f.trusted(f.source))
	mux.HandleFunc("POST /api/datasources", f.trusted(f.add))
	mux.HandleFunc("PUT /api/datasources/uid/{uid}", f.trusted(f.update))
	mux.HandleFunc("GET /api/datasources/uid/{uid}/health", f.trusted(f.check))
	mux.HandleFunc("POST /api/dashboards/db", f.trusted(f.store))
	mux.HandleFunc("GET /api/dashboards/uid/{uid}", f.trusted(f.dashboard))
	mux.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) { f.t.Errorf("asked %s %s", r.Method, r.URL) })
	mux.ServeHTTP(w, r)
}

func (f *fake) trusted(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if user, given, ok := r.BasicAuth(); !ok || user != admin || given != password {
			answer(w, http.StatusUnauthorized, map[string]any{"message": "Invalid username or password", "messageId": "password-auth.failed"})
			return
		}
		next(w, r)
	}
}

func (f *fake) health(w http.ResponseWriter, _ *http.Request) {
	if f.starting > 0 {
		f.starting--
		answer(w, http.StatusServiceUnavailable, map[string]any{"database": "failing"})
		return
	}
	answer(w, http.StatusOK, map[string]any{"database": "ok", "version": "13.0.1", "commit": "abc"})
}

func (f *fake) source(w http.ResponseWriter, r *http.Request) {
	s, there := f.sources[r.PathValue("uid")]
	if !there {
		answer(w, http.StatusNotFound, map[string]any{"message": "Data source not found"})
		return
	}
	s.SecureJSONData = nil
	answer(w, http.StatusOK, s)
}

func (f *fake) add(w http.ResponseWriter, r *http.Request) {
	var s source
	if !f.read(w, r, &s) {
		return
	}
	if _, there := f.sources[s.UID]; there {
		answer(w, http.StatusConflict, map[string]any{"message": "data source with the same uid already exists"})
		return
	}
	s.Version = 1
	f.sources[s.UID] = s
	answer(w, http.StatusOK, map[string]any{"id": 1, "name": s.Name, "message": "Datasource added", "datasource": s})
}

func (f *fake) update(w http.ResponseWriter, r *http.Request) {
	var s source
	old, there := f.sources[r.PathValue("uid")]
	if !f.read(w, r, &s) {
		return
	}
	switch {
	case !there:
		answer(w, http.StatusNotFound, map[string]any{"message": "Data source not found"})
		return
	case old.ReadOnly:
		answer(w, http.StatusForbidden, map[string]any{"message": "Cannot update read-only data source"})
		return
	case s.Version != old.Version:
		answer(w, http.StatusConflict, map[string]any{"message": "Datasource has already been updated by someone else. Please reload and try again"})
		return
	}
	s.Version++
	f.sources[s.UID] = s
	answer(w, http.StatusOK, map[string]any{"id": 1, "name": s.Name, "message": "Datasource updated", "datasource": s})
}

func (f *fake) check(w http.ResponseWriter, r *http.Request) {
	uid := r.PathValue("uid")
	if _, there := f.sources[uid]; !there {
		answer(w, http.StatusNotFound, map[string]any{"message": "Data source not found"})
		return
	}
	if why, ill := f.ill[uid]; ill {
		answer(w, http.StatusBadRequest, map[string]any{"status": "ERROR", "message": why})
		return
	}
	answer(w, http.StatusOK, map[string]any{"status": "OK", "message": "Successfully queried the API."})
}

func (f *fake) store(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Dashboard map[string]any
		Overwrite bool
		Message   string
		UpdatedAt string // the client sends a zero one
	}
	if !f.read(w, r, &body) {
		return
	}
	uid, _ := body.Dashboard["uid"].(string)
	if err := f.schema.Validate(body.Dashboard); err != nil {
		f.t.Errorf("Grafana's schema refuses the dashboard: %v", err)
	}
	if _, there := f.dashboards[uid]; there && !body.Overwrite {
		answer(w, http.StatusPreconditionFailed, map[string]any{"status": "name-exists", "message": "A dashboard with the same name in the folder already exists"})
		return
	}
	if f.drops {
		body.Dashboard["panels"] = []any{}
	}
	f.dashboards[uid] = body.Dashboard
	answer(w, http.StatusOK, map[string]any{"id": 1, "uid": uid, "url": "/d/" + uid + "/red", "status": "success", "version": 1, "slug": "red", "title": body.Dashboard["title"]})
}

func (f *fake) dashboard(w http.ResponseWriter, r *http.Request) {
	d, there := f.dashboards[r.PathValue("uid")]
	if !there {
		answer(w, http.StatusNotFound, map[string]any{"message": "Dashboard not found"})
		return
	}
	answer(w, http.StatusOK, map[string]any{"dashboard": d, "meta": map[string]any{"provisioned": false}})
}

// read decodes a request, every member of which has to be known.
func (f *fake) read(w http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		f.t.Errorf("%s %s: %v", r.Method, r.URL, err)
		answer(w, http.StatusBadRequest, map[string]any{"message": fmt.Sprint("bad request data: ", err)})
		return false
	}
	return true
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// compiled is Grafana's own schema of a dashboard.
func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile("../../dashboards/grafana/testdata/dashboard.jsonschema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// uids are the data sources that are there.
func (f *fake) uids() []string {
	var all []string
	for uid := range f.sources {
		all = append(all, uid)
	}
	slices.Sort(all)
	return all
}
