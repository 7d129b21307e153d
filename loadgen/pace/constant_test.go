package pace

import (
	"math"
	"strings"
	"testing"
	"testing/quick"
	"time"
)

func TestConstant(t *testing.T) {
	for _, row := range []struct {
		name        string
		pace        Constant
		count       uint64
		second, end time.Duration // due times of request 1 and of the last
	}{
		{"the default run is 4,000 requests 5 ms apart", Constant{200, 20 * time.Second}, 4000, 5 * time.Millisecond, 19995 * time.Millisecond},
		{"a rate below one still begins at once", Constant{0.1, 30 * time.Second}, 3, 10 * time.Second, 20 * time.Second},
		{"a duration shorter than a gap holds one request", Constant{1, time.Millisecond}, 1, time.Second, 0},
		{"a rate without exact binary form gains no request", Constant{1.1, 10 * time.Second}, 11, 909090909, 9090909091},
		{"a rate whose gap is no whole nanosecond does not drift", Constant{3, time.Hour}, 10800, 333333333, 3599666666667},
		{"a high rate", Constant{1e6, time.Second}, 1e6, time.Microsecond, 999999 * time.Microsecond},
		{"a week at a high rate is still exact", Constant{1e6, MaxDuration}, 7 * 24 * 3600 * 1e6, time.Microsecond, MaxDuration - time.Microsecond},
	} {
		t.Run(row.name, func(t *testing.T) {
			if err := row.pace.Validate(); err != nil {
				t.Fatal(err)
			}
			if got := row.pace.Count(); got != row.count {
				t.Errorf("count: got %d, want %d", got, row.count)
			}
			if got := row.pace.Due(1); got != row.second {
				t.Errorf("second request: got %v, want %v", got, row.second)
			}
			if got := row.pace.Due(row.count - 1); got != row.end {
				t.Errorf("last request: got %v, want %v", got, row.end)
			}
		})
	}
}

func TestArrivalsAreAllDueTimesInOrder(t *testing.T) {
	pace := Constant{Rate: 333, Duration: 3 * time.Second}
	k := uint64(0)
	for due := range pace.Arrivals() {
		if due != pace.Due(k) || due >= pace.Duration {
			t.Fatalf("request %d: due at %v, want %v", k, due, pace.Due(k))
		}
		k++
	}
	if k != pace.Count() {
		t.Errorf("%d arrivals, want %d", k, pace.Count())
	}
}

func TestCountIsWhatFitsIntoTheDuration(t *testing.T) {
	fits := func(rate, length uint32) bool {
		pace := Constant{Rate: float64(rate%100_000_000)/100 + MinRate, Duration: time.Duration(length)*time.Microsecond + 1}
		n := pace.Count()
		return n > 0 && pace.Due(n-1) < pace.Duration && pace.Due(n) >= pace.Duration
	}
	if err := quick.Check(fits, &quick.Config{MaxCount: 100_000}); err != nil {
		t.Error(err)
	}
}

func TestValidateRefuses(t *testing.T) {
	for _, row := range []struct {
		name string
		pace Constant
		want string
	}{
		{"no rate", Constant{0, time.Second}, "rate 0: must be at least"},
		{"a rate below zero", Constant{-5, time.Second}, "rate -5: must be at least"},
		{"a rate that is no number", Constant{math.NaN(), time.Second}, "rate NaN"},
		{"an endless rate", Constant{math.Inf(1), time.Second}, "rate +Inf: must be at most"},
		{"an absurd rate", Constant{2e6, time.Second}, "rate 2e+06: must be at most 1000000"},
		{"no duration", Constant{1, 0}, "duration 0s: must be above 0"},
		{"a duration below zero", Constant{1, -time.Second}, "duration -1s: must be above 0"},
		{"an absurd duration", Constant{1, 1e6 * time.Hour}, "must be at most 168h"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if err := row.pace.Validate(); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %q", err, row.want)
			}
		})
	}
}
