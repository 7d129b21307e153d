package rest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
	"plumbline/demo-app/internal/session"
)

// Whatever a client gets wrong is told to it in the envelope.
func TestBadInputIsAClear4xx(t *testing.T) {
	r := start(t, nil)
	karen, ingest := r.session(t), r.login(t, facility.IngestName)
	const bad = icat.BadParameter
	login := func(proves, body string, status int, code icat.Code, contains string) row {
		return row{proves, "POST", "/sessions", "", body, status, code, contains}
	}
	get := func(proves, path string) row { return row{proves, "GET", path, karen, "", 400, bad, ""} }
	send := func(proves, method, path, body string, status int, code icat.Code) row {
		return row{proves, method, path, ingest, body, status, code, ""}
	}
	rows := []row{
		login("a wrong password is 403", `{"username":"Karen482","password":"x"}`, 403, icat.BadSession, "do not match"),
		login("an unknown user is told the same", `{"username":"nobody","password":"x"}`, 403, icat.BadSession, "do not match"),
		login("an unknown mechanism is 403", `{"username":"a","password":"b","mechanism":"ldap"}`, 403, icat.BadSession, "not recognised"),
		login("no password is 400", `{"username":"Karen482"}`, 400, bad, ""),
		login("no body is 400", ``, 400, bad, ""),
		login("malformed JSON is 400", `{"username"`, 400, bad, ""),
		login("null is 400", `null`, 400, bad, ""),
		login("an unknown member is 400", `{"username":"a","password":"b","admin":true}`, 400, bad, ""),
		login("two bodies are 400", `{"username":"a","password":"b"}{"username":"a","password":"b"}`, 400, bad, ""),
		login("bytes that are no UTF-8 are 400", "{\"username\":\"\xff\",\"password\":\"b\"}", 400, bad, "UTF-8"),
		login("a long body is 413", `{"username":"`+strings.Repeat("a", maxBody)+`"}`, 413, icat.TooLarge, "65536"),
		{"an unknown user is 404", "GET", "/icat/nobody", "", "", 404, icat.NoSuchObject, "User[name:nobody] not found."},
		{"JPQL in a name is a name", "GET", "/icat/x'%20OR%20'1'='1", "", "", 404, icat.NoSuchObject, ""},
		{"SQL in a name is a name", "GET", "/icat/x';DROP%20TABLE%20user_;--", "", "", 404, icat.NoSuchObject, ""},
		{"a slash in a name is a name's", "GET", "/icat/a%2Fb", "", "", 404, icat.NoSuchObject, ""},
		{"a zero byte in a name is a name's", "GET", "/icat/a%00b", "", "", 404, icat.NoSuchObject, ""},
		{"a name of bytes that are no UTF-8 is 400", "GET", "/icat/%ff", "", "", 400, bad, "UTF-8"},
		{"no session is 401", "GET", "/sessions", "", "", 401, icat.Unauthenticated, "POST /sessions"},
		{"a foreign session is 403", "GET", "/users", "not-one-of-ours", "", 403, icat.BadSession, ""},
		{"a session of quotes is 403", "GET", "/users", "' OR 1=1 --", "", 403, icat.BadSession, ""},
		{"an unknown id is 404", "GET", "/users/5000", karen, "", 404, icat.NoSuchObject, "User[id:5000] not found."},
		{"no match is 404", "GET", "/users/findone" + where(`{"name":{"eq":"x"}}`), karen, "", 404, icat.NoSuchObject, ""},
		get("a malformed query string", "/datasets?limit=%zz"),
		get("a semicolon in it", "/datasets?limit=1;skip=2"),
		get("an unknown parameter", "/datasets?sessionId=x"),
		get("a limit that is text", "/datasets?limit=many"),
		get("a negative limit", "/datasets?limit=-1"),
		get("a limit beyond 32 bits", "/datasets?limit=4294967296"),
		get("a limit given twice", "/datasets?limit=1&limit=2"),
		get("an empty limit", "/datasets?limit="),
		get("count takes no limit", "/datasets/count?limit=1"),
		get("findone takes no limit", "/datasets/findone?limit=1"),
		get("by id takes no where", "/datasets/1"+where(`{"id":{"eq":1}}`)),
		get("a malformed where", "/datasets?where=%7B"),
		get("a where that is null", "/datasets?where=null"),
		get("a where of bytes that are no UTF-8", "/datasets?where=%7B%22name%22:%7B%22eq%22:%22%ff%22%7D%7D"),
		get("an unknown field", "/datasets"+where(`{"password":{"eq":"x"}}`)),
		get("SQL for a field", "/datasets"+where(`{"name) OR (1=1":{"eq":"x"}}`)),
		get("an unknown operator", "/datasets"+where(`{"name":{"regexp":"x"}}`)),
		get("an unknown relation", "/datasets"+where(`{"rules.what":{"eq":"x"}}`)),
		get("a path that is too deep", "/datasets"+where(`{"investigation.type.facility.investigations.name":{"eq":"x"}}`)),
		get("a value of the wrong kind", "/datasets"+where(`{"id":{"eq":"one"}}`)),
		get("a fraction for a whole number", "/datasets"+where(`{"id":{"eq":1.5}}`)),
		get("a date that is none", "/datasets"+where(`{"startDate":{"gt":"2014-13-45"}}`)),
		get("between with one value", "/datasets"+where(`{"id":{"between":[1]}}`)),
		get("an in of nothing", "/datasets"+where(`{"id":{"in":[]}}`)),
		get("SQL for an order", "/datasets?order="+url.QueryEscape("name; DROP TABLE dataset")),
		get("an order by what is many", "/datasets?order=datafiles.name"),
		get("an include of nothing known", "/datasets"+include(`"passwords"`)),
		get("an include that is too deep", "/datasets"+include(`{"investigation":{"type":{"facility":"instruments"}}}`)),
		get("an include beside distinct", "/datasets?distinct=%22name%22&include=%22type%22"),
		get("a search without a query", "/search/documents"),
		get("a search for another target", "/search/documents?query="+url.QueryEscape(`{"target":"User","text":"x"}`)),
		get("a search with two counts", "/search/documents?minCount=1&minCount=2&query=%7B%22target%22:%22Dataset%22%7D"),
		get("a search with more at least than at most", "/search/documents?minCount=5&maxCount=2&query=%7B%22target%22:%22Dataset%22%7D"),
		{"an unknown download is 404", "GET", "/downloads/nope", karen, "", 404, icat.NoSuchObject, ""},
		{"its manifest too", "GET", "/downloads/3b241101-e2bb-4255-8caf-4136c566a962/manifest", karen, "", 404, icat.NoSuchObject, ""},
		{"a download of nothing is 400", "POST", "/downloads", karen, `{"datasetIds":[]}`, 400, bad, ""},
		{"a download of an unknown dataset is 404", "POST", "/downloads", karen, `{"datasetIds":[5000]}`, 404, icat.NoSuchObject, "Dataset[id:5000] not found."},
		{"an e-mail address with a header in it is 400", "POST", "/downloads", karen, `{"datasetIds":[48],"email":"a@b.example\r\nBcc: c@d.example"}`, 400, bad, ""},
		send("ingest of what is not JSON", "POST", "/datasets", `name=x`, 400, bad),
		send("ingest of nothing", "POST", "/datasets", `[]`, 400, bad),
		send("ingest of an unknown member", "POST", "/datasets", `{"name":"x","admin":true}`, 400, bad),
		send("ingest with an id of the client's", "POST", "/datasets", `{"id":7,"name":"x","investigation":{"id":48},"type":{"id":1}}`, 400, bad),
		send("ingest of a number for a name", "POST", "/datasets", `{"name":7,"investigation":{"id":48},"type":{"id":1}}`, 400, bad),
		send("ingest without a name", "POST", "/datasets", `{"investigation":{"id":48},"type":{"id":1}}`, 412, icat.Validation),
		send("ingest of a name that is too long", "POST", "/datasets", `{"name":"`+strings.Repeat("a", 256)+`","investigation":{"id":48},"type":{"id":1}}`, 412, icat.Validation),
		send("a name that is there already", "POST", "/datasets", `{"name":"DATASET 48","investigation":{"id":48},"type":{"id":1}}`, 412, icat.ObjectAlreadyExists),
		send("ingest into what does not exist", "POST", "/datafiles", `{"name":"x","dataset":{"id":5000}}`, 404, icat.NoSuchObject),
		send("a change that changes nothing", "PATCH", "/datasets/48", `{}`, 400, bad),
		send("a change of what does not exist", "PATCH", "/datasets/5000", `{"complete":true}`, 404, icat.NoSuchObject),
		send("a body of 10 MB", "POST", "/datafiles", `{"name":"`+strings.Repeat("a", 10<<20)+`"}`, 413, icat.TooLarge),
	}
	for _, id := range []string{"0", "-1", "+1", "1e3", "0x1", "1.0", "abc", "99999999999999999999", "%27", "1%20OR%201=1"} {
		rows = append(rows, get("id "+id, "/datafiles/"+id), send("a change of id "+id, "PATCH", "/datasets/"+id, `{"complete":true}`, 400, bad))
	}
	for _, row := range rows {
		if a := r.check(t, row); strings.Contains(string(a.body), "goroutine") || strings.Contains(string(a.body), "SELECT") {
			t.Errorf("%s: the answer shows internals: %s", row.proves, a.body)
		}
	}
}

