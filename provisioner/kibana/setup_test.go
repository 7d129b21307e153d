package kibana

import (
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/cli"
	"plumbline/provisioner/elastic"
	"plumbline/provisioner/kibana/kibanafake"
)

const (
	password = "a-password-of-this-test"
	key      = "id:a-key-of-this-test"
)

// start serves a fake Kibana and returns what puts the small set of the tests,
// and all alert rules, into it.
func start(t *testing.T, c kibanafake.Config) (*kibanafake.Kibana, Setup) {
	t.Helper()
	if c.Version == "" {
		c.Version = "8.19.7"
	}
	c.Accounts = []kibanafake.Account{{Name: "elastic", Password: password}, {Name: "tool", Key: key}, {Name: "viewer", Password: "looks", ReadOnly: true}}
	fake := kibanafake.New(c)
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	return fake, Setup{
		Config:  Config{URL: server.URL, User: "elastic", PasswordFile: file(t, password)},
		Objects: set(t), Rules: Rules(), Within: 5 * time.Second,
	}
}

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func set(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/set.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// run returns what each step noted.
func run(t *testing.T, s Setup) (map[string]string, error) {
	t.Helper()
	steps, err := s.Steps()
	if err != nil {
		return nil, err
	}
	done, err := elastic.RunSteps(t.Context(), steps, io.Discard, false)
	notes := map[string]string{}
	for _, d := range done {
		notes[d.Name] = d.Note
	}
	return notes, err
}

func TestSetupPutsAllAndChangesNothingTheSecondTime(t *testing.T) {
	for name, row := range map[string]struct {
		version, read string
		bend          func(*Setup)
	}{
		"8.19":         {"8.19.7", "stored; only Kibana 9.4 and newer tell whether they can read all panels", func(*Setup) {}},
		"8.20":         {"8.20.0", "stored; only Kibana 9.4 and newer tell whether they can read all panels", func(*Setup) {}},
		"9.0, a space": {"9.0.1", "stored; only Kibana 9.4 and newer tell whether they can read all panels", func(s *Setup) { s.Space = "observe" }},
		"9.4, a key":   {"9.4.0", "1 read without a warning", func(s *Setup) { s.User, s.PasswordFile, s.KeyFile = "", "", file(t, key) }},
	} {
		t.Run(name, func(t *testing.T) {
			fake, s := start(t, kibanafake.Config{Version: row.version})
			row.bend(&s)
			want := map[string]string{
				"kibana": row.version, "space": "default", "saved objects": "4 imported", "dashboards": row.read,
				"alert rules": "6 made, 0 changed, 0 as they were", "address": s.URL + "/app/dashboards",
			}
			if s.Space != "" {
				want["space"], want["address"] = "observe was made", s.URL+"/s/observe/app/dashboards"
			}
			got, err := run(t, s)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			writes := fake.Writes()
			want["saved objects"], want["alert rules"] = "4 as they were", "6 as they were"
			want["space"] = strings.Replace(want["space"], "was made", "is there", 1)
			again, err := run(t, s)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, again); diff != "" {
				t.Error(diff)
			}
			if fake.Writes() != writes {
				t.Errorf("the second time wrote %d times", fake.Writes()-writes)
			}
			if got := fake.Refusals(); len(got) > 0 {
				t.Errorf("refused: %+v", got)
			}
		})
	}
}

