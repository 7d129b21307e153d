package size

import "fmt"

// Kind says how a figure is known.
type Kind string

const (
	Measured  Kind = "measured"  // with this stack, as docs/sizing.md describes
	Published Kind = "published" // by the vendor
	Chosen    Kind = "chosen"    // by us
)

// Figure is a number that an answer rests on, with where it is from.
type Figure struct {
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	Kind   Kind    `json:"kind"`
	Source string  `json:"source"` // an address, or what to type
}

// Figures are all that a Plan rests on.
type Figures struct {
	EventBytes    Figure
	Indexing      Figure
	Shipping      Figure
	ShipperMemory Figure
	ShardBytes    Figure
	ShardEvents   Figure
	NodeShards    Figure
	HeapShare     Figure
	HeapMost      Figure
	HeapIndices   Figure
	Watermark     Figure
	Margin        Figure
	HotRatio      Figure
	WarmRatio     Figure
	IndexingShare Figure
	ShipperShare  Figure
	RolloverMost  Figure
}

// List is all of them, in the order in which they are read best.
func (f Figures) List() []Figure {
	return []Figure{f.EventBytes, f.Indexing, f.Shipping, f.ShipperMemory, f.ShardEvents, f.NodeShards,
		f.HeapShare, f.HeapMost, f.HeapIndices, f.Watermark, f.Margin, f.HotRatio, f.WarmRatio, f.IndexingShare, f.ShipperShare, f.ShardBytes, f.RolloverMost}
}

const (
	shardsPage   = "https://www.elastic.co/docs/deploy-manage/production-guidance/optimize-performance/size-shards"
	heapPage     = "https://www.elastic.co/guide/en/elasticsearch/reference/7.11/advanced-configuration.html"
	sizingPage   = "https://www.elastic.co/blog/benchmarking-and-sizing-your-elasticsearch-cluster-for-logs-and-metrics"
	insightsPage = "https://www.elastic.co/docs/reference/autoops-insights/"
)

// Usual are the figures of this stack and of its vendors.
func Usual() Figures {
	return Figures{
		EventBytes:    Figure{"event on disk", 520, "B", Measured, "docs/sizing.md, bytes"},
		Indexing:      Figure{"indexing an event", 71e-6, "CPU s", Measured, "docs/sizing.md, processors"},
		Shipping:      Figure{"shipping an event", 59e-6, "CPU s", Measured, "docs/sizing.md, processors"},
		ShipperMemory: Figure{"memory of a shipper", 160 << 20, "B", Measured, "docs/sizing.md, processors"},

		ShardEvents: Figure{"most events of a shard", 200e6, "", Published, shardsPage},
		NodeShards:  Figure{"most shards of a node", 1000, "", Published, shardsPage},
		HeapShare:   Figure{"heap of the memory", 0.5, "", Published, heapPage},
		HeapMost:    Figure{"most of a heap", 30 * GiB, "B", Published, heapPage},
		HeapIndices: Figure{"indices per GiB of a master's heap", 3000, "", Published, shardsPage},
		Watermark:   Figure{"free for the low watermark", 0.15, "", Published, insightsPage + "disk_watermarks_wrong_configuration"},
		Margin:      Figure{"free beside that", 0.10, "", Published, sizingPage},
		HotRatio:    Figure{"disk per memory, hot", 30, "", Published, insightsPage + "high_memory_to_disk_ratio_on_hot_nodes"},
		WarmRatio:   Figure{"disk per memory, warm", 160, "", Published, insightsPage + "high_memory_to_disk_ratio_on_warm_nodes"},

		IndexingShare: Figure{"of the processors for indexing", 0.5, "", Chosen, "the rest is for searches and merges, and for the loss of a node"},
		ShipperShare:  Figure{"of a core for a shipper", 0.5, "", Chosen, "the rest is for catching up"},
		ShardBytes:    Figure{"full shard", 30 * GiB, "B", Chosen, "k8s/components/lifecycle/ilm.json, within Elastic's 10 to 50 GB"},
		RolloverMost:  Figure{"oldest event of an index that is written", day.Seconds(), "s", Chosen, "k8s/components/lifecycle/ilm.json"},
	}
}

// Text is the number as one reads it.
func (f Figure) Text() string {
	switch {
	case f.Unit == "B" && f.Value < 1000:
		return fmt.Sprintf("%.0f B", f.Value)
	case f.Unit == "B" && int64(f.Value)%(1<<20) == 0:
		return memory(int64(f.Value))
	case f.Unit == "B":
		return bytes(f.Value)
	case f.Unit == "s":
		return span(seconds(f.Value))
	case f.Unit == "CPU s":
		return micros(f.Value)
	case f.Value < 1:
		return percent(f.Value)
	}
	return number(f.Value)
}
