package red

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"plumbline/provisioner/red/estimate"
	"plumbline/provisioner/red/exact"
)

// chart is a plot in a square of 1000 by 1000, which the page stretches.
type chart struct {
	Title, Words string
	Key          []line // what is what
	Lines        []line // drawn in this order
	X, Y         []tick
}

type line struct{ Name, Class, Path string }

// tick is a mark on an axis.
type tick struct {
	Text    string
	Percent float64 // from the left or the top
	Minor   bool    // left out where there is little room
}

// Down is the place of a mark of the vertical axis.
func (t tick) Down() float64 { return 10 * t.Percent }

func (r *Report) charts() []chart {
	if len(r.durations) == 0 {
		return nil
	}
	return []chart{r.percentiles(), r.distribution()}
}

// scale maps durations to 0 to 1 by their logarithm.
type scale struct{ low, high float64 }

// scaleOf spans whole decades around some durations.
func scaleOf(all []time.Duration) scale {
	low, high := math.Inf(1), math.Inf(-1)
	for _, d := range all {
		if d > 0 && d < math.MaxInt64 {
			low, high = min(low, math.Log10(float64(d))), max(high, math.Log10(float64(d)))
		}
	}
	s := scale{math.Floor(low*2) / 2, math.Ceil(high*2) / 2}
	if !(s.high > s.low) {
		s.high = s.low + .5
	}
	return s
}

func (s scale) at(d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return min(max((math.Log10(float64(d))-s.low)/(s.high-s.low), 0), 1)
}

// marks are 1, 2 and 5 of each decade.
func (s scale) marks() (durations []time.Duration) {
	for decade := math.Floor(s.low); decade <= s.high; decade++ {
		for _, m := range []float64{1, 2, 5} {
			if at := decade + math.Log10(m); at >= s.low-1e-9 && at <= s.high+1e-9 {
				durations = append(durations, time.Duration(math.Round(m*math.Pow(10, decade))))
			}
		}
	}
	return durations
}

// percentiles has the exact curve, and for each source its answers, with bars
// over where they have to lie.
func (r *Report) percentiles() chart {
	c := chart{Title: "percentiles of all routes, and where each source's answer has to lie"}
	all := []time.Duration{r.durations.At(.25)}
	for _, s := range r.Sources {
		for _, q := range s.total() {
			all = append(all, q.Exact, max(q.Bound.Low, q.Exact/4), min(q.Bound.High, 4*q.Exact))
			if q.Got != nil {
				all = append(all, *q.Got)
			}
		}
	}
	y := scaleOf(append(all, r.durations[len(r.durations)-1]))
	for _, d := range y.marks() {
		c.Y = append(c.Y, tick{Text: short(d), Percent: 100 * (1 - y.at(d))})
	}
	place := func(i int) float64 { return (float64(i) + .5) / float64(len(exact.Quantiles())) }
	exactly := line{Name: "exact", Class: "exact"}
	for i, q := range exact.Quantiles() {
		c.X = append(c.X, tick{Text: percent(q), Percent: 100 * place(i)})
		at, width := 1-y.at(r.Exact[0].Quantiles[i]), .42/float64(len(exact.Quantiles()))
		exactly.Path += segment(place(i)-width, at, place(i)+width, at)
	}
	c.Lines = append(c.Lines, exactly)
	for n, s := range r.Sources {
		bars := line{Class: fmt.Sprintf("bar s%d", n%colours)}
		dots := line{Name: s.Name, Class: fmt.Sprintf("dot s%d", n%colours)}
		for i, q := range s.total() {
			x := place(i) + (float64(n)-float64(len(r.Sources)-1)/2)*.13/float64(len(exact.Quantiles()))
			bars.Path += segment(x, 1-y.at(q.Bound.Low), x, 1-y.at(q.Bound.High))
			if q.Got != nil {
				dots.Path += segment(x, 1-y.at(*q.Got), x, 1-y.at(*q.Got))
			}
		}
		c.Lines = append(c.Lines, bars, dots)
	}
	for _, l := range c.Lines {
		if l.Name != "" {
			c.Key = append(c.Key, l)
		}
	}
	c.Words = fmt.Sprintf("exact values from %s to %s", short(r.Exact[0].Quantiles[0]), short(r.Exact[0].Quantiles[len(r.Exact[0].Quantiles)-1]))
	return c
}

// total is what a source says of the percentiles of all routes.
func (j Judged) total() []Quantile {
	if len(j.Routes) == 0 {
		return nil
	}
	return j.Routes[0].Quantiles
}

const columns = 120 // of the distribution

// distribution shows how many requests took how long, and the bounds of the
// classic histogram that they were sorted into.
func (r *Report) distribution() chart {
	c := chart{Title: "how long requests took, and the bounds of the classic histogram"}
	d := r.durations
	x := scaleOf([]time.Duration{d[0], d[len(d)-1]})
	counts, most := make([]int, columns), 1
	for _, took := range d {
		i := min(int(x.at(took)*columns), columns-1)
		counts[i]++
		most = max(most, counts[i])
	}
	var area strings.Builder
	area.WriteString("M0 1000")
	for i, n := range counts {
		fmt.Fprintf(&area, "L%.1f %.1fH%.1f", 1000*float64(i)/columns, 1000*(1-float64(n)/float64(most)), 1000*float64(i+1)/columns)
	}
	area.WriteString("L1000 1000")
	bounds := line{Name: "bounds", Class: "bound"}
	for _, bound := range r.bounds {
		if took := time.Duration(bound * 1e9); x.at(took) > 0 && x.at(took) < 1 {
			bounds.Path += segment(x.at(took), 0, x.at(took), 1)
		}
	}
	c.Lines = []line{bounds, {Name: "requests", Class: "area", Path: area.String()}}
	c.Key = slices.Clone(c.Lines)
	for i, took := range x.marks() {
		c.X = append(c.X, tick{Text: short(took), Percent: 100 * x.at(took), Minor: i%3 != 0})
	}
	for i := range 3 {
		c.Y = append(c.Y, tick{Text: comma(float64(most * i / 2)), Percent: 100 - 50*float64(i)})
	}
	c.Words = fmt.Sprintf("from %s to %s", short(d[0]), short(d[len(d)-1]))
	return c
}

func segment(x1, y1, x2, y2 float64) string {
	return fmt.Sprintf("M%.1f %.1fL%.1f %.1f", 1000*x1, 1000*y1, 1000*x2, 1000*y2)
}

// boundsOf are those of the first source that has a classic histogram.
func boundsOf(measured []*Measurement) estimate.Buckets {
	for _, m := range measured {
		if b, ok := m.Told[""].Method.(estimate.Buckets); ok && len(b) > 0 {
			return b
		}
	}
	return nil
}
