package journey

import "plumbline/demo-app/facility"

// directory is what the journeys know of the catalogue before they ask: enough
// to log in and to name things that exist.
type directory struct {
	names     []string          // everybody, the most looked-up first
	members   []member          // those who have investigations
	datasets  map[int64][]int64 // of an investigation
	datafiles int64             // ids go from 1 to this
}

// member is a user with investigations.
type member struct {
	id             int64
	name           string
	investigations []int64
}

func newDirectory(f *facility.Facility) *directory {
	visits := map[int64][]int64{}
	for _, iu := range f.InvestigationUsers() {
		visits[iu.UserID] = append(visits[iu.UserID], iu.InvestigationID)
	}
	dir := &directory{datasets: map[int64][]int64{}, datafiles: int64(f.Scale.Datafiles)}
	for d := range f.Datasets() {
		dir.datasets[d.InvestigationID] = append(dir.datasets[d.InvestigationID], d.ID)
	}
	// The two accounts that the documentation names come first.
	dir.names = append(dir.names, facility.KarenName, facility.MinterName)
	for _, u := range f.Users() {
		if u.Name != facility.KarenName && u.Name != facility.MinterName {
			dir.names = append(dir.names, u.Name)
		}
		if len(visits[u.ID]) > 0 {
			dir.members = append(dir.members, member{u.ID, u.Name, visits[u.ID]})
		}
	}
	return dir
}

// searchWords occur in titles and names of the facility, some often, one never.
func searchWords() []string {
	return []string{"scattering", "magnetic", "neutron", "alloys", "pressure", "tomography", "raw", "films", "crystal", "unobtainium"}
}
