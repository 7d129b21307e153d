package facility

import (
	"cmp"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"plumbline/demo-app/icat"
)

// What a visit found is public a year after it ended, unless it is
// proprietary: then it stays closed for decades. So the embargoed share neither
// depends on when a demonstration is held nor runs out.
const (
	daysUntilRelease = 365
	proprietaryYears = 30
	oneInProprietary = 4 // investigations
	oneInShared      = 10
)

// makeInvestigations fills cycles and instruments with visits, in order of time.
func (f *Facility) makeInvestigations() {
	type slot struct {
		cycle int
		start time.Time
	}
	r := f.random("visit", 0)
	slots := make([]slot, f.Scale.Investigations)
	for i := range slots {
		cycle := r.IntN(len(f.cycles))
		c := f.cycles[cycle]
		days := int(c.EndDate.Time().Sub(c.StartDate.Time()).Hours()/24) - 8 // the longest visit takes a week
		slots[i] = slot{cycle, c.StartDate.Time().AddDate(0, 0, r.IntN(days))}
	}
	slices.SortStableFunc(slots, func(a, b slot) int { return cmp.Compare(a.start.Unix(), b.start.Unix()) })
	for i, s := range slots {
		id := int64(i + 1)
		r := f.random("investigation", id)
		on := r.IntN(len(f.instruments))
		f.investigations = append(f.investigations, investigation(r, id, s.start, instruments[on].technique))
		f.inCycle = append(f.inCycle, icat.InvestigationFacilityCycle{
			Base: newBase(r, id, RootName, s.start), FacilityCycleID: f.cycles[s.cycle].ID, InvestigationID: id})
		f.place(r, id, on, s.start)
		if r.IntN(oneInShared) == 0 {
			f.place(r, id, (on+1+r.IntN(len(f.instruments)-1))%len(f.instruments), s.start)
		}
	}
}

func (f *Facility) place(r *rand.Rand, investigation int64, instrument int, start time.Time) {
	f.beamtime = append(f.beamtime, icat.InvestigationInstrument{
		Base: newBase(r, int64(len(f.beamtime)+1), RootName, start), InstrumentID: f.instruments[instrument].ID, InvestigationID: investigation})
}

func investigation(r *rand.Rand, id int64, start time.Time, technique string) icat.Investigation {
	end := start.Add(time.Duration(8+r.IntN(160)) * time.Hour)
	release := end.AddDate(0, 0, daysUntilRelease)
	if r.IntN(oneInProprietary) == 0 {
		release = end.AddDate(proprietaryYears, 0, 0)
	}
	title := fmt.Sprintf("%s of %s %s", technique, pick(r, substances).name, pick(r, conditions))
	v := icat.Investigation{
		Base: newBase(r, id, RootName, start.AddDate(0, -2, 0)), StartDate: icat.At(start), EndDate: icat.At(end), ReleaseDate: icat.At(release),
		Name: fmt.Sprintf("INVESTIGATION %d", id), Title: title, Summary: title + ", to learn what changes and how fast.",
		VisitID: fmt.Sprint(1 + r.IntN(100)), FacilityID: 1, TypeID: int64(1 + r.IntN(3)),
	}
	if r.IntN(5) > 0 {
		v.DOI = fmt.Sprintf("10.5072/LILS.INV.%d", id)
	}
	return v
}

// makeTeams draws one PI and up to six CIs by Zipf for each investigation, and
// then a place for every person who has none.
func (f *Facility) makeTeams() []icat.InvestigationUser {
	r := f.random("investigation user", 0)
	zipf := rand.NewZipf(r, 1.2, 10, uint64(f.Scale.Users-1))
	placed := make([]bool, f.Scale.Users)
	var all []icat.InvestigationUser
	join := func(v icat.Investigation, user int64, role string) {
		all = append(all, icat.InvestigationUser{
			Base: newBase(r, int64(len(all)+1), RootName, v.CreateTime.Time()), Role: role, UserID: user, InvestigationID: v.ID})
		placed[user-1] = true
	}
	for _, v := range f.investigations {
		team := map[int64]bool{}
		for size := 1 + r.IntN(7); len(team) < size; {
			user := int64(zipf.Uint64()) + 1
			if team[user] || isService(user) {
				continue
			}
			role := "CI"
			if len(team) == 0 {
				role = "PI"
			}
			team[user] = true
			join(v, user, role)
		}
	}
	next := 0
	for i := range placed {
		if user := int64(i + 1); !placed[i] && !isService(user) {
			join(f.investigations[next%len(f.investigations)], user, "CI")
			next++
		}
	}
	return all
}

// makeSamples gives each investigation what it looked at: mostly the substance
// in its title, under a number.
func (f *Facility) makeSamples() []icat.Sample {
	var all []icat.Sample
	for i, n := range deal(f.random("samples per investigation", 0), f.Scale.Samples, f.Scale.Investigations, 0.5) {
		v := f.investigations[i]
		r := f.random("sample", v.ID)
		studied := slices.IndexFunc(substances, func(s substance) bool { return strings.Contains(v.Title, " of "+s.name+" ") })
		for k := range n {
			kind := studied
			if r.IntN(8) == 0 {
				kind = r.IntN(len(substances))
			}
			s := icat.Sample{
				Base: newBase(r, int64(len(all)+1), RootName, v.StartDate.Time()), Name: fmt.Sprintf("%s %d", substances[kind].name, k+1),
				InvestigationID: v.ID, TypeID: int64(kind + 1),
			}
			switch r.IntN(10) {
			case 0:
				s.TypeID = 0 // nobody said what it is
			case 1, 2:
				s.PID = fmt.Sprintf("igsn:LILS%06d", s.ID)
			}
			all = append(all, s)
		}
	}
	return all
}

// keywords yields the words under which investigations are found: technique
// and substance, then whatever came to mind, none twice.
func (f *Facility) keywords() iter.Seq[any] {
	return func(yield func(any) bool) {
		var phrases []string
		for _, a := range aspects {
			for _, t := range topics {
				phrases = append(phrases, a+" "+t)
			}
		}
		id := int64(0)
		for i, n := range deal(f.random("keywords per investigation", 0), f.Scale.Keywords, f.Scale.Investigations, 0.3) {
			v := f.investigations[i]
			r := f.random("keyword", v.ID)
			technique, rest, _ := strings.Cut(v.Title, " of ")
			words := append([]string{strings.ToLower(technique), rest}, phrases...)
			r.Shuffle(len(phrases), func(a, b int) { words[a+2], words[b+2] = words[b+2], words[a+2] })
			for _, word := range words[:n] {
				id++
				if !yield(&icat.Keyword{Base: newBase(r, id, RootName, v.StartDate.Time()), Name: word, InvestigationID: v.ID}) {
					return
				}
			}
		}
	}
}
