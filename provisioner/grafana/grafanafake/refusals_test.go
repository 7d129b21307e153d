package grafanafake

import (
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// asker asks a fake as an administrator unless told otherwise.
type asker struct {
	*Grafana
	t        *testing.T
	address  string
	user     string
	password string
}

func fake(t *testing.T) *asker {
	t.Helper()
	g, err := New(Options{Admin: "admin", Password: "right", Viewer: "viewer", ViewerPassword: "looks"})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(g)
	t.Cleanup(s.Close)
	return &asker{g, t, s.URL, "admin", "right"}
}

func (a *asker) ask(method, path, body string) (status int, answer string) {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), method, a.address+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	if a.user != "" {
		r.SetBasicAuth(a.user, a.password)
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

const (
	aSource    = `{"uid":"p","name":"P","type":"prometheus","access":"proxy","url":"http://p:9090","jsonData":{}}`
	aFolder    = `{"uid":"f","title":"F"}`
	aDashboard = `{"dashboard":{"uid":"d","title":"D","schemaVersion":42,"templating":{"list":[]},"annotations":{"list":[]},"panels":[]},"folderUid":"f","message":"x"}`
	aRule      = `{"uid":"r","title":"R","folderUID":"f","ruleGroup":"g","orgID":1,"for":"1m","condition":"A","noDataState":"OK","execErrState":"Error",
		"data":[{"refId":"A","datasourceUid":"p","relativeTimeRange":{"from":60},"model":{"refId":"A","expr":"up"}}]}`
)

// furnished has one of each.
func furnished(t *testing.T) *asker {
	t.Helper()
	a := fake(t)
	for _, row := range [][2]string{
		{"/api/datasources", aSource}, {"/api/folders", aFolder}, {"/api/dashboards/db", aDashboard}, {"/api/v1/provisioning/alert-rules", aRule},
	} {
		if status, answer := a.ask(http.MethodPost, row[0], row[1]); status >= 300 {
			t.Fatalf("%s: %d %s", row[0], status, answer)
		}
	}
	if refused := a.Refusals(); refused != nil {
		t.Fatalf("refused: %q", refused)
	}
	return a
}

func TestRefusals(t *testing.T) {
	instead := func(text, old, new string) string {
		if !strings.Contains(text, old) {
			t.Fatalf("%q has no %q", text, old)
		}
		return strings.Replace(text, old, new, 1)
	}
	const db, rules, group = "/api/dashboards/db", "/api/v1/provisioning/alert-rules", "/api/v1/provisioning/folder/f/rule-groups/g"
	for proves, row := range map[string]struct {
		method, path, body string
		status             int
		says               string
	}{
		"a path that there is not":              {"GET", "/api/dashboard/d", "", 404, "Not found"},
		"a method that there is not":            {"DELETE", "/api/folders/f", "", 404, "Not found"},
		"half a request":                        {"POST", "/api/folders", `{"uid":`, 400, "bad request data"},
		"a member that there is not":            {"POST", "/api/folders", `{"uid":"x","titel":"X"}`, 400, `unknown field \"titel\"`},
		"a data source that is there":           {"POST", "/api/datasources", instead(aSource, `"P"`, `"Q"`), 409, "same uid"},
		"a data source of that name":            {"POST", "/api/datasources", instead(aSource, `"uid":"p"`, `"uid":"q"`), 409, "same name"},
		"a data source without an address":      {"POST", "/api/datasources", instead(aSource, "http://p:9090", ""), 400, "Invalid URL"},
		"a plugin that there is not":            {"POST", "/api/datasources", instead(aSource, `"prometheus"`, `"promtheus"`), 400, "no plugin"},
		"an Elasticsearch without an index":     {"POST", "/api/datasources", instead(aSource, `"prometheus"`, `"elasticsearch"`), 400, "without index"},
		"a data source that is not there":       {"PUT", "/api/datasources/uid/q", aSource, 404, "not found"},
		"a data source of an old version":       {"PUT", "/api/datasources/uid/p", instead(aSource, `{"uid"`, `{"version":7,"uid"`), 409, "updated by someone else"},
		"a folder that is there":                {"POST", "/api/folders", aFolder, 409, "same uid"},
		"a folder without a title":              {"POST", "/api/folders", `{"uid":"x"}`, 400, "title cannot be empty"},
		"a dashboard of an old version":         {"POST", db, aDashboard, 412, "version-mismatch"},
		"a dashboard without a title":           {"POST", db, instead(aDashboard, `"D"`, `""`), 400, "empty-name"},
		"a dashboard in no folder":              {"POST", db, instead(aDashboard, `"f"`, `"g"`), 400, "folder not found"},
		"a dashboard with a long uid":           {"POST", db, instead(aDashboard, `"d"`, `"`+strings.Repeat("d", 41)+`"`), 422, "uid too long"},
		"a dashboard that its schema refuses":   {"POST", db, instead(aDashboard, `"panels"`, `"pannels"`), 422, "pannels"},
		"a rule that is there":                  {"POST", rules, aRule, 409, "rule UID"},
		"a rule of that title":                  {"POST", rules, instead(aRule, `"r"`, `"s"`), 400, "rule title"},
		"a rule in no folder":                   {"POST", rules, instead(instead(aRule, `"r"`, `"s"`), `"folderUID":"f"`, `"folderUID":"x"`), 400, "folder does not exist"},
		"a rule on a condition that is not":     {"PUT", rules + "/r", instead(aRule, `"condition":"A"`, `"condition":"B"`), 400, "condition B does not exist"},
		"a rule that asks nobody":               {"PUT", rules + "/r", instead(aRule, `"datasourceUid":"p"`, `"datasourceUid":"x"`), 400, "which is not there"},
		"a rule that looks at no time":          {"PUT", rules + "/r", instead(aRule, `{"from":60}`, `{}`), 400, "no time range"},
		"a rule with a state that there is not": {"PUT", rules + "/r", instead(aRule, `"OK"`, `"Fine"`), 400, "noDataState"},
		"a group of an odd interval":            {"PUT", group, `{"title":"g","folderUid":"f","interval":7,"rules":[` + aRule + `]}`, 400, "multiple of 10 seconds"},
		"a group with a rule of another":        {"PUT", group, `{"title":"g","folderUid":"f","interval":60,"rules":[` + instead(aRule, `"g"`, `"h"`) + `]}`, 400, "not of this group"},
		"a search by what it does not know":     {"GET", "/api/search?folder=f", "", 400, "search by folder"},
	} {
		t.Run(proves, func(t *testing.T) {
			a := furnished(t)
			status, answer := a.ask(row.method, row.path, row.body)
			if status != row.status || !strings.Contains(answer, row.says) {
				t.Errorf("%d %s, want %d %s", status, answer, row.status, row.says)
			}
			if refused := a.Refusals(); len(refused) != 1 {
				t.Errorf("listed: %q", refused)
			}
			if len(a.Rules()) != 1 || len(a.Dashboards()) != 1 || len(a.Sources()) != 1 {
				t.Error("and yet it was done")
			}
		})
	}
}

func TestWhoMayAsk(t *testing.T) {
	for proves, row := range map[string]struct {
		user, password, method, path, body string
		status                             int
	}{
		"nobody":                                 {"", "", "GET", "/api/folders/f", "", 401},
		"a wrong password":                       {"admin", "wrong", "GET", "/api/folders/f", "", 401},
		"anybody may ask for its health":         {"", "", "GET", "/api/health", "", 200},
		"a viewer may look":                      {"viewer", "looks", "GET", "/api/dashboards/uid/d", "", 200},
		"a viewer may not save":                  {"viewer", "looks", "POST", "/api/dashboards/db", aDashboard, 403},
		"a viewer may not see data sources":      {"viewer", "looks", "GET", "/api/datasources/uid/p", "", 403},
		"but ask them":                           {"viewer", "looks", "GET", "/api/datasources/uid/p/health", "", 200},
		"a viewer may not see how rules are set": {"viewer", "looks", "GET", "/api/v1/provisioning/alert-rules", "", 403},
	} {
		a := furnished(t)
		a.user, a.password = row.user, row.password
		if status, answer := a.ask(row.method, row.path, row.body); status != row.status {
			t.Errorf("%s: %d %s, want %d", proves, status, answer, row.status)
		}
	}
}

// What is not there is not refused, and what a file put there stays.
func TestAbsentAndProvisioned(t *testing.T) {
	a := furnished(t)
	for _, path := range []string{"/api/datasources/uid/x", "/api/datasources/uid/x/health", "/api/folders/x", "/api/dashboards/uid/x", "/api/v1/provisioning/alert-rules/x", "/api/v1/provisioning/folder/f/rule-groups/x"} {
		if status, _ := a.ask(http.MethodGet, path, ""); status != http.StatusNotFound {
			t.Errorf("%s: %d", path, status)
		}
	}
	if refused := a.Refusals(); refused != nil {
		t.Errorf("listed: %q", refused)
	}
	a.sources["p"].ReadOnly, a.dashboards["d"].Provisioned = true, "d.json"
	_, rule := a.find("r")
	rule.Provenance = "file"
	for path, want := range map[string]string{
		"PUT /api/datasources/uid/p":                      "403 Cannot update read-only data source",
		"POST /api/dashboards/db":                         "400 Cannot save provisioned dashboard",
		"PUT /api/v1/provisioning/alert-rules/r":          "409 cannot change provenance from 'file' to 'api'",
		"PUT /api/v1/provisioning/folder/f/rule-groups/g": "409 cannot change provenance from 'file' to 'api'",
	} {
		method, path, _ := strings.Cut(path, " ")
		body := map[string]string{"/api/datasources/uid/p": aSource, "/api/dashboards/db": aDashboard, "/api/v1/provisioning/alert-rules/r": aRule}[path]
		if body == "" {
			body = `{"title":"g","folderUid":"f","interval":60,"rules":[]}`
		}
		a.ask(method, path, body)
		if refused := a.Refusals(); !strings.HasSuffix(refused[len(refused)-1], want) {
			t.Errorf("%s: %s, want %s", path, refused[len(refused)-1], want)
		}
	}
}

func TestStartingAndVersion(t *testing.T) {
	g, err := New(Options{Starting: 1, Version: "10.4.19"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{503, 200} {
		w := httptest.NewRecorder()
		g.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/health", nil))
		var body struct{ Version string }
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Code != want || want == 200 && body.Version != "10.4.19" {
			t.Errorf("%v, %d %s, want %d", err, w.Code, w.Body, want)
		}
	}
}

// The health of a data source, where it is really asked: with its authority and key.
func TestSourcesAreAsked(t *testing.T) {
	elasticsearch := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "ApiKey right" || r.URL.Path != "/_cluster/health" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	t.Cleanup(elasticsearch.Close)
	authority := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: elasticsearch.Certificate().Raw}))
	for proves, row := range map[string]struct {
		bend   func(s *Source)
		status int
	}{
		"with both it is well":              {func(*Source) {}, 200},
		"another key":                       {func(s *Source) { s.SecureJSONData["httpHeaderValue1"] = "ApiKey wrong" }, 400},
		"an authority that did not sign it": {func(s *Source) { s.JSONData["tlsAuthWithCACert"] = false }, 400},
		"an authority that is none":         {func(s *Source) { s.SecureJSONData["tlsCACert"] = "x" }, 400},
		"a server that is not there":        {func(s *Source) { s.URL = "https://127.0.0.1:1" }, 400},
	} {
		a := fake(t)
		a.options.Ask = true
		s := Source{UID: "e", Type: "elasticsearch", URL: elasticsearch.URL, JSONData: map[string]any{"httpHeaderName1": "Authorization", "tlsAuthWithCACert": true},
			SecureJSONData: map[string]string{"httpHeaderValue1": "ApiKey right", "tlsCACert": authority}}
		row.bend(&s)
		a.sources["e"] = &s
		if status, answer := a.ask(http.MethodGet, "/api/datasources/uid/e/health", ""); status != row.status {
			t.Errorf("%s: %d %s, want %d", proves, status, answer, row.status)
		}
	}
}
