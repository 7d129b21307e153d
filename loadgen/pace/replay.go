package pace

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// replay gives the due times of an earlier run again.
type replay struct {
	spec   string
	due    []time.Duration
	length time.Duration
}

// Recording says what a replay is made of.
type Recording struct {
	File   string          // where it comes from, for String
	Due    []time.Duration // since the start of that run, in any order; Replay takes the slice over
	Length time.Duration   // of that run; arrivals after it lengthen the replay
	Speed  float64         // 2 makes the run half as long and twice as fast
}

// MaxSpeed limits how much faster, and slower, a replay goes.
const MaxSpeed = 1000

// Replay makes a pace of recorded due times.
func Replay(r Recording) (Pace, error) {
	fail := func(format string, args ...any) (Pace, error) {
		return nil, fmt.Errorf("pace replay:%s: %s", r.File, fmt.Sprintf(format, args...))
	}
	if !(r.Speed >= 1.0/MaxSpeed && r.Speed <= MaxSpeed) {
		return fail("speed %v: must be %v to %v, for example speed=2", r.Speed, 1.0/MaxSpeed, MaxSpeed)
	}
	if len(r.Due) == 0 {
		return fail("no arrivals were recorded")
	}
	slices.Sort(r.Due)
	if first := r.Due[0]; first < 0 {
		return fail("an arrival is due %v before the start", -first)
	}
	if last := r.Due[len(r.Due)-1]; r.Length <= last {
		r.Length = last + 1
	}
	if float64(r.Length)/r.Speed > float64(MaxDuration) {
		return fail("takes longer than %v at speed %v", MaxDuration, r.Speed)
	}
	for i, due := range r.Due {
		r.Due[i] = time.Duration(float64(due) / r.Speed)
	}
	p := &replay{spec: "replay:" + r.File, due: r.Due, length: time.Duration(math.Ceil(float64(r.Length) / r.Speed))}
	if r.Speed != 1 {
		p.spec += ",speed=" + strconv.FormatFloat(r.Speed, 'g', -1, 64)
	}
	p.length = max(p.length, p.due[len(p.due)-1]+1)
	return p, nil
}

// ParseReplay reads replay:FILE[,speed=X]; ok is false if the specification is
// of another shape.
func ParseReplay(spec string) (file string, speed float64, ok bool, err error) {
	file, ok = strings.CutPrefix(spec, "replay:")
	if !ok {
		return "", 0, spec == "replay", replayError(spec == "replay", spec)
	}
	speed = 1
	if at := strings.LastIndex(file, ",speed="); at >= 0 {
		text := file[at+len(",speed="):]
		if speed, err = strconv.ParseFloat(text, 64); err != nil {
			return "", 0, true, fmt.Errorf("pace %q: speed %q is no number; for example replay:run.ledger,speed=2", spec, text)
		}
		file = file[:at]
	}
	return file, speed, true, replayError(file == "", spec)
}

func replayError(wrong bool, spec string) error {
	if !wrong {
		return nil
	}
	return fmt.Errorf("pace %q: names no ledger; for example replay:run.ledger,speed=2", spec)
}

func (p *replay) Arrivals() iter.Seq[time.Duration] { return slices.Values(p.due) }

func (p *replay) Count() uint64 { return uint64(len(p.due)) }

func (p *replay) Length() time.Duration { return p.length }

func (p *replay) String() string { return p.spec }

// Rate counts the arrivals in the second around a moment.
func (p *replay) Rate(at time.Duration) float64 {
	low, high := max(0, at-time.Second/2), min(p.length, at+time.Second/2)
	if low >= high {
		return 0
	}
	return float64(p.until(high)-p.until(low)) / (high - low).Seconds()
}

// until counts the arrivals that are due before a moment.
func (p *replay) until(at time.Duration) int {
	n, _ := slices.BinarySearchFunc(p.due, at, cmp.Compare[time.Duration])
	return n
}
