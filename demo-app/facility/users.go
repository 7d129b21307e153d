package facility

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/brianvoe/gofakeit/v7/data"

	"plumbline/demo-app/icat"
)

// Password lets every demo user in. It protects nothing and is no secret.
const Password = "icat-demo"

// The users that are there whatever the seed. Root and the ingest account are
// no people: they take part in no investigation and read all of them.
const (
	KarenID    = 482 // Karen482, as in the README of the original demo
	KarenName  = "Karen482"
	RootID     = 497
	RootName   = "root" // bypasses all rules
	IngestID   = 498
	IngestName = "dataingest" // creates datasets and datafiles
	MinterID   = 499
	MinterName = "doiminter" // the account of the original demo's one test
)

// home is the affiliation of the facility's own staff.
const home = "Lorem ipsum light source"

func (f *Facility) makeUsers() []icat.User {
	r := f.random("user", 0)
	users := make([]icat.User, f.Scale.Users)
	for i := range users {
		id := int64(i + 1)
		given, family := pick(r, data.Person["first"]), pick(r, data.Person["last"])
		at := pick(r, affiliations)
		users[i] = icat.User{
			Base:        userBase(r, id),
			Affiliation: at.name,
			Email:       fmt.Sprintf("%s.%s%d@%s", strings.ToLower(given), strings.ToLower(strings.ReplaceAll(family, " ", "")), id, at.domain),
			FamilyName:  family,
			FullName:    given + " " + family,
			GivenName:   given,
			Name:        fmt.Sprintf("%s%d", strings.ReplaceAll(given, " ", ""), id),
			ORCID:       orcid(r),
		}
	}
	users[KarenID-1] = karen()
	users[RootID-1] = account(RootID, RootName, "Superuser", "")
	users[IngestID-1] = account(IngestID, IngestName, "Data Ingest", "")
	users[MinterID-1] = account(MinterID, MinterName, "DOI Minter", "0000-0002-1825-0097")
	return users
}

// karen is the record that the original demo's README shows, field by field,
// a modification older than the creation and an odd orcidId included.
func karen() icat.User {
	return icat.User{
		Base: icat.Base{
			CreateID: "user", CreateTime: icat.At(time.Date(2009, 2, 18, 13, 40, 27, 0, time.UTC)),
			ID: KarenID, ModID: "user", ModTime: icat.At(time.Date(2008, 12, 18, 19, 17, 14, 0, time.UTC)),
		},
		Affiliation: "University Of Cambridge",
		Email:       "ruizjason@gmail.com",
		FullName:    "Timothy Buchanan",
		Name:        KarenName,
		ORCID:       "16799",
	}
}

func account(id int64, name, fullName, orcid string) icat.User {
	at := icat.At(time.Date(2012, 5, 3, 9, 0, 0, 0, time.UTC))
	return icat.User{
		Base:        icat.Base{CreateID: "user", CreateTime: at, ID: id, ModID: "user", ModTime: at},
		Affiliation: home,
		Email:       name + "@lils.example",
		FullName:    fullName,
		Name:        name,
		ORCID:       orcid,
	}
}

// isService tells the accounts that are no people.
func isService(userID int64) bool { return userID == RootID || userID == IngestID }

// orcid returns sixteen digits in groups of four, the last a check digit
// (ISO 7064 MOD 11-2).
func orcid(r *rand.Rand) string {
	digits := fmt.Sprintf("0000000%08d", r.IntN(100_000_000))
	sum := 0
	for _, d := range digits {
		sum = (sum + int(d-'0')) * 2
	}
	check := "0123456789X"[(12-sum%11)%11]
	return fmt.Sprintf("%s-%s-%s-%s%c", digits[0:4], digits[4:8], digits[8:12], digits[12:15], check)
}

// userBase is newBase for a person who came at any time.
func userBase(r *rand.Rand, id int64) icat.Base {
	first := time.Date(2000, 10, 4, 0, 0, 0, 0, time.UTC)
	last := time.Date(2019, 10, 5, 0, 0, 0, 0, time.UTC)
	return newBase(r, id, "user", first.Add(time.Duration(r.Int64N(int64(last.Sub(first))))))
}

// newBase fills what ICAT keeps for every entity: by made it a little after at,
// and half of all were modified within a month.
func newBase(r *rand.Rand, id int64, by string, at time.Time) icat.Base {
	created := at.Unix() + r.Int64N(3600)
	modified := created
	if r.IntN(2) == 0 {
		modified += r.Int64N(30 * 24 * 3600)
	}
	return icat.Base{CreateID: by, CreateTime: icat.FromMillis(created * 1000), ID: id, ModID: by, ModTime: icat.FromMillis(modified * 1000)}
}
