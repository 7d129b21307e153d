package jobs

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
	"plumbline/demo-app/internal/store"
)

// TestDownloadsOfTheRealCatalogue: rights are those of the asker, and files are
// the facility's own.
func TestDownloadsOfTheRealCatalogue(t *testing.T) {
	f := facility.New(1, facility.Small())
	catalogue, err := store.Open(t.Context(), store.Options{URL: store.Memory, Facility: f})
	must(t, err)
	t.Cleanup(func() { must(t, catalogue.Close()) })
	w := newWorkshop(t, Options{Queue: NewSQLQueue(catalogue.DB(), false), Catalogue: catalogue, Notifier: LogNotifier{}, Workers: 4, Poll: 5 * time.Millisecond})
	defer w.start(t)()

	karen := icat.Session{Username: facility.KarenName}
	end := func(dataset int64) icat.Download {
		t.Helper()
		d, err := w.Submit(t.Context(), karen, icat.DownloadRequest{DatasetIDs: []int64{dataset}})
		must(t, err)
		eventually(t, "the download has ended", func() bool {
			d, err = w.Get(t.Context(), karen, d.ID)
			return err == nil && d.Status.Final()
		})
		return d
	}
	mine := f.InvestigationsOf(facility.KarenID)
	dataset := f.DatasetsOf(mine[0])[0]
	_, files := f.DatafilesOf(dataset)
	d := end(dataset)
	if d.Status != icat.DownloadComplete || d.FileCount != int64(files) || d.FileSize == 0 {
		t.Errorf("her own dataset: got %+v, want %d files", d, files)
	}
	body, err := w.Manifest(t.Context(), karen, d.ID)
	must(t, err)
	if n := bytes.Count(body, []byte("\n")); n != files {
		t.Errorf("manifest: got %d lines, want %d", n, files)
	}
	other := slices.IndexFunc(f.Investigations(), func(i icat.Investigation) bool { return !f.CanRead(facility.KarenID, i.ID, time.Now()) })
	if other < 0 {
		t.Fatal("she may read everything")
	}
	d = end(f.DatasetsOf(f.Investigations()[other].ID)[0])
	if d.Status != icat.DownloadFailed || d.Message != "READ access to this Dataset is not allowed." || d.Attempts != 1 {
		t.Errorf("another's dataset: got %+v", d)
	}
}
