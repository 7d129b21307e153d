package store

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/bcrypt"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
)

func TestACatalogueIsOpenedAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "catalogue of a 50% test?.db")
	if err := open(t, file, small()).Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := open(t, file, small()).Count(t.Context(), as(facility.RootName), lookup("Datafile"), icat.Filter{}); n != 1799 || err != nil {
		t.Errorf("the second time it holds %d datafiles, %v", n, err)
	}
	_, err := Open(t.Context(), Options{URL: file, Facility: facility.New(2, facility.Small())})
	if err == nil || !strings.Contains(err.Error(), "holds the small facility of seed 1, not the small one of seed 2") {
		t.Errorf("another facility: %v", err)
	}
}

func TestReplicasSeedOnce(t *testing.T) {
	f := small()
	for _, database := range []struct{ name, url string }{
		{"SQLite", filepath.Join(t.TempDir(), "catalogue.db")},
		{"MariaDB", startMariaDB(t).URL()},
	} {
		t.Run(database.name, func(t *testing.T) {
			var all sync.WaitGroup
			for range 3 {
				all.Go(func() {
					s, err := Open(t.Context(), Options{URL: database.url, Facility: f})
					if err != nil {
						t.Error(err)
						return
					}
					defer s.Close()
					if n, err := s.Count(t.Context(), as(facility.RootName), lookup("Datafile"), icat.Filter{}); n != 1799 || err != nil {
						t.Errorf("a replica sees %d datafiles, %v", n, err)
					}
				})
			}
			all.Wait()
		})
	}
}

// MariaDB keeps what a migration did before it was cut short.
func TestAMigrationThatWasCutShortGoesOn(t *testing.T) {
	url := startMariaDB(t).URL()
	s := open(t, url, small())
	for _, statement := range []string{"DROP TABLE download_manifest", "DELETE FROM goose_db_version WHERE version_id > 0"} {
		if _, err := s.DB().ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, url, small()).DB().ExecContext(t.Context(), "SELECT 1 FROM download_manifest"); err != nil {
		t.Error(err)
	}
}

