package facility

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"hash"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plumbline/demo-app/icat"
)

// digest hashes everything a facility holds, ids that JSON hides included.
func digest(t *testing.T, f *Facility) string {
	t.Helper()
	h := sha256.New()
	add(t, h, f.Site())
	add(t, h, f.Users())
	add(t, h, f.InvestigationTypes())
	add(t, h, f.DatasetTypes())
	add(t, h, f.DatafileFormats())
	for _, iu := range f.InvestigationUsers() {
		add(t, h, iu)
		add(t, h, [2]int64{iu.UserID, iu.InvestigationID})
	}
	for v := range f.Investigations() {
		add(t, h, v)
		add(t, h, v.TypeID)
	}
	for v := range f.Datasets() {
		add(t, h, v)
		add(t, h, [2]int64{v.InvestigationID, v.TypeID})
	}
	for v := range f.Datafiles() {
		add(t, h, v)
		add(t, h, [2]int64{v.DatasetID, v.FormatID})
	}
	return hex.EncodeToString(h.Sum(nil))
}

func add(t *testing.T, h hash.Hash, v any) {
	t.Helper()
	if err := json.NewEncoder(h).Encode(v); err != nil {
		t.Fatal(err)
	}
}

// The digests are constants because two processes must agree, not just two
// calls. A change here is a new demo facility: say so to its users.
func TestSameSeedSameFacility(t *testing.T) {
	for _, row := range []struct {
		proves string
		seed   uint64
		scale  Scale
		want   string
	}{
		{"small, the default seed", 1, Small(), "8e7de5bfceecc487e807a4ddb08b40a803035071725daf79c99332ce24e9e035"},
		{"small, another seed", 2, Small(), "9b97193c7179e2e00f948d5efa4ff9b07c0aea6dd034821044c851dbf63a96a7"},
		{"full", 1, Full(), "67d631ad498abf506c2dd5281623592809bf29fbc18fe1e03172dd764748f441"},
		{"seed 0 is a seed like any other, not a random one", 0, Small(), "56e40c702ec2911ce024005de856fc91331029ee134816db6e6ff8628c2577eb"},
	} {
		if got := digest(t, New(row.seed, row.scale)); got != row.want {
			t.Errorf("%s: digest %s, want %s", row.proves, got, row.want)
		}
	}
}

func TestCountsAreWhatTheScaleNames(t *testing.T) {
	for _, scale := range []Scale{Small(), Full()} {
		f := New(1, scale)
		got := Scale{Name: scale.Name, Users: len(f.Users())}
		perDataset := map[int64]int{}
		for range f.Investigations() {
			got.Investigations++
		}
		for range f.Datasets() {
			got.Datasets++
		}
		for file := range f.Datafiles() {
			got.Datafiles++
			perDataset[file.DatasetID]++
			if file.ID != int64(got.Datafiles) {
				t.Fatalf("datafile %d has id %d: ids are not dense", got.Datafiles, file.ID)
			}
		}
		if diff := cmp.Diff(scale, got); diff != "" {
			t.Errorf("%s (-scale +made):\n%s", scale.Name, diff)
		}
		for id, n := range perDataset {
			if f.DatafileCount(id) != n {
				t.Errorf("%s: dataset %d holds %d files, DatafileCount says %d", scale.Name, id, n, f.DatafileCount(id))
			}
		}
	}
}

func TestPinnedUsersAreThereForAnySeed(t *testing.T) {
	const want = `{"createId":"user","createTime":"2009-02-18T13:40:27+00:00","id":482,"modId":"user","modTime":"2008-12-18T19:17:14+00:00","affiliation":"University Of Cambridge","email":"ruizjason@gmail.com","fullName":"Timothy Buchanan","name":"Karen482","orcidId":"16799"}`
	for seed := range uint64(3) {
		f := New(seed, Small())
		got, err := json.Marshal(f.Users()[KarenID-1].Profile())
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("seed %d: user 482 is\n%s\nwant\n%s", seed, got, want)
		}
		if name := f.Users()[MinterID-1].Name; name != MinterName {
			t.Errorf("seed %d: user %d is %s, want %s", seed, MinterID, name, MinterName)
		}
	}
}

func TestEveryUserHasAnInvestigationAndNoPlaceTwice(t *testing.T) {
	for _, scale := range []Scale{Small(), Full()} {
		f := New(1, scale)
		investigations, places := map[int64]int{}, map[[2]int64]bool{}
		for _, iu := range f.InvestigationUsers() {
			investigations[iu.UserID]++
			place := [2]int64{iu.UserID, iu.InvestigationID}
			if places[place] {
				t.Errorf("%s: user %d is twice in investigation %d", scale.Name, iu.UserID, iu.InvestigationID)
			}
			places[place] = true
		}
		if len(investigations) != scale.Users {
			t.Errorf("%s: %d of %d users have an investigation", scale.Name, len(investigations), scale.Users)
		}
	}
}

func TestUserNamesAreUniqueAndPlain(t *testing.T) {
	seen := map[string]bool{}
	for _, u := range New(1, Small()).Users() {
		if seen[u.Name] {
			t.Errorf("name %s is there twice", u.Name)
		}
		seen[u.Name] = true
		for _, c := range u.Name {
			if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
				t.Errorf("name %q needs escaping in a path", u.Name)
			}
		}
	}
}

func TestORCIDCheckDigit(t *testing.T) {
	for _, u := range New(1, Small()).Users() {
		if u.ID == KarenID {
			continue
		}
		sum := 0
		for _, c := range u.ORCID[:18] {
			if c != '-' {
				sum = (sum + int(c-'0')) * 2
			}
		}
		if want := "0123456789X"[(12-sum%11)%11]; u.ORCID[18] != want {
			t.Errorf("user %d: orcid %s, check digit should be %c", u.ID, u.ORCID, want)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	var users []icat.User
	for b.Loop() {
		users = New(1, Small()).Users()
	}
	_ = users
}
