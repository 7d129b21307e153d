package store

import (
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"plumbline/demo-app/icat"
)

// rulesForEach checks every entity of every kind for every kind of user.
func rulesForEach(t *testing.T, w world) {
	seen := map[string]int{}
	for part, who := range w.who {
		for _, e := range icat.Entities() {
			agree(t, w, who, e, icat.Filter{}, who+" "+e.Name)
		}
		e := lookup("Dataset")
		for id := int64(1); id <= 40; id++ {
			want := icat.InsufficientPrivileges
			if w.model.reads(who, e, id) {
				want = ""
				seen[part]++
			}
			o, err := w.Get(t.Context(), as(who), e, id, nil)
			if code(err) != want || want == "" && o.ID() != id {
				t.Errorf("%s gets Dataset %d: %v, want code %q", part, id, err, want)
			}
			if want != "" && err.Error() != "INSUFFICIENT_PRIVILEGES: READ access to this Dataset is not allowed." {
				t.Errorf("the refusal says %v", err)
			}
		}
		if _, err := w.Get(t.Context(), as(who), e, 1_000_000, nil); code(err) != icat.NoSuchObject {
			t.Errorf("%s gets what is not there: %v", part, err)
		}
	}
	if seen["anonymous"] == 0 || seen["anonymous"] == 40 || seen["root"] != 40 || seen["ingest"] != 40 {
		t.Errorf("of 40 datasets these are read: %v; the rows prove nothing", seen)
	}
}

// releaseTakesEffect moves the clock over a release date.
func releaseTakesEffect(t *testing.T, w world) {
	e := lookup("Investigation")
	var hidden icat.Object
	for _, o := range w.model.objects["Investigation"] {
		if o.Value("releaseDate").(icat.Time).Time().After(now) {
			hidden = o
		}
	}
	release := hidden.Value("releaseDate").(icat.Time).Time()
	for _, row := range []struct {
		proves string
		at     time.Time
		want   icat.Code
	}{
		{"before the date", release.Add(-time.Second), icat.InsufficientPrivileges},
		{"at the date not yet", release, icat.InsufficientPrivileges},
		{"after it", release.Add(time.Second), ""},
	} {
		later := *w.Store
		later.now = func() time.Time { return row.at }
		if _, err := later.Get(t.Context(), as(icat.Anonymous), e, hidden.ID(), nil); code(err) != row.want {
			t.Errorf("%s: %v, want code %q", row.proves, err, row.want)
		}
		if n, err := later.Count(t.Context(), as(icat.Anonymous), e, icat.Filter{Where: []icat.Condition{{Field: icat.Field{Name: "id"}, Op: icat.Eq, Values: []any{hidden.ID()}}}}); (n == 0) != (row.want != "") || err != nil {
			t.Errorf("%s: counts %d, %v", row.proves, n, err)
		}
	}
}

// pathsAskNothingHidden: what a path crosses is hidden too, so that a filter cannot
// ask about it.
func pathsAskNothingHidden(t *testing.T, w world) {
	e := lookup("User")
	for _, where := range []string{
		`{"investigationUsers.investigation.title":{"like":""}}`,
		`{"investigationUsers.role":{"like":""}}`,
		`{"investigationUsers.id":{"gt":0}}`,
		`{"investigationUsers.investigation.id":{"gt":0}}`,
		`{"investigationUsers.investigation.datasets.name":{"like":""}}`,
	} {
		f := filter(t, e, "where", where)
		public, err := w.Count(t.Context(), as(icat.Anonymous), e, f)
		all, err2 := w.Count(t.Context(), as(w.who["root"]), e, f)
		if err != nil || err2 != nil || public >= all {
			t.Errorf("%s: %d users for anybody, %d for root (%v, %v); want fewer", where, public, all, err, err2)
		}
		if diff := gocmp.Diff(int64(len(w.model.list(icat.Anonymous, e, f))), public); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", where, diff)
		}
	}
}

// manyJoins is as much as a client may ask: MariaDB joins 61 tables at most.
func manyJoins(t *testing.T, w world) {
	e := lookup("Facility")
	f := icat.Filter{}
	for _, path := range paths(e, 3) {
		if len(path) == 3 && len(f.Where) < 32 {
			id, _ := path[2].Entity().Field("modTime")
			f.Where = append(f.Where, icat.Condition{Path: path, Field: id, Op: icat.Gt, Values: []any{icat.FromMillis(0)}})
		}
	}
	for _, who := range []string{w.who["member"], w.who["root"]} {
		if n, err := w.Count(t.Context(), as(who), e, f); err != nil {
			t.Errorf("%d conditions: %d, %v", len(f.Where), n, err)
		}
	}
}
