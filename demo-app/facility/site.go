package facility

import (
	"fmt"
	"strings"
	"time"

	"plumbline/demo-app/icat"
)

// opened is when the facility wrote down what it has; every visit is later.
var opened = time.Date(2005, 9, 1, 9, 0, 0, 0, time.UTC)

func (f *Facility) site() icat.Facility {
	return icat.Facility{
		Base: newBase(f.random("facility", 0), 1, RootName, opened), DaysUntilRelease: new(int64(daysUntilRelease)),
		Description: "A light source that exists for demonstrations.", FullName: home, Name: "LILS", URL: "https://lils.example",
	}
}

func (f *Facility) makeInstruments() []icat.Instrument {
	r := f.random("instrument", 0)
	var all []icat.Instrument
	for i, w := range instruments {
		v := icat.Instrument{
			Base: newBase(r, int64(i+1), RootName, opened), Name: w.name, FullName: w.technique + " instrument " + w.name, Type: w.kind,
			Description: fmt.Sprintf("%s is built for %s.", w.name, strings.ToLower(w.technique)), URL: "https://lils.example/" + strings.ToLower(w.name),
			StartDate: icat.At(opened.AddDate(-r.IntN(8), -r.IntN(12), 0)), FacilityID: 1,
		}
		if r.IntN(4) > 0 {
			v.PID = fmt.Sprintf("doi:10.5072/LILS.INST.%d", v.ID)
		}
		all = append(all, v)
	}
	return all
}

// makeScientists gives three of the staff to each instrument.
func (f *Facility) makeScientists() []icat.InstrumentScientist {
	const team = 3
	var staff []int64
	for _, u := range f.users {
		if u.Affiliation == home && !isService(u.ID) {
			staff = append(staff, u.ID)
		}
	}
	r := f.random("instrument scientist", 0)
	var all []icat.InstrumentScientist
	for _, instrument := range f.instruments {
		for _, i := range r.Perm(len(staff))[:min(team, len(staff))] {
			all = append(all, icat.InstrumentScientist{Base: newBase(r, int64(len(all)+1), RootName, opened), InstrumentID: instrument.ID, UserID: staff[i]})
		}
	}
	return all
}

// makeCycles lays four cycles into each year, the last in the autumn of 2025.
func (f *Facility) makeCycles() []icat.FacilityCycle {
	const last = 2025*4 + 2
	r := f.random("facility cycle", 0)
	all := make([]icat.FacilityCycle, f.Scale.Cycles)
	for i := range all {
		year, quarter := (last-len(all)+1+i)/4, (last-len(all)+1+i)%4
		start := time.Date(year, time.Month(1+3*quarter), 5+r.IntN(10), 8, 0, 0, 0, time.UTC)
		all[i] = icat.FacilityCycle{
			Base: newBase(r, int64(i+1), RootName, start.AddDate(0, -6, 0)), Name: fmt.Sprintf("%d cycle %d", year, quarter+1),
			StartDate: icat.At(start), EndDate: icat.At(start.AddDate(0, 0, 49+r.IntN(14))), FacilityID: 1,
		}
	}
	return all
}

func (f *Facility) investigationTypes() []icat.InvestigationType {
	r := f.random("investigation type", 0)
	var all []icat.InvestigationType
	for i, name := range []string{"experiment", "commissioning", "calibration"} {
		all = append(all, icat.InvestigationType{Base: newBase(r, int64(i+1), RootName, opened), Name: name, Description: "A visit for " + name + ".", FacilityID: 1})
	}
	return all
}

func (f *Facility) datasetTypes() []icat.DatasetType {
	r := f.random("dataset type", 0)
	var all []icat.DatasetType
	for i, name := range []string{"raw", "reduced", "analysed"} {
		all = append(all, icat.DatasetType{Base: newBase(r, int64(i+1), RootName, opened), Name: name, Description: "Data as " + name + ".", FacilityID: 1})
	}
	return all
}

func (f *Facility) datafileFormats() []icat.DatafileFormat {
	r := f.random("datafile format", 0)
	var all []icat.DatafileFormat
	for i, w := range formats {
		all = append(all, icat.DatafileFormat{Base: newBase(r, int64(i+1), RootName, opened), Name: w.name, Version: w.version, Type: w.kind, FacilityID: 1})
	}
	return all
}

func (f *Facility) sampleTypes() []icat.SampleType {
	r := f.random("sample type", 0)
	var all []icat.SampleType
	for i, w := range substances {
		all = append(all, icat.SampleType{Base: newBase(r, int64(i+1), RootName, opened), Name: w.name, MolecularFormula: w.formula, SafetyInformation: w.safety, FacilityID: 1})
	}
	return all
}

func (f *Facility) parameterTypes() []icat.ParameterType {
	r := f.random("parameter type", 0)
	var all []icat.ParameterType
	for i, w := range quantities {
		v := icat.ParameterType{
			Base: newBase(r, int64(i+1), RootName, opened), Name: w.name, Units: w.units, UnitsFullName: w.unitsName, ValueType: w.kind,
			ApplicableToDatafile: true, ApplicableToDataset: w.kind == "NUMERIC", Verified: true, FacilityID: 1,
		}
		if w.kind == "NUMERIC" {
			v.MinimumNumericValue = new(0.0)
		}
		all = append(all, v)
	}
	return all
}
