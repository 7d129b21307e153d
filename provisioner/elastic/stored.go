package elastic

import (
	"context"
	"strings"

	"github.com/elastic/go-elasticsearch/v8/esapi"
)

// Stored returns how many documents a data stream or index holds and how many
// bytes they take on the disks of all nodes, replicas included: as it is now,
// with what later merges will save.
func (c *Client) Stored(ctx context.Context, stream string) (documents, bytes int64, err error) {
	type index struct {
		Docs  struct{ Count int64 }
		Store struct {
			Bytes int64 `json:"size_in_bytes"`
		}
	}
	var answer struct {
		Nodes map[string]struct {
			Indices struct{ Indices map[string]index }
		}
	}
	// The statistics of nodes and not those of indices: these want a privilege
	// on the index that a reader does not have.
	err = c.ask(ctx, request{op: "statistics of " + stream, repeat: true, api: esapi.NodesStatsRequest{
		Metric: []string{"indices"}, IndexMetric: []string{"docs", "store"}, Level: "indices",
		FilterPath: []string{"nodes.*.indices.indices.*.docs.count", "nodes.*.indices.indices.*.store.size_in_bytes"},
	}}, &answer)
	for _, node := range answer.Nodes {
		for name, held := range node.Indices.Indices {
			if name == stream || strings.HasPrefix(name, ".ds-"+stream+"-") {
				documents += held.Docs.Count
				bytes += held.Store.Bytes
			}
		}
	}
	return documents, bytes, err
}
