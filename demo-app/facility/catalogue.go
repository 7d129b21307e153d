package facility

import (
	"encoding/hex"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"time"

	"plumbline/demo-app/icat"
)

// Site returns the one facility record.
func (f *Facility) Site() icat.Facility {
	return icat.Facility{
		Base: newBase(rand.New(f.source("facility", 0)), 1), DaysUntilRelease: 3 * 365,
		Description: "A light source that exists for demonstrations.", FullName: "Lorem ipsum light source", Name: "LILS", URL: "https://lils.example",
	}
}

// InvestigationTypes returns the kinds of visit.
func (f *Facility) InvestigationTypes() []icat.InvestigationType {
	r := rand.New(f.source("investigation type", 0))
	var types []icat.InvestigationType
	for i, name := range []string{"experiment", "commissioning", "calibration"} {
		types = append(types, icat.InvestigationType{Base: newBase(r, int64(i+1)), Name: name, Description: "A visit for " + name + ".", FacilityID: 1})
	}
	return types
}

// DatasetTypes returns the kinds of dataset.
func (f *Facility) DatasetTypes() []icat.DatasetType {
	r := rand.New(f.source("dataset type", 0))
	var types []icat.DatasetType
	for i, name := range []string{"raw", "reduced", "analysed"} {
		types = append(types, icat.DatasetType{Base: newBase(r, int64(i+1)), Name: name, Description: "Data as " + name + ".", FacilityID: 1})
	}
	return types
}

// DatafileFormats returns the file formats.
func (f *Facility) DatafileFormats() []icat.DatafileFormat {
	r := rand.New(f.source("datafile format", 0))
	var all []icat.DatafileFormat
	for i, w := range formats {
		all = append(all, icat.DatafileFormat{Base: newBase(r, int64(i+1)), Name: w[0], Version: w[1], Type: w[2], FacilityID: 1})
	}
	return all
}

// Investigations yields all investigations, id 1 first.
func (f *Facility) Investigations() iter.Seq[icat.Investigation] {
	return func(yield func(icat.Investigation) bool) {
		for id := int64(1); id <= int64(f.Scale.Investigations); id++ {
			v := f.investigation(id)
			for d := id; d <= int64(f.Scale.Datasets); d += int64(f.Scale.Investigations) {
				v.FileCount += int64(f.files[d-1])
				for file := range f.datafilesOf(d) {
					v.FileSize += file.FileSize
				}
			}
			if !yield(v) {
				return
			}
		}
	}
}

func (f *Facility) investigation(id int64) icat.Investigation {
	r := rand.New(f.source("investigation", int(id)))
	start := time.Date(2000+r.IntN(20), time.Month(1+r.IntN(12)), 1+r.IntN(28), 8, 0, 0, 0, time.UTC)
	if id%10 == 0 { // some visits are recent: still under embargo
		start = start.AddDate(2025-start.Year(), 0, 0)
	}
	end := start.Add(time.Duration(8+r.IntN(160)) * time.Hour)
	technique, material, condition := pick(r, techniques), pick(r, materials), pick(r, conditions)
	return icat.Investigation{
		Base: newBase(r, id), DOI: fmt.Sprintf("10.5072/LILS.INV.%d", id), StartDate: icat.At(start), EndDate: icat.At(end),
		Name: fmt.Sprintf("INVESTIGATION %d", id), ReleaseDate: icat.At(end.AddDate(3, 0, 0)),
		Summary: fmt.Sprintf("%s of %s %s, to learn what changes and how fast.", technique, material, condition),
		Title:   fmt.Sprintf("%s of %s %s", technique, material, condition), VisitID: fmt.Sprint(1 + r.IntN(100)),
		FacilityID: 1, TypeID: int64(1 + r.IntN(3)),
	}
}

