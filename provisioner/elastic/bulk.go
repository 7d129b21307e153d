package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/elastic/go-elasticsearch/v8/esapi"
)

// A Document is one to add to a data stream. Its id follows from what it says,
// so that sending it twice stores it once.
type Document struct {
	ID   string
	JSON json.RawMessage // one object
}

// CreateAll adds documents to a data stream in one request, sent once: whether
// and when to repeat is the caller's, who knows which were sent before. It
// returns for each why it was not taken, nil if it was; a document whose id is
// there already is an *Error of status 409. With an error of the whole request
// nothing is known of any of them. A name that no template makes a data stream
// is refused: its documents would get a mapping that nobody chose.
func (c *Client) CreateAll(ctx context.Context, stream string, docs []Document) ([]error, error) {
	op := "create in " + stream
	body, err := bulkBody(docs)
	if err != nil {
		return nil, fmt.Errorf("%s: %v", op, err)
	}
	var answer struct {
		Items []struct {
			Create struct {
				Status int
				Error  struct{ Type, Reason string }
			}
		}
	}
	err = c.ask(ctx, request{op: op, api: esapi.BulkRequest{Index: stream, Body: bytes.NewReader(body), RequireDataStream: new(true)}}, &answer)
	if err != nil {
		return nil, err
	}
	if len(answer.Items) != len(docs) {
		return nil, fmt.Errorf("%s: answer is about %d documents, not %d", op, len(answer.Items), len(docs))
	}
	refused := make([]error, len(docs))
	for i, item := range answer.Items {
		if got := item.Create; got.Status < 200 || got.Status > 299 {
			refused[i] = &Error{Op: op, Status: got.Status, Type: got.Error.Type, Reason: got.Error.Reason}
		}
	}
	return refused, nil
}

// bulkBody writes two lines for each document: what to do, and the document.
func bulkBody(docs []Document) ([]byte, error) {
	type target struct {
		ID string `json:"_id"`
	}
	var body bytes.Buffer
	lines := json.NewEncoder(&body)
	for _, d := range docs {
		if err := lines.Encode(map[string]target{"create": {d.ID}}); err != nil {
			return nil, err
		}
		if err := lines.Encode(d.JSON); err != nil { // compact: a line break would end it
			return nil, err
		}
	}
	return body.Bytes(), nil
}
