package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"plumbline/demo-app/icat"
)

// Prepare has datasets prepared for download. The answer comes at once; see
// Await for the end.
func (c *Client) Prepare(ctx context.Context, what icat.DownloadRequest) (icat.Download, error) {
	var d icat.Download
	return d, c.do(ctx, request{method: http.MethodPost, path: "/downloads", body: what}, &d)
}

// Downloads returns the caller's own, newest first.
func (c *Client) Downloads(ctx context.Context) ([]icat.Download, error) {
	var all []icat.Download
	return all, c.do(ctx, request{method: http.MethodGet, path: "/downloads"}, &all)
}

// Download returns how far the download with id is.
func (c *Client) Download(ctx context.Context, id string) (icat.Download, error) {
	var d icat.Download
	return d, c.do(ctx, request{method: http.MethodGet, path: "/downloads/" + url.PathEscape(id)}, &d)
}

// Await looks at the download with id again and again until its status is
// final, or ctx ends.
func (c *Client) Await(ctx context.Context, id string, every time.Duration) (icat.Download, error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		d, err := c.Download(ctx, id)
		if err != nil || d.Status.Final() {
			return d, err
		}
		select {
		case <-ctx.Done():
			code := icat.Timeout
			if errors.Is(ctx.Err(), context.Canceled) {
				code = icat.ClientClosed
			}
			return d, icat.Wrap(code, "the download is still "+string(d.Status), ctx.Err())
		case <-tick.C:
		}
	}
}

// Manifest returns what a complete download holds: a line for each file with
// path, size in bytes and checksum, separated by tabs.
func (c *Client) Manifest(ctx context.Context, id string) ([]byte, error) {
	return c.raw(ctx, request{method: http.MethodGet, path: "/downloads/" + url.PathEscape(id) + "/manifest"})
}
