package icat

// schema is the part of ICAT's that the demo facility fills, under ICAT's own
// names, with its lengths, nulls and uniqueness. It never changes after start.
var schema = []*Entity{
	{
		Name: "Facility", Collection: "facilities", Public: true, Unique: []string{"name"},
		Fields: fields(
			Field{Name: "daysUntilRelease", Kind: Integer}, text("description", 1023), text("fullName", 255), need(text("name", 255)), text("url", 255)),
		Relations: []Relation{
			many("facilityCycles", "FacilityCycle", "facility"), many("instruments", "Instrument", "facility"),
			many("investigations", "Investigation", "facility"), many("investigationTypes", "InvestigationType", "facility"),
			many("datasetTypes", "DatasetType", "facility"), many("datafileFormats", "DatafileFormat", "facility"),
			many("sampleTypes", "SampleType", "facility"), many("parameterTypes", "ParameterType", "facility")},
	},
	{
		Name: "User", Collection: "users", Public: true, Unique: []string{"name"},
		Fields: fields(
			text("affiliation", 255), text("email", 255), text("familyName", 255), text("fullName", 255), text("givenName", 255),
			need(text("name", 255)), text("orcidId", 255)),
		Relations: []Relation{many("investigationUsers", "InvestigationUser", "user"), many("instrumentScientists", "InstrumentScientist", "user")},
	},
	{
		Name: "Instrument", Collection: "instruments", Public: true, Unique: []string{"facility", "name"},
		Fields: fields(
			text("description", 4000), date("endDate"), text("fullName", 255), need(text("name", 255)), text("pid", 255), date("startDate"),
			text("type", 255), text("url", 255)),
		Relations: []Relation{
			one("facility", "Facility"), many("instrumentScientists", "InstrumentScientist", "instrument"),
			many("investigationInstruments", "InvestigationInstrument", "instrument")},
	},
	{
		Name: "InstrumentScientist", Public: true, Unique: []string{"user", "instrument"},
		Fields:    fields(),
		Relations: []Relation{one("instrument", "Instrument"), one("user", "User")},
	},
	{
		Name: "FacilityCycle", Collection: "facilitycycles", Public: true, Unique: []string{"facility", "name"},
		Fields:    fields(text("description", 255), date("endDate"), need(text("name", 255)), date("startDate")),
		Relations: []Relation{one("facility", "Facility"), many("investigationFacilityCycles", "InvestigationFacilityCycle", "facilityCycle")},
	},
	{
		Name: "InvestigationType", Public: true, Unique: []string{"name", "facility"},
		Fields:    fields(text("description", 255), need(text("name", 255))),
		Relations: []Relation{one("facility", "Facility"), many("investigations", "Investigation", "type")},
	},
	{
		Name: "Investigation", Collection: "investigations", Unique: []string{"facility", "name", "visitId"},
		Fields: fields(
			text("doi", 255), date("endDate"), Field{Name: "fileCount", Kind: Integer}, Field{Name: "fileSize", Kind: Integer}, need(text("name", 255)),
			date("releaseDate"), date("startDate"), text("summary", 4000), need(text("title", 255)), need(text("visitId", 255))),
		Relations: []Relation{
			one("facility", "Facility"), one("type", "InvestigationType"), many("datasets", "Dataset", "investigation"),
			many("investigationUsers", "InvestigationUser", "investigation"), many("investigationInstruments", "InvestigationInstrument", "investigation"),
			many("investigationFacilityCycles", "InvestigationFacilityCycle", "investigation"), many("keywords", "Keyword", "investigation"),
			many("samples", "Sample", "investigation")},
	},
	{
		Name: "InvestigationUser", Owner: "investigation", Unique: []string{"user", "investigation", "role"},
		Fields:    fields(need(text("role", 255))),
		Relations: []Relation{one("user", "User"), one("investigation", "Investigation")},
	},
	{
		Name: "InvestigationInstrument", Owner: "investigation", Unique: []string{"investigation", "instrument"},
		Fields:    fields(),
		Relations: []Relation{one("investigation", "Investigation"), one("instrument", "Instrument")},
	},
	{
		Name: "InvestigationFacilityCycle", Owner: "investigation", Unique: []string{"facilityCycle", "investigation"},
		Fields:    fields(),
		Relations: []Relation{one("facilityCycle", "FacilityCycle"), one("investigation", "Investigation")},
	},
	{
		Name: "Keyword", Owner: "investigation", Unique: []string{"name", "investigation"},
		Fields:    fields(need(text("name", 255))),
		Relations: []Relation{one("investigation", "Investigation")},
	},
	{
		Name: "SampleType", Public: true, Unique: []string{"facility", "name", "molecularFormula"},
		Fields:    fields(need(text("molecularFormula", 255)), need(text("name", 255)), text("safetyInformation", 4000)),
		Relations: []Relation{one("facility", "Facility"), many("samples", "Sample", "type")},
	},
	{
		Name: "Sample", Collection: "samples", Owner: "investigation", Unique: []string{"investigation", "name"},
		Fields:    fields(need(text("name", 255)), text("pid", 255)),
		Relations: []Relation{one("investigation", "Investigation"), {Name: "type", To: "SampleType"}, many("datasets", "Dataset", "sample")},
	},
	{
		Name: "DatasetType", Public: true, Unique: []string{"facility", "name"},
		Fields:    fields(text("description", 255), need(text("name", 255))),
		Relations: []Relation{one("facility", "Facility"), many("datasets", "Dataset", "type")},
	},
	{
		Name: "Dataset", Collection: "datasets", Owner: "investigation", Unique: []string{"investigation", "name"},
		Fields: fields(
			need(Field{Name: "complete", Kind: Boolean}), text("description", 255), text("doi", 255), date("endDate"), Field{Name: "fileCount", Kind: Integer},
			Field{Name: "fileSize", Kind: Integer}, text("location", 511), need(text("name", 255)), date("startDate")),
		Relations: []Relation{
			one("investigation", "Investigation"), one("type", "DatasetType"), {Name: "sample", To: "Sample"}, many("datafiles", "Datafile", "dataset")},
	},
	{
		Name: "DatafileFormat", Public: true, Unique: []string{"facility", "name", "version"},
		Fields:    fields(text("description", 255), need(text("name", 255)), text("type", 255), need(text("version", 255))),
		Relations: []Relation{one("facility", "Facility"), many("datafiles", "Datafile", "datafileFormat")},
	},
	{
		Name: "Datafile", Collection: "datafiles", Owner: "dataset", Unique: []string{"dataset", "name"},
		Fields: fields(
			text("checksum", 255), date("datafileCreateTime"), date("datafileModTime"), text("description", 255), text("doi", 255),
			Field{Name: "fileSize", Kind: Integer}, text("location", 511), need(text("name", 255))),
		Relations: []Relation{one("dataset", "Dataset"), {Name: "datafileFormat", To: "DatafileFormat"}, many("parameters", "DatafileParameter", "datafile")},
	},
	{
		Name: "ParameterType", Public: true, Unique: []string{"facility", "name", "units"},
		Fields: fields(
			flag("applicableToDataCollection"), flag("applicableToDatafile"), flag("applicableToDataset"), flag("applicableToInvestigation"),
			flag("applicableToSample"), text("description", 255), flag("enforced"), Field{Name: "maximumNumericValue", Kind: Number},
			Field{Name: "minimumNumericValue", Kind: Number}, need(text("name", 255)), text("pid", 255), need(text("units", 255)),
			text("unitsFullName", 255), need(text("valueType", 255)), flag("verified")),
		Relations: []Relation{one("facility", "Facility"), many("datafileParameters", "DatafileParameter", "type")},
	},
	{
		Name: "DatafileParameter", Owner: "datafile", Unique: []string{"datafile", "type"},
		Fields: fields(
			date("dateTimeValue"), Field{Name: "error", Kind: Number}, Field{Name: "numericValue", Kind: Number}, Field{Name: "rangeBottom", Kind: Number},
			Field{Name: "rangeTop", Kind: Number}, text("stringValue", 4000)),
		Relations: []Relation{one("datafile", "Datafile"), one("type", "ParameterType")},
	},
}

// fields puts what every entity has before its own.
func fields(own ...Field) []Field {
	base := []Field{text("createId", 255), date("createTime"), {Name: "id", Kind: Integer}, text("modId", 255), date("modTime")}
	for i := range base {
		base[i].Required, base[i].Kept = true, true
	}
	return append(base, own...)
}

func text(name string, longest int) Field { return Field{Name: name, Kind: String, Max: longest} }
func date(name string) Field              { return Field{Name: name, Kind: Date} }
func flag(name string) Field              { return Field{Name: name, Kind: Boolean} }
func need(f Field) Field                  { f.Required = true; return f }

func one(name, to string) Relation           { return Relation{Name: name, To: to, Required: true} }
func many(name, to, inverse string) Relation { return Relation{Name: name, To: to, Inverse: inverse} }
