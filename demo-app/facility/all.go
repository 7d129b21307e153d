package facility

import (
	"iter"

	"plumbline/demo-app/icat"
)

// All yields the facility kind by kind, parents before children: the entity's
// name and its instances as pointers to the types of package icat, id 1 first.
// Each pointer is the receiver's own.
func (f *Facility) All() iter.Seq2[string, iter.Seq[any]] {
	return func(yield func(string, iter.Seq[any]) bool) {
		for _, kind := range []struct {
			entity string
			rows   iter.Seq[any]
		}{
			{"Facility", each([]icat.Facility{f.site()})},
			{"User", each(f.users)},
			{"Instrument", each(f.instruments)},
			{"InstrumentScientist", each(f.scientists)},
			{"FacilityCycle", each(f.cycles)},
			{"InvestigationType", each(f.investigationTypes())},
			{"Investigation", each(f.investigations)},
			{"InvestigationUser", each(f.teams)},
			{"InvestigationInstrument", each(f.beamtime)},
			{"InvestigationFacilityCycle", each(f.inCycle)},
			{"Keyword", f.keywords()},
			{"SampleType", each(f.sampleTypes())},
			{"Sample", each(f.samples)},
			{"DatasetType", each(f.datasetTypes())},
			{"Dataset", each(f.datasets)},
			{"DatafileFormat", each(f.datafileFormats())},
			{"Datafile", f.datafiles()},
			{"ParameterType", each(f.parameterTypes())},
			{"DatafileParameter", f.datafileParameters()},
		} {
			if !yield(kind.entity, kind.rows) {
				return
			}
		}
	}
}

func each[T any](rows []T) iter.Seq[any] {
	return func(yield func(any) bool) {
		for _, row := range rows {
			if !yield(&row) {
				return
			}
		}
	}
}
