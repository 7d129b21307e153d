// Package size computes on paper what a rate of events asks of the stack: bytes on
// disk, shards and their rollover, data nodes, heap, processors, shippers.
//
// It computes and measures nothing: what goes into it besides the question is in
// Figures, each with where it is from. docs/sizing.md says how those of this stack
// were measured and how to measure them anew.
package size

import (
	"fmt"
	"math"
	"time"
)

const day = 24 * time.Hour

// GiB is the unit of memory.
const GiB = 1 << 30

// Question is what is asked of the stack, and of which nodes it shall be made.
type Question struct {
	Rate      float64       `json:"rate_per_second"` // events, on average
	Peak      float64       `json:"peak"`            // times the rate, in the busiest minute
	Bytes     float64       `json:"bytes_per_event"` // on disk, of one copy
	Retention time.Duration `json:"retention_ns"`
	Hot       time.Duration `json:"hot_ns"` // on hot nodes, then on warm ones; Retention if there are none
	Replicas  int           `json:"replicas"`
	Memory    int64         `json:"node_memory_bytes"`
	Cores     int           `json:"node_cores"`
}

// Validate says what cannot be meant, beginning with the name of its flag.
func (q Question) Validate() error {
	within := func(value, least, most float64) bool { return value >= least && value <= most } // false for NaN
	switch {
	case !within(q.Rate, 0.001, 1e9):
		return fmt.Errorf("rate %g: want events per second, 0.001 to 1e9", q.Rate)
	case !within(q.Peak, 1, 1000):
		return fmt.Errorf("peak %g: want how many times the rate, 1 to 1000", q.Peak)
	case !within(q.Bytes, 1, 1e7):
		return fmt.Errorf("bytes %g: want bytes per event on disk, 1 to 1e7", q.Bytes)
	case q.Retention < time.Hour || q.Retention > 10*365*day:
		return fmt.Errorf("retention %s: want 1h to 3650d", Days(q.Retention))
	case q.Hot < time.Hour || q.Hot > q.Retention:
		return fmt.Errorf("hot %s: want 1h to the retention, %s", Days(q.Hot), Days(q.Retention))
	case q.Replicas < 0 || q.Replicas > 5:
		return fmt.Errorf("replicas %d: want 0 to 5", q.Replicas)
	case q.Memory < GiB || q.Memory > 4096*GiB:
		return fmt.Errorf("memory %s: want 1GiB to 4TiB", memory(q.Memory))
	case q.Cores < 1 || q.Cores > 1024:
		return fmt.Errorf("cores %d: want 1 to 1024", q.Cores)
	}
	return nil
}

// Plan is what a Question asks for.
type Plan struct {
	EventsPerDay  float64       `json:"events_per_day"`
	BytesPerDay   float64       `json:"bytes_per_day"` // of all copies
	ShardBytes    float64       `json:"shard_bytes"`   // of a full primary shard
	Primaries     int           `json:"primary_shards"`
	Rollover      time.Duration `json:"rollover_ns"`
	Kept          time.Duration `json:"kept_ns"` // how old the oldest event becomes
	Indices       int           `json:"indices"`
	Shards        int           `json:"shards"` // of all indices, replicas included
	Tiers         []Tier        `json:"tiers"`
	Heap          float64       `json:"heap_bytes"`        // of each node
	HeapOfMaster  float64       `json:"master_heap_bytes"` // that the list of indices takes of it
	Indexing      float64       `json:"indexing_cores"`    // busy at the peak, all nodes together
	IndexingCores int           `json:"indexing_cores_to_have"`
	Shipping      float64       `json:"shipping_cores"` // likewise, of all shippers
	Shippers      int           `json:"shippers"`       // at least
	ShipperMemory float64       `json:"shipper_memory_bytes"`
}