func TestPropertiesTellTheLifetimeOfSessions(t *testing.T) {
	for _, row := range []struct {
		proves   string
		lifetime time.Duration
		want     int // minutes
	}{
		{"unset it is ICAT's own", 0, 120},
		{"set it is that", 30 * time.Minute, 30},
		{"a part of a minute is a whole one", 61 * time.Second, 2},
	} {
		s, err := Open(t.Context(), Options{URL: Memory, Facility: small(), SessionLifetime: row.lifetime})
		if err != nil {
			t.Fatal(err)
		}
		if p, err := s.Properties(t.Context()); err != nil || p.LifetimeMinutes != row.want {
			t.Errorf("%s: %d minutes, %v; want %d", row.proves, p.LifetimeMinutes, err, row.want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestMemoryCataloguesDoNotMeetAndDoNotFade(t *testing.T) {
	a, b := open(t, Memory, small()), open(t, Memory, small())
	if _, err := a.DB().ExecContext(t.Context(), "DELETE FROM datafile_parameter"); err != nil {
		t.Fatal(err)
	}
	b.SetPool(0) // is 1; whatever the pool closes, the anchor stays
	b.DB().SetMaxIdleConns(0)
	for range 2 {
		if n, err := b.Count(t.Context(), as(facility.RootName), lookup("DatafileParameter"), icat.Filter{}); n == 0 || err != nil {
			t.Errorf("the other catalogue counts %d, %v", n, err)
		}
	}
}

func TestURLs(t *testing.T) {
	for _, row := range []struct{ proves, url, want, says string }{
		{"host and port", "mariadb://icat:pw@db:3307/cat", "icat pw tcp db:3307 cat", ""},
		{"the usual port", "mariadb://icat:pw@db/cat", "icat pw tcp db:3306 cat", ""},
		{"an IPv6 address", "mariadb://icat:pw@[::1]:3306/cat", "icat pw tcp [::1]:3306 cat", ""},
		{"a socket", "mariadb://icat:pw@unix(/run/my sql.sock)/cat", "icat pw unix /run/my sql.sock cat", ""},
		{"a socket whose server knows who asks", "mariadb://icat@unix(/run/x.sock)/cat", "icat  unix /run/x.sock cat", ""},
		{"an encoded password", "mariadb://icat:p%40%2Fw%3A@db/cat", "icat p@/w: tcp db:3306 cat", ""},
		{"no password", "mariadb://icat@db/cat", "", "no password"},
		{"no user", "mariadb://db/cat", "", "no user"},
		{"no database", "mariadb://icat:s3cret@db:3306", "", "no database"},
		{"an empty database", "mariadb://icat:s3cret@db:3306/", "", "not one database name"},
		{"parameters", "mariadb://icat:s3cret@db/cat?tls=false", "", "parameters are not known"},
		{"a port that is none", "mariadb://icat:s3cret@db:99999/cat", "", "not a host and a port"},
		{"a reserved sign in the password", "mariadb://icat:s3cret/@db/cat", "", "percent-encoded"},
		{"a broken escape", "mariadb://icat:s3cret%zz@db/cat", "", "percent-encoded"},
		{"a socket without an end", "mariadb://icat:s3cret@unix(/run/x/cat", "", "path in parentheses"},
		{"a relative socket", "mariadb://icat:s3cret@unix(run)/cat", "", "path in parentheses"},
	} {
		c, err := parseMariaDB(row.url)
		if row.says != "" {
			if err == nil || !strings.Contains(err.Error(), row.says) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%s: %v, want %q and no password", row.proves, err, row.says)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", row.proves, err)
			continue
		}
		if diff := gocmp.Diff(row.want, strings.Join([]string{c.User, c.Passwd, c.Net, c.Addr, c.DBName}, " ")); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", row.proves, diff)
		}
	}
	for _, url := range []string{"", "postgres://icat:s3cret@db/cat", "mariadb://icat:s3cret@127.0.0.1:1/cat"} {
		if _, err := Open(t.Context(), Options{URL: url, Facility: small()}); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

// FuzzURL: whatever is wrong with a URL, the error does not show its password.
func FuzzURL(f *testing.F) {
	f.Add("icat", "pw", "db:3306/cat")
	f.Add("icat", "p%40", "unix(/run/x.sock)/cat")
	f.Fuzz(func(t *testing.T, user, password, place string) {
		const mark = "S3CR3T"
		_, err := parseMariaDB("mariadb://" + user + ":" + mark + password + "@" + place)
		if err != nil && strings.Contains(err.Error(), mark) {
			t.Errorf("the error shows the password: %v", err)
		}
	})
}

func TestPasswords(t *testing.T) {
	s := open(t, Memory, small())
	for _, row := range []struct {
		proves string
		c      icat.Credentials
		want   icat.Code
	}{
		{"the demo password lets a demo user in", icat.Credentials{Username: facility.KarenName, Password: facility.Password}, ""},
		{"the mechanism may be named", icat.Credentials{Username: facility.MinterName, Password: facility.Password, Mechanism: "simple"}, ""},
		{"a wrong password does not", icat.Credentials{Username: facility.KarenName, Password: "x"}, icat.BadSession},
		{"nor an unknown user", icat.Credentials{Username: "nobody", Password: facility.Password}, icat.BadSession},
		{"nor a name in another case", icat.Credentials{Username: strings.ToUpper(facility.KarenName), Password: facility.Password}, icat.BadSession},
		{"nor an unknown mechanism", icat.Credentials{Username: facility.KarenName, Password: facility.Password, Mechanism: "ldap"}, icat.BadSession},
		{"a password too long for the hash is a wrong one", icat.Credentials{Username: facility.KarenName, Password: strings.Repeat("x", 100)}, icat.BadSession},
	} {
		name, err := s.CheckPassword(t.Context(), row.c)
		if code(err) != row.want || err == nil && name != row.c.Username {
			t.Errorf("%s: %q, %v, want code %q", row.proves, name, err, row.want)
		}
	}
	if got, err := bcrypt.Cost(fmt.Appendf(nil, absent, cost)); err != nil || got != cost {
		t.Errorf("the hash for unknown users is no hash of the usual cost: %d, %v", got, err)
	}
}

func TestUserByName(t *testing.T) {
	s := open(t, Memory, small())
	o, err := s.UserByName(t.Context(), facility.KarenName)
	if err != nil || o.ID() != facility.KarenID {
		t.Errorf("%s: %s, %v", facility.KarenName, jsonOf(o), err)
	}
	if _, err = s.UserByName(t.Context(), "nobody"); code(err) != icat.NoSuchObject {
		t.Errorf("unknown: %v", err)
	}
	late, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	if _, err = s.UserByName(late, facility.KarenName); code(err) != icat.Timeout {
		t.Errorf("past the deadline: %v, want TIMEOUT", err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err = s.UserByName(gone, facility.KarenName); code(err) != icat.ClientClosed {
		t.Errorf("client gone: %v, want CLIENT_CLOSED", err)
	}
}

// Every field that a client may name has a column, and every relation a key.
func TestSchemaAndTablesAgree(t *testing.T) {
	each(t, small(), func(t *testing.T, s *Store) {
		for _, e := range icat.Entities() {
			at := s.tables[e]
			columns := append([]string{}, at.columns...)
			for _, key := range at.key {
				columns = append(columns, key)
			}
			for _, c := range columns {
				if _, err := s.DB().ExecContext(t.Context(), "SELECT "+c+" FROM "+at.name+" LIMIT 1"); err != nil {
					t.Errorf("%s.%s: %v", e.Name, c, err)
				}
			}
		}
	})
}
