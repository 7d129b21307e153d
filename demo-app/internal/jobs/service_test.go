package jobs

import (
	"testing"

	"plumbline/demo-app/icat"
)

func TestDownloadsAreTheirOwnersOnly(t *testing.T) {
	w := newWorkshop(t, Options{Queue: bench(t), Catalogue: shelves{}, Notifier: LogNotifier{}})
	id := submit(t, w, 1)
	for _, row := range []struct {
		name string
		who  string
		id   string
		want icat.Code
	}{
		{"the owner reads it", "Ann1", id, ""},
		{"nobody else does", "ann1", id, icat.InsufficientPrivileges},
		{"an unknown one is not found", "Ann1", "6f2d1f3e-0000-4000-8000-000000000000", icat.NoSuchObject},
		{"what is no id is not found", "Ann1", "' OR ''='", icat.NoSuchObject},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := w.Get(t.Context(), icat.Session{Username: row.who}, row.id)
			var got icat.Code
			if err != nil {
				got = icat.AsError(err).Code
			}
			if got != row.want {
				t.Errorf("got %v, want %s", err, row.want)
			}
		})
	}
}

func TestWhoIsAnonymousLeavesNoAddress(t *testing.T) {
	w := newWorkshop(t, Options{Queue: bench(t), Catalogue: shelves{}, Notifier: LogNotifier{}})
	nobody := icat.Session{Username: icat.Anonymous}
	_, err := w.Submit(t.Context(), nobody, icat.DownloadRequest{DatasetIDs: []int64{1}, Email: "ann@example.org"})
	if err == nil || icat.AsError(err).Code != icat.BadParameter {
		t.Errorf("with an address: %v, want BAD_PARAMETER", err)
	}
	if _, err := w.Submit(t.Context(), nobody, icat.DownloadRequest{DatasetIDs: []int64{1}}); err != nil {
		t.Errorf("without: %v", err)
	}
	if _, err := w.Submit(t.Context(), ann, icat.DownloadRequest{DatasetIDs: []int64{1}, Email: "ann@example.org"}); err != nil {
		t.Errorf("with a name: %v", err)
	}
}
