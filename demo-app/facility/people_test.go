package facility

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/brianvoe/gofakeit/v7"
)

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
		for id, name := range map[int]string{KarenID: "Karen482", RootID: "root", IngestID: "dataingest", MinterID: "doiminter"} {
			if got := f.Users()[id-1].Name; got != name {
				t.Errorf("seed %d: user %d is %s, want %s", seed, id, got, name)
			}
		}
	}
}

// The names are drawn as gofakeit's own faker draws them.
func TestNamesAreGofakeits(t *testing.T) {
	f := New(1, Small())
	first := f.Users()[0]
	fake := gofakeit.NewFaker(f.source("user", 0), false)
	if given, family := fake.FirstName(), fake.LastName(); given != first.GivenName || family != first.FamilyName {
		t.Errorf("the first user is %s, gofakeit's %s %s", first.FullName, given, family)
	}
}

func TestEveryPersonHasAnInvestigationAndServiceAccountsHaveNone(t *testing.T) {
	for _, scale := range []Scale{Small(), Full()} {
		f := New(1, scale)
		for _, u := range f.Users() {
			if has := len(f.InvestigationsOf(u.ID)) > 0; has == isService(u.ID) {
				t.Errorf("%s: %s has investigations %v", scale.Name, u.Name, f.InvestigationsOf(u.ID))
			}
		}
	}
}

func TestEveryInvestigationHasOnePI(t *testing.T) {
	f := New(1, Full())
	leaders := make([]int, len(f.investigations))
	for _, member := range f.teams {
		if member.Role == "PI" {
			leaders[member.InvestigationID-1]++
		}
	}
	for i, n := range leaders {
		if n != 1 {
			t.Errorf("investigation %d has %d", i+1, n)
		}
	}
}

// Zipf: some people are everywhere, most are seldom there.
func TestVisitsAreUnevenlySpread(t *testing.T) {
	f := New(1, Full())
	var visits []int
	for _, ids := range f.visits {
		visits = append(visits, len(ids))
	}
	slices.Sort(visits)
	if median, most := visits[len(visits)/2], visits[len(visits)-1]; median > 2 || most < 20 {
		t.Errorf("median %d visits, most %d", median, most)
	}
}

func TestUserNamesNeedNoEscapingInAPath(t *testing.T) {
	for _, u := range New(1, Small()).Users() {
		for _, c := range u.Name {
			if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
				t.Errorf("name %q", u.Name)
			}
		}
	}
}

func TestORCIDCheckDigit(t *testing.T) {
	for _, u := range New(1, Small()).Users() {
		if u.ID == KarenID || u.ORCID == "" {
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

func TestWhoMayRead(t *testing.T) {
	f := New(1, Small())
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	shut := slices.IndexFunc(f.investigations, func(v investigationRow) bool { return v.ReleaseDate.Time().After(now) })
	open := slices.IndexFunc(f.investigations, func(v investigationRow) bool { return v.ReleaseDate.Time().Before(now) })
	if shut < 0 || open < 0 {
		t.Fatal("all investigations are alike")
	}
	closed, public := int64(shut+1), int64(open+1)
	release := f.investigations[shut].ReleaseDate.Time()
	member := f.teams[slices.IndexFunc(f.teams, func(v memberRow) bool { return v.InvestigationID == closed })].UserID
	on := f.beamtime[slices.IndexFunc(f.beamtime, func(v placeRow) bool { return v.InvestigationID == closed })].InstrumentID
	scientist := f.scientists[slices.IndexFunc(f.scientists, func(v scientistRow) bool { return v.InstrumentID == on })].UserID
	stranger := int64(1)
	for slices.Contains(f.readers[shut], stranger) {
		stranger++
	}
	for _, row := range []struct {
		proves        string
		user          int64
		investigation int64
		now           time.Time
		want          bool
	}{
		{"a team reads its own", member, closed, now, true},
		{"an instrument scientist reads what was measured there", scientist, closed, now, true},
		{"a stranger does not", stranger, closed, now, false},
		{"nor does somebody without a name", Anonymous, closed, now, false},
		{"root reads all", RootID, closed, now, true},
		{"and so does the ingest account", IngestID, closed, now, true},
		{"the DOI minter is a user like others", MinterID, closed, now, slices.Contains(f.readers[shut], MinterID)},
		{"at the very release it is not yet public", stranger, closed, release, false},
		{"a moment later it is", stranger, closed, release.Add(time.Millisecond), true},
		{"what is released is everybody's", Anonymous, public, now, true},
		{"what does not exist is nobody's", RootID, int64(f.Scale.Investigations + 1), now, false},
	} {
		if got := f.CanRead(row.user, row.investigation, row.now); got != row.want {
			t.Errorf("%s: got %v", row.proves, got)
		}
	}
}
