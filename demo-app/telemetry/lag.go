package telemetry

import (
	"fmt"
	"time"
)

// Fields of a lag document: what a searcher saw of one second's arrivals.
const (
	FieldLagCount = "plumbline.lag.count" // documents first seen in this interval
	FieldLagP50   = "plumbline.lag.p50"   // nanoseconds from @timestamp to searchable
	FieldLagP95   = "plumbline.lag.p95"   // nanoseconds
	FieldLagP99   = "plumbline.lag.p99"   // nanoseconds
	FieldLagMax   = "plumbline.lag.max"   // nanoseconds
)

// A Hop is a stretch of a line's way, from one of its times to the next.
type Hop string

const (
	HopRead       Hop = "read"       // from @timestamp to event.created
	HopIndexed    Hop = "indexed"    // from event.created to event.ingested
	HopSearchable Hop = "searchable" // from event.ingested until a search found it
)

// Hops are all of them, in order.
func Hops() []Hop { return []Hop{HopRead, HopIndexed, HopSearchable} }

// LagBounds are the upper ends of the buckets of a hop's lags; one more bucket
// holds what is above the last.
func LagBounds() []time.Duration {
	return []time.Duration{
		10 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
		time.Second, 5 * time.Second,
	}
}

// LagBucket is the bucket of a lag, from 0 to len(LagBounds()). A negative lag,
// as of clocks that differ, is in the first.
func LagBucket(lag time.Duration) int {
	bounds := LagBounds()
	for i, bound := range bounds {
		if lag <= bound {
			return i
		}
	}
	return len(bounds)
}

// FieldLagBucket is the field of a lag document that counts the documents whose
// lag at a hop is in a bucket.
func FieldLagBucket(hop Hop, bucket int) string {
	bounds, name := LagBounds(), "to"
	if bucket == len(bounds) {
		bucket, name = bucket-1, "over"
	}
	return fmt.Sprintf("plumbline.lag.%s.%s_%dms", hop, name, bounds[bucket].Milliseconds())
}
