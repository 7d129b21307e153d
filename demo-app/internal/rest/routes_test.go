package rest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
	"plumbline/demo-app/telemetry"
)

func where(json string) string { return "?where=" + url.QueryEscape(json) }

func include(json string) string { return "?include=" + url.QueryEscape(json) }

// Every row is asked of the real server, compared with the OpenAPI document,
// and then looked up in the access lines.
func TestRoutes(t *testing.T) {
	r := start(t, nil)
	karen, root := r.session(t), r.login(t, facility.RootName)
	const login = `{"username":"Karen482","password":"icat-demo"}`
	type routed struct {
		row
		route string
	}
	get := func(proves, path, session, contains, route string) routed {
		return routed{row{proves, "GET", path, session, "", 200, "", contains}, route}
	}
	lost := func(proves, method, path string, status int, code icat.Code, contains string) routed {
		return routed{row{proves, method, path, root, "", status, code, contains}, telemetry.RouteUnmatched}
	}
	rows := []routed{
		get("user 482 is the README's, byte for byte", "/icat/Karen482", "", `{"createId":"user","createTime":"2009-02-18T13:40:27+00:00","id":482,"modId":"user","modTime":"2008-12-18T19:17:14+00:00","affiliation":"University Of Cambridge","email":"ruizjason@gmail.com","fullName":"Timothy Buchanan","name":"Karen482","orcidId":"16799"}`, "/icat/{username}"),
		get("doiminter is there", "/icat/doiminter", "", `"name":"doiminter"`, "/icat/{username}"),
		get("what a service account lacks is empty, not absent", "/icat/root", "", `"orcidId":""`, "/icat/{username}"),
		{row{"login", "POST", "/sessions", "", login, 201, "", "sessionID"}, "/sessions"},
		{row{"anybody may be anonymous", "POST", "/sessions", "", `{"mechanism":"anon"}`, 201, "", "sessionID"}, "/sessions"},
		get("a session names its user", "/sessions", karen, `"username":"Karen482"`, "/sessions"),
		{row{"a session is refreshed", "PUT", "/sessions", karen, "", 200, "", `""`}, "/sessions"},
		get("users are listed", "/users?limit=1", karen, `[{"createId":"`, "/users"),
		get("users are counted", "/users/count", karen, "499", "/users/count"),
		get("a user by id", "/users/482", karen, `"name":"Karen482"`, "/users/{id}"),
		get("facilities are listed", "/facilities", karen, `"name":"LILS"`, "/facilities"),
		get("instruments with their scientists", "/instruments"+include(`{"instrumentScientists":"user"}`), karen, `"instrumentScientists":[{`, "/instruments"),
		get("cycles in order", "/facilitycycles?limit=1&order=startDate%20desc", karen, `"startDate"`, "/facilitycycles"),
		get("my investigations", "/investigations"+where(`{"investigationUsers.user.name":{"eq":"Karen482"}}`), karen, `"title"`, "/investigations"),
		get("investigations are counted", "/investigations/count", root, "59", "/investigations/count"),
		get("an investigation by id", "/investigations/7", root, "INVESTIGATION 7", "/investigations/{id}"),
		get("with what was asked along", "/investigations/7"+include(`["type","samples",{"investigationUsers":"user"}]`), root, `"type":{`, "/investigations/{id}"),
		get("samples are counted", "/samples/count", root, "119", "/samples/count"),
		get("datasets are listed in order", "/datasets?limit=1&order=%22id%20desc%22", root, `"id":119,`, "/datasets"),
		get("datasets are counted", "/datasets/count", root, "119", "/datasets/count"),
		get("a dataset by id", "/datasets/1", root, "DATASET 1", "/datasets/{id}"),
		get("datafiles of a dataset", "/datafiles"+where(`{"dataset.id":{"eq":1}}`), root, "LILS00000001", "/datafiles"),
		get("datafiles are counted", "/datafiles/count", root, "1799", "/datafiles/count"),
		get("a datafile by id", "/datafiles/1799", root, "LILS00001799", "/datafiles/{id}"),
		get("the first that matches", "/datafiles/findone?order=id%20desc", root, "LILS00001799", "/datafiles/findone"),
		get("distinct answers those fields alone", "/instruments?distinct=%22type%22", root, `{"type":"neutron"}`, "/instruments"),
		get("a limit of 0 is an empty list", "/datafiles?limit=0", root, "[]", "/datafiles"),
		get("nothing found is an empty list", "/datafiles"+where(`{"name":{"eq":"x"}}`), root, "[]", "/datafiles"),
		get("a search finds", "/search/documents?maxCount=10&query="+url.QueryEscape(`{"target":"Investigation","text":"diffraction"}`), root, `"score"`, "/search/documents"),
		get("no downloads yet", "/downloads", karen, "[]", "/downloads"),
		get("healthz", "/healthz", "", "ok", "/healthz"),
		get("readyz", "/readyz", "", `"ready"`, "/readyz"),
		get("ping", "/ping", "", `"ICAT API OK"`, "/ping"),
		get("version", "/version", "", `{"version":"test"}`, "/version"),
		get("properties", "/properties", "", `"maxEntities":10000`, "/properties"),
		get("metrics", "/metrics", "", `http_server_request_duration_seconds_count{http_request_method="GET",http_response_status_code="200",http_route="/icat/{username}"} 3`, "/metrics"),
		get("the document", "/openapi.json", "", `"openapi": "3.1.0"`, "/openapi.json"),
		{row{"docs lead to docs/", "GET", "/docs", "", "", 301, "", ""}, "/docs"},
		get("the docs page", "/docs/", "", "swagger-ui", "/docs/"),
		get("its assets", "/docs/swagger-ui.css", "", ".swagger-ui", "/docs/"),
		{row{"an asset that is none is 404 in JSON", "GET", "/docs/nope.css", "", "", 404, icat.NoSuchRoute, "/docs/"}, "/docs/"},
		{row{"HEAD works where GET does", "HEAD", "/healthz", "", "", 200, "", ""}, "/healthz"},
		lost("an unknown path is 404 in JSON", "GET", "/nope", 404, icat.NoSuchRoute, "/docs"),
		lost("so is the root", "GET", "/", 404, icat.NoSuchRoute, ""),
		lost("a path has one spelling: no slash at its end", "GET", "/users/", 404, icat.NoSuchRoute, ""),
		lost("none doubled", "GET", "//users", 404, icat.NoSuchRoute, ""),
		lost("no way back", "GET", "/users/../users", 404, icat.NoSuchRoute, ""),
		lost("a wrong method is 405 in JSON", "POST", "/users", 405, icat.MethodNotAllowed, "GET, HEAD"),
		lost("so is OPTIONS", "OPTIONS", "/datasets", 405, icat.MethodNotAllowed, "GET, HEAD, POST"),
		lost("an invented method too", "BREW", "/icat/Karen482", 405, icat.MethodNotAllowed, ""),
		{row{"logout", "DELETE", "/sessions", karen, "", 200, "", `""`}, "/sessions"},
		{row{"after it the session is gone", "GET", "/sessions", karen, "", 403, icat.BadSession, ""}, "/sessions"},
	}
	answers := make([]answer, len(rows))
	for i, row := range rows {
		answers[i] = r.check(t, row.row)
	}
	lines := r.lines(t, telemetry.DatasetAccess)
	if len(lines) != len(rows)+2 { // and one for each login
		t.Fatalf("%d access lines for %d requests", len(lines), len(rows)+2)
	}
	byRequest := map[string]line{} // a line follows its answer, so two may change places
	for _, l := range lines {
		byRequest[l.HTTP.Request.ID] = l
	}
	for i, row := range rows {
		a := answers[i]
		l := byRequest[a.header.Get(telemetry.HeaderRequestID)]
		if l.HTTP.Request.Method != telemetry.Method(row.method) || l.HTTP.Route != row.route || l.HTTP.Response.StatusCode != row.status ||
			l.Error.Code != string(row.code) {
			t.Errorf("%s: access line %+v", row.proves, l)
		}
		if l.HTTP.Response.Body.Bytes != int64(len(a.body)) {
			t.Errorf("%s: line says %d bytes, the client got %d", row.proves, l.HTTP.Response.Body.Bytes, len(a.body))
		}
		if path, _, _ := strings.Cut(row.path, "?"); !strings.Contains(path, "%") && l.URL.Path != path {
			t.Errorf("%s: line says path %s, want %s", row.proves, l.URL.Path, path)
		}
	}
}

