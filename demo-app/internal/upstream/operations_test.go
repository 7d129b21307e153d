package upstream_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
	"plumbline/demo-app/internal/upstream"
	"plumbline/demo-app/internal/upstream/icatfake"
)

func TestSameGet(t *testing.T) {
	alone(t)
	p := newPair(t, icatfake.Options{}, nil)
	root, karen := p.login(t, facility.RootName), p.login(t, facility.KarenName)
	hidden := hiddenDataset(t, p, root, karen)
	for _, row := range []struct {
		name, entity, include string
		who                   icat.Session
		id                    int64
		want                  icat.Code
	}{
		{"an entity", "User", "", karen, facility.KarenID, ""},
		{"with a to-one", "Dataset", `"type"`, root, 3, ""},
		{"with a tree", "Investigation", `[{"datasets":"datafiles"},{"investigationUsers":"user"}]`, root, 3, ""},
		{"not there", "Investigation", "", root, 100_000, icat.NoSuchObject},
		{"no id at all", "Investigation", "", root, -1, icat.NoSuchObject},
		{"not for the caller's eyes", "Dataset", "", karen, hidden, icat.InsufficientPrivileges},
	} {
		t.Run(row.name, func(t *testing.T) {
			e := entity(t, row.entity)
			var include []icat.Include
			if row.include != "" {
				var err error
				if include, err = icat.ParseInclude(e, row.include); err != nil {
					t.Fatal(err)
				}
			}
			want, wantErr := p.store.Get(t.Context(), row.who, e, row.id, include)
			got, err := p.icat.Get(t.Context(), row.who, e, row.id, include)
			if code(err) != row.want || code(wantErr) != row.want {
				t.Fatalf("%v and %v, want %s", err, wantErr, row.want)
			}
			if row.want != "" {
				if diff := cmp.Diff(icat.AsError(wantErr).Message, icat.AsError(err).Message); diff != "" {
					t.Error(diff)
				}
				return
			}
			if diff := cmp.Diff(string(want.AppendJSON(nil)), string(got.AppendJSON(nil))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// hiddenDataset returns the id of a dataset that one may see and the other not.
func hiddenDataset(t *testing.T, p *pair, sees, blind icat.Session) int64 {
	t.Helper()
	e := entity(t, "Dataset")
	all, err := p.store.List(t.Context(), sees, e, icat.Filter{Limit: -1})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range all {
		if _, err := p.store.Get(t.Context(), blind, e, o.ID(), nil); code(err) == icat.InsufficientPrivileges {
			return o.ID()
		}
	}
	t.Fatal("everybody sees everything")
	return 0
}

func TestUserByName(t *testing.T) {
	p := newPair(t, icatfake.Options{}, nil)
	for _, name := range []string{facility.KarenName, "doiminter", "nobody", "' OR '1'='1", "a\x00b"} {
		want, wantErr := p.store.UserByName(t.Context(), name)
		got, err := p.icat.UserByName(t.Context(), name)
		wantCode := code(wantErr)
		if name == "a\x00b" {
			wantCode = icat.BadParameter // a deliberate difference: ICAT cannot be asked
		}
		if code(err) != wantCode {
			t.Errorf("%q: %v, want %v", name, err, wantErr)
		}
		if err == nil && !cmp.Equal(string(want.AppendJSON(nil)), string(got.AppendJSON(nil))) {
			t.Error(cmp.Diff(string(want.AppendJSON(nil)), string(got.AppendJSON(nil))))
		}
	}
	if n := p.fake.Seen("POST /session"); n != 1 {
		t.Errorf("the service account logged in %d times, want once", n)
	}
}

// Two catalogues of the same facility get the same changes, one directly.
func TestSameChanges(t *testing.T) {
	alone(t)
	direct, p := newPair(t, icatfake.Options{}, nil), newPair(t, icatfake.Options{}, nil)
	ingest, karen := p.login(t, facility.IngestName), p.login(t, facility.KarenName)
	e, files := entity(t, "Dataset"), entity(t, "Datafile")

	equal := func(t *testing.T, want, got []icat.Object) {
		t.Helper()
		if len(want) != len(got) || len(got) == 0 {
			t.Fatalf("%d objects, want %d", len(got), len(want))
		}
		for i := range want {
			for _, field := range []string{"createTime", "modTime"} { // when it happened differs
				if got[i].Value(field) == nil {
					t.Errorf("no %s", field)
				}
				want[i].Set(field, got[i].Value(field))
			}
		}
		if diff := cmp.Diff(string(icat.AppendArray(nil, want)), string(icat.AppendArray(nil, got))); diff != "" {
			t.Error(diff)
		}
	}
	objects := []icat.Object{dataset(t, "it's \"new\" & é=1%2B"), dataset(t, "second")}
	want, wantErr := direct.store.Create(t.Context(), ingest, objects)
	got, err := p.icat.Create(t.Context(), ingest, objects)
	if err != nil || wantErr != nil {
		t.Fatal(err, wantErr)
	}
	equal(t, want, got)
	id := got[0].ID()

	body := fmt.Sprintf(`[{"name":"f1","fileSize":5,"dataset":{"id":%d},"datafileCreateTime":"2024-05-06T07:08:09.123+02:00"},{"name":"f2","dataset":{"id":%d}}]`, id, id)
	objects, err = icat.ParseObjects(files, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	want, wantErr = direct.store.Create(t.Context(), ingest, objects)
	got, err = p.icat.Create(t.Context(), ingest, objects)
	if err != nil || wantErr != nil {
		t.Fatal(err, wantErr)
	}
	equal(t, want, got)

	change, err := icat.ParseChange(e, []byte(`{"complete":true,"description":"done","sample":{"id":1}}`))
	if err != nil {
		t.Fatal(err)
	}
	wantOne, wantErr := direct.store.Update(t.Context(), ingest, change, id)
	gotOne, err := p.icat.Update(t.Context(), ingest, change, id)
	if err != nil || wantErr != nil {
		t.Fatal(err, wantErr)
	}
	equal(t, []icat.Object{wantOne}, []icat.Object{gotOne})

	t.Run("errors", func(t *testing.T) {
		lost := dataset(t, "nowhere")
		lost.Related[0].Objects[0].Set("id", int64(100_000))
		for _, row := range []struct {
			name string
			do   func(c catalogue) error
			want icat.Code
		}{
			{"what exists", func(c catalogue) error {
				_, err := c.Create(t.Context(), ingest, []icat.Object{dataset(t, "third"), dataset(t, "second")})
				return err
			}, icat.ObjectAlreadyExists},
			{"nothing of it was stored", func(c catalogue) error {
				_, err := c.Create(t.Context(), ingest, []icat.Object{dataset(t, "third")})
				return err
			}, ""},
			{"who may not create", func(c catalogue) error {
				_, err := c.Create(t.Context(), karen, []icat.Object{dataset(t, "fourth")})
				return err
			}, icat.InsufficientPrivileges},
			{"what it belongs to is not there", func(c catalogue) error {
				_, err := c.Create(t.Context(), ingest, []icat.Object{lost})
				return err
			}, icat.NoSuchObject},
			{"what is changed is not there", func(c catalogue) error {
				_, err := c.Update(t.Context(), ingest, change, 100_000)
				return err
			}, icat.NoSuchObject},
			{"who may not change", func(c catalogue) error {
				_, err := c.Update(t.Context(), karen, change, id)
				return err
			}, icat.InsufficientPrivileges},
		} {
			t.Run(row.name, func(t *testing.T) {
				wantErr, err := row.do(direct.store), row.do(p.icat)
				if code(err) != row.want || code(wantErr) != row.want {
					t.Errorf("%v and %v, want %s", err, wantErr, row.want)
				}
			})
		}
	})
}

func TestSameSearch(t *testing.T) {
	alone(t)
	p := newPair(t, icatfake.Options{}, nil)
	for _, user := range []string{facility.RootName, facility.KarenName, icat.Anonymous} {
		who := p.login(t, user)
		for _, query := range []string{
			`query={"target":"Investigation","text":"a"}`,
			`query={"target":"Investigation"}&maxCount=10`,
			`query={"target":"Dataset","text":"dataset","lower":"200001010000","upper":"203001010000"}&maxCount=5&minCount=5`,
			`query={"target":"Datafile","text":"7"}&maxCount=20&minCount=20`,
			`query={"target":"Investigation","user":"Karen482"}`,
			`query={"target":"Investigation"}&restrict=true`,
			`query={"target":"Dataset","text":"no such word"}`,
		} {
			values, err := url.ParseQuery(query)
			if err != nil {
				t.Fatal(err)
			}
			s, err := icat.ParseSearch(values)
			if err != nil {
				t.Fatal(err)
			}
			for page := range 3 {
				want, wantErr := p.store.Search(t.Context(), who, s)
				got, err := p.icat.Search(t.Context(), who, s)
				if err != nil || wantErr != nil {
					t.Fatal(err, wantErr)
				}
				if page == 0 && user == facility.RootName && len(want.Results) == 0 && !strings.Contains(query, "no such") && !s.Restrict {
					t.Errorf("%s: finds nothing, and so proves nothing", query)
				}
				if diff := cmp.Diff(jsonOf(t, want), jsonOf(t, got)); diff != "" {
					t.Errorf("%s, page %d, as %s: %s", query, page, user, diff)
				}
				if want.After == "" {
					break
				}
				s.After = want.After
			}
		}
	}
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestSearchThatIsNotThere(t *testing.T) {
	p := newPair(t, icatfake.Options{NoSearch: true}, nil)
	_, err := p.icat.Search(t.Context(), p.login(t, facility.RootName), icat.Search{Target: entity(t, "Dataset"), MaxCount: 1})
	if code(err) != icat.NotImplemented || !strings.Contains(err.Error(), "6.1") {
		t.Errorf("%v, want NOT_IMPLEMENTED that says why", err)
	}
}

func TestSessions(t *testing.T) {
	p := newPair(t, icatfake.Options{Lifetime: time.Hour}, nil)
	s, err := p.icat.Login(t.Context(), icat.Credentials{Username: facility.KarenName, Password: facility.Password, Mechanism: "simple"})
	if err != nil {
		t.Fatal(err)
	}
	if left := time.Until(s.Expires.Time()); s.Username != facility.KarenName || left < 59*time.Minute || left > time.Hour {
		t.Errorf("session of %q for %v", s.Username, left)
	}
	if _, err := p.icat.Refresh(t.Context(), s.ID); err != nil {
		t.Error(err)
	}
	if anon := p.login(t, icat.Anonymous); anon.Username != icat.Anonymous {
		t.Errorf("anonymous is %q", anon.Username)
	}
	if err := p.icat.Logout(t.Context(), s.ID); err != nil {
		t.Error(err)
	}
	e := entity(t, "User")
	for name, row := range map[string]struct {
		do   func() error
		want icat.Code
	}{
		"a session that was closed":          {func() error { _, err := p.icat.Session(t.Context(), s.ID); return err }, icat.BadSession},
		"closed twice":                       {func() error { return p.icat.Logout(t.Context(), s.ID) }, icat.BadSession},
		"refreshed after its end":            {func() error { _, err := p.icat.Refresh(t.Context(), s.ID); return err }, icat.BadSession},
		"used after its end":                 {func() error { _, err := p.icat.List(t.Context(), s, e, icat.Filter{Limit: -1}); return err }, icat.BadSession},
		"no session":                         {func() error { _, err := p.icat.List(t.Context(), icat.Session{}, e, icat.Filter{}); return err }, icat.BadSession},
		"an id that is a path":               {func() error { _, err := p.icat.Session(t.Context(), "../version"); return err }, icat.BadSession},
		"an id that is a query":              {func() error { _, err := p.icat.Refresh(t.Context(), "x?y"); return err }, icat.BadSession},
		"an id of nothing":                   {func() error { return p.icat.Logout(t.Context(), "") }, icat.BadSession},
		"a wrong password":                   {func() error { return loginAs(t, p, facility.KarenName, "wrong", "") }, icat.BadSession},
		"an unknown user":                    {func() error { return loginAs(t, p, "nobody", facility.Password, "") }, icat.BadSession},
		"an unknown authenticator":           {func() error { return loginAs(t, p, facility.KarenName, facility.Password, "ldap") }, icat.BadSession},
		"a password of quotes and brackets":  {func() error { return loginAs(t, p, facility.KarenName, `"}],"plugin":"anon"`, "") }, icat.BadSession},
		"credentials for who wants to hide":  {func() error { return loginAs(t, p, "x", "y", "anon") }, icat.BadParameter},
		"a session id as long as a novel":    {func() error { return p.icat.Logout(t.Context(), strings.Repeat("a", 129)) }, icat.BadSession},
		"a session id that nobody was given": {func() error { return p.icat.Logout(t.Context(), "0d9a3706-80d4-4d29-9ff3-4d65d4308a24") }, icat.BadSession},
	} {
		if err := row.do(); code(err) != row.want {
			t.Errorf("%s: %v, want %s", name, err, row.want)
		}
	}
}

func loginAs(t *testing.T, p *pair, name, password, mechanism string) error {
	t.Helper()
	_, err := p.icat.Login(t.Context(), icat.Credentials{Username: name, Password: password, Mechanism: mechanism})
	return err
}

func TestPropertiesAndPing(t *testing.T) {
	p := newPair(t, icatfake.Options{}, nil)
	got, err := p.icat.Properties(t.Context())
	if err != nil || got.MaxEntities != icat.MaxEntities || got.LifetimeMinutes != 120 || len(got.Authenticators) != 2 {
		t.Errorf("%+v %v", got, err)
	}
	for range 5 {
		if err := p.icat.Ping(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if n := p.fake.Seen("GET /version"); n != 1 {
		t.Errorf("5 pings asked %d times, want once", n)
	}
}

func TestTooManyEntities(t *testing.T) {
	p := newPair(t, icatfake.Options{MaxEntities: 100}, nil)
	root, e := p.login(t, facility.RootName), entity(t, "Dataset")
	_, err := p.icat.List(t.Context(), root, e, filter(t, e, `include="datafiles"`))
	if code(err) != icat.Validation || !strings.Contains(err.Error(), "more than 100 entities") {
		t.Errorf("%v, want VALIDATION", err)
	}
}

// What icat.server cannot be asked is refused, where the store would answer.
func TestDeliberateDifferences(t *testing.T) {
	p := newPair(t, icatfake.Options{}, nil)
	root := p.login(t, facility.RootName)
	for name, row := range map[string]struct{ entity, query string }{
		"fractions of a second":                 {"Investigation", `where={"startDate":{"gt":"2020-01-01T00:00:00.5Z"}}`},
		"a NUL":                                 {"User", `where={"name":{"eq":"a\u0000b"}}`},
		"what ICAT takes for a parameter":       {"User", `where={"name":{"eq":":ts20200101000000"}}`},
		"a text longer than an address":         {"User", `where={"name":{"like":"` + strings.Repeat("x", 8000) + `"}}`},
		"a long list, sorted by a text":         {"User", `where={"name":{"in":` + names(t, 499) + `}}&order=email`},
		"a long list, sorted through relations": {"Dataset", `where={"name":{"in":` + names(t, 499) + `}}&order=type.id`},
	} {
		t.Run(name, func(t *testing.T) {
			e := entity(t, row.entity)
			f := filter(t, e, row.query)
			if _, err := p.icat.List(t.Context(), root, e, f); code(err) != icat.BadParameter {
				t.Errorf("%v, want BAD_PARAMETER", err)
			}
			if _, err := p.store.List(t.Context(), root, e, f); err != nil {
				t.Errorf("the store: %v", err)
			}
		})
	}
}

// names returns the names of n users as JSON.
func names(t *testing.T, n int) string {
	t.Helper()
	var all []string
	for _, u := range facility.New(1, facility.Small()).Users()[:n] {
		all = append(all, u.Name)
	}
	return jsonOf(t, all)
}

// A list that does not fit into an address is asked for in parts, and the parts
// put together as if they had been one.
func TestLongLists(t *testing.T) {
	p := newPair(t, icatfake.Options{}, nil)
	root := p.login(t, facility.RootName)
	who := names(t, 499)
	for name, row := range map[string]struct{ entity, query string }{
		"by id":                               {"User", `where={"name":{"in":` + who + `}}`},
		"a page, down by a number":            {"User", `where={"name":{"in":` + who + `}}&order="id desc"&limit=20&skip=200`},
		"none of it":                          {"User", `where={"name":{"in":` + who + `}}&limit=0`},
		"past its end":                        {"User", `where={"name":{"in":` + who + `}}&skip=600`},
		"by a date":                           {"User", `where={"name":{"in":` + who + `}}&order="modTime"&limit=50`},
		"over to-many, where parts overlap":   {"Investigation", `where={"investigationUsers.user.name":{"in":` + who + `}}`},
		"two conditions on one related":       {"Investigation", `where={"investigationUsers.user.name":{"in":` + who + `},"investigationUsers.role":{"eq":"PI"}}&include={"investigationUsers":"user"}`},
		"two long lists":                      {"InvestigationUser", `where={"user.name":{"in":` + who + `},"investigation.investigationUsers.user.name":{"in":` + who + `}}`},
		"distinct, where parts overlap":       {"InvestigationUser", `where={"user.name":{"in":` + who + `}}&distinct="role"`},
		"distinct with an order and a window": {"User", `where={"name":{"in":` + who + `}}&distinct=["id","affiliation"]&order="id desc"&limit=7&skip=3`},
	} {
		t.Run(name, func(t *testing.T) {
			before := p.fake.Seen("GET /entityManager")
			e := entity(t, row.entity)
			f := filter(t, e, row.query)
			want, wantErr := p.store.List(t.Context(), root, e, f)
			got, err := p.icat.List(t.Context(), root, e, f)
			if err != nil || wantErr != nil {
				t.Fatal(err, wantErr)
			}
			if diff := cmp.Diff(string(icat.AppendArray(nil, want)), string(icat.AppendArray(nil, got))); diff != "" {
				t.Error(diff)
			}
			if n := p.fake.Seen("GET /entityManager") - before; n < 2 {
				t.Errorf("asked %d times: nothing was split", n)
			}
			wantN, wantErr := p.store.Count(t.Context(), root, e, f)
			n, err := p.icat.Count(t.Context(), root, e, f)
			if err != nil || wantErr != nil || n != wantN {
				t.Errorf("count %d %v, want %d %v", n, err, wantN, wantErr)
			}
		})
	}
}

// catalogue is what both the store and an icat.server can do here.
type catalogue interface {
	Create(ctx context.Context, who icat.Session, objects []icat.Object) ([]icat.Object, error)
	Update(ctx context.Context, who icat.Session, change icat.Object, id int64) (icat.Object, error)
}

var _ catalogue = (*upstream.ICAT)(nil)
