// Package icat is the vocabulary of the ICAT metadata catalogue: its entities
// under their JSON names, the filters that select them, sessions, and the
// error codes with the HTTP status of each. It knows nothing of HTTP handlers,
// SQL or the demo facility; it needs the standard library only, so that client
// and load generator can share it.
package icat

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
	DaysUntilRelease int64  `json:"daysUntilRelease"`
	Description      string `json:"description,omitempty"`
	FullName         string `json:"fullName,omitempty"`
	Name             string `json:"name"`
	URL              string `json:"url,omitempty"`
}

// InvestigationType classifies investigations of a facility.
type InvestigationType struct {
	Base
	Description string `json:"description,omitempty"`
	Name        string `json:"name"`
	FacilityID  int64  `json:"-"`
}

// Investigation is one visit of a team to the facility.
type Investigation struct {
	Base
	DOI         string `json:"doi,omitempty"`
	EndDate     Time   `json:"endDate,omitzero"`
	FileCount   int64  `json:"fileCount"`
	FileSize    int64  `json:"fileSize"` // bytes
	Name        string `json:"name"`
	ReleaseDate Time   `json:"releaseDate,omitzero"` // public from then on
	StartDate   Time   `json:"startDate,omitzero"`
	Summary     string `json:"summary,omitempty"`
	Title       string `json:"title"`
	VisitID     string `json:"visitId"`
	FacilityID  int64  `json:"-"`
	TypeID      int64  `json:"-"`
}

// InvestigationUser ties a user to an investigation in a role ("PI", "CI").
type InvestigationUser struct {
	Base
	Role            string `json:"role"`
	UserID          int64  `json:"-"`
	InvestigationID int64  `json:"-"`
}

// DatasetType classifies datasets of a facility.
type DatasetType struct {
	Base
	Description string `json:"description,omitempty"`
	Name        string `json:"name"`
	FacilityID  int64  `json:"-"`
}

// Dataset is a set of files that belong together.
type Dataset struct {
	Base
	Complete        bool   `json:"complete"`
	Description     string `json:"description,omitempty"`
	DOI             string `json:"doi,omitempty"`
	EndDate         Time   `json:"endDate,omitzero"`
	FileCount       int64  `json:"fileCount"`
	FileSize        int64  `json:"fileSize"` // bytes
	Location        string `json:"location,omitempty"`
	Name            string `json:"name"`
	StartDate       Time   `json:"startDate,omitzero"`
	InvestigationID int64  `json:"-"`
	TypeID          int64  `json:"-"`
}

// DatafileFormat is a file format with its version.
type DatafileFormat struct {
	Base
	Description string `json:"description,omitempty"`
	Name        string `json:"name"`
	Type        string `json:"type,omitempty"`
	Version     string `json:"version"`
	FacilityID  int64  `json:"-"`
}

// Datafile is one file of a dataset.
type Datafile struct {
	Base
	Checksum           string `json:"checksum,omitempty"` // MD5, hex
	DatafileCreateTime Time   `json:"datafileCreateTime,omitzero"`
	DatafileModTime    Time   `json:"datafileModTime,omitzero"`
	Description        string `json:"description,omitempty"`
	DOI                string `json:"doi,omitempty"`
	FileSize           int64  `json:"fileSize"` // bytes
	Location           string `json:"location,omitempty"`
	Name               string `json:"name"`
	DatasetID          int64  `json:"-"`
	FormatID           int64  `json:"-"`
}
