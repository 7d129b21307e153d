package main

import (
	"fmt"
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
)

// Goals. Times and memory are for a million documents beside a node on two cores;
// growth holds at every size.
const (
	goalSize   = 1_000_000
	goalFast   = 300 * time.Millisecond // warm
	goalFull   = 3 * time.Second
	goalRSS    = 32 << 20
	goalGrowth = 11.0 // for ten times as many documents
)

// results are by size, ascending.
type results []result

// write prints the table and the goals, and reports whether all are held.
func (all results) write(w io.Writer) bool {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"documents", "fast cold s", "fast warm s", "CPU s", "x10 costs", "full s", "CPU s", "x10 costs", "bare s", "full/bare", "RSS MiB"})
	for i, r := range all {
		row := table.Row{r.n, seconds(r.cold.wall), seconds(r.warm.wall), seconds(r.warm.cpu), all.growth(i, warm), seconds(r.full.wall), seconds(r.full.cpu),
			all.growth(i, full), seconds(r.bare), fmt.Sprintf("%.2f", r.full.wall.Seconds()/r.bare.Seconds()), fmt.Sprintf("%.1f", float64(r.rss())/(1<<20))}
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
			hold(r.warm.wall <= goalFast, "fast check of %d, warm: %s s, goal %v", r.n, seconds(r.warm.wall), goalFast)
			hold(r.full.wall <= goalFull, "full audit of %d: %s s, goal %v", r.n, seconds(r.full.wall), goalFull)
			hold(r.rss() <= goalRSS, "memory of %d: %.1f MiB, goal %d MiB", r.n, float64(r.rss())/(1<<20), goalRSS>>20)
		}
		for name, of := range map[string]func(result) cost{"fast check": warm, "full audit": full} {
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

func (r result) rss() int64 { return max(r.cold.rss, r.warm.rss, r.full.rss) }

func warm(r result) cost { return r.warm }
func full(r result) cost { return r.full }

// times is what a run costs in proportion to the one before, for ten times as
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
