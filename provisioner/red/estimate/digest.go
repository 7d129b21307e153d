package estimate

import (
	"fmt"
	"math"
	"time"

	"plumbline/dashboards"
	"plumbline/provisioner/red/exact"
)

// Digest is Elasticsearch's percentiles by t-digest, of a compression.
type Digest float64

// DefaultDigest is what Elasticsearch takes when a query does not say.
const DefaultDigest = Digest(100)

// Bound follows from the rank: values around the quantile were merged into
// their mean, and the answer lies between two of these.
func (c Digest) Bound(d exact.Durations, low, high float64) Bound {
	n := int64(len(d))
	if n == 0 {
		return Bound{Why: Nothing}
	}
	off := max(dashboards.RankTolerance(float64(c), low, n), dashboards.RankTolerance(float64(c), high, n))
	return Bound{Low: d.At(max(low-off, 0)), High: d.At(min(high+off, 1)), Why: Ranks, Rank: off}
}

func (c Digest) String() string { return fmt.Sprintf("t-digest of compression %g", float64(c)) }

// HDR is a histogram that keeps so many significant digits of each value.
type HDR int

// Bound is the quantile to the last digit that is kept, and to one rank: what
// is between two values belongs to neither.
func (h HDR) Bound(d exact.Durations, low, high float64) Bound {
	n := float64(len(d))
	if n == 0 {
		return Bound{Why: Nothing}
	}
	off := math.Pow10(-int(h))
	least, most := float64(d.At(max(low-1/n, 0))), float64(d.At(min(high+1/n, 1)))
	return Bound{Low: time.Duration(least * (1 - off)), High: time.Duration(math.Ceil(most * (1 + off))), Why: Digits, Rank: 1 / n}
}

func (h HDR) String() string { return fmt.Sprintf("HDR histogram of %d digits", int(h)) }