// Tier is a kind of data nodes.
type Tier struct {
	Name   string        `json:"name"`
	Kept   time.Duration `json:"kept_ns"` // how long an event stays in it
	Stored float64       `json:"stored_bytes"`
	Disk   float64       `json:"disk_bytes"` // Stored with headroom
	Shards int           `json:"shards"`
	ByDisk int           `json:"nodes_by_disk"`
	ByCPU  int           `json:"nodes_by_cpu"`
	// ByShards keeps below Elasticsearch's limit of shards per node.
	ByShards int     `json:"nodes_by_shards"`
	Spare    int     `json:"nodes_spare"` // one may be lost
	Nodes    int     `json:"nodes"`
	NodeDisk float64 `json:"node_disk_bytes"`
}

// Answer works a Question out. The question must be valid.
func Answer(q Question, f Figures) Plan {
	perSecond := q.Rate * q.Bytes
	copies := float64(1 + q.Replicas)
	p := Plan{
		EventsPerDay: q.Rate * day.Seconds(),
		BytesPerDay:  perSecond * day.Seconds() * copies,
		ShardBytes:   min(f.ShardBytes.Value, f.ShardEvents.Value*q.Bytes),
	}
	// Elasticsearch indexes an event once for each copy.
	p.Indexing = q.Rate * q.Peak * f.Indexing.Value * copies
	p.IndexingCores = whole(p.Indexing / f.IndexingShare.Value)
	// A shard is on one node: it takes what that node's share of processors takes.
	p.Primaries = whole(p.Indexing / copies / f.IndexingShare.Value / float64(q.Cores))

	full := float64(p.Primaries) * p.ShardBytes / perSecond
	p.Rollover = seconds(min(full, f.RolloverMost.Value))
	p.Kept = q.Retention + p.Rollover
	p.Indices = whole(p.Kept.Seconds() / p.Rollover.Seconds())
	p.Shards = p.Indices * p.Primaries * (1 + q.Replicas)

	// An index leaves, or moves on, when its youngest event is old enough.
	hot := Tier{Name: "hot", Kept: q.Hot + p.Rollover, ByCPU: whole(float64(p.IndexingCores) / float64(q.Cores))}
	p.Tiers = []Tier{p.tier(hot, q, f, f.HotRatio.Value)}
	if q.Hot < q.Retention {
		warm := Tier{Name: "warm", Kept: q.Retention - q.Hot}
		p.Tiers = append(p.Tiers, p.tier(warm, q, f, f.WarmRatio.Value))
	}

	p.Heap = min(float64(q.Memory)*f.HeapShare.Value, f.HeapMost.Value)
	p.HeapOfMaster = float64(p.Indices) / f.HeapIndices.Value * GiB
	p.Shipping = q.Rate * q.Peak * f.Shipping.Value
	p.Shippers = whole(p.Shipping / f.ShipperShare.Value)
	p.ShipperMemory = f.ShipperMemory.Value
	return p
}

// tier fills in what a kind of nodes has to hold, and how many nodes that takes.
func (p Plan) tier(t Tier, q Question, f Figures, ratio float64) Tier {
	t.Stored = p.BytesPerDay * t.Kept.Hours() / 24
	t.Disk = t.Stored * (1 + f.Watermark.Value + f.Margin.Value)
	t.Shards = whole(float64(p.Shards) * t.Kept.Seconds() / p.Kept.Seconds())
	t.ByDisk = whole(t.Disk / (float64(q.Memory) * ratio))
	t.ByShards = whole(float64(t.Shards) / f.NodeShards.Value)
	t.Nodes = max(t.ByDisk, t.ByCPU, t.ByShards)
	if q.Replicas > 0 {
		// A copy never lies beside another, so the spare node is one more than
		// the copies, too.
		t.Nodes, t.Spare = max(t.Nodes, 1+q.Replicas), 1
	}
	t.NodeDisk = t.Disk / float64(t.Nodes)
	t.Nodes += t.Spare
	return t
}

// whole rounds up to a whole number, at least one. What a sum of fractions is too
// large by is no reason for another one.
func whole(x float64) int { return int(max(1, math.Ceil(x-1e-9))) }

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
