package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/elastic/go-elasticsearch/v8/esapi"
)

// Backing returns the names of the indices that an expression stands for: those
// behind a data stream, and indices that are called so.
func (c *Client) Backing(ctx context.Context, expression string) ([]string, error) {
	var resolved struct {
		Indices     []struct{ Name string }
		DataStreams []struct {
			Indices []string `json:"backing_indices"`
		} `json:"data_streams"`
	}
	err := c.ask(ctx, request{op: "resolve " + expression, repeat: true, api: esapi.IndicesResolveIndexRequest{Name: []string{expression}}}, &resolved)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, i := range resolved.Indices {
		names = append(names, i.Name)
	}
	for _, s := range resolved.DataStreams {
		names = append(names, s.Indices...)
	}
	return names, nil
}

// Fetch reads documents of one index by their ids, as they are stored now and not
// as a search finds them, and returns the raw answer.
func (c *Client) Fetch(ctx context.Context, index string, ids []string) ([]byte, error) {
	body, err := json.Marshal(map[string][]string{"ids": ids})
	if err != nil {
		return nil, fmt.Errorf("read documents of %s: %v", index, err)
	}
	return c.do(ctx, request{op: "read documents of " + index, repeat: true, api: esapi.MgetRequest{
		Index: index, Body: bytes.NewReader(body), SourceIncludes: []string{"run"},
	}})
}
