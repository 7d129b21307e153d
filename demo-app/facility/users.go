package facility

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/brianvoe/gofakeit/v7"

	"plumbline/demo-app/icat"
)

func (f *Facility) makeUsers() []icat.User {
	src := f.source("user", 0)
	fake, r := gofakeit.NewFaker(src, false), rand.New(src)
	users := make([]icat.User, f.Scale.Users)
	for i := range users {
		id := int64(i + 1)
		given, family := fake.FirstName(), fake.LastName()
		home := pick(r, affiliations)
		users[i] = icat.User{
			Base:        newBase(r, id),
			Affiliation: home.name,
			Email:       fmt.Sprintf("%s.%s%d@%s", strings.ToLower(given), strings.ToLower(strings.ReplaceAll(family, " ", "")), id, home.domain),
			FamilyName:  family,
			FullName:    given + " " + family,
			GivenName:   given,
			Name:        fmt.Sprintf("%s%d", strings.ReplaceAll(given, " ", ""), id),
			ORCID:       orcid(r),
		}
	}
	pin(users, karen())
	pin(users, minter())
	return users
}

func pin(users []icat.User, u icat.User) {
	if u.ID <= int64(len(users)) {
		users[u.ID-1] = u
	}
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

func minter() icat.User {
	at := icat.At(time.Date(2012, 5, 3, 9, 0, 0, 0, time.UTC))
	return icat.User{
		Base:        icat.Base{CreateID: "user", CreateTime: at, ID: MinterID, ModID: "user", ModTime: at},
		Affiliation: "Lorem ipsum light source",
		Email:       "doi@lils.example",
		FullName:    "DOI Minter",
		Name:        MinterName,
		ORCID:       "0000-0002-1825-0097",
	}
}

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

// newBase fills what ICAT keeps for every entity; a modification never comes
// before the creation.
func newBase(r *rand.Rand, id int64) icat.Base {
	first := time.Date(2000, 10, 4, 0, 0, 0, 0, time.UTC).Unix()
	last := time.Date(2019, 10, 5, 0, 0, 0, 0, time.UTC).Unix()
	created := first + r.Int64N(last-first)
	modified := created + r.Int64N(last-created+1)
	return icat.Base{
		CreateID: "user", CreateTime: icat.FromMillis(created * 1000),
		ID: id, ModID: "user", ModTime: icat.FromMillis(modified * 1000),
	}
}

func pick[T any](r *rand.Rand, of []T) T { return of[r.IntN(len(of))] }
