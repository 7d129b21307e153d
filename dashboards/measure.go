package dashboards

// Op is what a measure computes from the documents of a group or bucket.
type Op string

const (
	OpCount      Op = "count"
	OpRate       Op = "rate"       // documents per second of the time covered
	OpRatio      Op = "ratio"      // documents for which Where holds / all documents
	OpBurn       Op = "burn"       // OpRatio / Budget: 1 spends the budget exactly
	OpLeft       Op = "left"       // 1 - OpRatio / Budget: the share of the budget that is left
	OpPercentile Op = "percentile" // of Field, at Quantile
	OpMax        Op = "max"        // of Field
	OpMean       Op = "mean"       // of Field
	OpSum        Op = "sum"        // of Field
	OpUnique     Op = "unique"     // different values of Field; exact up to some thousand
	OpLast       Op = "last"       // value of Field in the latest document
	OpIncrease   Op = "increase"   // of the counter Field, of each value of Per by itself, added up
	OpSpeed      Op = "speed"      // OpIncrease per second of the time covered
)

// Unit is the unit of a measured value as it comes out of Decode; front ends
// choose how to write it.
type Unit string

const (
	UnitCount       Unit = "count"
	UnitPerSecond   Unit = "per-second"
	UnitRatio       Unit = "ratio" // 0 to 1
	UnitNanoseconds Unit = "nanoseconds"
	UnitSeconds     Unit = "seconds"
	UnitBytes       Unit = "bytes"
	UnitBurn        Unit = "burn" // times the rate that spends a budget exactly
	UnitTime        Unit = "time" // Column: a moment
	UnitText        Unit = "text" // Column
)

// Measure is one number per group or bucket.
type Measure struct {
	Label    string
	Op       Op
	Field    string    // of all but OpCount, OpRate, OpRatio, OpBurn, OpLeft
	Per      string    // OpIncrease, OpSpeed: the field that tells one counter from another
	Quantile float64   // OpPercentile: 0 < q < 1
	Where    Condition // OpRatio, OpBurn, OpLeft: the documents counted above the line
	Budget   float64   // OpBurn, OpLeft: the ratio that is allowed
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

// Burn is how many times faster than allowed documents for which where holds
// come: the allowed share is budget.
func Burn(label string, where Condition, budget float64) Measure {
	return Measure{Label: label, Op: OpBurn, Where: where, Budget: budget, Unit: UnitBurn}
}

// Left is the share of a budget that the documents for which where holds have
// left; below 0 if they were more than allowed.
func Left(label string, where Condition, budget float64) Measure {
	return Measure{Label: label, Op: OpLeft, Where: where, Budget: budget, Unit: UnitRatio}
}

// Percentile is the q-quantile of a field that holds nanoseconds.
func Percentile(label, field string, q float64) Measure {
	return Measure{Label: label, Op: OpPercentile, Field: field, Quantile: q, Unit: UnitNanoseconds}
}

// Max is the largest value of a field.
func Max(label, field string, unit Unit) Measure {
	return Measure{Label: label, Op: OpMax, Field: field, Unit: unit}
}

// Mean is the mean of a field's values.
func Mean(label, field string, unit Unit) Measure {
	return Measure{Label: label, Op: OpMean, Field: field, Unit: unit}
}

// Sum adds up a field's values.
func Sum(label, field string, unit Unit) Measure {
	return Measure{Label: label, Op: OpSum, Field: field, Unit: unit}
}

// Unique is the number of different values of a field.
func Unique(label, field string) Measure {
	return Measure{Label: label, Op: OpUnique, Field: field, Unit: UnitCount}
}

// Last is the value of a field in the latest document.
func Last(label, field string, unit Unit) Measure {
	return Measure{Label: label, Op: OpLast, Field: field, Unit: unit}
}

// Increase is by how much counters grew. Each value of per is a counter of its
// own; one that is smaller than before was reset to 0 in between.
func Increase(label, field, per string, unit Unit) Measure {
	return Measure{Label: label, Op: OpIncrease, Field: field, Per: per, Unit: unit}
}

// Speed is Increase per second.
func Speed(label, field, per string) Measure {
	return Measure{Label: label, Op: OpSpeed, Field: field, Per: per, Unit: UnitPerSecond}
}

// share reports whether the measure is computed from two counts.
func (m Measure) share() bool { return m.Op == OpRatio || m.Op == OpBurn || m.Op == OpLeft }

// grows reports whether the measure follows counters through time.
func (m Measure) grows() bool { return m.Op == OpIncrease || m.Op == OpSpeed }

// ofShare turns part of count documents into the measure's value.
func (m Measure) ofShare(part, count int64) *float64 {
	if count == 0 {
		return nil
	}
	ratio := float64(part) / float64(count)
	switch m.Op {
	case OpBurn:
		ratio /= m.Budget
	case OpLeft:
		ratio = 1 - ratio/m.Budget
	}
	return &ratio
}
