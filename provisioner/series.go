package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"plumbline/cli"
	"plumbline/provisioner/cardinality"
	"plumbline/provisioner/promql"
)

const seriesUsage = `Usage: provisioner series -prometheus URL [flags]

Reports how many series each metric of a Prometheus has, and which label makes
them, the costliest first. A label whose values clients choose grows without end.

  -prometheus URL   Prometheus, e.g. http://127.0.0.1:9090
  -match SELECTOR   of which series, as in '{job="demo-app"}' (all)
  -since 5m         that had a sample so lately
  -most N           how many series a metric may have; exit code 1 if one has more
                    (no limit)
  -o table|json     form of the report (table); the table has ten metrics

Exit codes: 0 no metric has too many, 1 one has, 2 Prometheus could not be asked
or has no series, 64 usage.

Example:
  provisioner series -prometheus http://127.0.0.1:9090 -match '{job="demo-app"}' -most 1000
`

func seriesCommand() command {
	return command{name: "series", summary: "report how many series each metric has, and which label makes them", run: runSeries}
}

func runSeries(ctx context.Context, args []string, stdout, _ io.Writer) error {
	flags := flag.NewFlagSet("series", flag.ContinueOnError)
	address := flags.String("prometheus", "", "")
	match := flags.String("match", `{__name__!=""}`, "")
	since := flags.Duration("since", 5*time.Minute, "")
	most := flags.Int("most", 0, "")
	format := flags.String("o", "table", "")
	if err := parse(flags, seriesUsage, args, 0, stdout); err != nil {
		return err
	}
	const hint = "provisioner series -h"
	switch {
	case *address == "":
		return usageError(hint, "series: -prometheus is missing")
	case *since <= 0:
		return usageError(hint, "series: -since must be above 0")
	case *most < 0:
		return usageError(hint, "series: -most cannot be negative")
	case *format != "table" && *format != "json":
		return usageError(hint, "series: -o %q: want table or json", *format)
	}
	client, err := promql.New(*address)
	if err != nil {
		return cli.BadInput(fmt.Errorf("series: %w", err), "")
	}
	found, err := client.Series(ctx, *match, time.Now().Add(-*since), time.Now())
	if err != nil {
		return &cli.Failure{Code: cli.Undone, Err: fmt.Errorf("series: %w", err), Next: cli.Hint(err)}
	}
	if len(found) == 0 {
		return &cli.Failure{Code: cli.Undone, Err: fmt.Errorf("series: %s matches nothing that had a sample in the last %v", *match, *since),
			Next: "which targets are there? " + strings.TrimRight(*address, "/") + "/api/v1/targets"}
	}
	all := cardinality.Count(found)
	if *format == "json" {
		encoder := json.NewEncoder(stdout)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(all)
	} else {
		err = writeSeries(stdout, all, len(found))
	}
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if over := cardinality.Over(all, *most); *most > 0 && len(over) > 0 {
		return &cli.Failure{Code: cli.False, Err: fmt.Errorf("series: %s has %d series, more than %d", over[0].Name, over[0].Series, *most),
			Next: "whose values does its first label have? they must come from a list, never from clients"}
	}
	return nil
}

// shownMetrics is how many metrics the table has; the JSON has all.
const shownMetrics = 10

// writeSeries prints a line for each of the largest metrics: with each label how
// many values it has, and how many series there would be without it.
func writeSeries(w io.Writer, all []cardinality.Metric, total int) error {
	t := table.NewWriter()
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Format.Header = text.FormatDefault
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	t.AppendHeader(table.Row{"series", "metric", "labels: values → series without it"})
	for _, m := range all[:min(len(all), shownMetrics)] {
		var words []string
		for _, l := range m.Labels {
			if l.Without < m.Series {
				words = append(words, fmt.Sprintf("%s: %d → %d", l.Name, l.Values, l.Without))
			}
		}
		t.AppendRow(table.Row{m.Series, m.Name, strings.Join(words, ", ")})
	}
	rest := ""
	if more := len(all) - shownMetrics; more > 0 {
		rest = fmt.Sprintf("\n… and %d more; -o json has them\n", more)
	}
	_, err := fmt.Fprintf(w, "%d series of %d metrics\n\n%s\n%s", total, len(all), t.Render(), rest)
	return err
}
