package pace

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/google/go-cmp/cmp"
)

func mustParse(t testing.TB, spec string, rate float64, d time.Duration) Pace {
	t.Helper()
	p, err := Parse(spec, rate, d, 1)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestShapes(t *testing.T) {
	const ms = time.Millisecond
	for _, row := range []struct {
		name, spec string
		rate       float64
		duration   time.Duration
		count      uint64
		length     time.Duration
		due        map[int]time.Duration
		rates      map[time.Duration]float64
	}{
		{"constant is even", "constant", 200, 20 * time.Second, 4000, 20 * time.Second,
			map[int]time.Duration{0: 0, 1: 5 * ms, 3999: 19995 * ms}, map[time.Duration]float64{0: 200, 20 * time.Second: 0, -1: 0}},
		{"no specification is constant", "", 2, time.Second, 2, time.Second, map[int]time.Duration{1: 500 * ms}, nil},
		{"a ramp from nothing follows a square root", "ramp:0-200", 1, 10 * time.Second, 1000, 10 * time.Second,
			map[int]time.Duration{0: 0, 10: time.Second, 40: 2 * time.Second, 250: 5 * time.Second, 810: 9 * time.Second},
			map[time.Duration]float64{0: 0, 5 * time.Second: 100}},
		{"a ramp down is slow at its end", "ramp:200-0", 1, 10 * time.Second, 1000, 10 * time.Second,
			map[int]time.Duration{0: 0, 190: time.Second, 750: 5 * time.Second, 990: 9 * time.Second}, nil},
		{"a ramp between equal rates is even", "ramp:4-4", 1, time.Second, 4, time.Second, map[int]time.Duration{3: 750 * ms}, nil},
		{"steps bring their own length", "steps:100/10s,300/10s,50/10s", 1, time.Minute, 4500, 30 * time.Second,
			map[int]time.Duration{999: 9990 * ms, 1000: 10 * time.Second, 1003: 10010 * ms, 4000: 20 * time.Second, 4499: 29980 * ms},
			map[time.Duration]float64{9999 * ms: 100, 10 * time.Second: 300, 29 * time.Second: 50}},
		{"nothing is due in a silent step", "steps:10/1s,0/5s,10/1s", 1, time.Minute, 20, 7 * time.Second,
			map[int]time.Duration{9: 900 * ms, 10: 6 * time.Second}, map[time.Duration]float64{3 * time.Second: 0}},
		{"a run may end in silence", "steps:10/1s,0/5s", 1, time.Minute, 10, 6 * time.Second, map[int]time.Duration{9: 900 * ms}, nil},
		{"a part of a request is carried into the next step", "steps:1/500ms,1/500ms,1/1s", 1, time.Minute, 2, 2 * time.Second, map[int]time.Duration{1: time.Second}, nil},
		{"a spike stands out of the rest", "spike:peak=1000,at=10s,for=2s", 100, 20 * time.Second, 3800, 20 * time.Second,
			map[int]time.Duration{999: 9990 * ms, 1000: 10 * time.Second, 1001: 10001 * ms, 3000: 12 * time.Second, 3001: 12010 * ms}, nil},
		{"a spike by default is in the middle", "spike", 10, 10 * time.Second, 140, 10 * time.Second,
			map[int]time.Duration{50: 5 * time.Second, 51: 5020 * ms}, nil},
		{"a spike may come first", "spike:peak=100,at=0s,for=1s", 10, 2 * time.Second, 110, 2 * time.Second, map[int]time.Duration{100: time.Second}, nil},
		{"a whole period of a sine holds the mean", "sine:amplitude=150,period=1m", 200, 2 * time.Minute, 24000, 2 * time.Minute,
			map[int]time.Duration{0: 0, 12000: time.Minute}, map[time.Duration]float64{15 * time.Second: 350, 45 * time.Second: 50}},
		{"a sine may touch zero", "sine:amplitude=10,period=10s", 10, 10 * time.Second, 100, 10 * time.Second, nil, map[time.Duration]float64{7500 * ms: 0}},
		{"a sine by default is one period", "sine", 100, time.Minute, 6000, time.Minute, nil, map[time.Duration]float64{15 * time.Second: 150}},
		{"a rate without exact binary form gains no request", "steps:1.1/10s,0/10s", 1, time.Second, 11, 20 * time.Second, map[int]time.Duration{10: 9090909091}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := mustParse(t, row.spec, row.rate, row.duration)
			if p.Count() != row.count || p.Length() != row.length {
				t.Errorf("got %d in %v, want %d in %v", p.Count(), p.Length(), row.count, row.length)
			}
			due := slices.Collect(p.Arrivals())
			if uint64(len(due)) != row.count || !slices.IsSorted(due) {
				t.Fatalf("%d arrivals, want %d; sorted: %v", len(due), row.count, slices.IsSorted(due))
			}
			for k, want := range row.due {
				if due[k] != want {
					t.Errorf("request %d: got %v, want %v", k, due[k], want)
				}
			}
			for at, want := range row.rates {
				if got := p.Rate(at); math.Abs(got-want) > 1e-9 {
					t.Errorf("rate at %v: got %v, want %v", at, got, want)
				}
			}
		})
	}
}

