package kibanafake_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"plumbline/provisioner/kibana/kibanafake"
)

var (
	admin  = kibanafake.Account{Name: "elastic", Password: "right", Key: "id:secret"}
	viewer = kibanafake.Account{Name: "viewer", Password: "looks", ReadOnly: true}
)

// request is one that Kibana takes, until a row bends it.
type request struct {
	method, path, body string
	user, password     string
	header             map[string]string
	name               string // of the file, for an import
	part               string
}

func start(t *testing.T, c kibanafake.Config) (*kibanafake.Kibana, *httptest.Server) {
	t.Helper()
	c.Accounts = []kibanafake.Account{admin, viewer}
	if c.Version == "" {
		c.Version = "8.19.7"
	}
	k := kibanafake.New(c)
	s := httptest.NewServer(k)
	t.Cleanup(s.Close)
	return k, s
}

func (r request) send(t *testing.T, base string) (int, string) {
	t.Helper()
	body, kind := io.Reader(strings.NewReader(r.body)), "application/json"
	if strings.Contains(r.path, "/_import") {
		var form bytes.Buffer
		w := multipart.NewWriter(&form)
		part, err := w.CreateFormFile(r.part, r.name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(part, r.body)
		w.Close()
		body, kind = &form, w.FormDataContentType()
	}
	q, err := http.NewRequestWithContext(t.Context(), r.method, base+r.path, body)
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Content-Type", kind)
	q.Header.Set("kbn-xsrf", "true")
	if r.user != "" {
		q.SetBasicAuth(r.user, r.password)
	}
	for name, value := range r.header {
		q.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

const (
	view = `{"type":"index-pattern","id":"v","typeMigrationVersion":"8.0.0","attributes":{"title":"logs-*","timeFieldName":"@timestamp"},"references":[]}`
	dash = `{"type":"dashboard","id":"d","coreMigrationVersion":"8.8.0","typeMigrationVersion":"10.2.0","attributes":{"title":"D","panelsJSON":"[{\"type\":\"lens\",\"panelIndex\":\"p\",\"gridData\":{\"x\":0,\"y\":0,\"w\":9,\"h\":9,\"i\":\"p\"},\"embeddableConfig\":{\"attributes\":{\"references\":[{\"type\":\"index-pattern\",\"id\":\"v\",\"name\":\"r\"}],\"state\":{\"datasourceStates\":{\"formBased\":{}}}}}}]"},"references":[{"type":"index-pattern","id":"v","name":"p:r"}]}`
	both = view + "\n" + dash + "\n"
	rule = `{"name":"n","rule_type_id":".es-query","consumer":"stackAlerts","schedule":{"interval":"1m"},"params":{"searchType":"esqlQuery","esqlQuery":{"esql":"FROM x"},"timeField":"@timestamp","timeWindowSize":5,"timeWindowUnit":"m","size":0,"thresholdComparator":">","threshold":[0]}}`
	flat = `{"title":"T","panels":[{"type":"vis","id":"a","grid":{"x":0,"y":0,"w":12,"h":5},"config":{"type":"metric"}}]}`
)

func importing(body string) request {
	return request{method: "POST", path: "/api/saved_objects/_import", body: body, user: admin.Name, password: admin.Password, part: "file", name: "a.ndjson"}
}

func asking(method, path, body string) request {
	return request{method: method, path: path, body: body, user: admin.Name, password: admin.Password}
}

// Every row is a request of its own to a Kibana of its own, and what it says.
func TestRefusals(t *testing.T) {
	bend := func(r request, how func(*request)) request { how(&r); return r }
	swap := strings.NewReplacer
	for proves, row := range map[string]struct {
		config  kibanafake.Config
		request request
		status  int
		says    string
		refused bool // and listed
	}{
		"it is there":                            {request: asking("GET", "/api/status", ""), status: 200, says: `"number":"8.19.7"`},
		"an API key is as good as a password":    {request: bend(asking("GET", "/api/status", ""), func(r *request) { r.user, r.header = "", map[string]string{"Authorization": "ApiKey aWQ6c2VjcmV0"} }), status: 200, says: `"number":"8.19.7"`},
		"strangers learn little":                 {request: bend(asking("GET", "/api/status", ""), func(r *request) { r.user = "" }), status: 200, says: `{"status":{"overall":{"level":"available"}}}`},
		"a wrong password makes a stranger":      {request: bend(asking("GET", "/api/status", ""), func(r *request) { r.password = "wrong" }), status: 200, says: `{"status":{"overall":{"level":"available"}}}`},
		"it starts in plain text":                {config: kibanafake.Config{Starting: 2}, request: asking("GET", "/api/status", ""), status: 503, says: "Kibana server is not ready yet\n"},
		"it starts with status":                  {config: kibanafake.Config{Starting: 1}, request: asking("GET", "/api/status", ""), status: 503, says: "not ready"},
		"an older one has its own form":          {config: kibanafake.Config{Version: "7.17.0"}, request: asking("GET", "/api/status", ""), status: 200, says: `"state":"green"`},
		"a stranger":                             {request: bend(importing(both), func(r *request) { r.user = "" }), status: 401, says: "unable to authenticate", refused: true},
		"a wrong password":                       {request: bend(importing(both), func(r *request) { r.password = "wrong" }), status: 401, says: "Unauthorized", refused: true},
		"a wrong key":                            {request: bend(importing(both), func(r *request) { r.user, r.header = "", map[string]string{"Authorization": "ApiKey eDp5"} }), status: 401, says: "Unauthorized", refused: true},
		"who may only look":                      {request: bend(importing(both), func(r *request) { r.user, r.password = viewer.Name, viewer.Password }), status: 403, says: "Unable to bulk_create", refused: true},
		"without kbn-xsrf":                       {request: bend(importing(both), func(r *request) { r.header = map[string]string{"kbn-xsrf": ""} }), status: 400, says: "Request must contain a kbn-xsrf header.", refused: true},
		"an export without it, too":              {request: bend(asking("POST", "/api/saved_objects/_export", "{}"), func(r *request) { r.header = map[string]string{"kbn-xsrf": ""} }), status: 400, says: "kbn-xsrf", refused: true},
		"an unknown path":                        {request: asking("GET", "/api/saved_object", ""), status: 404, says: "Not Found", refused: true},
		"an unknown method":                      {request: asking("DELETE", "/api/status", ""), status: 404, says: "Not Found", refused: true},
		"an unknown space":                       {request: asking("GET", "/s/no/api/status", ""), status: 404, says: "Saved object [space/no] not found", refused: true},
		"the default space by name":              {request: asking("GET", "/s/default/api/status", ""), status: 200, says: "8.19.7"},
		"a space that is not there":              {request: asking("GET", "/api/spaces/space/no", ""), status: 404, says: "Not Found"},
		"a space that is there already":          {request: asking("POST", "/api/spaces/space", `{"id":"default","name":"x"}`), status: 409, says: "already exists"},
		"an id that no space can have":           {request: asking("POST", "/api/spaces/space", `{"id":"A b","name":"x"}`), status: 400, says: "lower case", refused: true},
		"a member that no space has":             {request: asking("POST", "/api/spaces/space", `{"id":"a","name":"x","colour":"red"}`), status: 400, says: "colour", refused: true},
		"the whole file":                         {request: importing(both), status: 200, says: `"success":true,"successCount":2`},
		"a form without a file":                  {request: bend(importing(both), func(r *request) { r.part = "data" }), status: 400, says: "[request body.file]", refused: true},
		"a file of another name":                 {request: bend(importing(both), func(r *request) { r.name = "a.json" }), status: 400, says: "Invalid file extension .json", refused: true},
		"no form":                                {request: bend(importing(both), func(r *request) { r.header = map[string]string{"Content-Type": "application/json"} }), status: 415, says: "Unsupported Media Type", refused: true},
		"a line that is not JSON":                {request: importing("nothing\n"), status: 400, says: "invalid character", refused: true},
		"a member that no object has":            {request: importing(swap(`"id":"v"`, `"id":"v","kind":1`).Replace(view)), status: 400, says: "kind", refused: true},
		"the same object twice":                  {request: importing(view + "\n" + view), status: 400, says: "Non-unique import objects detected: [index-pattern:v]", refused: true},
		"overwrite and copies at once":           {request: bend(importing(both), func(r *request) { r.path += "?overwrite=true&createNewCopies=true" }), status: 400, says: "cannot use [overwrite] with [createNewCopies]", refused: true},
		"an unknown option":                      {request: bend(importing(both), func(r *request) { r.path += "?force=true" }), status: 400, says: "definition for this key is missing", refused: true},
		"a dashboard of a newer Kibana":          {request: importing(swap("10.2.0", "10.3.0").Replace(both)), status: 422, says: "belongs to a more recent version of Kibana [10.3.0] when the last known version is [10.2.0]", refused: true},
		"which is no newer to a newer one":       {config: kibanafake.Config{Version: "9.4.0"}, request: importing(swap("10.2.0", "10.3.0").Replace(both)), status: 200, says: `"success":true`},
		"a core of a newer Kibana":               {request: importing(swap("8.8.0", "9.9.0").Replace(both)), status: 422, says: "[9.9.0]", refused: true},
		"Lens without a version":                 {request: importing(swap(`"typeMigrationVersion":"10.2.0",`, "").Replace(both)), status: 500, says: "Cannot read properties of undefined (reading 'layers')", refused: true},
		"an attribute that no dashboard has":     {request: importing(swap(`"title":"D"`, `"title":"D","owner":"me"`).Replace(both)), status: 200, says: `"message":"[attributes.owner]: definition for this key is missing: Bad Request"`},
		"a dashboard without a title":            {request: importing(swap(`"title":"D",`, "").Replace(both)), status: 200, says: "[attributes.title]: expected value of type [string]"},
		"panels that are no string":              {request: importing(`{"type":"dashboard","id":"d","attributes":{"title":"D","panelsJSON":[]}}`), status: 200, says: "[attributes.panelsJSON]: expected value of type [string]"},
		"a reference that is not hoisted":        {request: importing(swap("p:r", "q:r").Replace(both)), status: 200, says: "[references]: p:r is missing"},
		"a data view that is not there":          {request: importing(dash), status: 200, says: `"error":{"references":[{"id":"v","type":"index-pattern"}],"type":"missing_references"}`},
		"a type that nobody may import":          {request: importing(`{"type":"config","id":"c","attributes":{"title":"x"}}`), status: 200, says: `"error":{"type":"unsupported_type"}`},
		"an export of what is not there":         {request: asking("POST", "/api/saved_objects/_export", `{"objects":[{"type":"dashboard","id":"no"}]}`), status: 400, says: `Error fetching objects to export`},
		"an export of nothing":                   {request: asking("POST", "/api/saved_objects/_export", `{}`), status: 400, says: "Either `type` or `objects` are required.", refused: true},
		"an export of what nobody may export":    {request: asking("POST", "/api/saved_objects/_export", `{"objects":[{"type":"config","id":"c"}]}`), status: 400, says: "non-exportable types", refused: true},
		"a data view":                            {request: asking("POST", "/api/data_views/data_view", `{"data_view":{"id":"v","title":"logs-*"},"override":true}`), status: 200, says: `"title":"logs-*"`},
		"a data view of nothing":                 {request: asking("POST", "/api/data_views/data_view", `{"data_view":{"id":"v"}}`), status: 400, says: "data_view.title", refused: true},
		"a data view that is not to be read":     {request: asking("GET", "/api/data_views/data_view/v", ""), status: 404, says: "not found"},
		"a rule":                                 {request: asking("POST", "/api/alerting/rule/r", rule), status: 200, says: `"excludeHitsFromPreviousRun":true`},
		"a rule that is not there":               {request: asking("GET", "/api/alerting/rule/r", ""), status: 404, says: "Saved object [alert/r] not found"},
		"a change of a rule that is not there":   {request: asking("PUT", "/api/alerting/rule/r", rule), status: 404, says: "not found"},
		"a rule for which a licence is needed":   {request: asking("POST", "/api/alerting/rule/r", swap(".es-query", "slo.rules.burnRate").Replace(rule)), status: 403, says: "requires a Platinum license", refused: true},
		"a rule of an unknown type":              {request: asking("POST", "/api/alerting/rule/r", swap(".es-query", ".mine").Replace(rule)), status: 400, says: "is not registered", refused: true},
		"a rule without encryption":              {config: kibanafake.Config{NoEncryptionKey: true}, request: asking("POST", "/api/alerting/rule/r", rule), status: 500, says: "xpack.encryptedSavedObjects.encryptionKey", refused: true},
		"a rule without a consumer":              {request: asking("POST", "/api/alerting/rule/r", swap(`"stackAlerts"`, `""`).Replace(rule)), status: 400, says: "consumer", refused: true},
		"a rule without a name":                  {request: asking("POST", "/api/alerting/rule/r", swap(`"n"`, `""`).Replace(rule)), status: 400, says: "body.name", refused: true},
		"an interval that is none":               {request: asking("POST", "/api/alerting/rule/r", swap(`"1m"`, `"1 minute"`).Replace(rule)), status: 400, says: "not a valid duration", refused: true},
		"a parameter that there is not":          {request: asking("POST", "/api/alerting/rule/r", swap(`"size"`, `"limit"`).Replace(rule)), status: 400, says: "params invalid", refused: true},
		"ES|QL with another threshold":           {request: asking("POST", "/api/alerting/rule/r", swap(`[0]`, `[5]`).Replace(rule)), status: 400, says: "[threshold]: is required to be 0", refused: true},
		"a rule by who may only look":            {request: bend(asking("POST", "/api/alerting/rule/r", rule), func(r *request) { r.user, r.password = viewer.Name, viewer.Password }), status: 403, says: `Unauthorized by \"stackAlerts\"`, refused: true},
		"/api/dashboards of a newer Kibana":      {request: asking("PUT", "/api/dashboards/d", flat), status: 404, says: "Not Found", refused: true},
		"/api/dashboards":                        {config: kibanafake.Config{Version: "9.4.0"}, request: asking("PUT", "/api/dashboards/d", flat), status: 201, says: `"title":"T"`},
		"/api/dashboards without a title":        {config: kibanafake.Config{Version: "9.4.0"}, request: asking("PUT", "/api/dashboards/d", `{}`), status: 400, says: "body.title", refused: true},
		"/api/dashboards with an unknown member": {config: kibanafake.Config{Version: "9.4.0"}, request: asking("PUT", "/api/dashboards/d", swap("config", "konfig").Replace(flat)), status: 400, says: "konfig", refused: true},
		"/api/dashboards with an unknown panel":  {config: kibanafake.Config{Version: "9.4.0"}, request: asking("PUT", "/api/dashboards/d", swap(`"vis"`, `"lens"`).Replace(flat)), status: 400, says: "failed validation: lens", refused: true},
		"/api/dashboards beyond the grid":        {config: kibanafake.Config{Version: "9.4.0"}, request: asking("PUT", "/api/dashboards/d", swap(`"w":12`, `"w":49`).Replace(flat)), status: 400, says: "beyond the grid", refused: true},
	} {
		t.Run(proves, func(t *testing.T) {
			k, s := start(t, row.config)
			status, text := row.request.send(t, s.URL)
			if status != row.status || !strings.Contains(text, row.says) {
				t.Errorf("%d %s, want %d %s", status, text, row.status, row.says)
			}
			if got := len(k.Refusals()) == 1; got != row.refused {
				t.Errorf("refusals: %+v, want one: %v", k.Refusals(), row.refused)
			}
			if row.refused && k.Writes() != 0 {
				t.Errorf("%d writes", k.Writes())
			}
		})
	}
}

// What is sent in a row to one Kibana, and what becomes of it.
func TestConflictsAndWhatIsKept(t *testing.T) {
	k, s := start(t, kibanafake.Config{Version: "9.4.0", Starting: 2})
	for i, row := range []struct {
		request request
		status  int
		says    string
	}{
		{asking("GET", "/api/status", ""), 503, "Kibana server is not ready yet"},
		{asking("GET", "/api/status", ""), 503, `"level":"unavailable"`},
		{asking("GET", "/api/status", ""), 200, `"level":"available"`},
		{importing(both), 200, `"successCount":2`},
		{importing(both), 200, `"error":{"type":"conflict"}`},
		{func() request { r := importing(both); r.path += "?overwrite=true"; return r }(), 200, `"overwrite":true`},
		{asking("POST", "/api/saved_objects/_export", `{"objects":[{"type":"dashboard","id":"d"}],"includeReferencesDeep":true}`), 200, `"exportedCount":2,"missingRefCount":0`},
		{asking("GET", "/api/data_views/data_view/v", ""), 200, `"title":"logs-*"`},
		{asking("GET", "/api/dashboards/d", ""), 200, `"title":"D"`},
		{asking("POST", "/api/spaces/space", `{"id":"a","name":"A"}`), 200, `"id":"a"`},
		{asking("GET", "/api/spaces/space/a", ""), 200, `"name":"A"`},
		{func() request { r := importing(view); r.path = "/s/a" + r.path; return r }(), 200, `"destinationId":"00000000-0000-4000-8000-000000000001"`},
		{asking("POST", "/api/alerting/rule/r", rule), 200, `"revision":1`},
		{asking("POST", "/api/alerting/rule/r", rule), 409, "Saved object [alert/r] conflict"},
		{asking("PUT", "/api/alerting/rule/r", strings.Replace(rule, `"rule_type_id":".es-query","consumer":"stackAlerts",`, "", 1)), 200, `"revision":2`},
		{asking("PUT", "/api/alerting/rule/r", rule), 400, `unknown field \"rule_type_id\"`},
	} {
		if status, text := row.request.send(t, s.URL); status != row.status || !strings.Contains(text, row.says) {
			t.Errorf("%d. %s %s: %d %s, want %d %s", i+1, row.request.method, row.request.path, status, text, row.status, row.says)
		}
	}
	if got := k.Refusals(); len(got) != 1 || got[0].Path != "/api/alerting/rule/r" {
		t.Errorf("%+v", got)
	}
	// A conflict stores nothing: 2 objects, 2 again, a space, one elsewhere, 2 of the rule.
	if got := k.Writes(); got != 8 {
		t.Errorf("%d writes, want 8", got)
	}
	if got := k.Objects("default"); len(got) != 2 || *got[0].TypeMigrationVersion != "10.3.0" {
		t.Errorf("%+v", got)
	}
	k.Edit("default", "dashboard", "d", "title", "edited")
	if !k.Remove("default", "index-pattern", "v") || k.Remove("default", "index-pattern", "v") {
		t.Error("the data view was not there once")
	}
	_, text := asking("POST", "/api/saved_objects/_export", `{"objects":[{"type":"dashboard","id":"d"}],"includeReferencesDeep":true}`).send(t, s.URL)
	first, last, _ := strings.Cut(strings.TrimSpace(text), "\n")
	var details struct {
		MissingRefCount int
	}
	if err := json.Unmarshal([]byte(last), &details); err != nil || details.MissingRefCount != 1 || !strings.Contains(first, `"title":"edited"`) {
		t.Errorf("%v: %s", err, text)
	}
}
