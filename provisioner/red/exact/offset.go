package exact

import "time"

// Offset is by how much one clock is ahead of another, as far as events that
// both have seen can tell: between Low and High. The zero Offset is unknown.
type Offset struct {
	Low, High time.Duration
	Known     bool
}

// narrow takes one more event into account: the offset lies between low and
// high, too.
func (o *Offset) narrow(low, high time.Duration) {
	if !o.Known {
		*o = Offset{low, high, true}
		return
	}
	o.Low, o.High = max(o.Low, low), min(o.High, high)
}

// Agrees reports that the clocks may show the same time, to within a tolerance.
func (o Offset) Agrees(tolerance time.Duration) bool {
	return !o.Known || o.Low <= tolerance && o.High >= -tolerance
}

// Middle is the best guess; 0 if nothing is known or the clocks may agree.
func (o Offset) Middle() time.Duration {
	if !o.Known || o.Low <= 0 && o.High >= 0 {
		return 0
	}
	return o.Low + (o.High-o.Low)/2
}
