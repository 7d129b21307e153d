package upstream_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"plumbline/cli/transcript"
	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
	"plumbline/demo-app/internal/upstream"
	"plumbline/demo-app/internal/upstream/icatfake"
	"plumbline/demo-app/telemetry"
)

func TestTrouble(t *testing.T) {
	p := newPair(t, icatfake.Options{}, nil)
	root, e := p.login(t, facility.RootName), entity(t, "User")
	list := func() error {
		_, err := p.icat.List(t.Context(), root, e, icat.Filter{Limit: 1})
		return err
	}
	create := func() error {
		_, err := p.icat.Create(t.Context(), root, []icat.Object{dataset(t, "from trouble")})
		return err
	}
	for _, row := range []struct {
		name    string
		times   int
		trouble icatfake.Trouble
		do      func() error
		want    icat.Code
		asked   int // how often; 0: net/http may add a try of its own
	}{
		{"a dropped connection is tried again", 1, icatfake.Drop, list, "", 2},
		{"an answer torn in two is asked for again", 2, icatfake.Tear, list, "", 3},
		{"a connection that always drops is no server", -1, icatfake.Drop, list, icat.Unavailable, 0},
		{"a server that is busy is asked again", 1, icatfake.Page(http.StatusServiceUnavailable), list, "", 2},
		{"one that stays busy is not available", 3, icatfake.Page(http.StatusServiceUnavailable), list, icat.Unavailable, 3},
		{"a proxy's page is no answer", 1, icatfake.Page(http.StatusBadGateway), list, icat.BadUpstream, 1},
		{"nor is one that says OK", 1, icatfake.Page(http.StatusOK), list, icat.BadUpstream, 1},
		{"nor one that says not found", 1, icatfake.Page(http.StatusNotFound), list, icat.BadUpstream, 1},
		{"a redirect is not followed", 1, icatfake.Redirect("http://127.0.0.1:1"), list, icat.BadUpstream, 1},
		{"a write is not repeated when the connection drops", 1, icatfake.Drop, create, icat.Unavailable, 1},
		{"nor when the server is busy", 1, icatfake.Page(http.StatusServiceUnavailable), create, icat.Unavailable, 1},
		{"nor when it is redirected", 1, icatfake.Redirect("http://127.0.0.1:1"), create, icat.BadUpstream, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			p.fake.Meet(row.times, row.trouble)
			before := p.fake.Seen("GET /entityManager") + p.fake.Seen("POST /entityManager")
			err := row.do()
			if code(err) != row.want {
				t.Errorf("%v, want %s", err, row.want)
			}
			if n := p.fake.Seen("GET /entityManager") + p.fake.Seen("POST /entityManager") - before; row.asked > 0 && n != row.asked {
				t.Errorf("asked %d times, want %d", n, row.asked)
			}
			p.fake.Meet(0, nil)
		})
	}
}

func TestNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	u, err := upstream.New(upstream.Options{URL: "http://" + address})
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Ping(t.Context()); code(err) != icat.Unavailable {
		t.Errorf("%v, want UNAVAILABLE", err)
	}
}

