package client

import (
	"context"
	"net/http"
	"strconv"

	"plumbline/demo-app/icat"
)

// Reference names an entity that exists.
type Reference struct {
	ID int64 `json:"id"`
}

// NewDataset is a dataset to be made. What is at its zero value is null.
type NewDataset struct {
	Name          string     `json:"name"`
	Complete      bool       `json:"complete"`
	Description   string     `json:"description,omitempty"`
	DOI           string     `json:"doi,omitempty"`
	StartDate     icat.Time  `json:"startDate,omitzero"`
	EndDate       icat.Time  `json:"endDate,omitzero"`
	Location      string     `json:"location,omitempty"`
	Investigation Reference  `json:"investigation"`
	Type          Reference  `json:"type"`
	Sample        *Reference `json:"sample,omitempty"`
}

// NewDatafile is a datafile to be made. What is at its zero value is null.
type NewDatafile struct {
	Name           string     `json:"name"`
	Description    string     `json:"description,omitempty"`
	DOI            string     `json:"doi,omitempty"`
	Checksum       string     `json:"checksum,omitempty"`
	FileSize       *int64     `json:"fileSize,omitempty"` // bytes
	Location       string     `json:"location,omitempty"`
	CreateTime     icat.Time  `json:"datafileCreateTime,omitzero"`
	ModTime        icat.Time  `json:"datafileModTime,omitzero"`
	Dataset        Reference  `json:"dataset"`
	DatafileFormat *Reference `json:"datafileFormat,omitempty"`
}

// DatasetChange is what is to become different; nil stays as it is.
type DatasetChange struct {
	Name        *string    `json:"name,omitempty"`
	Complete    *bool      `json:"complete,omitempty"`
	Description *string    `json:"description,omitempty"`
	DOI         *string    `json:"doi,omitempty"`
	Location    *string    `json:"location,omitempty"`
	StartDate   icat.Time  `json:"startDate,omitzero"`
	EndDate     icat.Time  `json:"endDate,omitzero"`
	Type        *Reference `json:"type,omitempty"`
	Sample      *Reference `json:"sample,omitempty"`
}

// CreateDatasets makes all datasets or none, and returns them as stored.
func (c *Client) CreateDatasets(ctx context.Context, all ...NewDataset) ([]icat.Dataset, error) {
	var made []icat.Dataset
	return made, c.do(ctx, request{method: http.MethodPost, path: "/datasets", body: all}, &made)
}

// CreateDatafiles makes all datafiles or none, and returns them as stored.
func (c *Client) CreateDatafiles(ctx context.Context, all ...NewDatafile) ([]icat.Datafile, error) {
	var made []icat.Datafile
	return made, c.do(ctx, request{method: http.MethodPost, path: "/datafiles", body: all}, &made)
}

// PatchDataset changes the dataset with id and returns it as stored.
func (c *Client) PatchDataset(ctx context.Context, id int64, change DatasetChange) (icat.Dataset, error) {
	var stored icat.Dataset
	return stored, c.do(ctx, request{method: http.MethodPatch, path: "/datasets/" + strconv.FormatInt(id, 10), body: change}, &stored)
}
