package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"
	"github.com/rs/xid"
)

// Search runs a search body on index and returns the raw answer. A missing
// index is an error, and the request cache is off: the answer is of now.
func (c *Client) Search(ctx context.Context, index string, body []byte) ([]byte, error) {
	return c.do(ctx, request{op: "search " + index, repeat: true, api: esapi.SearchRequest{
		Index: []string{index}, Body: bytes.NewReader(body),
		IgnoreUnavailable: new(false), AllowNoIndices: new(false), RequestCache: new(false),
	}})
}

// OpenPIT freezes a view of index for keepAlive and returns its id. A pattern that
// matches nothing is the same error as a name that nothing has. One that matches a
// closed index is refused as its name would be: Elasticsearch would leave it out.
func (c *Client) OpenPIT(ctx context.Context, index string, keepAlive time.Duration) (string, error) {
	op := "open point in time of " + index
	var pit struct {
		ID     string
		Shards *struct{ Total int } `json:"_shards"` // not before 8.13
	}
	err := c.ask(ctx, request{op: op, repeat: true, api: esapi.OpenPointInTimeRequest{
		Index: []string{index}, KeepAlive: fmt.Sprintf("%dms", keepAlive.Milliseconds()), ExpandWildcards: "open,closed",
	}}, &pit)
	if err == nil && pit.Shards != nil && pit.Shards.Total == 0 {
		err = &Error{Op: op, Status: http.StatusNotFound, Type: "index_not_found_exception", Reason: "nothing matches " + index}
	}
	return pit.ID, err
}

// ClosePIT releases a view. One that has already expired is no error.
func (c *Client) ClosePIT(ctx context.Context, id string) error {
	body, err := json.Marshal(map[string]string{"id": id})
	if err != nil {
		return fmt.Errorf("close point in time: %v", err)
	}
	err = c.tell(ctx, request{op: "close point in time", repeat: true, api: esapi.ClosePointInTimeRequest{Body: bytes.NewReader(body)}})
	if errors.Is(err, &Error{Status: http.StatusNotFound}) {
		return nil
	}
	return err
}

// SearchPIT runs a search body that names a point in time itself. The answer is
// written over what is in into, if it has room: who reads page after page can hand
// back the one before.
func (c *Client) SearchPIT(ctx context.Context, body, into []byte) ([]byte, error) {
	return c.do(ctx, request{op: "search point in time", repeat: true, into: into, api: esapi.SearchRequest{
		Body: bytes.NewReader(body), RequestCache: new(false),
	}})
}

// Create adds one document to a data stream. The id is made here, so that a
// repeat after a lost answer meets its own document and not a second one.
func (c *Client) Create(ctx context.Context, stream string, doc any) error {
	body, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("create in %s: %v", stream, err)
	}
	err = c.tell(ctx, request{op: "create in " + stream, repeat: true, api: esapi.CreateRequest{
		Index: stream, DocumentID: xid.New().String(), Body: bytes.NewReader(body),
	}})
	if errors.Is(err, &Error{Status: http.StatusConflict}) {
		return nil
	}
	return err
}

// Count returns the number of documents that match query, a JSON body
// {"query": …}.
func (c *Client) Count(ctx context.Context, index string, query []byte) (int64, error) {
	var n struct{ Count int64 }
	err := c.ask(ctx, request{op: "count " + index, repeat: true, api: esapi.CountRequest{
		Index: []string{index}, Body: bytes.NewReader(query), IgnoreUnavailable: new(false), AllowNoIndices: new(false),
	}}, &n)
	return n.Count, err
}
