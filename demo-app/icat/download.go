package icat

import (
	"net/mail"
	"slices"
	"strings"
)

// Limits of one DownloadRequest.
const (
	MaxDownloadDatasets = 100
	maxEmail            = 254 // bytes; what SMTP can carry as a path
)

// DownloadStatus says how far the preparation of a download is.
type DownloadStatus string

// A download is queued, then being prepared, perhaps queued again; it ends in
// one of the last three.
const (
	DownloadQueued    DownloadStatus = "QUEUED"
	DownloadPreparing DownloadStatus = "PREPARING"
	DownloadComplete  DownloadStatus = "COMPLETE"
	DownloadFailed    DownloadStatus = "FAILED" // it cannot be: a dataset is gone, or not the asker's to read
	DownloadDead      DownloadStatus = "DEAD"   // it should be, but every attempt went wrong; an operator looks at these
)

// DownloadStatuses returns all statuses.
func DownloadStatuses() []DownloadStatus {
	return []DownloadStatus{DownloadQueued, DownloadPreparing, DownloadComplete, DownloadFailed, DownloadDead}
}

// Final reports whether nothing will change s any more.
func (s DownloadStatus) Final() bool {
	return s == DownloadComplete || s == DownloadFailed || s == DownloadDead
}

// Download is the preparation of datasets for download. What it found stands
// in its manifest: a line for each file.
type Download struct {
	ID               string         `json:"id"` // UUID
	Username         string         `json:"username"`
	DatasetIDs       []int64        `json:"datasetIds"`
	Email            string         `json:"email,omitempty"` // who is told of the end
	Status           DownloadStatus `json:"status"`
	Attempts         int            `json:"attempts"`          // started so far
	Message          string         `json:"message,omitempty"` // why the last attempt went wrong
	FileCount        int64          `json:"fileCount"`
	FileSize         int64          `json:"fileSize"`                   // bytes of all files
	ManifestSize     int64          `json:"manifestSize,omitempty"`     // bytes
	ManifestChecksum string         `json:"manifestChecksum,omitempty"` // SHA-256, hex
	CreateTime       Time           `json:"createTime"`
	CompleteTime     Time           `json:"completeTime,omitzero"` // when Status became final
	ExpireTime       Time           `json:"expireTime,omitzero"`   // it is forgotten then
}

// DownloadRequest is the body of POST /downloads.
type DownloadRequest struct {
	DatasetIDs []int64 `json:"datasetIds"`
	Email      string  `json:"email,omitempty"`
}

// Validate reports with BAD_PARAMETER what is wrong with r.
func (r DownloadRequest) Validate() error {
	if len(r.DatasetIDs) == 0 || len(r.DatasetIDs) > MaxDownloadDatasets {
		return Errorf(BadParameter, "datasetIds: not 1 to %d ids", MaxDownloadDatasets)
	}
	ids := slices.Sorted(slices.Values(r.DatasetIDs))
	if ids[0] < 1 {
		return Errorf(BadParameter, "datasetIds: an id is less than 1")
	}
	if len(slices.Compact(ids)) != len(r.DatasetIDs) {
		return Errorf(BadParameter, "datasetIds: an id is there twice")
	}
	if r.Email != "" && !bareAddress(r.Email) {
		return Errorf(BadParameter, "email: not an address of the form name@example.org")
	}
	return nil
}

// bareAddress reports whether s is an address and nothing besides: no display
// name, no comment, and above all no line break that would start a header.
func bareAddress(s string) bool {
	if len(s) > maxEmail || strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c >= 0x7f }) {
		return false
	}
	a, err := mail.ParseAddress(s)
	return err == nil && a.Name == "" && a.Address == s
}
