package icatfake_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/internal/store/storetest"
	"plumbline/demo-app/internal/upstream/icatfake"
)

// fake is a fake icat.server and a session of root's at it.
type fake struct {
	*httptest.Server
	icat *icatfake.Server
	root string
}

func start(t *testing.T, o icatfake.Options) *fake {
	t.Helper()
	s := storetest.Open(t)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	o.Store = s
	f := &fake{icat: icatfake.New(o)}
	f.Server = httptest.NewServer(f.icat)
	t.Cleanup(f.Close)
	f.root = f.login(t, facility.RootName)
	return f
}

func (f *fake) login(t *testing.T, user string) string {
	t.Helper()
	status, body := f.post(t, "/icat/session", "json", `{"plugin":"simple","credentials":[{"username":"`+user+`"},{"password":"`+facility.Password+`"}]}`)
	var answer struct{ SessionID string }
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	return answer.SessionID
}

func (f *fake) post(t *testing.T, path string, form ...string) (int, string) {
	t.Helper()
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Add(form[i], form[i+1])
	}
	return f.send(t, "POST", path, values.Encode(), "application/x-www-form-urlencoded")
}

func (f *fake) send(t *testing.T, method, path, body, media string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, f.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", media)
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	b, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.StatusCode, string(b)
}

// ask sends a query as root.
func (f *fake) ask(t *testing.T, query string, more ...string) (int, string) {
	t.Helper()
	values := url.Values{"sessionId": {f.root}, "query": {query}}
	for i := 0; i < len(more); i += 2 {
		values.Set(more[i], more[i+1])
	}
	return f.send(t, "GET", "/icat/entityManager?"+values.Encode(), "", "")
}

// The shapes are those that the tests of icat.server show of a live one.
func TestShapes(t *testing.T) {
	f := start(t, icatfake.Options{})
	for _, row := range []struct{ name, query, id, want string }{
		{"an entity is wrapped; five fields first, then by name; a to-many is always there", `SELECT u FROM User u WHERE u.name = 'Karen482'`, "",
			`[{"User":{"id":482,"createId":"user","createTime":"2009-02-18T13:40:27.000Z","modId":"user","modTime":"2008-12-18T19:17:14.000Z",` +
				`"affiliation":"University Of Cambridge","dataPublicationUsers":[],"email":"ruizjason@gmail.com","fullName":"Timothy Buchanan",` +
				`"instrumentScientists":[],"investigationUsers":[],"name":"Karen482","orcidId":"16799","studies":[],"userGroups":[]}}]`},
		{"a get has no array around it", `Facility`, "1", ""},
		{"one field", `SELECT DISTINCT u.name FROM User u WHERE u.id = 482`, "", `["Karen482"]`},
		{"two fields", `SELECT DISTINCT u.id, u.name FROM User u WHERE u.id = 482`, "", `[[482,"Karen482"]]`},
		{"a null among fields", `SELECT DISTINCT u.id, u.givenName FROM User u WHERE u.id = 482`, "", `[[482,null]]`},
		{"a count", `SELECT COUNT(u) FROM User u`, "", `[499]`},
		{"nothing", `SELECT u FROM User u WHERE u.name = 'x'`, "", `[]`},
	} {
		t.Run(row.name, func(t *testing.T) {
			var more []string
			if row.id != "" {
				more = []string{"id", row.id}
			}
			status, body := f.ask(t, row.query, more...)
			if row.want == "" {
				if !strings.HasPrefix(body, `{"Facility":{"id":1,"createId":`) {
					t.Errorf("%d %s", status, body)
				}
				return
			}
			if diff := cmp.Diff(row.want, body); diff != "" || status != 200 {
				t.Error(status, diff)
			}
		})
	}
	t.Run("an included entity is bare", func(t *testing.T) {
		_, body := f.ask(t, `SELECT i FROM Investigation i WHERE i.id = 1 INCLUDE i.type`)
		if !strings.Contains(body, `"type":{"id":`) || !strings.Contains(body, `"datasets":[]`) || strings.Contains(body, `"facility":`) {
			t.Error(body)
		}
	})
}