// Each collection is read in all ways, with all that can come along, and each
// answer is what the document says: no entity has a field that it lacks.
func TestEveryCollectionIsAnsweredAsDocumented(t *testing.T) {
	r := start(t, nil)
	root := r.login(t, facility.RootName)
	for _, e := range icat.Collections() {
		path := "/" + e.Collection
		for _, way := range []string{"?limit=3", "/count", "/findone", "/1"} {
			r.check(t, row{e.Name + " " + way, http.MethodGet, path + way, root, "", 200, "", ""})
		}
		for _, related := range e.Relations {
			if e.Name == "Facility" && slices.Contains([]string{"investigations"}, related.Name) {
				continue // all of them, whole: too much to look at
			}
			r.check(t, row{e.Name + " with " + related.Name, http.MethodGet, path + "?limit=2&include=" + url.QueryEscape(`"`+related.Name+`"`), root, "", 200, "",
				`"` + related.Name + `":`})
		}
	}
}

// The comparison with the document must notice what is not in it.
func TestComparisonWithTheDocumentHasTeeth(t *testing.T) {
	r := start(t, nil)
	header := http.Header{"Content-Type": {"application/json"}, telemetry.HeaderRequestID: {"r-1"}}
	for _, row := range []struct {
		proves, path, body string
		status             int
	}{
		{"a status that is not there", "/users/count", `1`, 418},
		{"a negative count", "/users/count", `-1`, 200},
		{"a field that the entity lacks", "/users/1", `{"createId":"a","createTime":"2009-02-18T13:40:27Z","id":1,"modId":"a","modTime":"2009-02-18T13:40:27Z","name":"a","password":"b"}`, 200},
		{"an entity without its id", "/users/1", `{"name":"a"}`, 200},
		{"a code of another status", "/users/1", `{"code":"TIMEOUT","message":"m","requestId":"r"}`, 404},
	} {
		if err := r.documented(http.MethodGet, row.path, answer{row.status, header, []byte(row.body)}); err == nil {
			t.Errorf("%s passes", row.proves)
		}
	}
}
