package rest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"plumbline/demo-app/icat"
	"plumbline/demo-app/telemetry"
)

func where(json string) string { return "?where=" + url.QueryEscape(json) }

// Every row is asked of the real server, compared with the OpenAPI document,
// and then looked up in the access lines.
func TestRoutes(t *testing.T) {
	r := start(t, nil)
	session := r.session(t)
	const login = `{"username":"Karen482","password":"icat-demo"}`
	rows := []struct {
		proves, method, path, session, body string
		status                              int
		code                                icat.Code
		contains, route                     string
	}{
		{"user 482 is the README's, byte for byte", "GET", "/icat/Karen482", "", "", 200, "", `{"createId":"user","createTime":"2009-02-18T13:40:27+00:00","id":482,"modId":"user","modTime":"2008-12-18T19:17:14+00:00","affiliation":"University Of Cambridge","email":"ruizjason@gmail.com","fullName":"Timothy Buchanan","name":"Karen482","orcidId":"16799"}`, "/icat/{username}"},
		{"doiminter is there", "GET", "/icat/doiminter", "", "", 200, "", `"name":"doiminter"`, "/icat/{username}"},
		{"an unknown user is 404", "GET", "/icat/nobody", "", "", 404, icat.NoSuchObject, "User[name:nobody] not found.", "/icat/{username}"},
		{"JPQL in a name is a name", "GET", "/icat/x'%20OR%20'1'='1", "", "", 404, icat.NoSuchObject, "", "/icat/{username}"},
		{"login", "POST", "/sessions", "", login, 201, "", "sessionID", "/sessions"},
		{"a wrong password is 403", "POST", "/sessions", "", `{"username":"Karen482","password":"x"}`, 403, icat.BadSession, "do not match", "/sessions"},
		{"no password is 400", "POST", "/sessions", "", `{"username":"Karen482"}`, 400, icat.BadParameter, "", "/sessions"},
		{"malformed JSON is 400", "POST", "/sessions", "", `{"username"`, 400, icat.BadParameter, "", "/sessions"},
		{"an unknown member is 400", "POST", "/sessions", "", `{"username":"a","password":"b","admin":true}`, 400, icat.BadParameter, "", "/sessions"},
		{"two bodies are 400", "POST", "/sessions", "", login + login, 400, icat.BadParameter, "", "/sessions"},
		{"a long body is 413", "POST", "/sessions", "", `{"username":"` + strings.Repeat("a", maxBody) + `"}`, 413, icat.TooLarge, "65536", "/sessions"},
		{"a session names its user", "GET", "/sessions", session, "", 200, "", `"username":"Karen482"`, "/sessions"},
		{"no session is 401", "GET", "/sessions", "", "", 401, icat.Unauthenticated, "", "/sessions"},
		{"a foreign session is 403", "GET", "/users", "not-one-of-ours", "", 403, icat.BadSession, "", "/users"},
		{"users are listed", "GET", "/users?limit=1", session, "", 200, "", `[{"createId":"user"`, "/users"},
		{"users are counted", "GET", "/users/count", session, "", 200, "", "499", "/users/count"},
		{"a user by id", "GET", "/users/482", session, "", 200, "", `"name":"Karen482"`, "/users/{id}"},
		{"collections need a session", "GET", "/investigations", "", "", 401, icat.Unauthenticated, "POST /sessions", "/investigations"},
		{"my investigations", "GET", "/investigations" + where(`{"investigationUsers.user.name":{"eq":"Karen482"}}`), session, "", 200, "", `"title"`, "/investigations"},
		{"investigations are counted", "GET", "/investigations/count", session, "", 200, "", "59", "/investigations/count"},
		{"an investigation by id", "GET", "/investigations/7", session, "", 200, "", "INVESTIGATION 7", "/investigations/{id}"},
		{"an unknown id is 404", "GET", "/investigations/60", session, "", 404, icat.NoSuchObject, "Investigation[id:60] not found.", "/investigations/{id}"},
		{"datasets are listed in order", "GET", "/datasets?limit=1&order=%22id%20desc%22", session, "", 200, "", `"id":119,`, "/datasets"},
		{"datasets are counted", "GET", "/datasets/count", session, "", 200, "", "119", "/datasets/count"},
		{"a dataset by id", "GET", "/datasets/1", session, "", 200, "", "DATASET 1", "/datasets/{id}"},
		{"datafiles of a dataset", "GET", "/datafiles" + where(`{"dataset.id":{"eq":1}}`), session, "", 200, "", "LILS00000001", "/datafiles"},
		{"datafiles are counted", "GET", "/datafiles/count", session, "", 200, "", "1799", "/datafiles/count"},
		{"a datafile by id", "GET", "/datafiles/1799", session, "", 200, "", "LILS00001799", "/datafiles/{id}"},
		{"nothing found is an empty list", "GET", "/datafiles" + where(`{"name":{"eq":"x"}}`), session, "", 200, "", "[]", "/datafiles"},
		{"an id that is text is 400", "GET", "/datafiles/abc", session, "", 400, icat.BadParameter, "", "/datafiles/{id}"},
		{"id 0 is 400", "GET", "/datafiles/0", session, "", 400, icat.BadParameter, "", "/datafiles/{id}"},
		{"an id beyond 64 bits is 400", "GET", "/datafiles/99999999999999999999", session, "", 400, icat.BadParameter, "", "/datafiles/{id}"},
		{"a malformed where is 400", "GET", "/datasets?where=%7B", session, "", 400, icat.BadParameter, "", "/datasets"},
		{"a malformed query string is 400", "GET", "/datasets?limit=%zz", session, "", 400, icat.BadParameter, "", "/datasets"},
		{"a negative limit is 400", "GET", "/datasets?limit=-1", session, "", 400, icat.BadParameter, "", "/datasets"},
		{"count takes no limit", "GET", "/datasets/count?limit=1", session, "", 400, icat.BadParameter, "", "/datasets/count"},
		{"healthz", "GET", "/healthz", "", "", 200, "", "ok", "/healthz"},
		{"readyz", "GET", "/readyz", "", "", 200, "", "ready", "/readyz"},
		{"version", "GET", "/version", "", "", 200, "", `{"version":"test"}`, "/version"},
		{"metrics", "GET", "/metrics", "", "", 200, "", `http_server_request_duration_seconds_count{http_request_method="GET",http_response_status_code="200",http_route="/icat/{username}"} 2`, "/metrics"},
		{"the document", "GET", "/openapi.json", "", "", 200, "", `"openapi": "3.1.0"`, "/openapi.json"},
		{"docs lead to docs/", "GET", "/docs", "", "", 301, "", "", "/docs"},
		{"the docs page", "GET", "/docs/", "", "", 200, "", "swagger-ui", "/docs/"},
		{"its assets", "GET", "/docs/swagger-ui.css", "", "", 200, "", ".swagger-ui", "/docs/"},
		{"HEAD works where GET does", "HEAD", "/healthz", "", "", 200, "", "", "/healthz"},
		{"an unknown path is 404 in JSON", "GET", "/nope", "", "", 404, icat.NoSuchRoute, "/docs", telemetry.RouteUnmatched},
		{"so is the root", "GET", "/", "", "", 404, icat.NoSuchRoute, "", telemetry.RouteUnmatched},
		{"a wrong method is 405 in JSON", "POST", "/users", session, "", 405, icat.MethodNotAllowed, "GET, HEAD", telemetry.RouteUnmatched},
		{"an invented method too", "BREW", "/icat/Karen482", "", "", 405, icat.MethodNotAllowed, "", telemetry.RouteUnmatched},
		{"logout", "DELETE", "/sessions", session, "", 200, "", `""`, "/sessions"},
		{"after it the session is gone", "GET", "/sessions", session, "", 403, icat.BadSession, "", "/sessions"},
	}
	doc := loadDocument(t, openAPI)
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	answers := make([]answer, len(rows))
	for i, row := range rows {
		a := r.do(t, row.method, row.path, row.session, row.body)
		answers[i] = a
		if a.status != row.status || !strings.Contains(string(a.body), row.contains) {
			t.Errorf("%s: %s %s: %d %.300s; want %d with %q", row.proves, row.method, row.path, a.status, a.body, row.status, row.contains)
		}
		if row.code != "" {
			var e icat.Envelope
			if err := json.Unmarshal(a.body, &e); err != nil || e.Code != row.code || e.Message == "" || e.RequestID != a.header.Get(telemetry.HeaderRequestID) {
				t.Errorf("%s: envelope %s (request id %s), want code %s", row.proves, a.body, a.header.Get(telemetry.HeaderRequestID), row.code)
			}
		}
		if row.route == telemetry.RouteUnmatched || row.route == "/docs/" || row.method == "HEAD" {
			continue
		}
		if err := documented(t, router, row.method, row.path, a); err != nil {
			t.Errorf("%s: %s %s answers what the document does not say: %v", row.proves, row.method, row.path, err)
		}
	}
	lines := r.lines(t, telemetry.DatasetAccess)
	if len(lines) != len(rows)+1 { // and one for session's login
		t.Fatalf("%d access lines for %d requests", len(lines), len(rows)+1)
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

// documented compares an answer with the OpenAPI document: status, type and body.
func documented(t *testing.T, router routers.Router, method, path string, a answer) error {

	t.Helper()
	req, err := http.NewRequest(method, path, nil)
	if err != nil {
		return err
	}
	route, params, err := router.FindRoute(req)
	if err != nil {
		return err
	}
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route},
		Status:                 a.status, Header: a.header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	if strings.HasPrefix(a.header.Get("Content-Type"), "text/") {
		in.Options.ExcludeResponseBody = true
	}
	return openapi3filter.ValidateResponse(t.Context(), in.SetBodyBytes(a.body))
}
