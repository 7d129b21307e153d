package journey

import (
	"time"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
)

// margin keeps visits away from what is released around the run: by the
// server's clock it may be public or not.
const margin = 24 * time.Hour

// directory is what the journeys know of the catalogue before they ask: enough
// to log in, to name things that exist and to know who may read them.
type directory struct {
	facility *facility.Facility
	run      string
	now      time.Time
	names    []string        // everybody, the most looked-up first
	members  []person        // those who have investigations
	on       map[int64]int64 // the first instrument of an investigation
	during   map[int64]int64 // the facility cycle of an investigation
}

// person is somebody who logs in. Nobody in particular has no name.
type person struct {
	id   int64
	name string
}

func newDirectory(o Options) *directory {
	f := o.Facility
	d := &directory{facility: f, run: o.Run, now: o.Now, on: map[int64]int64{}, during: map[int64]int64{}}
	// The two accounts that the documentation names come first.
	d.names = append(d.names, facility.KarenName, facility.MinterName)
	for _, u := range f.Users() {
		if u.Name != facility.KarenName && u.Name != facility.MinterName {
			d.names = append(d.names, u.Name)
		}
		if len(f.InvestigationsOf(u.ID)) > 0 {
			d.members = append(d.members, person{u.ID, u.Name})
		}
	}
	for _, p := range f.Places() {
		if d.on[p.InvestigationID] == 0 {
			d.on[p.InvestigationID] = p.InstrumentID
		}
	}
	for _, c := range f.Cycles() {
		d.during[c.InvestigationID] = c.FacilityCycleID
	}
	return d
}

// readable returns the investigations that the catalogue surely shows to u.
func (d *directory) readable(u person) []int64 {
	return d.investigations(func(id int64) bool { return d.facility.CanRead(u.id, id, d.now.Add(-margin)) })
}

// closed returns the investigations that the catalogue surely hides from u.
func (d *directory) closed(u person) []int64 {
	return d.investigations(func(id int64) bool { return !d.facility.CanRead(u.id, id, d.now.Add(margin)) })
}

func (d *directory) investigations(which func(int64) bool) []int64 {
	var some []int64
	for id := range int64(len(d.facility.Investigations())) {
		if which(id + 1) {
			some = append(some, id+1)
		}
	}
	return some
}

func (d *directory) investigation(id int64) icat.Investigation {
	return d.facility.Investigations()[id-1]
}

// files counts the datafiles of the investigations.
func (d *directory) files(of []int64) (total int) {
	for _, investigation := range of {
		for _, dataset := range d.facility.DatasetsOf(investigation) {
			_, n := d.facility.DatafilesOf(dataset)
			total += n
		}
	}
	return total
}
