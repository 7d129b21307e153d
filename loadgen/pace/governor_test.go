package pace

import (
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// act is what somebody does at a moment of the run.
type act struct {
	at time.Duration
	do func(*Governor)
}

func factor(f float64) func(*Governor) { return func(g *Governor) { _ = g.SetFactor(f) } }

// governed returns when arrivals left, in simulated time.
func governed(t *testing.T, p Pace, acts ...act) (sent []time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		g := NewGovernor(p, start)
		for _, a := range acts {
			time.AfterFunc(a.at, func() { a.do(g) })
		}
		for due, is := range g.Moments() {
			time.Sleep(time.Until(start.Add(due)))
			if is {
				sent = append(sent, due)
			}
		}
		if g.Planned() != uint64(len(sent)) {
			t.Errorf("planned %d, sent %d", g.Planned(), len(sent))
		}
		if took := time.Since(start); took > p.Length() || took < p.Length()-horizon {
			t.Errorf("took %v of %v", took, p.Length())
		}
	})
	return sent
}

func TestAGovernorThatNobodyTurnsChangesNothing(t *testing.T) {
	for _, spec := range []string{"constant", "poisson", "ramp:0-50", "steps:10/3s,0/3s,50/1s", "sine", "spike"} {
		p := mustParse(t, spec, 20, 10*time.Second)
		if diff := cmp.Diff(slices.Collect(p.Arrivals()), governed(t, p)); diff != "" {
			t.Errorf("%s: (-ungoverned +governed)\n%s", spec, diff)
		}
	}
	p, err := Replay(Recording{Due: []time.Duration{5, 5, 7e6, 9e8}, Length: time.Second, Speed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Collect(p.Arrivals()), governed(t, p)); diff != "" {
		t.Errorf("replay: %s", diff)
	}
}

func TestGovernor(t *testing.T) {
	const s = time.Second
	for _, row := range []struct {
		name string
		spec string
		acts []act
		want []int // arrivals in each second, give or take what had been promised
	}{
		{"twice the rate from the middle", "constant", []act{{2 * s, factor(2)}}, []int{100, 100, 200, 200}},
		{"half the rate and back", "constant", []act{{s, factor(.5)}, {3 * s, factor(1)}}, []int{100, 50, 50, 100}},
		{"what a pause leaves out is not made up for", "constant", []act{{s, (*Governor).Pause}, {3 * s, (*Governor).Resume}}, []int{100, 0, 0, 100}},
		{"a factor that is set during a pause counts after it", "constant", []act{{s, (*Governor).Pause}, {2 * s, factor(3)}, {3 * s, (*Governor).Resume}}, []int{100, 0, 0, 300}},
		{"factor 0 is a pause too", "constant", []act{{s, factor(0)}, {2 * s, factor(1)}}, []int{100, 0, 100, 100}},
		{"a run that is never resumed still ends", "constant", []act{{s, (*Governor).Pause}}, []int{100, 0, 0, 0}},
		{"a spike stays where it is", "spike:peak=500,at=2s,for=1s", []act{{s, factor(2)}}, []int{100, 200, 1000, 200}},
		{"a rate that wakes up from almost nothing does not wait for its next request", "steps:0.01/4s", []act{{2 * s, factor(1000)}}, []int{1, 0, 10, 10}},
	} {
		t.Run(row.name, func(t *testing.T) {
			sent := governed(t, mustParse(t, row.spec, 100, 4*s), row.acts...)
			got := make([]int, len(row.want))
			for _, at := range sent {
				got[at/s]++
			}
			for i, want := range row.want {
				if math.Abs(float64(got[i]-want)) > 2+float64(want)*horizon.Seconds() {
					t.Errorf("got %v, want %v", got, row.want)
					break
				}
			}
			if !slices.IsSorted(sent) {
				t.Error("not in order")
			}
		})
	}
}

// A reader who was held up finds what fell due meanwhile under the factor that
// was in force then.
func TestALateReaderGetsEachArrivalAtItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		g := NewGovernor(mustParse(t, "constant", 100, 10*time.Second), start)
		for _, f := range []float64{2, 0, 1} {
			time.Sleep(time.Second)
			factor(f)(g)
		}
		time.Sleep(time.Second)
		got := make([]int, 4)
		for due, is := range g.Moments() {
			if due >= 4*time.Second || !is {
				break
			}
			got[due/time.Second]++
		}
		if diff := cmp.Diff([]int{100, 200, 0, 100}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestGovernedPoissonStaysPoisson(t *testing.T) {
	sent := governed(t, mustParse(t, "poisson", 500, 60*time.Second), act{0, factor(2)})
	var gaps []float64
	for i := range sent[1:] {
		gaps = append(gaps, (sent[i+1] - sent[i]).Seconds())
	}
	if mean, deviation := moments(gaps); math.Abs(mean*1000-1) > 0.02 || math.Abs(deviation/mean-1) > 0.02 {
		t.Errorf("gaps: mean %v, deviation %v", mean, deviation)
	}
}

func TestGovernorTellsItsState(t *testing.T) {
	g := NewGovernor(mustParse(t, "constant", 100, time.Minute), time.Now())
	for _, f := range []float64{-1, math.NaN(), math.Inf(1), MaxFactor + 1} {
		if err := g.SetFactor(f); err == nil || !strings.Contains(err.Error(), "must be 0 to 1000") {
			t.Errorf("factor %v: %v", f, err)
		}
	}
	if err := g.SetFactor(3); err != nil || g.Rate(time.Second) != 300 {
		t.Errorf("rate %v, %v", g.Rate(time.Second), err)
	}
	g.Pause()
	if f, paused := g.Factor(); f != 3 || !paused || g.Rate(time.Second) != 0 {
		t.Errorf("factor %v, paused %v, rate %v", f, paused, g.Rate(time.Second))
	}
}

// The closed model hides what the open one shows: while the target stands still
// for a second, its users ask nothing.
func TestClosedAsksNothingWhileTheTargetStands(t *testing.T) {
	for _, row := range []struct {
		name   string
		think  func() time.Duration
		asked  int // in 4 s, of which the target stands still for one
		longer int // than 100 ms
	}{
		{"without thinking, ten users ask a hundred times a second", nil, 3000, 10},
		{"thinking, they ask less often", func() time.Duration { return 90 * time.Millisecond }, 310, 10},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start, longer := time.Now(), 0
				c, err := NewClosed(10, 4*time.Second, start, row.think)
				if err != nil {
					t.Fatal(err)
				}
				var inFlight atomic.Int64
				most := int64(0)
				for due, is := range c.Moments() {
					time.Sleep(time.Until(start.Add(due)))
					if !is {
						continue
					}
					most = max(most, inFlight.Add(1))
					ends := due + 10*time.Millisecond
					if ends > time.Second && ends < 2*time.Second {
						ends = 2 * time.Second
					}
					if ends-due > 100*time.Millisecond {
						longer++
					}
					time.AfterFunc(ends-time.Since(start), func() { inFlight.Add(-1); c.Ended() })
				}
				if got := int(c.Planned()); math.Abs(float64(got-row.asked)) > 0.1*float64(row.asked) || longer != row.longer || most > 10 {
					t.Errorf("%d asked, want about %d; %d took long, want %d; %d at once", got, row.asked, longer, row.longer, most)
				}
				synctest.Wait()
				time.Sleep(time.Second)
			})
		})
	}
	for _, users := range []int{0, -1, MaxUsers + 1} {
		if _, err := NewClosed(users, time.Second, time.Now(), nil); err == nil || !strings.Contains(err.Error(), "must be 1 to 100000 users") {
			t.Errorf("%d: %v", users, err)
		}
	}
}