func TestWhatDiffersIsRepaired(t *testing.T) {
	for proves, row := range map[string]struct {
		bend func(*kibanafake.Kibana)
		says string
	}{
		"a dashboard is gone": {func(f *kibanafake.Kibana) { f.Remove("default", "dashboard", "test-red") }, "1 imported, 3 as they were"},
		"a data view is gone": {func(f *kibanafake.Kibana) { f.Remove("default", "index-pattern", "test-access") }, "1 imported, 3 as they were"},
		"half of it is gone": {func(f *kibanafake.Kibana) {
			f.Remove("default", "index-pattern", "test-access")
			f.Remove("default", "search", "test-lines")
		}, "2 imported, 2 as they were"},
		"all of it is gone": {func(f *kibanafake.Kibana) {
			for _, o := range f.Objects("default") {
				f.Remove("default", o.Type, o.ID)
			}
		}, "4 imported"},
		"somebody changed it":   {func(f *kibanafake.Kibana) { f.Edit("default", "dashboard", "test-red", "timeFrom", "now-1y") }, "1 imported, 3 as they were"},
		"somebody took a panel": {func(f *kibanafake.Kibana) { f.Edit("default", "dashboard", "test-red", "panelsJSON", "[]") }, "1 imported, 3 as they were"},
	} {
		fake, s := start(t, kibanafake.Config{})
		if _, err := run(t, s); err != nil {
			t.Fatal(err)
		}
		row.bend(fake)
		if got, err := run(t, s); err != nil || got["saved objects"] != row.says {
			t.Errorf("%s: %v, %q, want %q", proves, err, got["saved objects"], row.says)
		}
		if got, err := run(t, s); err != nil || got["saved objects"] != "4 as they were" {
			t.Errorf("%s, once more: %v, %q", proves, err, got["saved objects"])
		}
		if got := fake.Refusals(); len(got) > 0 {
			t.Errorf("%s: refused: %+v", proves, got)
		}
	}
}

// Each thing that goes wrong is said in one line, with what to do next, and no secret.
func TestWhatGoesWrongIsSaid(t *testing.T) {
	text := func(s *Setup, old, new string) { s.Objects = []byte(strings.ReplaceAll(string(s.Objects), old, new)) }
	for proves, row := range map[string]struct {
		config kibanafake.Config
		bend   func(*Setup)
		says   string
		hint   string
	}{
		"absent":                 {bend: func(s *Setup) { s.URL, s.Within = "http://127.0.0.1:1", time.Second }, says: "kibana is not ready after 1s; last: kibana at 127.0.0.1:1: status: connection refused", hint: "is Kibana running there"},
		"starting for too long":  {config: kibanafake.Config{Starting: 100}, bend: func(s *Setup) { s.Within = time.Second }, says: "kibana is not ready after 1s; last: kibana at HOST: it is starting"},
		"too old":                {config: kibanafake.Config{Version: "7.17.0"}, says: "kibana at HOST: version 7.17.0 is too old", hint: "8.19 and 9"},
		"a little too old":       {config: kibanafake.Config{Version: "8.18.4"}, says: "version 8.18.4 is too old", hint: "8.19 and 9"},
		"too new":                {config: kibanafake.Config{Version: "10.0.0"}, says: "kibana at HOST: version 10.0.0 is too new", hint: "newer version of this program"},
		"a wrong password":       {bend: func(s *Setup) { s.PasswordFile = file(t, "wrong") }, says: "kibana at HOST: status: 401 it does not know this user and password, or key", hint: "password file or key file"},
		"a wrong key":            {bend: func(s *Setup) { s.PasswordFile, s.KeyFile = "", file(t, "other:key") }, says: "status: 401", hint: "password file or key file"},
		"who may only look":      {bend: func(s *Setup) { s.User, s.PasswordFile = "viewer", file(t, "looks") }, says: "kibana at HOST: import: 403 Unable to bulk_create dashboard,index-pattern", hint: "may not change that space"},
		"and has no space":       {bend: func(s *Setup) { s.User, s.PasswordFile, s.Space = "viewer", file(t, "looks"), "a" }, says: "kibana at HOST: make space a: 403 Unauthorized to create spaces", hint: "may not change that space"},
		"a newer dashboard":      {bend: func(s *Setup) { text(s, "10.2.0", "10.3.0") }, says: `import: 422 Document "test-red" belongs to a more recent version of Kibana [10.3.0]`, hint: "newer versions of Kibana"},
		"Lens without a version": {bend: func(s *Setup) { text(s, `"typeMigrationVersion": "10.2.0", `, "") }, says: "import: 500 Cannot read properties of undefined (reading 'layers')"},
		"an unknown attribute":   {bend: func(s *Setup) { text(s, `"timeFrom"`, `"timeSince"`) }, says: "kibana at HOST: import dashboard test-red: [attributes.timeSince]: definition for this key is missing"},
		"a reference to nothing": {bend: func(s *Setup) { s.Objects = s.Objects[strings.Index(string(s.Objects), "\n")+1:] }, says: "import dashboard test-red: it refers to what is not there: index-pattern test-access\nkibana at HOST: import search test-lines: it refers"},
		"a tag that is nowhere":  {bend: func(s *Setup) { text(s, `"id": "test-tag", "core`, `"id": "other", "core`) }, says: "kibana at HOST: 1 objects are referred to and not there"},
		"an unknown type":        {bend: func(s *Setup) { text(s, `"type": "search"`, `"type": "find"`) }, says: "non-exportable types: find:test-lines"},
		"a panel that is lost":   {config: kibanafake.Config{Version: "9.4.0", DropsPanels: true}, says: "kibana at HOST: dashboard test-red: dropped_panel: Panel config is not supported"},
		"an attribute is lost":   {config: kibanafake.Config{Stores: func(_ string, a map[string]any) { delete(a, "timeFrom") }}, says: "kibana at HOST: dashboard test-red is not stored as it was sent: attributes.timeFrom is absent, not \"now-15m\""},
		"no encryption key":      {config: kibanafake.Config{NoEncryptionKey: true}, says: "alert rule plumbline-availability-page: 500 Unable to create alerts client", hint: "-alerts=false"},
		"a rule that is none":    {bend: func(s *Setup) { s.Rules[0].Every = "often" }, says: "alert rule plumbline-availability-page: 400 [request body.schedule.interval]: string is not a valid duration"},
	} {
		t.Run(proves, func(t *testing.T) {
			_, s := start(t, row.config)
			if row.bend != nil {
				row.bend(&s)
			}
			_, err := run(t, s)
			if err == nil {
				t.Fatal("nothing goes wrong")
			}
			host := strings.TrimPrefix(s.URL, "http://")
			if says := strings.ReplaceAll(row.says, "HOST", host); !strings.Contains(err.Error(), says) || !strings.Contains(cli.Hint(err), row.hint) {
				t.Errorf("%v (%s), want %s (%s)", err, cli.Hint(err), says, row.hint)
			}
			for _, secret := range []string{password, "looks", "wrong", "a-key"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("a secret is told: %v", err)
				}
			}
		})
	}
}

