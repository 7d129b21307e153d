package facility

import (
	"slices"
	"time"
)

// Anonymous is the user id of nobody in particular, for CanRead.
const Anonymous = 0

// CanRead reports whether the catalogue shows the investigation, and what
// belongs to it, to the user: it is released, or the user takes part in it, or
// looks after an instrument it used, or is a service account.
func (f *Facility) CanRead(userID, investigationID int64, now time.Time) bool {
	if investigationID < 1 || investigationID > int64(len(f.investigations)) {
		return false
	}
	return isService(userID) || f.investigations[investigationID-1].ReleaseDate.Time().Before(now) ||
		slices.Contains(f.readers[investigationID-1], userID)
}

// InvestigationsOf returns the ids of the investigations that the user takes
// part in; none for an unknown user.
func (f *Facility) InvestigationsOf(userID int64) []int64 {
	if userID < 1 || userID > int64(len(f.visits)) {
		return nil
	}
	return f.visits[userID-1]
}

// DatasetsOf returns the ids of the investigation's datasets.
func (f *Facility) DatasetsOf(investigationID int64) []int64 {
	var ids []int64
	if investigationID < 1 || investigationID > int64(len(f.investigations)) {
		return nil
	}
	for id := investigationID; id <= int64(len(f.datasets)); id += int64(len(f.investigations)) {
		ids = append(ids, id)
	}
	return ids
}

// DatafilesOf returns the id of the dataset's first datafile and how many
// there are; their ids follow each other. An unknown dataset has none.
func (f *Facility) DatafilesOf(datasetID int64) (first int64, n int) {
	if datasetID < 1 || datasetID >= int64(len(f.firstFile)) {
		return 0, 0
	}
	first = f.firstFile[datasetID-1]
	return first, int(f.firstFile[datasetID] - first)
}

// grantReading notes who takes part and who looks after what.
func (f *Facility) grantReading() {
	f.visits = make([][]int64, len(f.users))
	f.readers = make([][]int64, len(f.investigations))
	for _, t := range f.teams {
		f.visits[t.UserID-1] = append(f.visits[t.UserID-1], t.InvestigationID)
		f.readers[t.InvestigationID-1] = append(f.readers[t.InvestigationID-1], t.UserID)
	}
	scientists := map[int64][]int64{} // of an instrument
	for _, s := range f.scientists {
		scientists[s.InstrumentID] = append(scientists[s.InstrumentID], s.UserID)
	}
	for _, b := range f.beamtime {
		f.readers[b.InvestigationID-1] = append(f.readers[b.InvestigationID-1], scientists[b.InstrumentID]...)
	}
}
