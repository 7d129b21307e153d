package document

import (
	"plumbline/demo-app/icat"
)

// The examples are what the demo facility would answer.
var (
	fieldExamples = map[string]any{
		"createId": "user", "modId": "user", "createTime": "2009-02-18T13:40:27+00:00", "modTime": "2009-12-18T19:17:14+00:00",
		"startDate": "2014-05-16T08:00:00+00:00", "endDate": "2014-05-18T20:00:00+00:00", "releaseDate": "2017-05-18T20:00:00+00:00",
		"datafileCreateTime": "2014-05-16T09:12:44+00:00", "datafileModTime": "2014-05-16T09:12:44+00:00",
		"fileSize": 73_411_520, "fileCount": 31, "complete": true, "checksum": "9e107d9d372bb6826bd81d3542a419d6", "doi": "10.5072/LILS.DS.48",
		"location": "/lils/48/48", "description": "Powder diffraction of olivine under pressure", "visitId": "48", "title": "Powder diffraction of olivine under pressure",
		"summary": "Powder diffraction of olivine under pressure, to learn what changes and how fast.", "daysUntilRelease": 10, "url": "https://lils.example/",
		"affiliation": "University Of Cambridge", "email": "ruizjason@gmail.com", "familyName": "Buchanan", "givenName": "Timothy",
		"orcidId": "16799", "pid": "21.T11148/7", "type": "neutron",
	}
	nameExamples = map[string]string{
		"User": "Karen482", "Facility": "LILS", "Instrument": "BOREAS", "FacilityCycle": "2014 cycle 2", "Investigation": "INVESTIGATION 48",
		"Sample": "olivine 48", "Dataset": "DATASET 48", "Datafile": "LILS00000007.nxs",
	}
	fullNameExamples = map[string]string{
		"User": "Timothy Buchanan", "Facility": "Lorem ipsum light source", "Instrument": "Small angle scattering",
	}
	ids = map[string]int{"User": 482, "Facility": 1, "Instrument": 2, "FacilityCycle": 7, "Investigation": 48, "Dataset": 48}
)

// example is a value that the field f of e could have.
func example(e *icat.Entity, f icat.Field) any {
	switch {
	case f.Name == "id":
		return id(e)
	case f.Name == "name":
		return nameExamples[e.Name]
	case f.Name == "fullName":
		return fullNameExamples[e.Name]
	}
	return fieldExamples[f.Name]
}

func id(e *icat.Entity) int {
	if n, ok := ids[e.Name]; ok {
		return n
	}
	return 7
}

// entityExample is an entity without its relations.
func entityExample(e *icat.Entity) object {
	out := object{}
	for _, f := range e.Fields {
		if v := example(e, f); v != nil {
			out = out.with(f.Name, v)
		}
	}
	return out
}

// filters are examples for the collections' parameters, as JSON texts.
type filters struct{ where, order, distinct, include string }

func filterExamples(e *icat.Entity) filters {
	return map[string]filters{
		"User":          {`{"name":{"eq":"Karen482"}}`, "familyName asc", `["affiliation"]`, `"instrumentScientists"`},
		"Facility":      {`{"name":{"eq":"LILS"}}`, "name asc", `"name"`, `"facilityCycles"`},
		"Instrument":    {`{"instrumentScientists.user.name":{"eq":"Karen482"}}`, "name asc", `"type"`, `{"instrumentScientists":"user"}`},
		"FacilityCycle": {`{"startDate":{"lte":"2014-05-16T08:00:00Z"}}`, "startDate desc", `["name"]`, `"facility"`},
		"Investigation": {`{"investigationUsers.user.name":{"eq":"Karen482"}}`, "startDate desc", `["title"]`, `["type",{"investigationUsers":"user"}]`},
		"Sample":        {`{"investigation.id":{"eq":48}}`, "name asc", `["name"]`, `"type"`},
		"Dataset":       {`{"investigation.id":{"eq":48}}`, "id asc", `["complete"]`, `["type","sample"]`},
		"Datafile":      {`{"dataset.id":{"eq":48}}`, "fileSize desc", `["location"]`, `"datafileFormat"`},
	}[e.Name]
}