func TestAnExpiredSessionIs403(t *testing.T) {
	r := startWith(t, func(o *Options, _ *http.Server) {
		o.Authority = session.NewAuthority(
			func(context.Context, icat.Credentials) (string, error) { return facility.KarenName, nil },
			session.NewMemory(session.Options{Lifetime: time.Nanosecond}))
	}, nil)
	expired := r.session(t)
	for _, row := range []row{
		{"reading", "GET", "/users/1", expired, "", 403, icat.BadSession, ""},
		{"looking at it", "GET", "/sessions", expired, "", 403, icat.BadSession, ""},
		{"refreshing it", "PUT", "/sessions", expired, "", 403, icat.BadSession, ""},
	} {
		r.check(t, row)
	}
}

func TestABodyMustNotSayThatItIsSomethingElse(t *testing.T) {
	r := start(t, nil)
	for contentType, status := range map[string]int{
		"application/json": 201, "application/json; charset=utf-8": 201, "": 201,
		"application/x-www-form-urlencoded": 415, "text/plain": 415, "application/json;": 201, "json": 415, ";;": 415,
	} {
		req, err := http.NewRequestWithContext(t.Context(), "POST", r.url+"/sessions", strings.NewReader(`{"username":"Karen482","password":"icat-demo"}`))
		if err != nil {
			t.Fatal(err)
		}
		if contentType != "" {
			req.Header.Set("Content-Type", contentType)
		}
		a, err := send(r.client, req)
		if err != nil {
			t.Fatal(err)
		}
		if a.status != status || status == 415 && !strings.Contains(string(a.body), string(icat.UnsupportedMediaType)) {
			t.Errorf("Content-Type %q: %d %s, want %d", contentType, a.status, a.body, status)
		}
	}
}

