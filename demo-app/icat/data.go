package icat

// DatasetType classifies datasets of a facility.
type DatasetType struct {
	Base
	Description string `json:"description,omitempty"`
	Name        string `json:"name"`
	FacilityID  int64  `json:"-"`

	Datasets []Dataset `json:"datasets,omitempty"`
	Facility *Facility `json:"facility,omitempty"`
}

// Dataset is a set of files that belong together.
type Dataset struct {
	Base
	Complete        bool   `json:"complete"`
	Description     string `json:"description,omitempty"`
	DOI             string `json:"doi,omitempty"`
	EndDate         Time   `json:"endDate,omitzero"`
	FileCount       *int64 `json:"fileCount,omitempty"`
	FileSize        *int64 `json:"fileSize,omitempty"` // bytes
	Location        string `json:"location,omitempty"`
	Name            string `json:"name"`
	StartDate       Time   `json:"startDate,omitzero"`
	InvestigationID int64  `json:"-"`
	SampleID        int64  `json:"-"`
	TypeID          int64  `json:"-"`

	Datafiles     []Datafile     `json:"datafiles,omitempty"`
	Investigation *Investigation `json:"investigation,omitempty"`
	Sample        *Sample        `json:"sample,omitempty"`
	Type          *DatasetType   `json:"type,omitempty"`
}

// DatafileFormat is a file format with its version.
type DatafileFormat struct {
	Base
	Description string `json:"description,omitempty"`
	Name        string `json:"name"`
	Type        string `json:"type,omitempty"`
	Version     string `json:"version"`
	FacilityID  int64  `json:"-"`

	Datafiles []Datafile `json:"datafiles,omitempty"`
	Facility  *Facility  `json:"facility,omitempty"`
}

// Datafile is one file of a dataset.
type Datafile struct {
	Base
	Checksum           string `json:"checksum,omitempty"` // MD5, hex
	DatafileCreateTime Time   `json:"datafileCreateTime,omitzero"`
	DatafileModTime    Time   `json:"datafileModTime,omitzero"`
	Description        string `json:"description,omitempty"`
	DOI                string `json:"doi,omitempty"`
	FileSize           *int64 `json:"fileSize,omitempty"` // bytes
	Location           string `json:"location,omitempty"`
	Name               string `json:"name"`
	DatafileFormatID   int64  `json:"-"`
	DatasetID          int64  `json:"-"`

	DatafileFormat *DatafileFormat     `json:"datafileFormat,omitempty"`
	Dataset        *Dataset            `json:"dataset,omitempty"`
	Parameters     []DatafileParameter `json:"parameters,omitempty"`
}

// ParameterType is a quantity that can be recorded, with its unit.
type ParameterType struct {
	Base
	ApplicableToDataCollection bool     `json:"applicableToDataCollection"`
	ApplicableToDatafile       bool     `json:"applicableToDatafile"`
	ApplicableToDataset        bool     `json:"applicableToDataset"`
	ApplicableToInvestigation  bool     `json:"applicableToInvestigation"`
	ApplicableToSample         bool     `json:"applicableToSample"`
	Description                string   `json:"description,omitempty"`
	Enforced                   bool     `json:"enforced"`
	MaximumNumericValue        *float64 `json:"maximumNumericValue,omitempty"`
	MinimumNumericValue        *float64 `json:"minimumNumericValue,omitempty"`
	Name                       string   `json:"name"`
	PID                        string   `json:"pid,omitempty"`
	Units                      string   `json:"units"`
	UnitsFullName              string   `json:"unitsFullName,omitempty"`
	ValueType                  string   `json:"valueType"` // NUMERIC, STRING or DATE_AND_TIME
	Verified                   bool     `json:"verified"`
	FacilityID                 int64    `json:"-"`

	DatafileParameters []DatafileParameter `json:"datafileParameters,omitempty"`
	Facility           *Facility           `json:"facility,omitempty"`
}

// DatafileParameter is a value recorded with a file; the kind of its type says
// in which field.
type DatafileParameter struct {
	Base
	DateTimeValue Time     `json:"dateTimeValue,omitzero"`
	Error         *float64 `json:"error,omitempty"`
	NumericValue  *float64 `json:"numericValue,omitempty"`
	RangeBottom   *float64 `json:"rangeBottom,omitempty"`
	RangeTop      *float64 `json:"rangeTop,omitempty"`
	StringValue   string   `json:"stringValue,omitempty"`
	DatafileID    int64    `json:"-"`
	TypeID        int64    `json:"-"`

	Datafile *Datafile      `json:"datafile,omitempty"`
	Type     *ParameterType `json:"type,omitempty"`
}
