package main

import (
	"fmt"
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
)

// Goals. Times, both warm, and memory are for a million documents beside a node on two
// cores; growth holds at every size.
const (
	goalSize   = 1_000_000
	goalFast   = 300 * time.Millisecond
	goalFull   = 3 * time.Second
	goalRSS    = 32 << 20
	goalGrowth = 11.0 // for ten times as many documents
)

// results are by size, ascending.
type results []result

// write prints the table and the goals, and reports whether all are held.
func (all results) write(w io.Writer) bool {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"documents", "fast cold s", "fast warm s", "CPU s", "x10 costs", "full cold s", "full warm s", "CPU s", "x10 costs", "bare s", "full/bare", "RSS MiB"})
	for i, r := range all {
		row := table.Row{r.n, seconds(r.fast.cold.wall), seconds(r.fast.warm.wall), seconds(r.fast.warm.cpu), all.growth(i, fast),
			seconds(r.full.cold.wall), seconds(r.full.warm.wall), seconds(r.full.warm.cpu), all.growth(i, full),
			seconds(r.bare), fmt.Sprintf("%.2f", r.full.warm.wall.Seconds()/r.bare.Seconds()), fmt.Sprintf("%.1f", float64(r.rss())/(1<<20))}
		t.AppendRow(row)
	}
	fmt.Fprintln(w, t.Render())
	good := true
	hold := func(right bool, format string, args ...any) {
		word := "held"
		if !right {
			word, good = "NOT HELD", false
		}
		fmt.Fprintf(w, "%-8s  %s\n", word, fmt.Sprintf(format, args...))
	}
	for i, r := range all {
		if r.n == goalSize {
			hold(r.fast.warm.wall <= goalFast, "fast check of %d, warm: %s s, goal %v", r.n, seconds(r.fast.warm.wall), goalFast)
			hold(r.full.warm.wall <= goalFull, "full audit of %d, warm: %s s, goal %v", r.n, seconds(r.full.warm.wall), goalFull)
			hold(r.rss() <= goalRSS, "memory of %d: %.1f MiB, goal %d MiB", r.n, float64(r.rss())/(1<<20), goalRSS>>20)
		}
		for name, of := range map[string]func(result) cost{"fast check": fast, "full audit": full} {
			if x := all.times(i, of); x > 0 {
				hold(x <= goalGrowth, "%s of %d: %.1f times what a tenth costs, goal %.0f", name, r.n, x, goalGrowth)
			}
		}
		for _, text := range r.wrong {
			hold(false, "%s", text)
		}
		hold(len(r.wrong) == 0, "what was spoiled in %d is named, and nothing else", r.n)
	}
	return good
}

func (r result) rss() int64 {
	return max(r.fast.cold.rss, r.fast.warm.rss, r.full.cold.rss, r.full.warm.rss)
}

func fast(r result) cost { return r.fast.warm }
func full(r result) cost { return r.full.warm }

// times is what a run costs, warm, in proportion to the one before, for ten times as
// many documents; 0 for the first.
func (all results) times(i int, of func(result) cost) float64 {
	if i == 0 {
		return 0
	}
	cost := of(all[i]).wall.Seconds() / of(all[i-1]).wall.Seconds()
	return cost / (float64(all[i].n) / float64(all[i-1].n)) * 10
}

func (all results) growth(i int, of func(result) cost) string {
	if i == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", all.times(i, of))
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
