package rest

import (
	"context"
	"net/http"
	"slices"

	"plumbline/demo-app/icat"
)

// submitDownload queues the preparation of datasets that the caller may read.
func (s *Server) submitDownload(x *exchange, r *http.Request, who icat.Session) error {
	if s.Downloads == nil {
		return noDownloads()
	}
	var request icat.DownloadRequest
	if err := x.readJSON(r, &request); err != nil {
		return err
	}
	if err := request.Validate(); err != nil {
		return err
	}
	if err := s.readable(r.Context(), who, request.DatasetIDs); err != nil {
		return err
	}
	// The worker's lines tell the trace of who asked.
	d, err := ask(x.id.Context(r.Context()), s, call{"downloads", "submit", "Download"}, func(ctx context.Context) (icat.Download, error) {
		return s.Downloads.Submit(ctx, who, request)
	})
	if err != nil {
		return err
	}
	x.Header().Set("Location", "/downloads/"+d.ID)
	x.writeJSON(http.StatusAccepted, d)
	return nil
}

// readable reports why the caller may not read all of the datasets. One list
// finds those that it may; the first of the others is asked for by id, since
// only that tells what is absent from what is forbidden.
func (s *Server) readable(ctx context.Context, who icat.Session, ids []int64) error {
	dataset, _ := icat.Lookup("Dataset")
	id, _ := dataset.Field("id")
	in := icat.Condition{Field: id, Op: icat.In}
	for _, id := range ids {
		in.Values = append(in.Values, id)
	}
	found, err := s.find(ctx, who, dataset, "list", icat.Filter{Where: []icat.Condition{in}, Limit: -1})
	if err != nil || len(found) == len(ids) {
		return err
	}
	for _, id := range ids {
		if slices.ContainsFunc(found, func(o icat.Object) bool { return o.ID() == id }) {
			continue
		}
		_, err := ask(ctx, s, call{s.Backend, "get", dataset.Name}, func(ctx context.Context) (icat.Object, error) {
			return s.Catalogue.Get(ctx, who, dataset, id, nil)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) listDownloads(x *exchange, r *http.Request, who icat.Session) error {
	if s.Downloads == nil {
		return noDownloads()
	}
	all, err := ask(r.Context(), s, call{"downloads", "list", "Download"}, func(ctx context.Context) ([]icat.Download, error) {
		return s.Downloads.List(ctx, who)
	})
	if err == nil {
		x.writeJSON(http.StatusOK, all)
	}
	return err
}

func (s *Server) download(x *exchange, r *http.Request, who icat.Session) error {
	id, err := s.downloadID(r)
	if err != nil {
		return err
	}
	d, err := ask(r.Context(), s, call{"downloads", "get", "Download"}, func(ctx context.Context) (icat.Download, error) {
		return s.Downloads.Get(ctx, who, id)
	})
	if err == nil {
		x.writeJSON(http.StatusOK, d)
	}
	return err
}

// manifest answers the list of files that a complete download holds.
func (s *Server) manifest(x *exchange, r *http.Request, who icat.Session) error {
	id, err := s.downloadID(r)
	if err != nil {
		return err
	}
	text, err := ask(r.Context(), s, call{"downloads", "manifest", "Download"}, func(ctx context.Context) ([]byte, error) {
		return s.Downloads.Manifest(ctx, who, id)
	})
	if err == nil {
		x.writeRaw(http.StatusOK, typeText, text)
	}
	return err
}

func (s *Server) downloadID(r *http.Request) (string, error) {
	if s.Downloads == nil {
		return "", noDownloads()
	}
	return pathText(r, "id")
}

func noDownloads() error {
	return icat.Errorf(icat.NotImplemented, "downloads are switched off on this server")
}
