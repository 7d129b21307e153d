package main

import (
	"context"

	"plumbline/demo-app/icat"
	"plumbline/demo-app/internal/jobs"
	"plumbline/demo-app/internal/upstream"
)

// guardedDownloads are downloads that the service account of an icat.server
// reads. Rules there may hide single files of a dataset, so nothing is queued of
// which the asker sees less than the account.
type guardedDownloads struct {
	*jobs.Service
	upstream *upstream.ICAT
}

// Submit is jobs.Service.Submit. INSUFFICIENT_PRIVILEGES says that there are
// files which the asker may not read.
func (d guardedDownloads) Submit(ctx context.Context, who icat.Session, r icat.DownloadRequest) (icat.Download, error) {
	if err := r.Validate(); err != nil {
		return icat.Download{}, err
	}
	datafile, _ := icat.Lookup("Datafile")
	dataset, _ := datafile.Relation("dataset")
	id, _ := dataset.Entity().Field("id")
	in := icat.Condition{Path: []icat.Relation{dataset}, Field: id, Op: icat.In}
	for _, id := range r.DatasetIDs {
		in.Values = append(in.Values, id)
	}
	f := icat.Filter{Where: []icat.Condition{in}, Limit: -1}
	own, err := d.upstream.Count(ctx, who, datafile, f)
	if err != nil {
		return icat.Download{}, err
	}
	all, err := d.upstream.AsAccount().Count(ctx, who, datafile, f)
	if err != nil {
		return icat.Download{}, err
	}
	if own < all {
		return icat.Download{}, icat.Errorf(icat.InsufficientPrivileges, "READ access to some Datafiles of these Datasets is not allowed.")
	}
	return d.Service.Submit(ctx, who, r)
}
