package arrival

import (
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// maxLag is the longest lag told apart from a longer one.
const maxLag = 24 * time.Hour

// Lag sums up how much later one thing happened than another, in nanoseconds.
// Percentiles carry three digits; Min and Max are exact.
type Lag struct {
	Count    int64         `json:"count"`
	Negative int64         `json:"negative"` // of Count: the later event is stamped earlier, so two clocks disagree
	Min      time.Duration `json:"min_ns"`
	P50      time.Duration `json:"p50_ns"`
	P95      time.Duration `json:"p95_ns"`
	P99      time.Duration `json:"p99_ns"`
	Max      time.Duration `json:"max_ns"`
}

// clock says what a lag tells of two clocks. No event happens before its cause:
// so the later one's clock is ahead by the shortest lag at the most, and one that
// is stamped before its cause was stamped by a clock that is behind.
func (l Lag) clock(later, earlier string) string {
	if l.Min < 0 {
		return fmt.Sprintf("%s's is at least %v behind %s's (%s of %s)", later, short(-l.Min), earlier, count(uint64(l.Negative)), count(uint64(l.Count)))
	}
	return fmt.Sprintf("%s's is at most %v ahead of %s's", later, short(l.Min), earlier)
}

// lags collects lags in constant memory. A negative one is kept as zero in the
// percentiles, counted, and shown by Min.
type lags struct {
	histogram *hdrhistogram.Histogram // microseconds
	sum       Lag
}

func newLags() *lags {
	return &lags{histogram: hdrhistogram.New(1, maxLag.Microseconds(), 3)}
}

func (l *lags) add(d time.Duration) {
	if l.sum.Count == 0 {
		l.sum.Min, l.sum.Max = d, d
	}
	l.sum.Count++
	l.sum.Min, l.sum.Max = min(l.sum.Min, d), max(l.sum.Max, d)
	if d < 0 {
		l.sum.Negative++
		d = 0
	}
	// Within its limits a histogram cannot refuse a value.
	_ = l.histogram.RecordValue(min(d, maxLag).Microseconds())
}

func (l *lags) lag() Lag {
	s := l.sum
	at := func(percent float64) time.Duration {
		d := time.Duration(l.histogram.ValueAtQuantile(percent)) * time.Microsecond
		return min(d, max(s.Max, 0)) // the top of a histogram's cell may lie above the largest value in it
	}
	s.P50, s.P95, s.P99 = at(50), at(95), at(99)
	return s
}

// way collects the lags of the hops of a document, which its own times tell.
type way struct{ read, index, ingest *lags }

func newWay() *way { return &way{newLags(), newLags(), newLags()} }

// add takes a document's times: of the event, of its being read and of its being
// taken for indexing. One that is not known is zero, and the hops that end or
// begin there are not counted.
func (w *way) add(event, read, ingested time.Time) {
	if !read.IsZero() {
		w.read.add(read.Sub(event))
	}
	if !ingested.IsZero() {
		w.ingest.add(ingested.Sub(event))
	}
	if !read.IsZero() && !ingested.IsZero() {
		w.index.add(ingested.Sub(read))
	}
}

func (l *lags) reset() {
	l.histogram.Reset()
	l.sum = Lag{}
}
