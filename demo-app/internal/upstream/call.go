package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"plumbline/demo-app/icat"
)

const (
	maxAnswer  = 64 << 20 // bytes
	maxFailure = 64 << 10 // bytes of an answer that reports an error
	retries    = 2        // of a read whose connection broke, or that met a 503
	firstPause = 50 * time.Millisecond
)

// call is one exchange with the server.
type call struct {
	operation string       // for metrics and spans
	entity    *icat.Entity // nil if it is about none
	method    string
	path      string     // below the base address; may hold a session id
	query     url.Values // may hold a session id
	form      url.Values // body of a POST; may hold a password
	session   string     // the session id, so that errors can be cleared of it
	login     bool       // nothing the server says goes into an error
}

func (c call) entityName() string {
	if c.entity == nil {
		return ""
	}
	return c.entity.Name
}

// do makes the call and decodes the JSON it answers into to, unless that is nil.
func (u *ICAT) do(ctx context.Context, c call, to any) error {
	ctx, done := u.operation(ctx, "icat", c.operation, c.entityName())
	body, err := u.attempts(ctx, c)
	if err == nil && to != nil {
		if jsonErr := json.Unmarshal(body, to); jsonErr != nil {
			err = icat.Wrap(icat.BadUpstream, "icat.server answered something else than was asked for", errors.New(c.clear(jsonErr.Error())))
		}
	}
	done(err)
	return err
}

// attempts makes the call within its time, again if it is a read and the
// connection broke.
func (u *ICAT) attempts(ctx context.Context, c call) ([]byte, error) {
	caller := ctx
	ctx, cancel := context.WithTimeout(ctx, u.timeout)
	defer cancel()
	select {
	case u.slots <- struct{}{}:
		defer func() { <-u.slots }()
	case <-ctx.Done():
		return nil, lost(caller, ctx, errors.New("no call became free"))
	}
	for try := 0; ; try++ {
		body, again, err := u.exchange(caller, ctx, c)
		if err == nil || !again || c.method != http.MethodGet || try == retries {
			return body, err
		}
		select {
		case <-time.After(firstPause << try):
		case <-ctx.Done():
			return nil, err
		}
	}
}

// exchange sends the call once. Again reports whether it may do any good to
// send it once more.
func (u *ICAT) exchange(caller, ctx context.Context, c call) (body []byte, again bool, err error) {
	address := u.base + c.path
	if c.query != nil {
		address += "?" + c.query.Encode()
	}
	var form io.Reader
	if c.form != nil {
		form = strings.NewReader(c.form.Encode())
	}
	request, err := http.NewRequestWithContext(ctx, c.method, address, form)
	if err != nil { // its text would repeat the address
		return nil, false, icat.Errorf(icat.Internal, "icat.server address cannot be called")
	}
	request.Header.Set("Accept", "application/json")
	if c.form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := u.http.Do(request)
	if err != nil {
		return nil, retryable(err), lost(caller, ctx, c.cause(err))
	}
	defer response.Body.Close()
	limit := int64(maxAnswer)
	if response.StatusCode/100 != 2 {
		limit = maxFailure
	}
	body, err = io.ReadAll(io.LimitReader(response.Body, limit+1))
	switch {
	case err != nil:
		return nil, true, lost(caller, ctx, c.cause(err))
	case int64(len(body)) > limit:
		return nil, false, icat.Errorf(icat.BadUpstream, "icat.server answered more than %d bytes", limit)
	case response.StatusCode/100 == 2:
		return body, false, nil
	case response.StatusCode/100 == 3:
		return nil, false, redirected(response)
	default:
		err := c.refused(response.StatusCode, body)
		return nil, response.StatusCode == http.StatusServiceUnavailable, err
	}
}

// redirected names where a redirect leads without its path and query: those may
// repeat the session id.
func redirected(response *http.Response) error {
	to, err := response.Location()
	if err != nil {
		return icat.Errorf(icat.BadUpstream, "icat.server redirects to nowhere")
	}
	return icat.Wrap(icat.BadUpstream, "icat.server redirects, which is not followed", fmt.Errorf("to %s://%s", to.Scheme, to.Host))
}

// texts reads an array of which each element is left as it is.
type texts []json.RawMessage

// entityManager asks a query of the server under the session.
func (u *ICAT) entityManager(ctx context.Context, operation string, e *icat.Entity, session, query string, to any) error {
	return u.do(ctx, call{
		operation: operation, entity: e, method: http.MethodGet, path: "/entityManager", session: session,
		query: url.Values{"sessionId": {session}, "query": {query}},
	}, to)
}

// unwrap returns what {"Entity":{...}} holds.
func unwrap(e *icat.Entity, raw json.RawMessage, include []icat.Include) (icat.Object, error) {
	var wrapped map[string]json.RawMessage
	if err := json.Unmarshal(raw, &wrapped); err != nil {
		return icat.Object{}, icat.Errorf(icat.BadUpstream, "icat.server answered no %s where one was due", e.Name)
	}
	inner, ok := wrapped[e.Name]
	if !ok || len(wrapped) != 1 || len(bytes.TrimSpace(inner)) == 0 {
		return icat.Object{}, icat.Errorf(icat.BadUpstream, "icat.server answered no %s where one was due", e.Name)
	}
	o, err := icat.DecodeObject(e, inner)
	if err != nil {
		return o, err
	}
	keep(&o, include)
	return o, nil
}
