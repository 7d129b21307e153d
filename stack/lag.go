package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"plumbline/demo-app/telemetry"
	"plumbline/stack/native"
)

// The usual rates of lag, how long each is sent, and how often.
const (
	lagRates  = "10,2000,10000"
	lagLength = 15 * time.Second
	lagRounds = 3
)

// rounds are the runs at one rate with one profile.
type rounds []native.LagRun

func byWhole(a, b native.LagRun) int { return cmp.Compare(a.Whole.P99, b.Whole.P99) }

func (r rounds) best() native.LagRun  { return slices.MinFunc(r, byWhole) }
func (r rounds) worst() native.LagRun { return slices.MaxFunc(r, byWhole) }

// shipped are the rounds of each profile, by the place of the rate.
type shipped map[string][]rounds

// lagBenchmark ships lines with each profile of Filebeat at each rate, and prints
// the hops of their way side by side, with what they cost.
func lagBenchmark(ctx context.Context, c call) error {
	s, err := native.StartStore(ctx, c.options)
	if err != nil {
		return explain(ctx, err, "nothing was measured")
	}
	runs := shipped{}
	for _, profile := range native.Shippers() {
		runs[profile] = make([]rounds, len(c.rates))
	}
	if err = s.WarmStore(s.Context()); err == nil {
		err = measureLags(s, c, runs)
	}
	if err = explain(ctx, errors.Join(err, stopAll(s)), "not every profile was measured"); err != nil {
		return err
	}
	printLags(c, runs)
	printCosts(c, runs)
	if c.rounds > 1 {
		fmt.Fprintf(c.stdout, "\nShown is of %d rounds the one whose slowest percent was found soonest, and of the worst one the whole way.", c.rounds)
	}
	fmt.Fprintf(c.stdout, "\nSearchable is known to %v; of Elasticsearch's time a part goes into looking, the same under each profile.\n", native.LagPoll)
	return nil
}

// measureLags takes the profiles in turns, so that a machine that grows slower does
// so for each.
func measureLags(s *native.Stack, c call, runs shipped) error {
	for round := range c.rounds {
		for _, profile := range native.Shippers() {
			s.WithShipper(profile)
			for i, rate := range c.rates {
				run, err := s.Lag(s.Context(), rate, c.load.Duration, round+1)
				if err != nil {
					return err
				}
				runs[profile][i] = append(runs[profile][i], run)
			}
		}
	}
	return nil
}

// parseRates reads lines per second, separated by commas.
func parseRates(text string) ([]float64, error) {
	var rates []float64
	for _, one := range strings.Split(text, ",") {
		rate, err := strconv.ParseFloat(one, 64)
		if err != nil || !(rate >= 1 && rate <= 100_000) {
			return nil, fmt.Errorf("%q: want lines per second, 1 to 100000, separated by commas", one)
		}
		if slices.Contains(rates, rate) {
			return nil, fmt.Errorf("%q: named twice", one)
		}
		rates = append(rates, rate)
	}
	return rates, nil
}

// hops are the rows of a rate: of the best round each hop, of the worst the whole.
func (r rounds) hops() (names []string, lags []native.Percentiles) {
	best := r.best()
	for _, hop := range telemetry.Hops() {
		names, lags = append(names, "until "+string(hop)), append(lags, best.Lags[hop])
	}
	names, lags = append(names, "in all"), append(lags, best.Whole)
	if len(r) > 1 {
		names, lags = append(names, "worst round"), append(lags, r.worst().Whole)
	}
	return names, lags
}

func printLags(c call, runs shipped) {
	t := newTable(c.stdout)
	header := table.Row{"Lines/s", "Lag"}
	for _, profile := range native.Shippers() {
		header = append(header, profile+" p50", "p95", "p99", "max")
	}
	t.AppendHeader(append(header, "p99, times"))
	for i, rate := range c.rates {
		names, _ := runs[native.Shippers()[0]][i].hops()
		for h, name := range names {
			row := table.Row{fmt.Sprintf("%g", rate), name}
			var p99 []time.Duration
			for _, profile := range native.Shippers() {
				_, lags := runs[profile][i].hops()
				l := lags[h]
				row = append(row, milliseconds(l.P50), milliseconds(l.P95), milliseconds(l.P99), milliseconds(l.Max))
				p99 = append(p99, l.P99)
			}
			t.AppendRow(append(row, times(p99[len(p99)-1], p99[0])))
		}
	}
	fmt.Fprintln(c.stdout)
	t.Render()
}

func printCosts(c call, runs shipped) {
	t := newTable(c.stdout)
	header := table.Row{"Lines/s", "Processor time"}
	for _, profile := range native.Shippers() {
		header = append(header, profile+" per 100,000 lines", "of a core")
	}
	t.AppendHeader(append(header, "times"))
	for i, rate := range c.rates {
		for _, part := range []string{"filebeat", "elasticsearch"} {
			row := table.Row{fmt.Sprintf("%g", rate), part}
			var spent []time.Duration
			for _, profile := range native.Shippers() {
				run := runs[profile][i].best()
				each := time.Duration(float64(run.Spent[part]) / float64(run.Lines) * 100_000)
				row = append(row, each.Round(10*time.Millisecond), fmt.Sprintf("%.1f %%", 100*run.Spent[part].Seconds()/run.Took.Seconds()))
				spent = append(spent, each)
			}
			t.AppendRow(append(row, times(spent[len(spent)-1], spent[0])))
		}
	}
	fmt.Fprintln(c.stdout)
	t.Render()
}

func milliseconds(d time.Duration) string { return d.Round(time.Millisecond).String() }

// times is how often b goes into a.
func times(a, b time.Duration) string {
	if b <= 0 {
		return "-"
	}
	return fmt.Sprintf("%.2g", a.Seconds()/b.Seconds())
}