func TestConstantSpecIsTheConstantPace(t *testing.T) {
	same := func(rate, length uint32) bool {
		c := Constant{Rate: float64(rate%100_000_000)/100 + MinRate, Duration: time.Duration(length)*time.Microsecond + 1}
		p := mustParse(t, "constant", c.Rate, c.Duration)
		if p.Count() != c.Count() {
			t.Logf("%+v: %d, want %d", c, p.Count(), c.Count())
			return false
		}
		k := uint64(0)
		for due := range p.Arrivals() {
			if due != c.Due(k) {
				return false
			}
			if k++; k == 100 {
				break
			}
		}
		return true
	}
	if err := quick.Check(same, &quick.Config{MaxCount: 2_000}); err != nil {
		t.Error(err)
	}
}

// In whatever window, as many requests are due as the rate's integral says,
// give or take one; the integral is worked out here by another way, in small steps.
func TestAnyWindowHoldsTheIntegralOfTheRate(t *testing.T) {
	for _, spec := range []string{"constant", "ramp:0-700", "ramp:700-3.3", "steps:100/1s,0/2s,700/3s,1.5/4s", "sine:amplitude=77,period=3s", "sine:amplitude=40,period=7s", "spike:peak=900,at=3s,for=1s"} {
		t.Run(spec, func(t *testing.T) {
			p := mustParse(t, spec, 77, 10*time.Second)
			due := slices.Collect(p.Arrivals())
			holds := func(a, b uint32) bool {
				from, to := time.Duration(a)%p.Length(), time.Duration(b)*3%p.Length()
				if from > to {
					from, to = to, from
				}
				integral := 0.0
				from, to = from.Truncate(time.Millisecond), to.Truncate(time.Millisecond) // no jump of a rate within a step
				for at := from; at < to; at += time.Millisecond {
					integral += p.Rate(at+time.Millisecond/2) / 1000
				}
				n := float64(until(due, to) - until(due, from))
				if math.Abs(n-integral) > 1.001 {
					t.Logf("%v to %v: %v requests, integral %v", from, to, n, integral)
					return false
				}
				return true
			}
			if err := quick.Check(holds, &quick.Config{MaxCount: 100}); err != nil {
				t.Error(err)
			}
		})
	}
}

func until(due []time.Duration, at time.Duration) int {
	n, _ := slices.BinarySearch(due, at)
	return n
}

// Whatever the numbers: arrivals are ascending, as many as counted, within the
// run, and the specification gives them again.
func TestEveryShapeKeepsItsWord(t *testing.T) {
	keeps := func(kind uint8, a, b, c uint16, length uint32) bool {
		d := time.Duration(length)%(20*time.Second) + 20*time.Millisecond
		rate := float64(a)/37 + 1
		spec := []string{
			"constant", "poisson",
			fmt.Sprintf("ramp:%v-%v", float64(b)/13, float64(c)/11),
			fmt.Sprintf("steps:%v/1s,%v/700ms,1/2s", float64(b)/13, float64(c)/11),
			fmt.Sprintf("sine:amplitude=%v,period=%v", rate*float64(b)/math.MaxUint16, time.Duration(c)*time.Millisecond+1),
			fmt.Sprintf("spike:peak=%v,at=%v,for=%v", float64(b)/13+1, d/3, d/7),
		}[kind%6]
		p, err := Parse(spec, rate, d, uint64(c))
		if err != nil {
			return strings.Contains(err.Error(), "no request is due") || strings.Contains(err.Error(), "is not 0 or")
		}
		again, err := Parse(p.String(), rate, d, uint64(c))
		if err != nil || again.String() != p.String() || again.Count() != p.Count() {
			t.Logf("%s became %s: %v", spec, p, err)
			return false
		}
		due := slices.Collect(p.Arrivals())
		if !slices.IsSorted(due) || uint64(len(due)) != p.Count() || due[0] < 0 || due[len(due)-1] >= p.Length() {
			t.Logf("%s at %v in %v: %d arrivals, count %d, sorted %v", spec, rate, d, len(due), p.Count(), slices.IsSorted(due))
			return false
		}
		return slices.Equal(due, slices.Collect(again.Arrivals()))
	}
	if err := quick.Check(keeps, &quick.Config{MaxCount: 400}); err != nil {
		t.Error(err)
	}
}

