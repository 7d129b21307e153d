// Package icat is the vocabulary of the ICAT metadata catalogue: its entities
// under their JSON names, the filters that select them, sessions, and the
// error codes with the HTTP status of each. It knows nothing of HTTP handlers,
// SQL or the demo facility; it needs the standard library only, so that client
// and load generator can share it.
package icat

// The entity types below decode what the API answers. Their fields follow the
// schema: a string, date or related id at its zero value is null, and so is a
// nil pointer to a number, since 0 is a value. XID is the id at the other end of
// the to-one relation x; it is not part of the JSON, which has the related
// entity itself where a query includes it.

// Base holds what ICAT keeps for every entity; none of it is ever null.
type Base struct {
	CreateID   string `json:"createId"`
	CreateTime Time   `json:"createTime"`
	ID         int64  `json:"id"`
	ModID      string `json:"modId"`
	ModTime    Time   `json:"modTime"`
}

// User is a person known to the facility. Name is what they log in with.
type User struct {
	Base
	Affiliation string `json:"affiliation,omitempty"`
	Email       string `json:"email,omitempty"`
	FamilyName  string `json:"familyName,omitempty"`
	FullName    string `json:"fullName,omitempty"`
	GivenName   string `json:"givenName,omitempty"`
	Name        string `json:"name"`
	ORCID       string `json:"orcidId,omitempty"`

	InstrumentScientists []InstrumentScientist `json:"instrumentScientists,omitempty"`
	InvestigationUsers   []InvestigationUser   `json:"investigationUsers,omitempty"`
}

// Profile is the answer of /icat/{username}: always these ten fields.
type Profile struct {
	Base
	Affiliation string `json:"affiliation"`
	Email       string `json:"email"`
	FullName    string `json:"fullName"`
	Name        string `json:"name"`
	ORCID       string `json:"orcidId"`
}

// Profile returns the public part of u.
func (u User) Profile() Profile {
	return Profile{u.Base, u.Affiliation, u.Email, u.FullName, u.Name, u.ORCID}
}

// Facility is the site that owns instruments, investigations and types.
type Facility struct {
	Base
	DaysUntilRelease *int64 `json:"daysUntilRelease,omitempty"`
	Description      string `json:"description,omitempty"`
	FullName         string `json:"fullName,omitempty"`
	Name             string `json:"name"`
	URL              string `json:"url,omitempty"`

	DatafileFormats    []DatafileFormat    `json:"datafileFormats,omitempty"`
	DatasetTypes       []DatasetType       `json:"datasetTypes,omitempty"`
	FacilityCycles     []FacilityCycle     `json:"facilityCycles,omitempty"`
	Instruments        []Instrument        `json:"instruments,omitempty"`
	InvestigationTypes []InvestigationType `json:"investigationTypes,omitempty"`
	Investigations     []Investigation     `json:"investigations,omitempty"`
	ParameterTypes     []ParameterType     `json:"parameterTypes,omitempty"`
	SampleTypes        []SampleType        `json:"sampleTypes,omitempty"`
}

// FacilityCycle is a stretch of time in which the facility runs.
type FacilityCycle struct {
	Base
	Description string `json:"description,omitempty"`
	EndDate     Time   `json:"endDate,omitzero"`
	Name        string `json:"name"`
	StartDate   Time   `json:"startDate,omitzero"`
	FacilityID  int64  `json:"-"`

	Facility                    *Facility                    `json:"facility,omitempty"`
	InvestigationFacilityCycles []InvestigationFacilityCycle `json:"investigationFacilityCycles,omitempty"`
}

// Instrument is where investigations take their data.
type Instrument struct {
	Base
	Description string `json:"description,omitempty"`
	EndDate     Time   `json:"endDate,omitzero"` // decommissioned
	FullName    string `json:"fullName,omitempty"`
	Name        string `json:"name"`
	PID         string `json:"pid,omitempty"`
	StartDate   Time   `json:"startDate,omitzero"` // commissioned
	Type        string `json:"type,omitempty"`
	URL         string `json:"url,omitempty"`
	FacilityID  int64  `json:"-"`

	Facility                 *Facility                 `json:"facility,omitempty"`
	InstrumentScientists     []InstrumentScientist     `json:"instrumentScientists,omitempty"`
	InvestigationInstruments []InvestigationInstrument `json:"investigationInstruments,omitempty"`
}

