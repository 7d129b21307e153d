// Package icat is the vocabulary of the ICAT metadata catalogue: its entities
// under their JSON names, the filters that select them, sessions, and the
// error codes with the HTTP status of each. It knows nothing of HTTP handlers,
// SQL or the demo facility; it needs the standard library only, so that client
// and load generator can share it.
package icat

// The entity types here and in investigation.go and data.go decode what the API
// answers. Their fields follow the schema: a string, date or related id at its
// zero value is null, and so is a nil pointer to a number, since 0 is a value.
// XID is the id at the other end of the to-one relation x; it is not part of the
// JSON, which has the related entity itself where a query includes it.

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