// A Kibana may take something for granted and say so: what was sent is there.
func TestMoreThanWasSentIsFine(t *testing.T) {
	_, s := start(t, kibanafake.Config{Stores: func(kind string, a map[string]any) {
		if kind == "dashboard" {
			a["version"] = 1
		}
	}})
	if got, err := run(t, s); err != nil || got["saved objects"] != "4 imported" {
		t.Errorf("%v, %q", err, got["saved objects"])
	}
}

func TestObjectsOfAnotherSpaceAreNotDoubled(t *testing.T) {
	_, s := start(t, kibanafake.Config{})
	if _, err := run(t, s); err != nil {
		t.Fatal(err)
	}
	s.Space = "second"
	if _, err := run(t, s); err == nil || !strings.Contains(err.Error(), "import dashboard test-red: another space has it") || !strings.Contains(cli.Hint(err), "unique in all spaces") {
		t.Errorf("%v (%s)", err, cli.Hint(err))
	}
}

func TestBadInputIsRefused(t *testing.T) {
	for proves, bend := range map[string]func(s *Setup){
		"no URL":                    func(s *Setup) { s.URL = "localhost:5601" },
		"a password in the address": func(s *Setup) { s.URL = "http://elastic:s3cr3t@host" },
		"no password":               func(s *Setup) { s.PasswordFile += ".no" },
		"an empty password":         func(s *Setup) { s.PasswordFile = os.DevNull },
		"a key that is none":        func(s *Setup) { s.KeyFile, s.PasswordFile = s.PasswordFile, "" },
		"a key and a password":      func(s *Setup) { s.KeyFile = file(t, key) },
		"no certificate":            func(s *Setup) { s.CAFile = s.PasswordFile },
		"a space's name for its id": func(s *Setup) { s.Space = "My space" },
		"objects that are none":     func(s *Setup) { s.Objects = []byte("{}") },
	} {
		_, s := start(t, kibanafake.Config{})
		bend(&s)
		if _, err := s.Steps(); err == nil || strings.Contains(err.Error(), "s3cr3t") || strings.Contains(err.Error(), password) {
			t.Errorf("%s: %v", proves, err)
		}
	}
}
