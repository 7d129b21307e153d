package dashboards

import (
	"slices"
	"time"
)

// Result is the answer to a panel's query. Rows are the groups of the
// breakdown, ordered as the panel says; without one there is a single row.
type Result struct {
	Documents int64 // in scope; 0 means there is nothing to draw
	From      time.Time
	To        time.Time
	Step      time.Duration // width of a time bucket; 0 unless drawn over time
	Times     []time.Time   // starts of the buckets from the first to the last that holds a document
	Rows      []Row
	Lines     []Line // Lines: instead of rows
	Other     int64  // documents in groups beyond the breakdown's size
}

// Row is one group.
type Row struct {
	Key    string
	Count  int64
	Cells  []Cell   // one per measure, over the whole scope
	Points [][]Cell // drawn over time: per measure, one per entry of Times
}

// Cell is a measured value with the exact counts it was computed from.
type Cell struct {
	Value *float64 // nil: no document, so no value; never a made-up zero
	Count int64    // documents it was computed from
	Part  int64    // OpRatio, OpBurn, OpLeft: of those, the ones its condition holds for
	Grown *float64 // OpIncrease, OpSpeed: by how much
}

// Shows reports whether there is anything to draw.
func (r Result) Shows() bool {
	if len(r.Lines) > 0 {
		return true
	}
	return slices.ContainsFunc(r.Rows, func(row Row) bool {
		return row.Count > 0 && slices.ContainsFunc(row.Cells, func(c Cell) bool { return c.Value != nil })
	})
}
