package report

import (
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"plumbline/loadgen/ledger"
)

// maxSlots bounds a timeline: when a run gets longer, neighbours are merged.
const maxSlots = 1200

// timeline counts what happened in each second of a run, or in a power of two of
// seconds when it is a long one.
type timeline struct {
	width time.Duration
	slots []slot
}

type slot struct{ due, sent, answered, errors uint64 }

func (t *timeline) add(a *ledger.Attempt) {
	t.at(a.Scheduled).due++
	if a.Outcome == ledger.Dropped {
		return
	}
	t.at(a.Sent).sent++
	if a.Outcome == ledger.Unfinished {
		return
	}
	end := t.at(a.Sent + a.Service)
	if a.Outcome == ledger.Answered {
		end.answered++
	}
	if a.Outcome != ledger.Answered || a.Unexpected() {
		end.errors++
	}
}

// at is the slot of a moment; it is valid until the next call.
func (t *timeline) at(moment time.Duration) *slot {
	moment = max(moment, 0)
	for int(moment/t.width) >= maxSlots {
		t.merge()
	}
	i := int(moment / t.width)
	for len(t.slots) <= i {
		t.slots = append(t.slots, slot{})
	}
	return &t.slots[i]
}

func (t *timeline) merge() {
	t.width *= 2
	for i, s := range t.slots {
		if i%2 == 0 {
			t.slots[i/2] = s
			continue
		}
		into := &t.slots[i/2]
		into.due += s.due
		into.sent += s.sent
		into.answered += s.answered
		into.errors += s.errors
	}
	t.slots = t.slots[:(len(t.slots)+1)/2]
}

// Plots are the curves of a run, for a report that draws them.
type Plots struct {
	timeline         timeline
	latency, service []float64 // at each of the steps towards the last percentile, nanoseconds
	decades          float64   // how many nines the last of them has
}

const curveSteps = 240

// Plots returns the curves of what was added.
func (r *Recorder) Plots() Plots {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := Plots{timeline: timeline{r.course.width, append([]slot(nil), r.course.slots...)}}
	if n := r.latency.TotalCount(); n > 0 {
		p.decades = math.Max(1, math.Log10(float64(n)))
	}
	p.latency, p.service = curve(r.latency, p.decades), curve(r.service, p.decades)
	return p
}

// curve goes towards 100 % so that each nine takes as much room as the last.
func curve(h *hdrhistogram.Histogram, decades float64) []float64 {
	if h.TotalCount() == 0 {
		return nil
	}
	quantiles := make([]float64, curveSteps+1)
	for i := range quantiles {
		quantiles[i] = 100 * (1 - math.Pow(10, -decades*float64(i)/curveSteps))
	}
	quantiles[curveSteps] = 100
	values := make([]float64, len(quantiles))
	at := h.ValueAtPercentiles(quantiles)
	for i, q := range quantiles {
		values[i] = float64(at[q])
	}
	return values
}
