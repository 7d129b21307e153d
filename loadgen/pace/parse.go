package pace

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Usage describes the shapes, a line each, for a program's help.
const Usage = `  constant                     --------   -rate, evenly
  poisson                      -' '-.'-   -rate on average, at random as from many
                                          independent users; drawn from -seed
  ramp:FROM-TO                 __..--''   evenly from one rate to the other
  steps:RATE/D,RATE/D,...      __--..''   these rates, each so long; brings its own
                                          length, and a rate may be 0
  sine:amplitude=A,period=D    -'-._.-'   a day in minutes, around -rate
                                          (default half of -rate, one period)
  spike:peak=P,at=D,for=D      ___|'|__   -rate, and once much more (default 5 times
                                          -rate, from the middle, for a tenth)
  replay:FILE[,speed=X]        .:-. :.-   the due times of a ledger; its own length
`

const maxSteps = 10_000

// shape reads what follows the name in a specification; what is wrong with it
// is said in a few words, example says what would be right.
type shape struct {
	name    string
	example string
	read    func(text string, base Constant, seed uint64) (Pace, error)
}

func shapes() []shape {
	return []shape{
		{"constant", "constant", parseConstant},
		{poisson, "poisson", parsePoisson},
		{"ramp", "ramp:10-500", parseRamp},
		{"steps", "steps:100/10s,300/10s,50/10s", parseSteps},
		{"sine", "sine:amplitude=150,period=1m", parseSine},
		{"spike", "spike:peak=1000,at=10s,for=2s", parseSpike},
	}
}

// Parse makes the pace of a specification such as ramp:10-500; "" is constant.
// The rate is the base, the mean or nothing, as the shape has it; the duration is
// the run's, unless the shape brings its own; the seed is for what is random. A
// replay needs its ledger, so Parse refuses it: see ParseReplay.
func Parse(spec string, rate float64, duration time.Duration, seed uint64) (Pace, error) {
	base := Constant{Rate: rate, Duration: duration}
	if err := base.Validate(); err != nil {
		return nil, err
	}
	name, text, given := strings.Cut(spec, ":")
	if spec == "" {
		name = "constant"
	}
	var names []string
	for _, s := range shapes() {
		names = append(names, s.name)
		if s.name != name {
			continue
		}
		var p Pace
		err := fmt.Errorf("nothing follows the colon")
		if !given || text != "" {
			p, err = s.read(text, base, seed)
		}
		if err == nil && p.Count() == 0 {
			err = fmt.Errorf("no request is due in %v", p.Length())
		}
		if err != nil {
			return nil, fmt.Errorf("pace %q: %v; for example %s", spec, err, s.example)
		}
		return p, nil
	}
	return nil, fmt.Errorf("pace %q: unknown shape, known are %s and replay", spec, strings.Join(names, ", "))
}

func parseConstant(text string, base Constant, _ uint64) (Pace, error) {
	if text != "" {
		return nil, fmt.Errorf("takes nothing after its name, the rate is -rate")
	}
	return newSchedule(newLine("constant").then(base.Duration, base.Rate, base.Rate), base.Duration), nil
}

func parsePoisson(text string, base Constant, seed uint64) (Pace, error) {
	if text != "" {
		return nil, fmt.Errorf("takes nothing after its name, the rate is -rate")
	}
	p, err := newPoisson(base.Rate, base.Duration, seed)
	if err != nil {
		return nil, err
	}
	return p, nil
}

func parseRamp(text string, base Constant, _ uint64) (Pace, error) {
	first, second, ok := strings.Cut(text, "-")
	if !ok {
		return nil, fmt.Errorf("wants two rates with a - between")
	}
	from, err := parseRate("the first rate", first)
	if err != nil {
		return nil, err
	}
	to, err := parseRate("the last rate", second)
	if err != nil {
		return nil, err
	}
	return newSchedule(newLine(fmt.Sprintf("ramp:%v-%v", from, to)).then(base.Duration, from, to), base.Duration), nil
}

