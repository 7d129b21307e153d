package rest

import (
	"context"

	"plumbline/demo-app/icat"
)

// Catalogue answers what is in the catalogue, to whom it may be told. Errors
// are *icat.Error; the context bounds how long an answer may take.
type Catalogue interface {
	List(ctx context.Context, who icat.Session, e *icat.Entity, f icat.Filter) ([]icat.Object, error)
	Count(ctx context.Context, who icat.Session, e *icat.Entity, f icat.Filter) (int64, error)
	Get(ctx context.Context, who icat.Session, e *icat.Entity, id int64, include []icat.Include) (icat.Object, error)
	// Permit says at once, before there is a body, who may surely not CREATE or
	// UPDATE. Of others, Create and Update say it.
	Permit(who icat.Session, access string, e *icat.Entity) error
	Create(ctx context.Context, who icat.Session, objects []icat.Object) ([]icat.Object, error)
	Update(ctx context.Context, who icat.Session, change icat.Object, id int64) (icat.Object, error)
	Search(ctx context.Context, who icat.Session, q icat.Search) (icat.SearchResult, error)
	UserByName(ctx context.Context, name string) (icat.Object, error)
	Ping(ctx context.Context) error
	Properties(ctx context.Context) (icat.Properties, error)
}

// Authority knows who is logged in.
type Authority interface {
	Login(ctx context.Context, c icat.Credentials) (icat.Session, error)
	Session(ctx context.Context, id string) (icat.Session, error)
	Refresh(ctx context.Context, id string) (icat.Session, error)
	Logout(ctx context.Context, id string) error
}

// Downloads prepares datasets for download, in the background.
type Downloads interface {
	Submit(ctx context.Context, who icat.Session, request icat.DownloadRequest) (icat.Download, error)
	Get(ctx context.Context, who icat.Session, id string) (icat.Download, error)
	List(ctx context.Context, who icat.Session) ([]icat.Download, error)
	Manifest(ctx context.Context, who icat.Session, id string) ([]byte, error)
}
