package icat

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