// What is no request of HTTP is refused by net/http, never with a 5xx.
func TestHostileHeadsAreRefused(t *testing.T) {
	r := start(t, nil)
	for proves, head := range map[string]string{
		"one header of a megabyte":   "GET /version HTTP/1.1\r\nHost: x\r\nX-Bomb: " + strings.Repeat("a", 1<<20) + "\r\n\r\n",
		"many headers":               "GET /version HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X-Bomb: a\r\n", 100_000) + "\r\n",
		"a path of a megabyte":       "GET /" + strings.Repeat("a", 1<<20) + " HTTP/1.1\r\nHost: x\r\n\r\n",
		"no host":                    "GET /version HTTP/1.1\r\n\r\n",
		"a malformed escape":         "GET /icat/%zz HTTP/1.1\r\nHost: x\r\n\r\n",
		"two lengths":                "POST /sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
		"a header split by a return": "GET /version HTTP/1.1\r\nHost: x\r\nX-A: b\rc\r\n\r\n",
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		go io.WriteString(conn, head) // the server may hang up before it has all
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err == nil && (resp.StatusCode < 400 || resp.StatusCode > 499) {
			t.Errorf("%s: %s, want a 4xx", proves, resp.Status)
		}
		conn.Close()
	}
	if a := r.do(t, "GET", "/healthz", "", ""); a.status != 200 {
		t.Errorf("afterwards healthz answers %d", a.status)
	}
}

func TestASlowBodyIs400(t *testing.T) {
	r := startWith(t, func(_ *Options, web *http.Server) { web.ReadTimeout = 50 * time.Millisecond }, nil)
	conn, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "POST /sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"user")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 400 || !strings.Contains(string(body), "in time") {
		t.Errorf("%s %s, %v; want 400", resp.Status, body, err)
	}
}
