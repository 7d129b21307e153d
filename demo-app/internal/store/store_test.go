package store

import (
	"context"
	"errors"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/bcrypt"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
)

func open(t *testing.T, database string, f *facility.Facility) *Store {
	t.Helper()
	s, err := Open(t.Context(), database, f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func small() *facility.Facility { return facility.New(1, facility.Small()) }

func code(err error) icat.Code {
	if e, ok := errors.AsType[*icat.Error](err); ok {
		return e.Code
	}
	return ""
}

func TestCatalogueHoldsTheFacility(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a catalogue?#%41.db")
	for _, database := range []string{Memory, file, file} { // the second time the file is there already
		f := small()
		s := open(t, database, f)
		all := icat.Filter{Limit: -1}
		gotUsers, err := List(t.Context(), s, Users(), all)
		if diff := cmp.Diff(f.Users(), gotUsers, cmp.Comparer(func(a, b icat.Time) bool { return a == b })); err != nil || diff != "" {
			t.Errorf("%s: users (-facility +catalogue): %v\n%s", database, err, diff)
		}
		gotFiles, err := List(t.Context(), s, Datafiles(), all)
		wantFiles := slices.Collect(f.Datafiles())
		for i := range wantFiles {
			wantFiles[i].DatasetID, wantFiles[i].FormatID = 0, 0 // the API does not serve keys
		}
		if diff := cmp.Diff(wantFiles, gotFiles, cmp.Comparer(func(a, b icat.Time) bool { return a == b })); err != nil || diff != "" {
			t.Errorf("%s: datafiles (-facility +catalogue): %v\n%s", database, err, diff)
		}
		if err := s.Ping(t.Context()); err != nil {
			t.Errorf("%s: ping: %v", database, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestAFileOfAnotherFacilityIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "catalogue.db")
	open(t, file, small())
	_, err := Open(t.Context(), file, facility.New(2, facility.Small()))
	if err == nil || !strings.Contains(err.Error(), "holds the small facility of seed 1, not the small one of seed 2") {
		t.Errorf("another seed: %v", err)
	}
}

func TestTwoMemoryCataloguesDoNotMeet(t *testing.T) {
	a, b := open(t, Memory, small()), open(t, Memory, small())
	if _, err := a.db.ExecContext(t.Context(), "DELETE FROM datafile"); err != nil {
		t.Fatal(err)
	}
	if n, err := Count(t.Context(), b, Datafiles(), nil); n != 1799 || err != nil {
		t.Errorf("the other catalogue counts %d datafiles, %v", n, err)
	}
}

func TestFilters(t *testing.T) {
	f := small()
	s := open(t, Memory, f)
	mine, karens := map[int64]bool{}, int64(0)
	for _, iu := range f.InvestigationUsers() {
		if iu.UserID == facility.KarenID {
			mine[iu.InvestigationID] = true
		}
	}
	for d := range f.Datasets() {
		if mine[d.InvestigationID] {
			karens++
		}
	}
	for _, row := range []struct {
		proves string
		query  string
		want   int64
	}{
		{"no filter counts all", ``, 119},
		{"eq", `{"name":{"eq":"DATASET 7"}}`, 1},
		{"ne", `{"name":{"ne":"DATASET 7"}}`, 118},
		{"ilike ignores case", `{"name":{"ilike":"aTaSeT 1"}}`, 31},
		{"like does not", `{"name":{"like":"ataset"}}`, 0},
		{"like finds a part", `{"name":{"like":"SET 11"}}`, 11},
		{"a percent sign is not a wildcard", `{"name":{"ilike":"%"}}`, 0},
		{"an underscore is not a wildcard", `{"name":{"ilike":"DATASET_1"}}`, 0},
		{"in", `{"id":{"in":[1,2,3,1000]}}`, 3},
		{"between includes both ends", `{"id":{"between":[3,5]}}`, 3},
		{"lt and gte together", `{"id":{"lt":10,"gte":8}}`, 2},
		{"lte and gt", `{"id":{"lte":10,"gt":8}}`, 2},
		{"isnull true", `{"location":{"isnull":true}}`, 0},
		{"isnull false", `{"location":{"isnull":false}}`, 119},
		{"a date", `{"startDate":{"gte":"1990-01-01T00:00:00Z"}}`, 119},
		{"a date with an offset", `{"startDate":{"lt":"1990-01-01T00:00:00+02:00"}}`, 0},
		{"a to-one relation by key", `{"investigation.id":{"eq":1}}`, 3},
		{"a to-one relation by name", `{"investigation.name":{"eq":"INVESTIGATION 1"}}`, 3},
		{"three relations: my data", `{"investigation.investigationUsers.user.name":{"eq":"Karen482"}}`, karens},
		{"a to-many relation does not multiply", `{"datafiles.fileSize":{"gt":0}}`, 119},
		{"text that is SQL stays text", `{"name":{"eq":"x' OR '1'='1"}}`, 0},
	} {
		values := url.Values{}
		if row.query != "" {
			values.Set("where", row.query)
		}
		filter, err := icat.ParseFilter(Datasets().Entity(), values, true)
		if err != nil {
			t.Errorf("%s: %v", row.proves, err)
			continue
		}
		if got, err := Count(t.Context(), s, Datasets(), filter.Where); got != row.want || err != nil {
			t.Errorf("%s: %s counts %d (%v), want %d", row.proves, row.query, got, err, row.want)
		}
		filter.Limit = -1
		if list, err := List(t.Context(), s, Datasets(), filter); int64(len(list)) != row.want || err != nil {
			t.Errorf("%s: %s lists %d (%v), want %d", row.proves, row.query, len(list), err, row.want)
		}
	}
}

func TestOrderIsTotal(t *testing.T) {
	s := open(t, Memory, small())
	name, _ := Datasets().Entity().Field("complete")
	list, err := List(t.Context(), s, Datasets(), icat.Filter{Order: []icat.Order{{Field: name, Desc: true}}, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	sorted := slices.IsSortedFunc(list, func(a, b icat.Dataset) int {
		if a.Complete != b.Complete {
			if a.Complete {
				return -1
			}
			return 1
		}
		return int(a.ID - b.ID)
	})
	if !sorted {
		t.Error("equal datasets do not come by id")
	}
	page, err := List(t.Context(), s, Datasets(), icat.Filter{Order: []icat.Order{{Field: name, Desc: true}}, Limit: 5, Skip: 10})
	if err != nil || len(page) != 5 || page[0].ID != list[10].ID {
		t.Errorf("the third page of five starts with %+v, %v; want id %d", page, err, list[10].ID)
	}
}

func TestTooManyEntities(t *testing.T) {
	s := open(t, Memory, facility.New(1, facility.Full()))
	_, err := List(t.Context(), s, Datafiles(), icat.Filter{Limit: -1})
	if code(err) != icat.Validation {
		t.Errorf("all 26,399 datafiles: %v, want VALIDATION", err)
	}
	list, err := List(t.Context(), s, Datafiles(), icat.Filter{Limit: icat.MaxEntities})
	if len(list) != icat.MaxEntities || err != nil {
		t.Errorf("10,000 of them: %d, %v", len(list), err)
	}
}

func TestErrorsHaveTheirCode(t *testing.T) {
	s := open(t, Memory, small())
	_, err := Get(t.Context(), s, Investigations(), 1000)
	if code(err) != icat.NoSuchObject || !strings.Contains(err.Error(), "Investigation[id:1000] not found.") {
		t.Errorf("unknown id: %v", err)
	}
	_, err = s.UserByName(t.Context(), "nobody")
	if code(err) != icat.NoSuchObject {
		t.Errorf("unknown user: %v", err)
	}
	late, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	if _, err = s.UserByName(late, "Karen482"); code(err) != icat.Timeout {
		t.Errorf("past the deadline: %v, want TIMEOUT", err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err = List(gone, s, Users(), icat.Filter{Limit: 1}); code(err) != icat.ClientClosed {
		t.Errorf("client gone: %v, want CLIENT_CLOSED", err)
	}
}

func TestLogin(t *testing.T) {
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
		{"nor an unknown mechanism", icat.Credentials{Username: facility.KarenName, Password: facility.Password, Mechanism: "ldap"}, icat.BadSession},
		{"a password too long for the hash is a wrong one", icat.Credentials{Username: facility.KarenName, Password: strings.Repeat("x", 100)}, icat.BadSession},
	} {
		if err := s.Login(t.Context(), row.c); code(err) != row.want || (row.want == "") != (err == nil) {
			t.Errorf("%s: %v, want code %q", row.proves, err, row.want)
		}
	}
	if cost, err := bcrypt.Cost([]byte(absent)); err != nil || cost != bcrypt.MinCost {
		t.Errorf("the hash for unknown users is no hash of the usual cost: %d, %v", cost, err)
	}
}

// Every field that a client may name has a column, and every relation a key.
func TestSchemaAndTablesAgree(t *testing.T) {
	s := open(t, Memory, small())
	for _, e := range icat.Entities() {
		for _, f := range e.Fields {
			if _, err := s.db.ExecContext(t.Context(), "SELECT "+column(f.Name)+" FROM "+tableName(e)); err != nil {
				t.Errorf("%s.%s: %v", e.Name, f.Name, err)
			}
		}
		for _, r := range e.Relations {
			to, ok := icat.Lookup(r.To)
			if !ok {
				t.Errorf("%s.%s leads to the unknown entity %s", e.Name, r.Name, r.To)
				continue
			}
			key, at := column(r.Name), tableName(e)
			if r.Inverse != "" {
				key, at = column(r.Inverse), tableName(to)
			}
			if _, err := s.db.ExecContext(t.Context(), "SELECT "+key+"_id FROM "+at); err != nil {
				t.Errorf("%s.%s: %v", e.Name, r.Name, err)
			}
		}
	}
}
