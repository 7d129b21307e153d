// Package client is a typed client of the demo ICAT API. It speaks the words of
// package icat and needs nothing but the standard library besides. It repeats
// nothing: what to do when an answer does not come is the caller's to decide.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"plumbline/demo-app/icat"
)

// maxAnswer bounds what is read of one answer, in bytes.
const maxAnswer = 64 << 20

// Client asks one server, as one user or as nobody. It never changes, so any
// number of goroutines may use it. Its errors are *icat.Error: the server's code
// and message with an *Answer as their cause, or UNAVAILABLE, TIMEOUT or
// CLIENT_CLOSED when there was no answer.
type Client struct {
	base    string
	http    *http.Client
	session string // "" before login
}

// Answer is what an answer that is no success says besides code and message.
type Answer struct {
	Status     int
	RequestID  string        // the server's log tells more under it
	RetryAfter time.Duration // 0 when the server did not say
}

func (a *Answer) Error() string {
	return fmt.Sprintf("status %d, request %s", a.Status, a.RequestID)
}

// New returns a client of the server at baseURL, for instance
// http://localhost:8000. A nil hc means http.DefaultClient.
func New(baseURL string, hc *http.Client) (*Client, error) {
	u, err := url.Parse(baseURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" {
		return nil, fmt.Errorf("base URL %q: not of the form http://host:port", baseURL)
	}
	if hc == nil {
		hc = http.DefaultClient
	}
	return &Client{base: strings.TrimSuffix(baseURL, "/"), http: hc}, nil
}

// request is one exchange to be.
type request struct {
	method, path string
	query        url.Values
	body         any // nil for none
}

// do sends r and decodes the answer into to, which may be nil.
func (c *Client) do(ctx context.Context, r request, to any) error {
	b, err := c.raw(ctx, r)
	if err != nil || to == nil {
		return err
	}
	if err := json.Unmarshal(b, to); err != nil {
		return icat.Wrap(icat.BadUpstream, r.method+" "+r.path+": the answer has another form", err)
	}
	return nil
}

// raw sends r and returns the body of a success.
func (c *Client) raw(ctx context.Context, r request) ([]byte, error) {
	var body io.Reader
	if r.body != nil {
		b, err := json.Marshal(r.body)
		if err != nil {
			return nil, icat.Wrap(icat.BadParameter, r.method+" "+r.path+": the body does not encode", err)
		}
		body = bytes.NewReader(b)
	}
	address := c.base + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, body)
	if err != nil {
		return nil, icat.Wrap(icat.BadParameter, r.method+" "+r.path+": no request", err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.session != "" {
		req.Header.Set("Authorization", "Bearer "+c.session)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, unanswered(r, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, unanswered(r, err)
	case len(b) > maxAnswer:
		return nil, icat.Errorf(icat.TooLarge, "%s %s: the answer exceeds %d bytes", r.method, r.path, maxAnswer)
	case resp.StatusCode/100 != 2:
		return nil, refused(r, resp, b)
	}
	return b, nil
}

// unanswered gives the reason for which no answer came its code.
func unanswered(r request, err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // its text repeats the query
	}
	what := r.method + " " + r.path
	timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	switch {
	case errors.Is(err, context.Canceled):
		return icat.Wrap(icat.ClientClosed, what+": cancelled", err)
	case ok && timeout.Timeout():
		return icat.Wrap(icat.Timeout, what+": no answer in time", err)
	default:
		return icat.Wrap(icat.Unavailable, what+": no answer", err)
	}
}

// refused reads an answer that is no success. What does not come in the
// envelope was not written by the API.
func refused(r request, resp *http.Response, body []byte) error {
	said := &Answer{Status: resp.StatusCode, RequestID: resp.Header.Get("X-Request-Id"), RetryAfter: retryAfter(resp.Header)}
	var e icat.Envelope
	if json.Unmarshal(body, &e) != nil || e.Code == "" {
		return icat.Wrap(icat.BadUpstream, fmt.Sprintf("%s %s: answered %d without the envelope", r.method, r.path, resp.StatusCode), said)
	}
	return icat.Wrap(e.Code, e.Message, said)
}

// retryAfter reads either form of the header.
func retryAfter(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(v, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}
