package dashboards

// Op is what a measure computes from the documents of a group or bucket.
type Op string

const (
	OpCount      Op = "count"
	OpRate       Op = "rate"       // documents per second of the time covered
	OpRatio      Op = "ratio"      // documents for which Where holds / all documents
	OpPercentile Op = "percentile" // of Field, at Quantile
	OpMax        Op = "max"        // of Field
)

// Unit is the unit of a measured value as it comes out of Decode; front ends
// choose how to write it.
type Unit string

const (
	UnitCount       Unit = "count"
	UnitPerSecond   Unit = "per-second"
	UnitRatio       Unit = "ratio" // 0 to 1
	UnitNanoseconds Unit = "nanoseconds"
)

// Measure is one number per group or bucket.
type Measure struct {
	Label    string
	Op       Op
	Field    string    // OpPercentile, OpMax
	Quantile float64   // OpPercentile: 0 < q < 1
	Where    Condition // OpRatio: the documents counted above the line
	Unit     Unit
}

// Count is the number of documents.
func Count(label string) Measure { return Measure{Label: label, Op: OpCount, Unit: UnitCount} }

// Rate is the number of documents per second of the time covered.
func Rate(label string) Measure { return Measure{Label: label, Op: OpRate, Unit: UnitPerSecond} }

// Ratio is the share of documents for which where holds.
func Ratio(label string, where Condition) Measure {
	return Measure{Label: label, Op: OpRatio, Where: where, Unit: UnitRatio}
}

// Percentile is the q-quantile of a field that holds nanoseconds.
func Percentile(label, field string, q float64) Measure {
	return Measure{Label: label, Op: OpPercentile, Field: field, Quantile: q, Unit: UnitNanoseconds}
}

// Max is the largest value of a field that holds nanoseconds.
func Max(label, field string) Measure {
	return Measure{Label: label, Op: OpMax, Field: field, Unit: UnitNanoseconds}
}
