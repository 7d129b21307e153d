package facility

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/demo-app/icat"
)

type (
	investigationRow = icat.Investigation
	memberRow        = icat.InvestigationUser
	placeRow         = icat.InvestigationInstrument
	scientistRow     = icat.InstrumentScientist
)

// The demonstration must have something to hide whenever it is held.
func TestAFairShareIsEmbargoedForYears(t *testing.T) {
	for _, scale := range []Scale{Small(), Full()} {
		f := New(1, scale)
		for year := 2027; year <= 2035; year++ {
			shut := 0
			for _, v := range f.investigations {
				if v.ReleaseDate.Time().Year() > year {
					shut++
				}
			}
			if share := float64(shut) / float64(len(f.investigations)); share < 0.12 || share > 0.4 {
				t.Errorf("%s: at the end of %d a share of %.2f is embargoed", scale.Name, year, share)
			}
		}
	}
}

func TestCyclesHoldTheirVisits(t *testing.T) {
	f := New(1, Full())
	for i, c := range f.cycles[1:] {
		if c.StartDate.Millis() <= f.cycles[i].EndDate.Millis() {
			t.Errorf("%s begins before %s ends", c.Name, f.cycles[i].Name)
		}
	}
	for _, in := range f.inCycle {
		c, v := f.cycles[in.FacilityCycleID-1], f.investigations[in.InvestigationID-1]
		if v.StartDate.Millis() < c.StartDate.Millis() || v.EndDate.Millis() > c.EndDate.Millis() {
			t.Errorf("%s (%s to %s) is not within %s (%s to %s)", v.Name, v.StartDate, v.EndDate, c.Name, c.StartDate, c.EndDate)
		}
	}
	if len(f.inCycle) != len(f.investigations) {
		t.Errorf("%d of %d investigations have a cycle", len(f.inCycle), len(f.investigations))
	}
}

func TestEveryInvestigationHasAnInstrumentAndSomeHaveTwo(t *testing.T) {
	f := New(1, Full())
	on := map[int64]int{}
	for _, b := range f.beamtime {
		on[b.InvestigationID]++
	}
	two := 0
	for _, v := range f.investigations {
		switch on[v.ID] {
		case 1:
		case 2:
			two++
		default:
			t.Errorf("investigation %d has %d", v.ID, on[v.ID])
		}
	}
	if two == 0 || two > len(f.investigations)/4 {
		t.Errorf("%d of %d have two", two, len(f.investigations))
	}
}

func TestDatasetsHaveSamplesOfTheirInvestigation(t *testing.T) {
	f := New(1, Full())
	for _, d := range f.datasets {
		if d.SampleID != 0 && f.samples[d.SampleID-1].InvestigationID != d.InvestigationID {
			t.Errorf("dataset %d has a sample of another investigation", d.ID)
		}
		if !slices.Contains(f.DatasetsOf(d.InvestigationID), d.ID) {
			t.Errorf("dataset %d is not among those of investigation %d", d.ID, d.InvestigationID)
		}
	}
}

func TestFilesAreWhereTheFacilitySays(t *testing.T) {
	f := New(1, Full())
	count, size := make([]int64, len(f.datasets)), make([]int64, len(f.datasets))
	for _, file := range rows[icat.Datafile](t, f) {
		count[file.DatasetID-1]++
		size[file.DatasetID-1] += *file.FileSize
		if first, n := f.DatafilesOf(file.DatasetID); file.ID < first || file.ID >= first+int64(n) {
			t.Fatalf("datafile %d is not in dataset %d by DatafilesOf", file.ID, file.DatasetID)
		}
	}
	var spread []int64
	for i, d := range f.datasets {
		_, n := f.DatafilesOf(d.ID)
		spread = append(spread, count[i])
		switch {
		case count[i] != int64(n):
			t.Errorf("dataset %d has %d files, DatafilesOf says %d", d.ID, count[i], n)
		case d.Complete != (d.Location != ""):
			t.Errorf("dataset %d: complete %v, at %q", d.ID, d.Complete, d.Location)
		case *d.FileCount != count[i] || *d.FileSize != size[i]:
			t.Errorf("dataset %d has %d files of %d bytes and says %d of %d", d.ID, count[i], size[i], *d.FileCount, *d.FileSize)
		}
	}
	for _, v := range f.investigations {
		var files, bytes int64
		for _, id := range f.DatasetsOf(v.ID) {
			files, bytes = files+count[id-1], bytes+size[id-1]
		}
		if *v.FileCount != files || *v.FileSize != bytes {
			t.Errorf("investigation %d has %d files of %d bytes and says %d of %d", v.ID, files, bytes, *v.FileCount, *v.FileSize)
		}
	}
	slices.Sort(spread)
	if median, most := spread[len(spread)/2], spread[len(spread)-1]; median < 20 || median > 40 || most < 400 || most > 2000 {
		t.Errorf("median %d files in a dataset, most %d", median, most)
	}
	if first, n := f.DatafilesOf(int64(f.Scale.Datasets + 1)); first != 0 || n != 0 {
		t.Errorf("an unknown dataset has %d files from %d", n, first)
	}
}

func TestTimesFollowEachOther(t *testing.T) {
	f := New(1, Small())
	latest := icat.At(time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC))
	for entity, kind := range f.All() {
		for row := range kind {
			values := fields(row)
			created, modified := values["createTime"].(icat.Time), values["modTime"].(icat.Time)
			if pinned := entity == "User" && values["id"] == int64(KarenID); !pinned && modified.Millis() < created.Millis() {
				t.Errorf("%s[id:%v]: modified %s, before it was created", entity, values["id"], modified)
			}
			if modified.Millis() > latest.Millis() {
				t.Errorf("%s[id:%v]: modified %s, in the future", entity, values["id"], modified)
			}
		}
	}
}

func TestParametersFillTheFieldThatTheirTypeNames(t *testing.T) {
	f := New(1, Small())
	types := rows[icat.ParameterType](t, f)
	got := map[string]bool{}
	for _, p := range rows[icat.DatafileParameter](t, f) {
		kind := types[p.TypeID-1].ValueType
		got[kind] = true
		filled := map[string]bool{"NUMERIC": p.NumericValue != nil, "STRING": p.StringValue != "", "DATE_AND_TIME": !p.DateTimeValue.IsZero()}
		want := map[string]bool{"NUMERIC": kind == "NUMERIC", "STRING": kind == "STRING", "DATE_AND_TIME": kind == "DATE_AND_TIME"}
		if diff := cmp.Diff(want, filled); diff != "" {
			t.Fatalf("parameter %d of kind %s (-want +filled):\n%s", p.ID, kind, diff)
		}
	}
	if len(got) != 3 {
		t.Errorf("kinds of parameters: %v", got)
	}
}