func TestPoisson(t *testing.T) {
	const rate, seconds = 1000.0, 100
	arrivals := func(seed uint64) []time.Duration {
		p, err := Parse("poisson", rate, seconds*time.Second, seed)
		if err != nil {
			t.Fatal(err)
		}
		due := slices.Collect(p.Arrivals())
		if p.Count() != uint64(len(due)) {
			t.Errorf("count %d, %d arrivals", p.Count(), len(due))
		}
		return due
	}
	due := arrivals(1)
	if !slices.Equal(due, arrivals(1)) {
		t.Error("the same seed gives other arrivals")
	}
	if slices.Equal(due, arrivals(2)) {
		t.Error("another seed gives the same arrivals")
	}
	// Of a Poisson process the gaps have a deviation equal to their mean, and the
	// counts of equal windows a variance equal to theirs. An even pace has neither.
	for _, row := range []struct {
		name      string
		due       []time.Duration
		dispersed bool
	}{{"poisson", due, true}, {"constant", slices.Collect(Constant{rate, seconds * time.Second}.Arrivals()), false}} {
		var gaps, windows []float64
		for i := range row.due[1:] {
			gaps = append(gaps, (row.due[i+1] - row.due[i]).Seconds())
		}
		for i := range 10 * seconds {
			from := time.Duration(i) * 100 * time.Millisecond
			windows = append(windows, float64(until(row.due, from+100*time.Millisecond)-until(row.due, from)))
		}
		mean, deviation := moments(gaps)
		if math.Abs(mean*rate-1) > 0.02 {
			t.Errorf("%s: mean gap %v, want 1/%v", row.name, mean, rate)
		}
		if got := math.Abs(deviation/mean-1) < 0.02; got != row.dispersed {
			t.Errorf("%s: gaps' deviation is %v times their mean", row.name, deviation/mean)
		}
		mean, deviation = moments(windows)
		if index := deviation * deviation / mean; (index > 0.8 && index < 1.2) != row.dispersed {
			t.Errorf("%s: index of dispersion %v", row.name, index)
		}
	}
}

func moments(of []float64) (mean, deviation float64) {
	for _, x := range of {
		mean += x / float64(len(of))
	}
	for _, x := range of {
		deviation += (x - mean) * (x - mean) / float64(len(of))
	}
	return mean, math.Sqrt(deviation)
}

