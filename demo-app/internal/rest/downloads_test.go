package rest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
)

func TestADownloadIsPreparedAndFetched(t *testing.T) {
	r := start(t, nil)
	f := facility.New(1, facility.Small())
	karen, other := r.session(t), r.login(t, facility.MinterName)
	a := r.check(t, row{"it is queued", "POST", "/downloads", karen, `{"datasetIds":[48,107]}`, 202, "", `"status":"QUEUED"`})
	var d icat.Download
	if err := json.Unmarshal(a.body, &d); err != nil || a.header.Get("Location") != "/downloads/"+d.ID {
		t.Fatalf("%s, at %s: %v", a.body, a.header.Get("Location"), err)
	}
	one := "/downloads/" + d.ID
	r.check(t, row{"nobody else sees it", "GET", one, other, "", 403, icat.InsufficientPrivileges, ""})
	r.check(t, row{"nor its manifest", "GET", one + "/manifest", other, "", 403, icat.InsufficientPrivileges, ""})
	r.check(t, row{"nor that it is there", "GET", "/downloads", other, "", 200, "", "[]"})
	deadline := time.Now().Add(20 * time.Second)
	for !d.Status.Final() {
		if time.Now().After(deadline) {
			t.Fatalf("still %s", d.Status)
		}
		a := r.check(t, row{"how far it is", "GET", one, karen, "", 200, "", ""})
		if err := json.Unmarshal(a.body, &d); err != nil {
			t.Fatal(err)
		}
	}
	if d.Status != icat.DownloadComplete {
		t.Fatalf("it ended %s: %s", d.Status, d.Message)
	}
	_, n := f.DatafilesOf(48)
	_, m := f.DatafilesOf(107)
	manifest := r.check(t, row{"its manifest", "GET", one + "/manifest", karen, "", 200, "", "/lils/48/48/"})
	if lines := strings.Count(string(manifest.body), "\n"); lines != n+m || manifest.header.Get("Content-Type") != typeText {
		t.Errorf("manifest of %d lines, %s; want %d", lines, manifest.header.Get("Content-Type"), n+m)
	}
	r.check(t, row{"it is listed", "GET", "/downloads", karen, "", 200, "", d.ID})
}

func TestOfManyDatasetsTheFirstThatIsAmissIsNamed(t *testing.T) {
	r := start(t, nil)
	karen := r.session(t)
	embargoed := hidden(t, facility.New(1, facility.Small()), facility.KarenID)
	r.check(t, row{"one that does not exist", "POST", "/downloads", karen, `{"datasetIds":[48,5000]}`, 404, icat.NoSuchObject, "Dataset[id:5000]"})
	r.check(t, row{"one that is not hers", "POST", "/downloads", karen, fmt.Sprintf(`{"datasetIds":[48,%d,5000]}`, embargoed), 403, icat.InsufficientPrivileges, ""})
	r.check(t, row{"so nothing is queued", "GET", "/downloads", karen, "", 200, "", "[]"})
}

func TestWithoutDownloadsTheRoutesSaySo(t *testing.T) {
	r := startWith(t, func(o *Options, _ *http.Server) { o.Downloads = nil }, nil)
	karen := r.session(t)
	for _, row := range []row{
		{"submit", "POST", "/downloads", karen, `{"datasetIds":[48]}`, 501, icat.NotImplemented, ""},
		{"list", "GET", "/downloads", karen, "", 501, icat.NotImplemented, ""},
		{"one", "GET", "/downloads/x", karen, "", 501, icat.NotImplemented, ""},
		{"manifest", "GET", "/downloads/x/manifest", karen, "", 501, icat.NotImplemented, ""},
	} {
		r.check(t, row)
	}
}