// InstrumentScientist ties an instrument to a user who looks after it.
type InstrumentScientist struct {
	Base
	InstrumentID int64 `json:"-"`
	UserID       int64 `json:"-"`

	Instrument *Instrument `json:"instrument,omitempty"`
	User       *User       `json:"user,omitempty"`
}

// InvestigationType classifies investigations of a facility.
type InvestigationType struct {
	Base
	Description string `json:"description,omitempty"`
	Name        string `json:"name"`
	FacilityID  int64  `json:"-"`

	Facility       *Facility       `json:"facility,omitempty"`
	Investigations []Investigation `json:"investigations,omitempty"`
}

// Investigation is one visit of a team to the facility.
type Investigation struct {
	Base
	DOI         string `json:"doi,omitempty"`
	EndDate     Time   `json:"endDate,omitzero"`
	FileCount   *int64 `json:"fileCount,omitempty"`
	FileSize    *int64 `json:"fileSize,omitempty"` // bytes
	Name        string `json:"name"`
	ReleaseDate Time   `json:"releaseDate,omitzero"` // public from then on
	StartDate   Time   `json:"startDate,omitzero"`
	Summary     string `json:"summary,omitempty"`
	Title       string `json:"title"`
	VisitID     string `json:"visitId"`
	FacilityID  int64  `json:"-"`
	TypeID      int64  `json:"-"`

	Datasets                    []Dataset                    `json:"datasets,omitempty"`
	Facility                    *Facility                    `json:"facility,omitempty"`
	InvestigationFacilityCycles []InvestigationFacilityCycle `json:"investigationFacilityCycles,omitempty"`
	InvestigationInstruments    []InvestigationInstrument    `json:"investigationInstruments,omitempty"`
	InvestigationUsers          []InvestigationUser          `json:"investigationUsers,omitempty"`
	Keywords                    []Keyword                    `json:"keywords,omitempty"`
	Samples                     []Sample                     `json:"samples,omitempty"`
	Type                        *InvestigationType           `json:"type,omitempty"`
}

// InvestigationUser ties a user to an investigation in a role ("PI", "CI").
type InvestigationUser struct {
	Base
	Role            string `json:"role"`
	InvestigationID int64  `json:"-"`
	UserID          int64  `json:"-"`

	Investigation *Investigation `json:"investigation,omitempty"`
	User          *User          `json:"user,omitempty"`
}

// InvestigationInstrument ties an investigation to an instrument it used.
type InvestigationInstrument struct {
	Base
	InstrumentID    int64 `json:"-"`
	InvestigationID int64 `json:"-"`

	Instrument    *Instrument    `json:"instrument,omitempty"`
	Investigation *Investigation `json:"investigation,omitempty"`
}

// InvestigationFacilityCycle ties an investigation to the cycle it took place in.
type InvestigationFacilityCycle struct {
	Base
	FacilityCycleID int64 `json:"-"`
	InvestigationID int64 `json:"-"`

	FacilityCycle *FacilityCycle `json:"facilityCycle,omitempty"`
	Investigation *Investigation `json:"investigation,omitempty"`
}

// Keyword is a word under which an investigation can be found.
type Keyword struct {
	Base
	Name            string `json:"name"`
	InvestigationID int64  `json:"-"`

	Investigation *Investigation `json:"investigation,omitempty"`
}

// SampleType is a substance, with its formula.
type SampleType struct {
	Base
	MolecularFormula  string `json:"molecularFormula"`
	Name              string `json:"name"`
	SafetyInformation string `json:"safetyInformation,omitempty"`
	FacilityID        int64  `json:"-"`

	Facility *Facility `json:"facility,omitempty"`
	Samples  []Sample  `json:"samples,omitempty"`
}

// Sample is what an investigation looked at.
type Sample struct {
	Base
	Name            string `json:"name"`
	PID             string `json:"pid,omitempty"`
	InvestigationID int64  `json:"-"`
	TypeID          int64  `json:"-"`

	Datasets      []Dataset      `json:"datasets,omitempty"`
	Investigation *Investigation `json:"investigation,omitempty"`
	Type          *SampleType    `json:"type,omitempty"`
}

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