// InvestigationUsers returns the teams: one PI and up to six CIs drawn by Zipf
// for each investigation, and then a place for every user who has none.
func (f *Facility) InvestigationUsers() []icat.InvestigationUser {
	r := rand.New(f.source("investigation user", 0))
	zipf := rand.NewZipf(r, 1.2, 10, uint64(f.Scale.Users-1))
	placed := make([]bool, f.Scale.Users)
	var all []icat.InvestigationUser
	join := func(investigation, user int64, role string) {
		all = append(all, icat.InvestigationUser{Base: newBase(r, int64(len(all)+1)), Role: role, UserID: user, InvestigationID: investigation})
		placed[user-1] = true
	}
	for inv := int64(1); inv <= int64(f.Scale.Investigations); inv++ {
		team := map[int64]bool{}
		for size := 1 + r.IntN(7); len(team) < size; {
			user := int64(zipf.Uint64()) + 1
			if team[user] {
				continue
			}
			role := "CI"
			if len(team) == 0 {
				role = "PI"
			}
			team[user] = true
			join(inv, user, role)
		}
	}
	next := int64(0)
	for i := range placed {
		if !placed[i] {
			join(next%int64(f.Scale.Investigations)+1, int64(i+1), "CI")
			next++
		}
	}
	return all
}

// Datasets yields all datasets, id 1 first.
func (f *Facility) Datasets() iter.Seq[icat.Dataset] {
	return func(yield func(icat.Dataset) bool) {
		for id := int64(1); id <= int64(f.Scale.Datasets); id++ {
			d := f.dataset(id)
			for file := range f.datafilesOf(id) {
				d.FileSize += file.FileSize
			}
			if !yield(d) {
				return
			}
		}
	}
}

func (f *Facility) dataset(id int64) icat.Dataset {
	r := rand.New(f.source("dataset", int(id)))
	inv := f.investigation((id-1)%int64(f.Scale.Investigations) + 1)
	start := inv.StartDate.Time().Add(time.Duration(r.IntN(4)) * time.Hour)
	return icat.Dataset{
		Base: newBase(r, id), Complete: r.IntN(10) > 0, Description: inv.Title, DOI: fmt.Sprintf("10.5072/LILS.DS.%d", id),
		StartDate: icat.At(start), EndDate: icat.At(start.Add(time.Duration(1+r.IntN(240)) * time.Minute)), FileCount: int64(f.files[id-1]),
		Location: fmt.Sprintf("/lils/%d/%d", inv.ID, id), Name: fmt.Sprintf("DATASET %d", id),
		InvestigationID: inv.ID, TypeID: int64(1 + r.IntN(3)),
	}
}

// Datafiles yields all datafiles, id 1 first; those of one dataset follow each other.
func (f *Facility) Datafiles() iter.Seq[icat.Datafile] {
	return func(yield func(icat.Datafile) bool) {
		id := int64(0)
		for dataset := int64(1); dataset <= int64(f.Scale.Datasets); dataset++ {
			start := f.dataset(dataset).StartDate
			for file := range f.datafilesOf(dataset) {
				id++
				file.ID = id
				file.Name = fmt.Sprintf("LILS%08d.%s", id, extensions[file.FormatID-1])
				file.Location = fmt.Sprintf("/lils/%d/%s", dataset, file.Name)
				file.DatafileCreateTime = icat.FromMillis(start.Millis() + id%600_000)
				file.DatafileModTime = file.DatafileCreateTime
				if !yield(file) {
					return
				}
			}
		}
	}
}

// datafilesOf yields the files of one dataset without what depends on their id.
func (f *Facility) datafilesOf(dataset int64) iter.Seq[icat.Datafile] {
	return func(yield func(icat.Datafile) bool) {
		r := rand.New(f.source("datafile", int(dataset)))
		for range f.files[dataset-1] {
			var sum [16]byte
			for i := range sum {
				sum[i] = byte(r.Uint32())
			}
			file := icat.Datafile{
				Base: newBase(r, 0), Checksum: hex.EncodeToString(sum[:]),
				FileSize:  min(int64(123+math.Exp(13+2*r.NormFloat64())), 213_123_121),
				DatasetID: dataset, FormatID: int64(1 + r.IntN(len(formats))),
			}
			if !yield(file) {
				return
			}
		}
	}
}
