package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/demo-app/apitest"
	"plumbline/demo-app/client"
	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
)

// serve starts the real API and returns a client of it that is nobody yet.
func serve(t *testing.T) *client.Client {
	t.Helper()
	api, err := apitest.Serve(t.Context(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := api.Close(); err != nil {
			t.Error(err)
		}
	})
	return connect(t, api.URL)
}

func connect(t *testing.T, url string) *client.Client {
	t.Helper()
	hc := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(hc.CloseIdleConnections)
	c, err := client.New(url, hc)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func login(t *testing.T, c *client.Client, name string) *client.Client {
	t.Helper()
	in, err := c.Login(t.Context(), icat.Credentials{Username: name, Password: facility.Password})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// must returns v; an error ends the test.
func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestTheJourneyOfAUser(t *testing.T) {
	ctx, nobody := t.Context(), serve(t)
	if err := nobody.Ping(ctx); err != nil {
		t.Error(err)
	}
	if p := must(nobody.Properties(ctx))(t); p.MaxEntities != icat.MaxEntities || len(p.Authenticators) != 2 {
		t.Errorf("properties %+v", p)
	}
	if p := must(nobody.Profile(ctx, "Karen482"))(t); p.FullName != "Timothy Buchanan" {
		t.Errorf("profile %+v", p)
	}
	karen := login(t, nobody, facility.KarenName)
	if s := must(karen.Session(ctx))(t); s.Username != facility.KarenName || !s.Expires.Time().After(time.Now()) {
		t.Errorf("session %+v", s)
	}
	if err := karen.Refresh(ctx); err != nil {
		t.Error(err)
	}

	mine := client.Query{}.Where("investigationUsers.user.name", icat.Eq, facility.KarenName)
	investigations := must(client.List[icat.Investigation](ctx, karen, mine.OrderDesc("startDate").Limit(50).Include("type").Include("investigationUsers", "user")))(t)
	if n := must(client.Count[icat.Investigation](ctx, karen, mine))(t); int(n) != len(investigations) || n == 0 {
		t.Fatalf("%d listed, %d counted", len(investigations), n)
	}
	first := investigations[0]
	if first.Type == nil || len(first.InvestigationUsers) == 0 || first.InvestigationUsers[0].User == nil {
		t.Errorf("what was included did not come along: %+v", first)
	}
	if same := must(client.Get[icat.Investigation](ctx, karen, first.ID, client.Query{}))(t); same.Title != first.Title {
		t.Errorf("by id it is %q, in the list %q", same.Title, first.Title)
	}
	datasets := must(client.List[icat.Dataset](ctx, karen, client.Query{}.Where("investigation.id", icat.Eq, first.ID).Order("id")))(t)
	if len(datasets) == 0 {
		t.Fatal("no datasets")
	}
	file := must(client.FindOne[icat.Datafile](ctx, karen, client.Query{}.Where("dataset.id", icat.In, []int64{datasets[0].ID}).Order("id")))(t)
	if file.Name == "" || file.FileSize == nil {
		t.Errorf("file %+v", file)
	}
	found := must(karen.Search(ctx, icat.Search{Target: entity(t, "Investigation"), Text: first.Title, Restrict: true}))(t)
	if len(found.Results) == 0 || found.Results[0].Source.Text("title") != first.Title {
		t.Errorf("searching its title finds %+v", found)
	}

	d := must(karen.Prepare(ctx, icat.DownloadRequest{DatasetIDs: []int64{datasets[0].ID}}))(t)
	limit, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if d = must(karen.Await(limit, d.ID, 20*time.Millisecond))(t); d.Status != icat.DownloadComplete {
		t.Fatalf("download %+v", d)
	}
	if text := must(karen.Manifest(ctx, d.ID))(t); int64(strings.Count(string(text), "\n")) != d.FileCount {
		t.Errorf("manifest of %d files:\n%s", d.FileCount, text)
	}
	if all := must(karen.Downloads(ctx))(t); len(all) != 1 || all[0].ID != d.ID {
		t.Errorf("downloads %+v", all)
	}
	if err := karen.Logout(ctx); err != nil {
		t.Error(err)
	}
	_, err := karen.Session(ctx)
	wantCode(t, "a session after its logout", err, icat.BadSession, http.StatusForbidden)
}

func TestIngest(t *testing.T) {
	ctx, c := t.Context(), login(t, serve(t), facility.IngestName)
	made := must(c.CreateDatasets(ctx, client.NewDataset{
		Name: "scan 1", StartDate: icat.At(time.Date(2024, 5, 16, 8, 0, 0, 0, time.UTC)), Investigation: client.Reference{ID: 48}, Type: client.Reference{ID: 1},
	}))(t)
	if len(made) != 1 || made[0].ID == 0 || made[0].Complete {
		t.Fatalf("made %+v", made)
	}
	files := must(c.CreateDatafiles(ctx,
		client.NewDatafile{Name: "a", FileSize: new(int64(3)), Dataset: client.Reference{ID: made[0].ID}},
		client.NewDatafile{Name: "b", Dataset: client.Reference{ID: made[0].ID}}))(t)
	if len(files) != 2 || files[0].FileSize == nil || *files[0].FileSize != 3 || files[1].FileSize != nil {
		t.Errorf("files %+v", files)
	}
	if d := must(c.PatchDataset(ctx, made[0].ID, client.DatasetChange{Complete: new(true)}))(t); !d.Complete || d.Name != "scan 1" {
		t.Errorf("changed %+v", d)
	}
	_, err := c.CreateDatasets(ctx, client.NewDataset{Name: "scan 1", Investigation: client.Reference{ID: 48}, Type: client.Reference{ID: 1}})
	wantCode(t, "a name that is taken", err, icat.ObjectAlreadyExists, http.StatusPreconditionFailed)
}

func entity(t *testing.T, name string) *icat.Entity {
	t.Helper()
	e, ok := icat.Lookup(name)
	if !ok {
		t.Fatalf("no entity %s", name)
	}
	return e
}

func wantCode(t *testing.T, proves string, err error, code icat.Code, status int) {
	t.Helper()
	e, ok := errors.AsType[*icat.Error](err)
	if !ok || e.Code != code {
		t.Errorf("%s: %v, want %s", proves, err, code)
		return
	}
	said, ok := errors.AsType[*client.Answer](err)
	if status != 0 && (!ok || said.Status != status || said.RequestID == "") {
		t.Errorf("%s: %+v, want status %d with a request id", proves, said, status)
	}
}

func TestErrorsSayWhatTheServerSaid(t *testing.T) {
	ctx, nobody := t.Context(), serve(t)
	_, err := nobody.Login(ctx, icat.Credentials{Username: "Karen482", Password: "x"})
	wantCode(t, "a wrong password", err, icat.BadSession, 403)
	_, err = client.Count[icat.User](ctx, nobody, client.Query{})
	wantCode(t, "no session", err, icat.Unauthenticated, 401)
	_, err = nobody.Profile(ctx, "no/body?")
	wantCode(t, "an unknown user, whatever the name", err, icat.NoSuchObject, 404)
	karen := login(t, nobody, facility.KarenName)
	_, err = client.List[icat.User](ctx, karen, client.Query{}.Where("password", icat.Eq, "x"))
	wantCode(t, "an unknown field", err, icat.BadParameter, 400)
	_, err = client.FindOne[icat.User](ctx, karen, client.Query{}.Where("name", icat.Eq, "x"))
	wantCode(t, "no match", err, icat.NoSuchObject, 404)
	_, err = client.List[icat.User](ctx, karen, client.Query{}.Where("name", icat.Eq, make(chan int)))
	wantCode(t, "a value that is none", err, icat.BadParameter, 0)
}

func TestAnswersThatAreNotTheAPIs(t *testing.T) {
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		w.Header().Set("X-Request-Id", "r-1")
		switch r.URL.Path {
		case "/icat/busy":
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusServiceUnavailable)
			io.WriteString(w, `{"code":"UNAVAILABLE","message":"too many requests in flight","requestId":"r-1"}`)
		case "/icat/proxy":
			w.WriteHeader(http.StatusBadGateway)
			io.WriteString(w, `<html>`)
		case "/icat/hang":
			<-r.Context().Done()
		default:
			io.WriteString(w, `<html>`)
		}
	}))
	defer server.Close()
	c := connect(t, server.URL)
	_, err := c.Profile(t.Context(), "busy")
	wantCode(t, "a busy server", err, icat.Unavailable, 503)
	if said, ok := errors.AsType[*client.Answer](err); !ok || said.RetryAfter != 7*time.Second {
		t.Errorf("Retry-After became %+v", said)
	}
	_, err = c.Profile(t.Context(), "proxy")
	wantCode(t, "a proxy's page", err, icat.BadUpstream, 502)
	_, err = c.Profile(t.Context(), "page")
	wantCode(t, "a page with status 200", err, icat.BadUpstream, 0)
	calls = 0
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = c.Profile(ctx, "hang")
	wantCode(t, "a server that hangs", err, icat.Timeout, 0)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v hides its cause", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	_, err = c.Profile(ctx, "hang")
	wantCode(t, "a caller that has left", err, icat.ClientClosed, 0)
	server.Close()
	_, err = c.CreateDatasets(t.Context(), client.NewDataset{})
	wantCode(t, "no server", err, icat.Unavailable, 0)
	if calls > 1 {
		t.Errorf("asked %d times: nothing may be repeated", calls)
	}
}

