package red

import (
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/promql"
	"plumbline/provisioner/red/exact"
)

// increase is what the functions increase and rate of Prometheus make of
// counters over a range, and what they miss.
type increase struct {
	seen  float64 // between samples
	born  float64 // counted before the first sample of series that begin in the range
	hid   float64 // counted before a restart that does not show as a fall
	back  float64 // made up for the time before the first sample of such a series
	added float64 // made up for other time without a sample, or counted twice
}

func (i increase) plus(j increase) increase {
	return increase{i.seen + j.seen, i.born + j.born, i.hid + j.hid, i.back + j.back, i.added + j.added}
}

// increases tells, by route and under "" for all, what increase makes of the
// samples of request counters after from and up to to.
//
// It takes the first sample of a series as what was there before, although a
// series that begins in mid-range began at zero. It takes a counter for reset
// when it fell, which one that is quickly ahead of its old value never did. And
// it extends the line through the samples to the ends of the range, or by half
// an interval where they are far.
func (c *Coverage) increases(samples []promql.Sample, from, to time.Time, counts func(labels map[string]string) bool) map[string]increase {
	sums := map[string]increase{}
	for _, series := range bySeries(samples, from, to) {
		labels := series[0].Labels
		if !counts(labels) {
			continue
		}
		one := c.increaseOf(series, from, to)
		for _, route := range []string{"", labels[telemetry.LabelRoute]} {
			sums[route] = sums[route].plus(one)
		}
	}
	return sums
}

func (c *Coverage) increaseOf(series []promql.Sample, from, to time.Time) (i increase) {
	first, last := series[0], series[len(series)-1]
	for k, s := range series[1:] {
		before := series[k]
		switch {
		case s.Value < before.Value:
			i.seen += s.Value
			if c.lifeOf(before.At) == c.lifeOf(s.At) {
				i.added += before.Value // no restart, but the zero of a counter's birth, told late: it counts twice
			}
			continue
		case c.lifeOf(before.At) != c.lifeOf(s.At):
			i.hid += before.Value
		}
		i.seen += s.Value - before.Value
	}
	if c.begins(first.At, from) {
		i.born = first.Value
	}
	span := last.At.Sub(first.At).Seconds()
	if span == 0 {
		return i
	}
	mean := span / float64(len(series)-1)
	reach := func(gap float64) float64 { // how far the line is drawn
		if gap >= 1.1*mean {
			return mean / 2
		}
		return gap
	}
	i.added += i.seen * reach(to.Sub(last.At).Seconds()) / span
	if start := min(i.seen*reach(first.At.Sub(from).Seconds())/span, first.Value); i.born > 0 { // never below zero
		i.back = start
	} else {
		i.added += start
	}
	return i
}

// begins reports that a series whose first sample after from is at a moment was
// not there at an earlier scrape of the range.
func (c *Coverage) begins(at, from time.Time) bool {
	for _, s := range c.Scrapes {
		if s.At.After(from) && s.At.Before(at) {
			return true
		}
	}
	return false
}

// lifeOf is the number of the life in which a scrape was taken.
func (c *Coverage) lifeOf(at time.Time) int {
	for i, life := range c.Lives {
		if !at.After(life.To.At) {
			return i
		}
	}
	return len(c.Lives)
}

// bySeries puts the samples of a range together that are of one series; those of
// a series come in the order of time.
func bySeries(samples []promql.Sample, from, to time.Time) [][]promql.Sample {
	type key struct{ route, method, status string }
	at := map[key]int{}
	var all [][]promql.Sample
	for _, s := range samples {
		if !s.At.After(from) || s.At.After(to) {
			continue
		}
		of := key{s.Labels[telemetry.LabelRoute], s.Labels[telemetry.LabelMethod], s.Labels[telemetry.LabelStatus]}
		i, known := at[of]
		if !known {
			i = len(all)
			at[of] = i
			all = append(all, nil)
		}
		all[i] = append(all[i], s)
	}
	return all
}

// off is what is lacking from an increase, or too much in it.
func (i increase) off(blind float64) Off {
	return Off{Blind: blind, Born: i.born, Hid: i.hid, Back: i.back, Added: i.added}
}

// blind counts the requests of a route that no scrape of a coverage may have seen.
func (c *Coverage) blind(route string, failed bool) (n float64) {
	for _, some := range [][]exact.Request{c.Unseen, c.Unsure} {
		for _, q := range some {
			if (route == "" || q.Route == route) && (!failed || q.Failed()) {
				n++
			}
		}
	}
	return n
}