func TestReplay(t *testing.T) {
	recorded := []time.Duration{30, 10, 20, 20}
	p, err := Replay(Recording{File: "a,b.ledger", Due: slices.Clone(recorded), Length: 100, Speed: 2})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]time.Duration{5, 10, 10, 15}, slices.Collect(p.Arrivals())); diff != "" {
		t.Error(diff)
	}
	if p.Length() != 50 || p.Count() != 4 || p.String() != "replay:a,b.ledger,speed=2" {
		t.Errorf("%v: %d in %v", p, p.Count(), p.Length())
	}
	file, speed, ok, err := ParseReplay(p.String())
	if file != "a,b.ledger" || speed != 2 || !ok || err != nil {
		t.Errorf("read back: %q, %v, %v, %v", file, speed, ok, err)
	}
	if _, _, ok, err := ParseReplay("sine"); ok || err != nil {
		t.Errorf("sine is a replay: %v, %v", ok, err)
	}
	even, err := Replay(Recording{Due: slices.Collect(Constant{100, 10 * time.Second}.Arrivals()), Length: 10 * time.Second, Speed: 1})
	if err != nil || even.Rate(5*time.Second) != 100 || even.Rate(0) != 100 || even.Rate(11*time.Second) != 0 {
		t.Errorf("rate of an even recording: %v, %v", even.Rate(5*time.Second), err)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, row := range []struct{ spec, want string }{
		{"sinus", `pace "sinus": unknown shape, known are constant, poisson, ramp, steps, sine, spike and replay`},
		{"constant:5", `pace "constant:5": takes nothing after its name, the rate is -rate; for example constant`},
		{"poisson:5", `takes nothing after its name`},
		{"ramp", `pace "ramp": wants two rates with a - between; for example ramp:10-500`},
		{"ramp:", `nothing follows the colon`},
		{"ramp:10", `wants two rates`},
		{"ramp:10-x", `the last rate, "x", is not 0 or 0.001 to 1000000 requests per second`},
		{"ramp:-5-10", `the first rate, "", is not`},
		{"ramp:10-2e6", `the last rate, "2e6", is not`},
		{"ramp:0-0", `no request is due in 10s`},
		{"steps:", `nothing follows the colon; for example steps:100/10s,300/10s,50/10s`},
		{"steps:100", `step 1, "100", has no /`},
		{"steps:1/1s,", `step 2, "", has no /`},
		{"steps:1/1s,NaN/1s", `the rate of step 2, "NaN", is not`},
		{"steps:1/1s,1/-1s", `the duration of step 2, "-1s", is not a time such as 10s`},
		{"steps:1/100h,1/100h", `takes longer than 168h`},
		{"steps:0/1s", `no request is due in 1s`},
		{"steps:" + strings.Repeat("1/1s,", maxSteps) + "1/1s", `wants 1 to 10000 steps`},
		{"sine:amplitude=201", `amplitude 201 is above -rate 200, so the rate would fall below 0; for example sine:amplitude=150,period=1m`},
		{"sine:period=0s", `period, "0s", is not a time`},
		{"sine:frequency=3", `unknown key "frequency"`},
		{"sine:period", `"period" is not of the form key=value`},
		{"sine:period=1s,period=1s", `period is given twice`},
		{"spike:at=9s,for=2s", `ends at 11s, after the run's -duration 10s`},
		{"spike:peak=-1", `peak, "-1", is not`},
		{"replay:x", `unknown shape`},
	} {
		if _, err := Parse(row.spec, 200, 10*time.Second, 1); err == nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.50q: got %v, want %q", row.spec, err, row.want)
		}
	}
	if _, err := Parse("poisson", 1e6, time.Hour, 1); err == nil || !strings.Contains(err.Error(), "at most 5e+08 can be drawn") {
		t.Errorf("got %v", err)
	}
	if _, err := Parse("ramp:1-2", 0, time.Second, 1); err == nil {
		t.Error("a base rate of 0 is taken")
	}
	for _, row := range []struct{ spec, want string }{
		{"replay", "names no ledger"}, {"replay:", "names no ledger"}, {"replay:,speed=2", "names no ledger"}, {"replay:f,speed=fast", `speed "fast" is no number`},
	} {
		if _, _, ok, err := ParseReplay(row.spec); !ok || err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%q: got %v, want %q", row.spec, err, row.want)
		}
	}
	for _, row := range []struct {
		r    Recording
		want string
	}{
		{Recording{Speed: 0, Due: []time.Duration{1}}, "speed 0: must be 0.001 to 1000"},
		{Recording{Speed: math.NaN(), Due: []time.Duration{1}}, "speed NaN"},
		{Recording{Speed: 1}, "no arrivals were recorded"},
		{Recording{Speed: 1, Due: []time.Duration{-5}}, "due 5ns before the start"},
		{Recording{Speed: .5, Due: []time.Duration{MaxDuration - 5}}, "takes longer than 168h"},
	} {
		if _, err := Replay(row.r); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("got %v, want %q", err, row.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range shapes() {
		f.Add(s.example, 200.0, int64(20*time.Second))
	}
	f.Fuzz(func(t *testing.T, spec string, rate float64, d int64) {
		p, err := Parse(spec, min(rate, 1000), min(time.Duration(d), 10*time.Second), 1)
		if err != nil {
			return
		}
		if again, err := Parse(p.String(), min(rate, 1000), min(time.Duration(d), 10*time.Second), 1); err != nil || again.Count() != p.Count() {
			t.Errorf("%q became %q: %v", spec, p, err)
		}
		last, n := time.Duration(0), 0
		for due := range p.Arrivals() {
			if due < last || due >= p.Length() {
				t.Fatalf("%q: %v after %v, length %v", spec, due, last, p.Length())
			}
			if last = due; n > 1000 {
				break
			}
			n++
		}
	})
}

func BenchmarkCountingAMillionAtRandom(b *testing.B) {
	for b.Loop() {
		mustParse(b, "poisson", 100_000, 10*time.Second)
	}
}

func BenchmarkArrivals(b *testing.B) {
	for _, spec := range []string{"constant", "poisson", "ramp:1-100000", "sine", "spike"} {
		b.Run(spec, func(b *testing.B) {
			p := mustParse(b, spec, 50_000, 10*time.Second)
			b.ResetTimer()
			for n := 0; n < b.N; {
				for range p.Arrivals() {
					if n++; n >= b.N {
						break
					}
				}
			}
		})
	}
}