// The examples of icat.server's manual, as far as they do not leave the subset.
func TestQueriesThatAreUnderstood(t *testing.T) {
	f := start(t, icatfake.Options{})
	for _, query := range []string{
		`SELECT u FROM User u WHERE u.name = 'Karen482'`,
		`select u from User as u where u.name = 'Karen482' order by u.id asc`,
		`SELECT DISTINCT i FROM Investigation i JOIN i.investigationUsers iu WHERE iu.user.name = :user ORDER BY i.startDate DESC, i.id LIMIT 0,50 INCLUDE i.investigationInstruments ii, ii.instrument`,
		`SELECT DISTINCT i FROM Investigation i INNER JOIN i.investigationUsers AS iu WHERE iu.user.name != 'x' INCLUDE i.investigationInstruments.instrument LIMIT 0,*`,
		`SELECT COUNT(df) FROM Datafile df WHERE df.dataset.id = 12`,
		`SELECT COUNT(DISTINCT i) FROM Investigation i JOIN i.datasets d WHERE d.id > -1`,
		`SELECT ds FROM Dataset ds WHERE ds.investigation.id = 7 AND ds.complete = TRUE INCLUDE 1`,
		`SELECT i FROM Investigation i WHERE i.startDate >= {ts 2015-01-01 00:00:00} AND UPPER(i.title) LIKE UPPER('%neutron%')`,
		`SELECT v FROM Dataset v LEFT OUTER JOIN v.sample s ORDER BY s.name DESC, v.id`,
		`SELECT v FROM DatafileParameter v WHERE v.numericValue BETWEEN -1.5 AND 1.0E3 AND v.stringValue IS NULL LIMIT 0,5`,
		`SELECT v FROM User v WHERE v.name LIKE '%a!%b%' ESCAPE '!' AND v.id IN (1, 2)`,
	} {
		if status, body := f.ask(t, query); status != 200 {
			t.Errorf("%s: %d %s", query, status, body)
		}
	}
	if status, body := f.ask(t, `Dataset ds INCLUDE ds.datafiles.parameters`, "id", "12"); status != 200 {
		t.Errorf("%d %s", status, body)
	}
}

