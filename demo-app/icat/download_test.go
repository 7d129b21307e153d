package icat

import (
	"slices"
	"strings"
	"testing"
)

func TestDownloadRequest(t *testing.T) {
	upTo := func(n int64) []int64 {
		var ids []int64
		for id := int64(1); id <= n; id++ {
			ids = append(ids, id)
		}
		return ids
	}
	for _, row := range []struct {
		name string
		r    DownloadRequest
		want string
	}{
		{"one dataset will do", DownloadRequest{DatasetIDs: []int64{7}}, ""},
		{"an address may come along", DownloadRequest{DatasetIDs: []int64{7}, Email: "ann.b+icat@example.org"}, ""},
		{"a hundred is the most", DownloadRequest{DatasetIDs: upTo(100)}, ""},
		{"more is refused", DownloadRequest{DatasetIDs: upTo(101)}, "datasetIds: not 1 to 100 ids"},
		{"none is refused", DownloadRequest{}, "datasetIds: not 1 to 100 ids"},
		{"an id starts at 1", DownloadRequest{DatasetIDs: []int64{7, 0}}, "datasetIds: an id is less than 1"},
		{"an id is named once", DownloadRequest{DatasetIDs: []int64{7, 8, 7}}, "datasetIds: an id is there twice"},
		{"a name is no address", DownloadRequest{DatasetIDs: []int64{7}, Email: "ann"}, "email: not an address of the form name@example.org"},
		{"a display name is refused", DownloadRequest{DatasetIDs: []int64{7}, Email: "Ann <ann@example.org>"}, "email: not an address of the form name@example.org"},
		{"two addresses are refused", DownloadRequest{DatasetIDs: []int64{7}, Email: "a@example.org,b@example.org"}, "email: not an address of the form name@example.org"},
		{"a header cannot be smuggled in", DownloadRequest{DatasetIDs: []int64{7}, Email: "a@example.org\r\nBcc: b@example.org"}, "email: not an address of the form name@example.org"},
		{"an address is not longer than mail allows", DownloadRequest{DatasetIDs: []int64{7}, Email: strings.Repeat("a", 250) + "@b.org"}, "email: not an address of the form name@example.org"},
	} {
		t.Run(row.name, func(t *testing.T) {
			before := slices.Clone(row.r.DatasetIDs)
			got := ""
			if err := row.r.Validate(); err != nil {
				if e := AsError(err); e.Code != BadParameter {
					t.Errorf("got %v, want BAD_PARAMETER", err)
				} else {
					got = e.Message
				}
			}
			if got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
			if !slices.Equal(before, row.r.DatasetIDs) {
				t.Error("validation changed the request")
			}
		})
	}
}

func FuzzDownloadEmail(f *testing.F) {
	for _, s := range []string{"a@b.c", "a@b\r\nBcc: c@d", `"a b"@c.d`, "<a@b.c>", "a@[127.0.0.1]", "ä@ö.org", "a@b.c (x)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, email string) {
		if err := (DownloadRequest{DatasetIDs: []int64{1}, Email: email}).Validate(); err != nil || email == "" {
			return
		}
		if strings.ContainsAny(email, "\r\n\t ,<>()\x00") || !strings.Contains(email, "@") {
			t.Errorf("%q was taken for a bare address", email)
		}
	})
}
