package rest

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
)

// hidden returns the first investigation that the user may not read.
func hidden(t *testing.T, f *facility.Facility, user int64) int64 {
	t.Helper()
	for id := range int64(f.Scale.Investigations) {
		if !f.CanRead(user, id+1, time.Now()) {
			return id + 1
		}
	}
	t.Fatalf("user %d may read everything", user)
	return 0
}

func TestRightsAreICATs(t *testing.T) {
	r := start(t, nil)
	f := facility.New(1, facility.Small())
	karen, root, ingest := r.session(t), r.login(t, facility.RootName), r.login(t, facility.IngestName)
	anon := string(r.do(t, "POST", "/sessions", "", `{"mechanism":"anon"}`).body)
	anon = strings.Split(anon, `"`)[3]
	embargoed := hidden(t, f, facility.KarenID)
	dataset := f.DatasetsOf(embargoed)[0]
	file, files := f.DatafilesOf(dataset)
	one := where(fmt.Sprintf(`{"id":{"eq":%d}}`, embargoed))
	ofIt := where(fmt.Sprintf(`{"investigation.id":{"eq":%d}}`, embargoed))
	readable := 0
	for id := range int64(f.Scale.Investigations) {
		if f.CanRead(facility.KarenID, id+1, time.Now()) {
			readable++
		}
	}
	const forbidden = icat.InsufficientPrivileges
	for _, row := range []row{
		{"a list leaves out what is not the caller's", "GET", "/investigations" + one, karen, "", 200, "", "[]"},
		{"a count too", "GET", "/investigations/count" + one, karen, "", 200, "", "0"},
		{"counts are of what the caller may read", "GET", "/investigations/count", karen, "", 200, "", fmt.Sprint(readable)},
		{"by id it is 403, in ICAT's words", "GET", fmt.Sprintf("/investigations/%d", embargoed), karen, "", 403, forbidden, "READ access to this Investigation is not allowed."},
		{"what does not exist is 404 to the same caller", "GET", "/investigations/5000", karen, "", 404, icat.NoSuchObject, "Investigation[id:5000] not found."},
		{"its datasets are left out", "GET", "/datasets" + ofIt, karen, "", 200, "", "[]"},
		{"a dataset of it is 403", "GET", fmt.Sprintf("/datasets/%d", dataset), karen, "", 403, forbidden, "READ access to this Dataset is not allowed."},
		{"a file of it is 403", "GET", fmt.Sprintf("/datafiles/%d", file), karen, "", 403, forbidden, "READ access to this Datafile is not allowed."},
		{"its files are not counted", "GET", "/datafiles/count" + where(fmt.Sprintf(`{"dataset.id":{"eq":%d}}`, dataset)), karen, "", 200, "", "0"},
		{"none of it is found by search", "GET", "/search/documents?query=" + url.QueryEscape(fmt.Sprintf(`{"target":"Dataset","text":"DATASET %d"}`, dataset)), karen, "", 200, "", `"results":[`},
		{"it cannot be had as a download", "POST", "/downloads", karen, fmt.Sprintf(`{"datasetIds":[%d]}`, dataset), 403, forbidden, ""},
		{"a path through it tells nothing", "GET", "/samples/count" + where(fmt.Sprintf(`{"investigation.id":{"eq":%d}}`, embargoed)), karen, "", 200, "", "0"},
		{"an include from public ground leaves it out", "GET", "/users/" + fmt.Sprint(facility.RootID) + include(`"investigationUsers"`), karen, "", 200, "", `"investigationUsers":[]`},
		{"root reads it", "GET", fmt.Sprintf("/investigations/%d", embargoed), root, "", 200, "", fmt.Sprintf("INVESTIGATION %d", embargoed)},
		{"and its files", "GET", "/datafiles/count" + where(fmt.Sprintf(`{"dataset.id":{"eq":%d}}`, dataset)), root, "", 200, "", fmt.Sprint(files)},
		{"the ingest account reads it", "GET", fmt.Sprintf("/datasets/%d", dataset), ingest, "", 200, "", fmt.Sprintf("DATASET %d", dataset)},
		{"nobody in particular reads what is public", "GET", "/users/482", anon, "", 200, "", "Karen482"},
		{"and no more", "GET", fmt.Sprintf("/datasets/%d", dataset), anon, "", 403, forbidden, ""},
		{"an ordinary user creates nothing", "POST", "/datasets", karen, `{"name":"x","investigation":{"id":48},"type":{"id":1}}`, 403, forbidden, ""},
		{"no files either", "POST", "/datafiles", karen, `{"name":"x","dataset":{"id":48}}`, 403, forbidden, ""},
		{"and changes nothing", "PATCH", "/datasets/48", karen, `{"complete":true}`, 403, forbidden, ""},
		{"nobody in particular does not either", "POST", "/datasets", anon, `{"name":"x","investigation":{"id":48},"type":{"id":1}}`, 403, forbidden, ""},
	} {
		a := r.check(t, row)
		if strings.Contains(row.path, "/count") && strings.TrimSpace(string(a.body)) != row.contains {
			t.Errorf("%s: counts %s, want %s", row.proves, a.body, row.contains)
		}
		if strings.Contains(row.path, "search") && strings.Contains(string(a.body), fmt.Sprintf(`"id":%d,`, dataset)) {
			t.Errorf("%s: found %s", row.proves, a.body)
		}
	}
}

// The cache must not give to one user what it keeps for another.
func TestCachedAnswersKeepTheRights(t *testing.T) {
	r := start(t, nil)
	f := facility.New(1, facility.Small())
	path := fmt.Sprintf("/investigations/%d", hidden(t, f, facility.KarenID))
	karen, root := r.session(t), r.login(t, facility.RootName)
	for range 2 {
		r.check(t, row{"root reads it", "GET", path, root, "", 200, "", "INVESTIGATION"})
		r.check(t, row{"Karen does not", "GET", path, karen, "", 403, icat.InsufficientPrivileges, ""})
	}
	all := string(r.do(t, "GET", "/investigations/count", root, "").body)
	if mine := string(r.do(t, "GET", "/investigations/count", karen, "").body); mine == all {
		t.Errorf("Karen counts %s, as root does", mine)
	}
	members := "/users/482" + include(`{"investigationUsers":"investigation"}`)
	if a, b := r.do(t, "GET", members, karen, ""), r.do(t, "GET", members, root, ""); a.status != 200 || b.header.Get(headerCache) == "hit" {
		t.Errorf("what Karen sees of her own team came to root from the cache: %d %s", b.status, b.header.Get(headerCache))
	}
}

// Where the rules are another's, who may see a user is not known here.
func TestUnderOtherRulesNoAnswerIsShared(t *testing.T) {
	r := startWith(t, func(o *Options, _ *http.Server) { o.OtherRules = true }, nil)
	karen, root := r.session(t), r.login(t, facility.RootName)
	for i, session := range []string{root, root, karen} {
		want := []string{"miss", "hit", "miss"}[i]
		if got := r.do(t, http.MethodGet, "/users?limit=1", session, "").header.Get(headerCache); got != want {
			t.Errorf("ask %d is a %q, want %q", i+1, got, want)
		}
	}
}
