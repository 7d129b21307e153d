package pace

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"sync"
	"time"
)

// poisson is the name under which Parse knows random arrivals.
const poisson = "poisson"

// newPoisson puts the marks on an even rate at random: the distances between
// arrivals are exponential, as of very many users who know nothing of each
// other. Nothing of it is stored; the arrivals are drawn once more to be counted.
func newPoisson(rate float64, length time.Duration, seed uint64) (*schedule, error) {
	if n := rate * length.Seconds(); n > MaxRandom {
		return nil, fmt.Errorf("about %.2g requests: at most %.0g can be drawn at random", n, float64(MaxRandom))
	}
	s := &schedule{curve: newLine(poisson).then(length, rate, rate), length: length, marks: random(seed)}
	s.size = sync.OnceValue(func() (n uint64) {
		near := s.total() - 1e-3*max(1, rate) // before, no rounding can move an arrival past the end
		for mark := range s.marks {
			if mark > near && s.due(mark) >= length {
				break
			}
			n++
		}
		return n
	})
	return s, nil
}

// random draws marks whose distances are exponential with mean 1.
func random(seed uint64) iter.Seq[float64] {
	return func(yield func(float64) bool) {
		source := rand.New(rand.NewPCG(seed, 0x706f6973736f6e)) // "poisson": other draws of the run's seed are not these
		for n := source.ExpFloat64(); yield(n); n += source.ExpFloat64() {
		}
	}
}