func parseSteps(text string, _ Constant, _ uint64) (Pace, error) {
	parts := strings.Split(text, ",")
	if text == "" || len(parts) > maxSteps {
		return nil, fmt.Errorf("wants 1 to %d steps", maxSteps)
	}
	l, length := newLine("steps:"), time.Duration(0)
	for i, part := range parts {
		first, second, ok := strings.Cut(part, "/")
		if !ok {
			return nil, fmt.Errorf("step %d, %q, has no /", i+1, part)
		}
		rate, err := parseRate(fmt.Sprintf("the rate of step %d", i+1), first)
		if err != nil {
			return nil, err
		}
		d, err := parseDuration(fmt.Sprintf("the duration of step %d", i+1), second)
		if err != nil {
			return nil, err
		}
		if length += d; length > MaxDuration {
			return nil, fmt.Errorf("takes longer than %v", MaxDuration)
		}
		if i > 0 {
			l.spec += ","
		}
		l.spec += fmt.Sprintf("%v/%v", rate, d)
		l.then(d, rate, rate)
	}
	return newSchedule(l, length), nil
}

func parseSine(text string, base Constant, _ uint64) (Pace, error) {
	amplitude, period := base.Rate/2, base.Duration
	err := parseKeys(text, map[string]func(string, string) error{
		"amplitude": rateInto(&amplitude),
		"period":    durationInto(&period),
	})
	switch {
	case err != nil:
		return nil, err
	case amplitude > base.Rate:
		return nil, fmt.Errorf("amplitude %v is above -rate %v, so the rate would fall below 0", amplitude, base.Rate)
	case base.Rate+amplitude > MaxRate:
		return nil, fmt.Errorf("-rate and amplitude make more than %.0f requests per second", MaxRate)
	}
	return newSchedule(newSine(base.Rate, amplitude, period, base.Duration), base.Duration), nil
}

func parseSpike(text string, base Constant, _ uint64) (Pace, error) {
	peak, at, long := min(5*base.Rate, MaxRate), base.Duration/2, max(1, base.Duration/10)
	err := parseKeys(text, map[string]func(string, string) error{
		"peak": rateInto(&peak),
		"at": func(key, value string) error {
			if d, err := time.ParseDuration(value); err == nil && d == 0 {
				at = 0
				return nil
			}
			return durationInto(&at)(key, value)
		},
		"for": durationInto(&long),
	})
	switch {
	case err != nil:
		return nil, err
	case at+long > base.Duration:
		return nil, fmt.Errorf("ends at %v, after the run's -duration %v", at+long, base.Duration)
	}
	l := newLine(fmt.Sprintf("spike:peak=%v,at=%v,for=%v", peak, at, long))
	l.then(at, base.Rate, base.Rate).then(long, peak, peak).then(base.Duration-at-long, base.Rate, base.Rate)
	return newSchedule(l, base.Duration), nil
}

// parseKeys reads key=value,key=value.
func parseKeys(text string, keys map[string]func(key, value string) error) error {
	if text == "" {
		return nil
	}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(text, ",") {
		key, value, ok := strings.Cut(part, "=")
		read := keys[key]
		switch {
		case !ok:
			return fmt.Errorf("%q is not of the form key=value", part)
		case read == nil:
			return fmt.Errorf("unknown key %q", key)
		case seen[key]:
			return fmt.Errorf("%s is given twice", key)
		}
		seen[key] = true
		if err := read(key, value); err != nil {
			return err
		}
	}
	return nil
}

func rateInto(to *float64) func(string, string) error {
	return func(key, value string) (err error) {
		*to, err = parseRate(key, value)
		return err
	}
}

func durationInto(to *time.Duration) func(string, string) error {
	return func(key, value string) (err error) {
		*to, err = parseDuration(key, value)
		return err
	}
}

// parseRate also takes 0: a part of a run may be silent.
func parseRate(name, text string) (float64, error) {
	rate, err := strconv.ParseFloat(text, 64)
	if err != nil || !(rate >= 0 && rate <= MaxRate) || rate > 0 && rate < MinRate {
		return 0, fmt.Errorf("%s, %q, is not 0 or %v to %.0f requests per second", name, text, MinRate, MaxRate)
	}
	return rate, nil
}

func parseDuration(name, text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 || d > MaxDuration {
		return 0, fmt.Errorf("%s, %q, is not a time such as 10s, up to %v", name, text, MaxDuration)
	}
	return d, nil
}