// An error must not show the query: a where may hold what nobody else should see.
func TestErrorsKeepTheQueryToThemselves(t *testing.T) {
	c := connect(t, "http://127.0.0.1:1")
	_, err := client.List[icat.User](t.Context(), c.WithSession("s3cr3t"), client.Query{}.Where("email", icat.Eq, "s3cr3t"))
	if err == nil || strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("error %v", err)
	}
}

func TestAQueryIsAValue(t *testing.T) {
	base := client.Query{}.Where("id", icat.Gt, 1)
	a, b := base.Where("name", icat.Like, "a"), base.Where("name", icat.Like, "b").Limit(0)
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Query()["where"]...)
		asked = append(asked, "limit="+r.URL.Query().Get("limit"))
		io.WriteString(w, `[]`)
	}))
	defer server.Close()
	c := connect(t, server.URL)
	for _, q := range []client.Query{a, b, base} {
		if _, err := client.List[icat.User](t.Context(), c, q); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		`{"id":{"gt":1}}`, `{"name":{"like":"a"}}`, "limit=", `{"id":{"gt":1}}`, `{"name":{"like":"b"}}`, "limit=0", `{"id":{"gt":1}}`, "limit="}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

// answers is a server that has one answer to everything.
type answers string

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(a))), Request: r}, nil
}

func TestAwaitSaysWhyItGaveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := client.New("http://server", &http.Client{Transport: answers(`{"status":"QUEUED"}`)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err = c.Await(ctx, "x", time.Hour)
		wantCode(t, "its time is over", err, icat.Timeout, 0)
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		_, err = c.Await(ctx, "x", time.Hour)
		wantCode(t, "its caller has left", err, icat.ClientClosed, 0)
	})
}

func TestBaseURLsThatAreNone(t *testing.T) {
	for _, url := range []string{"", "localhost:8000", "ftp://x", "http://", "http://x?a=b", "http://\x00"} {
		if _, err := client.New(url, nil); err == nil {
			t.Errorf("%q is accepted", url)
		}
	}
}
