package journey

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// Think is how long a user looks at a page before asking for the next: the
// median, and how far it spreads. The zero value is not at all.
type Think struct {
	median time.Duration
	sigma  float64 // of the logarithm; 0 for always the same
}

const (
	maxThink    = time.Hour
	maxSigma    = 3
	thinkSigma  = 0.6 // nine in ten within a factor of 2.7 of the median
	longestGaze = 20  // medians: beyond, the user has left
)

// ParseThink reads a think time: 0, 1.5s, lognormal(median=2.8s) or
// lognormal(median=2.8s,sigma=0.6). With a median of 2.8s and the sigma of 0.6
// that it has by default, nine in ten are between 1 and 8 seconds.
func ParseThink(text string) (Think, error) {
	fail := func(what string) (Think, error) {
		return Think{}, fmt.Errorf("think %q: %s; allowed are 0, 1.5s and lognormal(median=2.8s[,sigma=0.6])", text, what)
	}
	inner, ok := strings.CutPrefix(text, "lognormal(")
	if !ok {
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 || d > maxThink {
			return fail(fmt.Sprintf("not a time up to %v", maxThink))
		}
		return Think{median: d}, nil
	}
	if inner, ok = strings.CutSuffix(inner, ")"); !ok {
		return fail("has no closing )")
	}
	t := Think{sigma: thinkSigma}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(inner, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		var err error
		switch key {
		case "median":
			t.median, err = time.ParseDuration(value)
		case "sigma":
			t.sigma, err = strconv.ParseFloat(value, 64)
		default:
			return fail(fmt.Sprintf("unknown key %q", key))
		}
		if err != nil {
			return fail(fmt.Sprintf("%s %q cannot be read", key, value))
		}
		if seen[key] {
			return fail(key + " is given twice")
		}
		seen[key] = true
	}
	switch {
	case t.median <= 0 || t.median > maxThink:
		return fail(fmt.Sprintf("median must be above 0 and at most %v", maxThink))
	case !(t.sigma > 0 && t.sigma <= maxSigma):
		return fail(fmt.Sprintf("sigma must be above 0 and at most %d", maxSigma))
	}
	return t, nil
}

// String is what ParseThink reads.
func (t Think) String() string {
	switch {
	case t.median == 0:
		return "0"
	case t.sigma == 0:
		return t.median.String()
	}
	return fmt.Sprintf("lognormal(median=%v,sigma=%v)", t.median, t.sigma)
}

// Draw draws one think time.
func (t Think) Draw(random *rand.Rand) time.Duration {
	if t.median == 0 || t.sigma == 0 {
		return t.median
	}
	return min(longestGaze*t.median, time.Duration(float64(t.median)*math.Exp(t.sigma*random.NormFloat64())))
}
