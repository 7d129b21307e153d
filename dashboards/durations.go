package dashboards

import (
	"math"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"plumbline/demo-app/telemetry"
)

// maxDuration is the longest duration told apart from a longer one.
const maxDuration = time.Hour

// Durations are the exact server durations of the audited documents of one kind of
// request.
type Durations struct {
	tops    []int64 // of the bands but the last, in nanoseconds
	inBand  []int64 // documents, by band
	slowest int64   // nanoseconds
	all     *hdrhistogram.Histogram
}

// Durations is where the durations of the requests of a route with a status go.
func (t *Truth) Durations(route string, status int) *Durations {
	kind := request{route: route, status: status}
	if d := t.timed[kind]; d != nil {
		return d
	}
	if t.timed == nil {
		t.timed, t.byRoute = make(map[request]*Durations), make(map[string]*hdrhistogram.Histogram)
	}
	if t.byRoute[route] == nil {
		t.byRoute[route] = newHistogram()
	}
	d := &Durations{all: t.byRoute[route]}
	for i := range telemetry.DurationBounds() {
		_, top := band(i)
		d.tops = append(d.tops, top)
	}
	d.inBand = make([]int64, len(d.tops)+1)
	t.timed[kind] = d
	return d
}

// Add adds the duration of one document.
func (d *Durations) Add(took time.Duration) {
	i, _ := slices.BinarySearch(d.tops, took.Nanoseconds())
	d.inBand[i]++
	d.slowest = max(d.slowest, took.Nanoseconds())
	// Within its limits a histogram cannot refuse a value.
	_ = d.all.RecordValue(min(max(took, 1), maxDuration).Nanoseconds())
}

// byBand are the audited documents by kind and band.
func (t *Truth) byBand() map[request]int64 {
	requests := make(map[request]int64)
	for kind, d := range t.timed {
		for i, n := range d.inBand {
			if n > 0 {
				kind.band = i + 1
				requests[kind] = n
			}
		}
	}
	return requests
}

// band is the i-th range of durations, in nanoseconds with both ends: those of
// the classic buckets in Prometheus.
func band(i int) (low, high int64) {
	bounds := telemetry.DurationBounds()
	nanoseconds := func(seconds float64) int64 { return int64(math.Round(seconds * 1e9)) }
	low, high = 0, math.MaxInt64
	if i > 0 {
		low = nanoseconds(bounds[i-1]) + 1
	}
	if i < len(bounds) {
		high = nanoseconds(bounds[i])
	}
	return low, high
}

func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, maxDuration.Nanoseconds(), 3)
}
