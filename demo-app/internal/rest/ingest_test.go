package rest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
)

// A dataset comes into being as an ingest does it: empty, then its files, then
// it is declared complete.
func TestIngest(t *testing.T) {
	r := start(t, nil)
	ingest := r.login(t, facility.IngestName)
	const counted = "/datasets/count"
	before := string(r.do(t, "GET", counted, ingest, "").body)
	a := r.check(t, row{"a dataset is created", "POST", "/datasets", ingest,
		`{"name":"scan 1","startDate":"2024-05-16T08:00:00Z","investigation":{"id":48},"type":{"id":1}}`, 200, "", `"complete":false`})
	var made []icat.Dataset
	if err := json.Unmarshal(a.body, &made); err != nil || len(made) != 1 || made[0].ID == 0 || made[0].CreateID != facility.IngestName {
		t.Fatalf("made %s: %v", a.body, err)
	}
	id := made[0].ID
	if after := string(r.do(t, "GET", counted, ingest, "").body); after == before {
		t.Errorf("the count is still %s: the cache did not hear of it", after)
	}
	one := fmt.Sprintf("/datasets/%d", id)
	r.check(t, row{"it is found", "GET", one, ingest, "", 200, "", `"name":"scan 1"`})
	files := make([]string, 20)
	for i := range files {
		files[i] = fmt.Sprintf(`{"name":"scan 1-%d.nxs","fileSize":%d,"dataset":{"id":%d},"datafileFormat":{"id":1}}`, i, 100+i, id)
	}
	r.check(t, row{"its files come at once", "POST", "/datafiles", ingest, "[" + strings.Join(files, ",") + "]", 200, "", `"name":"scan 1-19.nxs"`})
	r.check(t, row{"all or none: one of these is there already", "POST", "/datafiles", ingest,
		fmt.Sprintf(`[{"name":"other","dataset":{"id":%d}},{"name":"scan 1-3.nxs","dataset":{"id":%d}}]`, id, id), 412, icat.ObjectAlreadyExists, ""})
	r.check(t, row{"so there are as many as before", "GET", "/datafiles/count" + where(fmt.Sprintf(`{"dataset.id":{"eq":%d}}`, id)), ingest, "", 200, "", "20"})
	r.check(t, row{"it is declared complete", "PATCH", one, ingest, `{"complete":true,"description":"done"}`, 200, "", `"complete":true`})
	r.check(t, row{"and stays so, with the name it had", "GET", one, ingest, "", 200, "", `"description":"done"`})
	r.check(t, row{"a body of more than 64 KiB is no trouble here", "POST", "/datafiles", ingest,
		fmt.Sprintf(`[{"name":"large","dataset":{"id":%d}}%s]`, id, strings.Repeat(" ", maxBody)), 200, "", "large"})
}

func TestReadsAreCachedAndWritesForgetThem(t *testing.T) {
	r := start(t, nil)
	karen, ingest := r.session(t), r.login(t, facility.IngestName)
	from := func(path, session string) string {
		t.Helper()
		a := r.do(t, http.MethodGet, path, session, "")
		if a.status != 200 {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
		return a.header.Get(headerCache)
	}
	for _, row := range []struct{ proves, path, first, second string }{
		{"a profile", "/icat/Karen482", "miss", "hit"},
		{"a public list", "/users?limit=2", "miss", "hit"},
		{"another public list is another", "/users?limit=3", "miss", "hit"},
		{"an entity", "/datasets/48", "miss", "hit"},
		{"a count", "/datafiles/count", "miss", "hit"},
		{"a list that depends on rights is never kept", "/datasets?limit=2", "", ""},
		{"nor is what a write elsewhere would change", "/investigations/48" + include(`"datasets"`), "", ""},
		{"nor the sums of files that it would change", "/facilities/1" + include(`"investigations"`), "", ""},
		{"nor what is selected by them", "/samples/count" + where(`{"investigation.fileSize":{"gt":1}}`), "", ""},
		{"nor the first that matches", "/users/findone", "", ""},
		{"nor a search", "/search/documents?query=%7B%22target%22:%22Dataset%22%7D", "", ""},
	} {
		if first, second := from(row.path, karen), from(row.path, karen); first != row.first || second != row.second {
			t.Errorf("%s: X-Cache %q then %q, want %q then %q", row.proves, first, second, row.first, row.second)
		}
	}
	if got := from("/users?limit=2", ingest); got != "hit" {
		t.Errorf("what is public is the same for all, but another user's X-Cache is %q", got)
	}
	if got := from("/datasets/48", ingest); got != "miss" {
		t.Errorf("what depends on rights is everybody's own, but another user's X-Cache is %q", got)
	}
	r.check(t, row{"a write", "POST", "/datafiles", ingest, `{"name":"new","dataset":{"id":48}}`, 200, "", ""})
	for _, path := range []string{"/datafiles/count", "/datasets/48"} {
		if got := from(path, karen); got != "miss" {
			t.Errorf("after a write %s is still a %s", path, got)
		}
	}
	if got := from("/users?limit=2", karen); got != "hit" {
		t.Errorf("a write of files made users a %q", got)
	}
}
