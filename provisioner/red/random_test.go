package red

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"plumbline/provisioner/arrival"
)

// anyWorld is a world of chance: routes and statuses that begin whenever they
// like, bursts, restarts, clocks that differ.
func anyWorld(random *rand.Rand) *world {
	w := &world{
		length: time.Duration(20+random.IntN(40)) * time.Second,
		every:  time.Duration(1+random.IntN(8)) * time.Second,
		native: true,
		lives:  []time.Time{began.Add(-time.Hour)},
	}
	w.phase = time.Duration(200+random.IntN(int(w.every.Milliseconds()))) * time.Millisecond
	if random.IntN(3) == 0 {
		w.ahead = time.Duration(random.IntN(20000)-10000) * time.Millisecond
	}
	for range 1 + random.IntN(6) {
		route, status := fmt.Sprintf("/%c", 'a'+random.IntN(3)), []int{200, 404, 500, 503}[random.IntN(4)]
		from := time.Duration(random.Int64N(int64(w.length) - int64(time.Second)))
		span := min(w.length-from-time.Second/2, time.Duration(random.Int64N(int64(w.length)))+time.Millisecond)
		for range 1 + random.IntN(150) {
			took := time.Duration(1e6 * math.Exp(random.NormFloat64()*1.5+1))
			w.add(began.Add(from+time.Duration(random.Int64N(int64(span)))), route, status, min(took, 400*time.Millisecond))
		}
	}
	if random.IntN(3) == 0 {
		w.lives = append(w.lives, began.Add(time.Duration(random.Int64N(int64(w.length)))))
	}
	return w
}

// Whatever happens in a world in which nothing is broken, no promise is: not one
// of the bounds is a matter of luck. PLUMBLINE_WORLDS sets how many are tried.
func TestNoPromiseIsAMatterOfLuck(t *testing.T) {
	worlds := 15
	if n, err := strconv.Atoi(os.Getenv("PLUMBLINE_WORLDS")); err == nil {
		worlds = n
	}
	for seed := range worlds {
		w := anyWorld(rand.New(rand.NewPCG(uint64(seed), 2)))
		if r := w.bench(t); r.Outcome == arrival.Fails {
			t.Errorf("world %d: %q", seed, r.Broken())
		}
	}
}
