package elastic

import (
	"context"

	"github.com/elastic/go-elasticsearch/v8/esapi"
)

// Holdings are what a cluster holds, and the memory that it has for that.
type Holdings struct {
	Documents, Bytes  int64 // of all indices, replicas included in Bytes
	Heap, HeapMaximum int64 // bytes, of all nodes together
}

// Holdings asks for the present ones.
func (c *Client) Holdings(ctx context.Context) (Holdings, error) {
	var stats struct {
		Indices struct {
			Docs  struct{ Count int64 }
			Store struct {
				Size int64 `json:"size_in_bytes"`
			}
		}
		Nodes struct {
			JVM struct {
				Mem struct {
					Used int64 `json:"heap_used_in_bytes"`
					Max  int64 `json:"heap_max_in_bytes"`
				}
			}
		}
	}
	err := c.ask(ctx, request{op: "ask for the cluster's holdings", repeat: true, api: esapi.ClusterStatsRequest{
		FilterPath: []string{"indices.docs.count", "indices.store.size_in_bytes", "nodes.jvm.mem"},
	}}, &stats)
	return Holdings{stats.Indices.Docs.Count, stats.Indices.Store.Size, stats.Nodes.JVM.Mem.Used, stats.Nodes.JVM.Mem.Max}, err
}