func TestCertificate(t *testing.T) {
	server := httptest.NewTLSServer(icatfake.New(icatfake.Options{}))
	server.Config.ErrorLog = nil
	defer server.Close()
	for _, row := range []struct {
		name   string
		check  bool
		caFile string
		want   icat.Code
	}{
		{"of a known authority", true, authority(t, server), ""},
		{"of an unknown one", true, "", icat.Unavailable},
		{"of an unknown one that is not checked", false, "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			u, err := upstream.New(upstream.Options{URL: server.URL, CheckCert: row.check, CAFile: row.caFile})
			if err != nil {
				t.Fatal(err)
			}
			if err := u.Ping(t.Context()); code(err) != row.want {
				t.Errorf("%v, want %q", err, row.want)
			}
		})
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	e := entity(t, "User")
	who := icat.Session{ID: "0d9a3706-80d4-4d29-9ff3-4d65d4308a24"}
	for _, row := range []struct {
		name, body string
		status     int
		do         func(u *upstream.ICAT) error
		want       icat.Code
	}{
		{"an object for a list", `{"User":{}}`, 200, list, icat.BadUpstream},
		{"another entity", `[{"Dataset":{"id":1}}]`, 200, list, icat.BadUpstream},
		{"a bare entity", `[{"id":1,"name":"x"}]`, 200, list, icat.BadUpstream},
		{"a value of another kind", `[{"User":{"id":"one"}}]`, 200, list, icat.BadUpstream},
		{"null among entities", `[null]`, 200, list, icat.BadUpstream},
		{"nothing", ``, 200, list, icat.BadUpstream},
		{"half of it", `[{"User":`, 200, list, icat.BadUpstream},
		{"a count of text", `["many"]`, 200, count, icat.BadUpstream},
		{"two counts", `[1,2]`, 200, count, icat.BadUpstream},
		{"no count", `[]`, 200, count, icat.BadUpstream},
		{"ICAT's own error", `{"code":"INTERNAL","message":"Unexpected DB response"}`, 500, list, icat.Internal},
		{"an error with another status", `{"code":"NO_SUCH_OBJECT_FOUND","message":"User[id:1] not found."}`, 500, list, icat.NoSuchObject},
		{"a search that took too long", `{"code":"INTERNAL","message":"Search cancelled for exceeding 5 seconds"}`, 500, search, icat.Timeout},
		{"a code nobody knows", `{"code":"SURPRISE","message":"!"}`, 400, list, icat.BadUpstream},
		{"JSON that is no error of ICAT's", `{"error":"x"}`, 403, list, icat.BadUpstream},
		{"JSON of a gateway", `{"error":"x"}`, 503, list, icat.Unavailable},
		{"a session without an id", `{}`, 200, login, icat.BadUpstream},
		{"a session id that is a path", `{"sessionId":"../../x"}`, 200, login, icat.BadUpstream},
		{"unknown fields, absent nulls, any offset", `[{"User":{"id":1,"createTime":"2020-01-02T03:04:05.000+01:00","name":"x","novelty":{"a":[1]},"studies":[]}}]`, 200, list, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			u := handler(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(row.status)
				w.Write([]byte(row.body))
			}, nil)
			if err := row.do(u); code(err) != row.want {
				t.Errorf("%v, want %s", err, row.want)
			}
		})
	}
	t.Run("more than can be held", func(t *testing.T) {
		u := handler(t, func(w http.ResponseWriter, _ *http.Request) {
			block := []byte(strings.Repeat(" ", 1<<20))
			for range 65 {
				if _, err := w.Write(block); err != nil {
					return
				}
			}
		}, nil)
		if _, err := u.List(t.Context(), who, e, icat.Filter{Limit: -1}); code(err) != icat.BadUpstream {
			t.Errorf("%v, want BAD_UPSTREAM", err)
		}
	})
}

func list(u *upstream.ICAT) error {
	e, _ := icat.Lookup("User")
	_, err := u.List(context.Background(), icat.Session{ID: "s"}, e, icat.Filter{Limit: -1})
	return err
}

func count(u *upstream.ICAT) error {
	e, _ := icat.Lookup("User")
	_, err := u.Count(context.Background(), icat.Session{ID: "s"}, e, icat.Filter{Limit: -1})
	return err
}

func search(u *upstream.ICAT) error {
	e, _ := icat.Lookup("Dataset")
	_, err := u.Search(context.Background(), icat.Session{ID: "s"}, icat.Search{Target: e, MaxCount: 1})
	return err
}

func login(u *upstream.ICAT) error {
	_, err := u.Login(context.Background(), icat.Credentials{Username: "u", Password: "p"})
	return err
}

