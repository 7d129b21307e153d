package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// chart is a plot in a square of 1000 by 1000, which the page stretches.
type chart struct {
	Title, Words string
	Lines        []line
	X, Y         []tick
}

type line struct{ Name, Class, Path string }

// tick is a mark on an axis.
type tick struct {
	Text    string
	Percent float64 // from the left or the top
	Minor   bool    // left out where there is little room
}

// End reports a mark at the right edge.
func (t tick) End() bool { return t.Percent > 97 }

// Down is the place of a mark of the vertical axis.
func (t tick) Down() float64 { return 10 * t.Percent }

func (p Plots) charts() []chart {
	return []chart{p.rates(), p.percentiles()}
}

// rates is what was due, sent and answered in each second.
func (p Plots) rates() chart {
	seconds := p.timeline.width.Seconds()
	c := chart{Title: "requests per second", X: clocks(time.Duration(len(p.timeline.slots)) * p.timeline.width)}
	if seconds > 1 {
		c.Title += fmt.Sprintf(", over %v each", p.timeline.width)
	}
	values := map[string][]float64{}
	highest := 0.0
	for _, s := range p.timeline.slots {
		for name, n := range map[string]uint64{"due": s.due, "sent": s.sent, "answered": s.answered, "errors": s.errors} {
			values[name] = append(values[name], float64(n)/seconds)
			highest = max(highest, float64(n)/seconds)
		}
	}
	c.Words = fmt.Sprintf("at most %.0f", highest)
	top := ceiling(highest)
	c.Y = levels(top, count)
	for _, name := range []string{"answered", "sent", "due", "errors"} { // what comes later is drawn on top
		c.Lines = append(c.Lines, line{name, name, path(values[name], top, true)})
	}
	return c
}

// percentiles is the latency below which each share of the requests stayed.
func (p Plots) percentiles() chart {
	c := chart{Title: "latency by percentile"}
	highest := 0.0
	for _, v := range append(append([]float64(nil), p.latency...), p.service...) {
		highest = max(highest, v)
	}
	c.Words = "at most " + short(time.Duration(highest))
	top := 1e6 * ceiling(highest/1e6)
	c.Y = levels(top, func(v float64) string {
		if v == 0 {
			return "0"
		}
		return round(short(time.Duration(v)))
	})
	for _, mark := range []struct {
		text  string
		share float64
	}{{"0 %", 0}, {"50 %", .5}, {"90 %", .9}, {"99 %", .99}, {"99.9 %", .999}, {"99.99 %", .9999}, {"99.999 %", .99999}, {"99.9999 %", .999999}} {
		if at := -math.Log10(1 - mark.share); at <= p.decades {
			c.X = append(c.X, tick{Text: mark.text, Percent: 100 * at / math.Max(p.decades, 1), Minor: mark.share == .5})
		}
	}
	c.Lines = []line{{"from the sending", "service", path(p.service, top, false)}, {"from the schedule", "latency", path(p.latency, top, false)}}
	return c
}

// path draws values over the whole width. Of counts each stands for the middle
// of its slot.
func path(values []float64, top float64, slots bool) string {
	var out strings.Builder
	ended := len(values)
	for slots && ended > 0 && values[ended-1] == 0 { // no line along the ground after the last
		ended--
	}
	for i, v := range values[:ended] {
		x := float64(i) / math.Max(float64(len(values)-1), 1)
		if slots {
			x = (float64(i) + .5) / float64(len(values))
		}
		pen := byte('L')
		if i == 0 {
			pen = 'M'
		}
		fmt.Fprintf(&out, "%c%.1f %.1f", pen, 1000*x, 1000*(1-v/top))
	}
	return out.String()
}

func levels(top float64, word func(float64) string) []tick {
	var all []tick
	for i := range 5 {
		all = append(all, tick{Text: word(top * float64(i) / 4), Percent: 100 - 25*float64(i)})
	}
	return all
}

// clocks are round moments of a run, at most eight.
func clocks(length time.Duration) []tick {
	const day = 24 * time.Hour
	step := time.Second
	for _, next := range []time.Duration{2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute,
		5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour, day, 7 * day, 30 * day, 365 * day} {
		if length/step > 7 {
			step = next
		}
	}
	var all []tick
	for at := time.Duration(0); length > 0 && at <= length; at += step {
		all = append(all, tick{Text: clock(at), Percent: 100 * float64(at) / float64(length), Minor: len(all)%2 == 1})
	}
	return all
}

func clock(d time.Duration) string {
	s := int(d.Seconds())
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// count is a number as an axis has it.
func count(v float64) string { return humanize.Commaf(math.Round(1e6*v) / 1e6) }

// round leaves out the zeros of a duration behind the point: 5.00 s is 5 s.
func round(word string) string {
	number, unit, _ := strings.Cut(word, " ")
	return strings.TrimSuffix(strings.TrimRight(number, "0"), ".") + " " + unit
}

// ceiling is a number above v, with some room, of which a quarter is short: 1,
// 1.2, 1.6 and so on times a power of ten.
func ceiling(v float64) float64 {
	if !(v > 0) {
		return 1
	}
	v *= 1.04
	unit := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 1.2, 1.6, 2, 2.4, 3, 4, 6, 8} {
		if m*unit >= v {
			return m * unit
		}
	}
	return 10 * unit
}
