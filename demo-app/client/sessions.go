package client

import (
	"context"
	"net/http"
	"net/url"

	"plumbline/demo-app/icat"
)

// Login returns a client that asks as the user whom the credentials stand for.
// Wrong ones are SESSION.
func (c *Client) Login(ctx context.Context, who icat.Credentials) (*Client, error) {
	var opened icat.SessionID
	if err := c.do(ctx, request{method: http.MethodPost, path: "/sessions", body: who}, &opened); err != nil {
		return nil, err
	}
	return c.WithSession(opened.ID), nil
}

// WithSession returns a client that asks in a session that is open already; ""
// is none.
func (c *Client) WithSession(id string) *Client {
	return &Client{base: c.base, http: c.http, session: id}
}

// Session returns who is logged in, and until when.
func (c *Client) Session(ctx context.Context) (icat.Session, error) {
	var s icat.Session
	return s, c.do(ctx, request{method: http.MethodGet, path: "/sessions"}, &s)
}

// Refresh lets the session live for a whole lifetime from now on.
func (c *Client) Refresh(ctx context.Context) error {
	return c.do(ctx, request{method: http.MethodPut, path: "/sessions"}, nil)
}

// Logout ends the session.
func (c *Client) Logout(ctx context.Context) error {
	return c.do(ctx, request{method: http.MethodDelete, path: "/sessions"}, nil)
}

// Profile returns the public fields of a user; it needs no session.
func (c *Client) Profile(ctx context.Context, username string) (icat.Profile, error) {
	var p icat.Profile
	return p, c.do(ctx, request{method: http.MethodGet, path: "/icat/" + url.PathEscape(username)}, &p)
}

// Ping reports whether the server and its catalogue answer.
func (c *Client) Ping(ctx context.Context) error {
	return c.do(ctx, request{method: http.MethodGet, path: "/ping"}, nil)
}

// Properties returns what a client should know before it logs in.
func (c *Client) Properties(ctx context.Context) (icat.Properties, error) {
	var p icat.Properties
	return p, c.do(ctx, request{method: http.MethodGet, path: "/properties"}, &p)
}