// Whatever goes wrong, neither a session id nor a password is told to anybody:
// not by an error, a log line or a span.
func TestSecretsStayInside(t *testing.T) {
	const password, session = "hunter2hunter2", "5e551011-0000-4000-8000-00000000abcd"
	log, spans := &transcript.Buffer{}, &spans{}
	answers := map[string]http.HandlerFunc{
		"repeats the address": func(w http.ResponseWriter, r *http.Request) {
			r.ParseForm()
			w.WriteHeader(500)
			w.Write([]byte(`{"code":"INTERNAL","message":"` + r.URL.String() + ` ` + strings.ReplaceAll(r.PostForm.Encode(), `"`, "") + `"}`))
		},
		"repeats the session as ICAT does": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(403)
			w.Write([]byte(`{"code":"SESSION","message":"Unable to find user by sessionid: ` + session + ` ` + password + `"}`))
		},
		"repeats it in a validation error": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(412)
			r.ParseForm()
			w.Write([]byte(`{"code":"VALIDATION","message":"` + r.URL.Query().Get("sessionId") + r.PostForm.Get("sessionId") + strings.Trim(r.URL.Path, "/") + strings.ReplaceAll(r.PostForm.Get("json"), `"`, "") + `"}`))
		},
		"redirects with it": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1"+r.URL.String(), http.StatusFound)
		},
		"drops the connection": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"is HTML":              func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("<p>" + r.URL.String())) },
		"is not HTTP":          func(w http.ResponseWriter, r *http.Request) { hijack(w, "SIP/2.0 "+r.URL.String()+"\r\n\r\n") },
		"has a header that lies": func(w http.ResponseWriter, r *http.Request) {
			hijack(w, "HTTP/1.1 200 OK\r\n"+r.URL.String()+"\r\n\r\n")
		},
		"answers the session id":  func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`{"sessionId":"` + session + `"}`)) },
		"answers it with garbage": func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`{"sessionId":"` + session + `"`)) },
	}
	for name, h := range answers {
		t.Run(name, func(t *testing.T) {
			u := handler(t, h, func(o *upstream.Options) {
				o.Username, o.Password = "svc", password
				o.Log, o.Operation = telemetry.NewLog(log, telemetry.Service{}, 0), spans.start
			})
			who, e := icat.Session{ID: session}, entity(t, "Dataset")
			for operation, do := range map[string]func() error{
				"list":   func() error { _, err := u.List(t.Context(), who, e, icat.Filter{Limit: -1}); return err },
				"count":  func() error { _, err := u.Count(t.Context(), who, e, icat.Filter{}); return err },
				"get":    func() error { _, err := u.Get(t.Context(), who, e, 1, nil); return err },
				"create": func() error { _, err := u.Create(t.Context(), who, []icat.Object{dataset(t, "x")}); return err },
				"update": func() error { _, err := u.Update(t.Context(), who, dataset(t, "x"), 1); return err },
				"search": func() error { _, err := u.Search(t.Context(), who, icat.Search{Target: e, MaxCount: 1}); return err },
				"user":   func() error { _, err := u.UserByName(t.Context(), "x"); return err },
				"login": func() error {
					_, err := u.Login(t.Context(), icat.Credentials{Username: "x", Password: password})
					return err
				},
				"session": func() error { _, err := u.Session(t.Context(), session); return err },
				"refresh": func() error { _, err := u.Refresh(t.Context(), session); return err },
				"logout":  func() error { return u.Logout(t.Context(), session) },
			} {
				err := do()
				if err == nil {
					continue // a logout takes any answer
				}
				if text := err.Error() + icat.AsError(err).Message; strings.Contains(text, session) || strings.Contains(text, password) {
					t.Errorf("%s: %s", operation, text)
				}
			}
			u.Close(t.Context())
		})
	}
	for _, text := range append(spans.all(), log.String()) {
		if strings.Contains(text, session) || strings.Contains(text, password) {
			t.Errorf("told: %s", text)
		}
	}
	if len(spans.all()) < 100 {
		t.Errorf("only %d spans: nothing was tried", len(spans.all()))
	}
}

// hijack answers with bytes of its own.
func hijack(w http.ResponseWriter, answer string) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer c.Close()
	c.Write([]byte(answer))
}

func TestAddresses(t *testing.T) {
	for _, row := range []struct {
		name, url string
		ok        bool
	}{
		{"https", "https://icat.example:8181", true},
		{"with a path", "https://icat.example:8181/icat/", true},
		{"plain http on the loopback", "http://127.0.0.1:8181/icat", true},
		{"by its name", "http://localhost:8181", true},
		{"plain http over the network", "http://icat.example:8181", false},
		{"another scheme", "ftp://icat.example", false},
		{"no scheme", "icat.example:8181", false},
		{"nothing", "", false},
		{"credentials", "https://root:secret@icat.example", false},
		{"a query", "https://icat.example/ICATService/ICAT?wsdl", false},
		{"what is no address", "https://[::1/secret", false},
	} {
		_, err := upstream.New(upstream.Options{URL: row.url})
		if (err == nil) != row.ok {
			t.Errorf("%s: %v", row.name, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: repeats the address: %v", row.name, err)
		}
	}
	if _, err := upstream.New(upstream.Options{URL: "https://icat.example", CAFile: "call_test.go"}); err == nil {
		t.Error("a file without a certificate is taken for an authority")
	}
}
