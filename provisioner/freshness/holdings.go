package freshness

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/elastic"
)

// holdings tells what Elasticsearch holds when it is scraped.
type holdings struct {
	store                            Store
	documents, bytes, heap, heapMost *prometheus.Desc
}

func newHoldings(s Store) holdings {
	desc := func(name, help string) *prometheus.Desc { return prometheus.NewDesc(name, help, nil, nil) }
	return holdings{
		store:     s,
		documents: desc(telemetry.MetricClusterDocs, "Documents in all indices."),
		bytes:     desc(telemetry.MetricClusterStore, "Bytes on disk of all indices, replicas included."),
		heap:      desc(telemetry.MetricClusterHeap, "Java heap in use, of all nodes together."),
		heapMost:  desc(telemetry.MetricClusterHeapMax, "Java heap that there is, of all nodes together."),
	}
}

func (h holdings) Describe(out chan<- *prometheus.Desc) {
	out <- h.documents
	out <- h.bytes
	out <- h.heap
	out <- h.heapMost
}

func (h holdings) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	now, err := h.store.Holdings(ctx)
	if err != nil || now == (elastic.Holdings{}) {
		return // absent, as the newest documents are then
	}
	for desc, value := range map[*prometheus.Desc]int64{h.documents: now.Documents, h.bytes: now.Bytes, h.heap: now.Heap, h.heapMost: now.HeapMaximum} {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(value))
	}
}