func TestQueriesThatAreRefused(t *testing.T) {
	f := start(t, icatfake.Options{})
	for name, query := range map[string]string{
		"nothing":                         ``,
		"no SELECT":                       `Investigation`,
		"an unknown entity":               `SELECT v FROM Nonsense v`,
		"an unknown field":                `SELECT v FROM User v WHERE v.password = 'x'`,
		"an unknown relation":             `SELECT v FROM User v WHERE v.boss.name = 'x'`,
		"an unknown alias":                `SELECT w FROM User v`,
		"an alias twice":                  `SELECT DISTINCT v FROM Investigation v JOIN v.datasets V WHERE v.id = 1`,
		"a text that does not end":        `SELECT v FROM User v WHERE v.name = 'x`,
		"a text after its end":            `SELECT v FROM User v WHERE v.name = 'x' OR 'a'='a'`,
		"OR":                              `SELECT v FROM User v WHERE v.id = 1 OR v.id = 2`,
		"a line break":                    "SELECT v\nFROM User v",
		"a semicolon":                     `SELECT v FROM User v;`,
		"a number for a text":             `SELECT v FROM User v WHERE v.name = 1`,
		"a text for a number":             `SELECT v FROM User v WHERE v.id = '1'`,
		"a text for a date":               `SELECT v FROM Investigation v WHERE v.startDate > '2015-01-01'`,
		"a date with a T":                 `SELECT v FROM Investigation v WHERE v.startDate > {ts 2015-01-01T00:00:00}`,
		"a pattern with a wildcard":       `SELECT v FROM User v WHERE v.name LIKE 'a%'`,
		"an underscore in a pattern":      `SELECT v FROM User v WHERE v.name LIKE '%a_b%'`,
		"a backslash in a pattern":        `SELECT v FROM User v WHERE v.name LIKE '%\%'`,
		"UPPER on one side":               `SELECT v FROM User v WHERE UPPER(v.name) LIKE '%a%'`,
		"a parameter within a text":       `SELECT v FROM User v WHERE v.name = ':ts20150101000000'`,
		"a to-many without DISTINCT":      `SELECT v FROM Investigation v JOIN v.datasets d WHERE d.id = 1`,
		"a count of it":                   `SELECT COUNT(v) FROM Investigation v JOIN v.datasets d WHERE d.id = 1`,
		"a to-many by navigation":         `SELECT v FROM Investigation v WHERE v.datasets.id = 1`,
		"the same join twice":             `SELECT DISTINCT v FROM Investigation v JOIN v.datasets d JOIN v.datasets e WHERE d.id = 1 AND e.id = 2`,
		"a join for nothing":              `SELECT DISTINCT v FROM Investigation v JOIN v.datasets d`,
		"a fetch":                         `SELECT v FROM Investigation v JOIN FETCH v.datasets d`,
		"a to-one joined plainly":         `SELECT v FROM Dataset v JOIN v.sample s WHERE s.name = 'x'`,
		"order that drops entities":       `SELECT v FROM Dataset v ORDER BY v.sample.name`,
		"order over a to-many":            `SELECT DISTINCT v FROM Investigation v JOIN v.datasets d WHERE d.id > 0 ORDER BY d.name`,
		"a limit of one number":           `SELECT v FROM User v LIMIT 10`,
		"a limit of none":                 `SELECT v FROM User v LIMIT 0,0`,
		"a limit of a count":              `SELECT COUNT(v) FROM User v LIMIT 0,1`,
		"fields without DISTINCT":         `SELECT v.name FROM User v`,
		"an aggregate":                    `SELECT MAX(v.id) FROM User v`,
		"an include of nothing":           `SELECT v FROM User v INCLUDE v.nonsense`,
		"an include without an alias":     `SELECT v FROM User v INCLUDE w.investigationUsers`,
		"an include twice":                `SELECT v FROM Investigation v INCLUDE v.datasets d, v.datasets.type`,
		"an include with fields":          `SELECT DISTINCT v.id FROM Investigation v INCLUDE v.datasets`,
		"something at the end":            `SELECT v FROM User v LIMIT 0,1 INCLUDE v.investigationUsers LIMIT 0,2`,
		"a sub-select":                    `SELECT v FROM User v WHERE v.id IN (SELECT w.id FROM User w)`,
		"UPPER that compares differently": `SELECT v FROM User v WHERE UPPER(v.name) = 'X'`,
	} {
		t.Run(name, func(t *testing.T) {
			if status, body := f.ask(t, query); status != 400 || !strings.HasPrefix(body, `{"code":"BAD_PARAMETER","message":"`) {
				t.Errorf("%d %s", status, body)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	f := start(t, icatfake.Options{Lifetime: time.Hour})
	const form = "application/x-www-form-urlencoded"
	const unknown = "0d9a3706-80d4-4d29-9ff3-4d65d4308a24"
	session := "sessionId=" + f.root
	entities := func(json string) string { return session + "&entities=" + url.QueryEscape(json) }
	for _, row := range []struct {
		name, method, path, body, media string
		status                          int
		want                            string // of the body's beginning
	}{
		{"no session", "GET", "/icat/entityManager?query=x", "", "", 403, `{"code":"SESSION","message":"Session Id cannot be null or empty."}`},
		{"an unknown session", "GET", "/icat/session/" + unknown, "", "", 403, `{"code":"SESSION","message":"Unable to find user by sessionid: ` + unknown + `"}`},
		{"no query", "GET", "/icat/entityManager?" + session, "", "", 400, `{"code":"BAD_PARAMETER","message":"query is not set"}`},
		{"an unknown parameter", "GET", "/icat/version?x=1", "", "", 400, `{"code":"BAD_PARAMETER","message":"fake icat.server: unknown parameter`},
		{"a parameter twice", "GET", "/icat/entityManager?query=x&query=y", "", "", 400, `{"code":"BAD_PARAMETER"`},
		{"an unknown path", "GET", "/icat/nonsense", "", "", 501, `{"code":"NOT_IMPLEMENTED","message":"Operation not implemented by this ICAT server."}`},
		{"a path of a real server's that the fake has not", "GET", "/icat/port", "", "", 501, `{"code":"NOT_IMPLEMENTED"`},
		{"another application's path", "GET", "/ids/ping", "", "", 404, `<!DOCTYPE html>`},
		{"a wrong method", "PUT", "/icat/entityManager", "", "", 500, `{"code":"INTERNAL","message":"class jakarta.ws.rs.NotAllowedException`},
		{"a wrong content type", "POST", "/icat/session", `{"plugin":"simple"}`, "application/json", 500, `{"code":"INTERNAL","message":"class jakarta.ws.rs.NotSupportedException`},
		{"parameters of a POST in its address", "POST", "/icat/session?json=x", "", form, 400, `{"code":"BAD_PARAMETER"`},
		{"an unknown authenticator", "POST", "/icat/session", `json={"plugin":"ldap"}`, form, 403, `{"code":"SESSION","message":"Authenticator mnemonic ldap not recognised"}`},
		{"a wrong password", "POST", "/icat/session", `json={"plugin":"simple","credentials":[{"username":"root"},{"password":"x"}]}`, form, 403,
			`{"code":"SESSION","message":"The username and password do not match "}`},
		{"credentials in one object", "POST", "/icat/session", `json={"plugin":"simple","credentials":[{"username":"root","password":"x"}]}`, form, 400, `{"code":"BAD_PARAMETER"`},
		{"entities that are none", "POST", "/icat/entityManager", entities(`x`), form, 400, `{"code":"BAD_PARAMETER"`},
		{"no entities", "POST", "/icat/entityManager", session, form, 400, `{"code":"BAD_PARAMETER","message":"entities is not set"}`},
		{"what a dataset needs", "POST", "/icat/entityManager", entities(`[{"Dataset":{"name":"x","type":{"id":1}}}]`), form, 412,
			`{"code":"VALIDATION","message":"Dataset: investigation cannot be null.","offset":0}`},
		{"the second of two", "POST", "/icat/entityManager", entities(`[{"Keyword":{"name":"x","investigation":{"id":1}}},{"Keyword":{"name":"x"}}]`), form, 412,
			`{"code":"VALIDATION","message":"Keyword: investigation cannot be null.","offset":1}`},
		{"a date of another form", "POST", "/icat/entityManager", entities(`[{"Dataset":{"id":1,"startDate":"2024-01-01T00:00:00Z"}}]`), form, 400, `{"code":"BAD_PARAMETER"`},
		{"an update of what is not there", "POST", "/icat/entityManager", entities(`[{"Dataset":{"id":100000,"complete":true}}]`), form, 404,
			`{"code":"NO_SUCH_OBJECT_FOUND","message":"Dataset[id:100000] not found.","offset":0}`},
		{"a search without a query", "GET", "/icat/search/documents?" + session, "", "", 400, `{"code":"BAD_PARAMETER","message":"query is not set"}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			status, body := f.send(t, row.method, row.path, row.body, row.media)
			if status != row.status || !strings.HasPrefix(body, row.want) {
				t.Errorf("%d %s, want %d %s", status, body, row.status, row.want)
			}
		})
	}
}

func TestVoidAnswersNothing(t *testing.T) {
	f := start(t, icatfake.Options{})
	for _, method := range []string{"PUT", "DELETE"} {
		if status, body := f.send(t, method, "/icat/session/"+f.root, "", ""); status != 204 || body != "" {
			t.Errorf("%s: %d %q, want 204 without a body", method, status, body)
		}
	}
}

func TestSessionThatExpires(t *testing.T) {
	f := start(t, icatfake.Options{Lifetime: time.Nanosecond})
	status, body := f.send(t, "GET", "/icat/session/"+f.root, "", "")
	if want := `{"code":"SESSION","message":"Session id:` + f.root + ` has expired"}`; status != 403 || body != want {
		t.Errorf("%d %s, want %s", status, body, want)
	}
	if status, body := f.send(t, "PUT", "/icat/session/"+f.root, "", ""); status != 204 {
		t.Errorf("refreshed after its end: %d %s, want 204 as a real icat.server", status, body)
	}
}
