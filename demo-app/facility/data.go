package facility

import (
	"encoding/hex"
	"fmt"
	"iter"
	"math"
	"time"

	"plumbline/demo-app/icat"
)

// spreadFiles deals the datafiles to the datasets, so that a few datasets hold
// most files, and draws the size of each: lognormal too, up to 213 MB.
func (f *Facility) spreadFiles() {
	const sigma = 1.1 // a mean of 55 files gives a median of 30
	next := int64(1)
	for _, n := range deal(f.random("files per dataset", 0), f.Scale.Datafiles, f.Scale.Datasets, sigma) {
		f.firstFile = append(f.firstFile, next)
		next += int64(n)
	}
	f.firstFile = append(f.firstFile, next)
	r := f.random("file size", 0)
	f.sizes = make([]int64, f.Scale.Datafiles)
	for i := range f.sizes {
		f.sizes[i] = min(int64(123+math.Exp(13+2*r.NormFloat64())), 213_123_121)
	}
}

// makeDatasets gives the investigations their datasets in turn. One in ten is
// not complete: nobody has given it a place yet. Its files are counted all the
// same, as the triggers of icat.server's database count.
func (f *Facility) makeDatasets() []icat.Dataset {
	samples := map[int64][]int64{} // of an investigation
	for _, s := range f.samples {
		samples[s.InvestigationID] = append(samples[s.InvestigationID], s.ID)
	}
	all := make([]icat.Dataset, f.Scale.Datasets)
	for i := range all {
		id := int64(i + 1)
		r := f.random("dataset", id)
		v := f.investigations[i%len(f.investigations)]
		start := v.StartDate.Time().Add(time.Duration(r.IntN(4)) * time.Hour)
		end := start.Add(time.Duration(1+r.IntN(240)) * time.Minute)
		d := icat.Dataset{
			Base: newBase(r, id, IngestName, end), Complete: r.IntN(10) > 0, Description: v.Title, StartDate: icat.At(start), EndDate: icat.At(end),
			Name: fmt.Sprintf("DATASET %d", id), InvestigationID: v.ID, TypeID: int64(1 + r.IntN(3)),
		}
		first, n := f.DatafilesOf(id)
		size := int64(0)
		for _, s := range f.sizes[first-1 : first-1+int64(n)] {
			size += s
		}
		d.FileCount, d.FileSize = new(int64(n)), &size
		if d.Complete {
			d.Location = fmt.Sprintf("/lils/%d/%d", v.ID, id)
			if r.IntN(2) == 0 {
				d.DOI = fmt.Sprintf("10.5072/LILS.DS.%d", id)
			}
		}
		if r.IntN(10) > 0 {
			d.SampleID = pick(r, samples[v.ID])
		}
		all[i] = d
	}
	return all
}

// sumUp tells the investigations what their datasets hold.
func (f *Facility) sumUp() {
	for i := range f.investigations {
		v := &f.investigations[i]
		v.FileCount, v.FileSize = new(int64), new(int64)
	}
	for _, d := range f.datasets {
		v := &f.investigations[d.InvestigationID-1]
		*v.FileCount += *d.FileCount
		*v.FileSize += *d.FileSize
	}
}

// datafiles yields all files; those of one dataset follow each other.
func (f *Facility) datafiles() iter.Seq[any] {
	return func(yield func(any) bool) {
		for _, d := range f.datasets {
			r := f.random("datafile", d.ID)
			first, n := f.DatafilesOf(d.ID)
			start, length := d.StartDate.Millis(), d.EndDate.Millis()-d.StartDate.Millis()
			for i := range int64(n) {
				id := first + i
				format := r.IntN(len(formats))
				written := icat.FromMillis(start + length*i/int64(n))
				name := fmt.Sprintf("LILS%08d.%s", id, formats[format].extension)
				v := icat.Datafile{
					Base: newBase(r, id, IngestName, d.EndDate.Time()), DatafileCreateTime: written, DatafileModTime: written, FileSize: &f.sizes[id-1],
					Location: fmt.Sprintf("/lils/%d/%d/%s", d.InvestigationID, d.ID, name), Name: name, DatasetID: d.ID, DatafileFormatID: int64(format + 1),
				}
				if d.Complete {
					var sum [16]byte
					for k := range sum {
						sum[k] = byte(r.Uint32())
					}
					v.Checksum = hex.EncodeToString(sum[:])
				}
				if !yield(&v) {
					return
				}
			}
		}
	}
}

// datafileParameters yields what was recorded with the files: a quantity that
// the dataset scanned, and with every eighth file a remark or a date.
func (f *Facility) datafileParameters() iter.Seq[any] {
	numeric := 0
	for numeric < len(quantities) && quantities[numeric].kind == "NUMERIC" {
		numeric++
	}
	return func(yield func(any) bool) {
		id := int64(0)
		for _, d := range f.datasets {
			r := f.random("datafile parameter", d.ID)
			scanned := r.IntN(numeric)
			from, step, wide := int64(r.IntN(300_000)), int64(1+r.IntN(5_000)), r.IntN(3) == 0 // thousandths
			first, n := f.DatafilesOf(d.ID)
			for i := range int64(n) {
				id++
				v := icat.DatafileParameter{
					Base: newBase(r, id, IngestName, d.EndDate.Time()), DatafileID: first + i, TypeID: int64(scanned + 1),
					NumericValue: thousandths(from + i*step),
				}
				if wide {
					v.RangeBottom, v.RangeTop, v.Error = thousandths(from+i*step-step/2), thousandths(from+i*step+step/2), thousandths(step/4)
				}
				if !yield(&v) {
					return
				}
				if v.DatafileID%8 != 0 {
					continue
				}
				id++
				kind := numeric + r.IntN(len(quantities)-numeric)
				remark := icat.DatafileParameter{Base: newBase(r, id, IngestName, d.EndDate.Time()), DatafileID: v.DatafileID, TypeID: int64(kind + 1)}
				if quantities[kind].kind == "STRING" {
					remark.StringValue = pick(r, conditions)
				} else {
					remark.DateTimeValue = d.StartDate
				}
				if !yield(&remark) {
					return
				}
			}
		}
	}
}

func thousandths(n int64) *float64 { return new(float64(n) / 1000) }
