//go:build linux

package main

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// results are the measurements by load and tool.
type results map[string]map[string][]measurement

func (r results) add(load, tool string, m measurement) {
	if r[load] == nil {
		r[load] = map[string][]measurement{}
	}
	r[load][tool] = append(r[load][tool], m)
}

// calm returns the measurements that nobody disturbed, or all if there are none.
func (r results) calm(load, tool string) []measurement {
	var quiet []measurement
	for _, m := range r[load][tool] {
		if !m.contended {
			quiet = append(quiet, m)
		}
	}
	if len(quiet) == 0 {
		return r[load][tool]
	}
	return quiet
}

// spread is min, median and max of something measured.
func spread(of []measurement, value func(measurement) float64) (low, mid, high float64) {
	var all []float64
	for _, m := range of {
		all = append(all, value(m))
	}
	slices.Sort(all)
	return all[0], all[len(all)/2], all[len(all)-1]
}

func median(of []measurement, value func(measurement) float64) float64 {
	_, mid, _ := spread(of, value)
	return mid
}

// quantities are what the table shows.
func quantities() []quantity {
	return []quantity{
		{"requests/s", "%.0f", func(m measurement) float64 { return m.Rate }},
		{"CPU s/100k", "%.2f", func(m measurement) float64 { return m.cpu }},
		{"error p50 ms", "%.2f", func(m measurement) float64 { return ms(m.ErrorP50) }},
		{"error p99 ms", "%.2f", func(m measurement) float64 { return ms(m.ErrorP99) }},
		{"hiccup p99 ms", "%.2f", func(m measurement) float64 { return ms(m.hiccup) }},
	}
}

type quantity struct {
	name, format string
	value        func(measurement) float64
}

// write prints min, median and max of all that was measured.
func (r results) write(w io.Writer) {
	for _, l := range loads() {
		fmt.Fprintf(w, "\n%-10s", l.name)
		for _, q := range quantities() {
			fmt.Fprintf(w, " %21s", q.name)
		}
		fmt.Fprintln(w)
		for _, t := range tools() {
			of := r.calm(l.name, t.name)
			if len(of) == 0 {
				continue
			}
			fmt.Fprintf(w, "%-10s", t.name)
			for _, q := range quantities() {
				low, mid, high := spread(of, q.value)
				fmt.Fprintf(w, " %21s", fmt.Sprintf(q.format+" / "+q.format+" / "+q.format, low, mid, high))
			}
			if of[0].contended {
				fmt.Fprint(w, "  contended")
			}
			fmt.Fprintln(w)
		}
	}
	fmt.Fprintln(w)
}

// ratio is a goal for CPU against another tool's.
type ratio struct {
	load, tool string
	most       float64
}

func ratios() []ratio {
	return []ratio{
		{"10000/s", "oha", 1.1}, {"10000/s", "vegeta", 0.5}, {"10000/s", "k6", 0.3},
		{"2000/s", "oha", 0.75}, {"2000/s", "k6", 0.3},
		{"saturated", "wrk", 1.3},
	}
}

const (
	mostLedgerCPU   = 0.1  // of loadgen's at 10,000/s
	mostLedgerBytes = 40.0 // an attempt
	mostRateOff     = 0.0005
	mostErrorP50    = 250 * time.Microsecond
	leastErrorP99   = time.Millisecond // or twice the hiccup meter's
)

// judge prints each goal with its figure and reports whether all are held that
// could be measured.
func judge(w io.Writer, r results, ledgerCPU float64) bool {
	held := true
	say := func(goal string, figure, most float64) {
		verdict := "held"
		if figure > most {
			verdict, held = "MISSED", false
		}
		fmt.Fprintf(w, "%-44s %8.3f  at most %.3f  %s\n", goal, figure, most, verdict)
	}
	cpu := func(m measurement) float64 { return m.cpu }
	for _, g := range ratios() {
		goal := fmt.Sprintf("CPU a request at %s, against %s", g.load, g.tool)
		ours, theirs := r.calm(g.load, "loadgen"), r.calm(g.load, g.tool)
		if len(ours) == 0 || len(theirs) == 0 {
			fmt.Fprintf(w, "%-44s not measured\n", goal)
			continue
		}
		say(goal, median(ours, cpu)/median(theirs, cpu), g.most)
	}
	for _, l := range loads() {
		of := r.calm(l.name, "loadgen")
		if l.rate == 0 || len(of) == 0 {
			continue
		}
		say(l.name+": planned and not sent", median(of, func(m measurement) float64 { return float64(m.planned) - float64(m.sent) }), 0)
		say(l.name+": sent and not arrived", median(of, func(m measurement) float64 { return float64(m.sent) - float64(m.Count) }), 0)
		say(l.name+": rate off by, %", 100*median(of, func(m measurement) float64 { return abs(m.Rate/float64(l.rate) - 1) }), 100*mostRateOff)
		say(l.name+": schedule error p50, ms", median(of, func(m measurement) float64 { return ms(m.ErrorP50) }), ms(mostErrorP50))
		hiccup := median(of, func(m measurement) float64 { return ms(m.hiccup) })
		say(l.name+": schedule error p99, ms", median(of, func(m measurement) float64 { return ms(m.ErrorP99) }), max(ms(leastErrorP99), 2*hiccup))
	}
	if of := r.calm("10000/s", "loadgen"); len(of) > 0 {
		say("ledger's share of the CPU", ledgerCPU/median(of, cpu), mostLedgerCPU)
		say("ledger's bytes an attempt", median(of, func(m measurement) float64 { return m.bytes }), mostLedgerBytes)
	}
	return held
}

func abs(x float64) float64 { return max(x, -x) }
