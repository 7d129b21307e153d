package arrival

import (
	"time"

	"plumbline/demo-app/telemetry"
)

// noBuckets are all buckets, empty: a field that no document has is nothing to
// show, and zero is something.
func noBuckets() map[string]int64 {
	buckets := map[string]int64{}
	for _, hop := range telemetry.Hops() {
		for i := range len(telemetry.LagBounds()) + 1 {
			buckets[telemetry.FieldLagBucket(hop, i)] = 0
		}
	}
	return buckets
}

// take takes note of a document of an event at at, found now.
func (w *follower) take(d *document, at, now time.Time) {
	w.total.add(now.Sub(at))
	w.interval.add(now.Sub(at))
	hop := func(to telemetry.Hop, lag time.Duration) {
		w.buckets[telemetry.FieldLagBucket(to, telemetry.LagBucket(lag))]++
	}
	read, wasRead := d.time(colCreated)
	ingested, wasIngested := d.time(colIngested)
	if wasRead {
		hop(telemetry.HopRead, read.Sub(at))
	}
	if wasRead && wasIngested {
		hop(telemetry.HopIndexed, ingested.Sub(read))
	}
	if wasIngested {
		hop(telemetry.HopSearchable, now.Sub(ingested))
		w.refresh.add(now.Sub(ingested))
	}
}
