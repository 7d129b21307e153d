package store

import (
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
	"plumbline/demo-app/internal/parts"
)

// now is when the tests take place: some data are released by then, some not.
var now = time.Date(2024, 6, 1, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return now }

func small() *facility.Facility { return facility.New(1, facility.Small()) }

func open(t testing.TB, address string, f *facility.Facility) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{URL: address, Facility: f, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func startMariaDB(t testing.TB) *parts.Database {
	t.Helper()
	db, err := parts.MariaDB(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Stop() })
	return db
}

// each runs a test on both databases, with the facility f in it.
func each(t *testing.T, f *facility.Facility, test func(t *testing.T, s *Store)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		test(t, open(t, filepath.Join(t.TempDir(), "catalogue.db"), f))
	})
	t.Run("MariaDB", func(t *testing.T) {
		test(t, open(t, startMariaDB(t).URL(), f))
	})
}

func as(username string) icat.Session { return icat.Session{Username: username} }

// filter reads parameters as a request has them: "where", `{…}`, "limit", "5".
func filter(t testing.TB, e *icat.Entity, parameters ...string) icat.Filter {
	t.Helper()
	query := url.Values{}
	for i := 0; i < len(parameters); i += 2 {
		query.Add(parameters[i], parameters[i+1])
	}
	f, err := icat.ParseFilter(e, query, icat.ListParameters())
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return f
}

func code(err error) icat.Code {
	if err == nil {
		return ""
	}
	return icat.AsError(err).Code
}

func ids(objects []icat.Object) []int64 {
	list := []int64{}
	for _, o := range objects {
		list = append(list, o.ID())
	}
	return list
}
