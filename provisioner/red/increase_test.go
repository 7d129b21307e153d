package red

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/provisioner/promql"
)

// readings are the samples of one series, each so many seconds after the
// beginning.
func readings(pairs ...float64) (all []promql.Sample) {
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, promql.Sample{At: began.Add(time.Duration(pairs[i] * float64(time.Second))), Value: pairs[i+1]})
	}
	return all
}

func TestIncreaseIsItemised(t *testing.T) {
	one := looks(began.Add(-time.Hour), 0, 5, 10, 15)
	two := append(looks(began.Add(-time.Hour), 0, 5), looks(began.Add(7*time.Second), 10, 15)...)
	for _, row := range []struct {
		proves  string
		scrapes []Scrape
		series  []promql.Sample
		want    increase
	}{
		{"a series that was there", one, readings(0, 3, 5, 4, 10, 9, 15, 9), increase{seen: 6}},
		{"one that begins in mid-range: its first value is not seen, and a part of it made up", one, readings(5, 2, 10, 6, 15, 6), increase{seen: 4, born: 2, back: 2}},
		{"one that is born at zero, as Prometheus can know", one, readings(4, 0, 5, 2, 10, 6, 15, 6), increase{seen: 6}},
		{"one whose birth is told after its first value counts that twice", one, readings(5, 1, 6, 0, 10, 1, 15, 1), increase{seen: 1, born: 1, added: 1, back: .16}},
		{"a restart that shows", two, readings(0, 5, 5, 8, 10, 2, 15, 4), increase{seen: 7}},
		{"a restart that does not: the counter is ahead of itself", two, readings(0, 1, 5, 2, 10, 4, 15, 4), increase{seen: 3, hid: 2}},
		{"one sample is no increase", one, readings(10, 4), increase{born: 4}},
	} {
		c := &Coverage{Scrapes: row.scrapes}
		c.live(began)
		got := c.increaseOf(row.series, began.Add(-moment), began.Add(15*time.Second))
		got.added = float64(int(got.added*100)) / 100 // but for the millisecond before the first scrape
		got.back = float64(int(got.back*100)) / 100
		if diff := cmp.Diff(row.want, got, cmp.AllowUnexported(increase{})); diff != "" {
			t.Errorf("%s: %s", row.proves, diff)
		}
	}
}
