package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"time"

	"plumbline/cli"
	"plumbline/dashboards"
	"plumbline/provisioner/arrival"
	"plumbline/provisioner/elastic"
	"plumbline/provisioner/promql"
	"plumbline/provisioner/proof"
)

const dashboardsUsage = `Usage: provisioner dashboards check -es URL [flags]
       provisioner dashboards pull kibana|grafana [flags]

check executes every panel of every dashboard in each form that it has: as the
board asks it, as it is rendered for Kibana, and as it is rendered for Grafana. The
board's answer is held against the truth of a run if there is a ledger of it, those
of Kibana and Grafana against the board's. What a panel shows out of Prometheus is
held against the raw samples behind it, and these against the access lines of the
same time. A panel that shows nothing fails.

  -es URL           Elasticsearch, for example https://127.0.0.1:9200
  -ca FILE          PEM of the authority that signed its certificate
  -key-file FILE    one line id:api_key, mode 0600; the reader's key is enough
  -prometheus URL   also ask Prometheus what panels ask it
  -ledger FILE      look at the time of this run, and hold it against what was sent
  -last DURATION    without a ledger: how far back to look (15m)
  -o table|json     form of the report (table)

pull reads a dashboard that somebody changed in Kibana or Grafana and shows the
difference: see provisioner kibana pull -h, provisioner grafana pull -h.

Exit codes: 0 all holds, 1 it does not, 2 could not be measured, 64 usage.

Example:
  provisioner dashboards check -es https://127.0.0.1:9200 -ca ca.crt \
    -key-file secrets/reader.key -ledger ledger.jsonl.zst -prometheus http://127.0.0.1:9090
`

func dashboardsCommand() command {
	return command{name: "dashboards", summary: "execute every panel in each form; what was changed elsewhere", run: runDashboards}
}

func runDashboards(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	const hint = "provisioner dashboards -h"
	if len(args) == 0 {
		return usageError(hint, "dashboards: want check or pull")
	}
	switch args[0] {
	case "-h", "-help", "--help":
		fmt.Fprint(stdout, dashboardsUsage)
		return nil
	case "check":
		return runCheck(ctx, args[1:], stdout, stderr)
	case "pull":
		return runPull(ctx, args[1:], stdout, stderr)
	}
	return usageError(hint, "dashboards: unknown %q: want check or pull", args[0])
}

func runPull(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	from := map[string]func(context.Context, []string, io.Writer, io.Writer) error{"kibana": runKibana, "grafana": runGrafana}
	if len(args) == 0 || from[args[0]] == nil {
		return usageError("provisioner dashboards -h", "dashboards: pull from where: kibana or grafana?")
	}
	return from[args[0]](ctx, append([]string{"pull"}, args[1:]...), stdout, stderr)
}

func runCheck(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	const hint = "provisioner dashboards -h"
	var (
		config             elastic.Config
		ledger, server, as string
		last               time.Duration
	)
	flags := flag.NewFlagSet("dashboards", flag.ContinueOnError)
	flags.StringVar(&config.URL, "es", "", "")
	flags.StringVar(&config.CAFile, "ca", "", "")
	flags.StringVar(&config.KeyFile, "key-file", "", "")
	flags.StringVar(&server, "prometheus", "", "")
	flags.StringVar(&ledger, "ledger", "", "")
	flags.DurationVar(&last, "last", 15*time.Minute, "")
	flags.StringVar(&as, "o", "table", "")
	if err := parse(flags, dashboardsUsage, args, 0, stdout); err != nil {
		return err
	}
	switch {
	case config.URL == "":
		return usageError(hint, "dashboards: -es is missing")
	case last < time.Minute:
		return usageError(hint, "dashboards: -last %v: want at least a minute", last)
	case as != "table" && as != "json":
		return usageError(hint, "dashboards: -o %q: want table or json", as)
	}
	client, err := elastic.New(config)
	if err != nil {
		return cli.BadInput(fmt.Errorf("dashboards: %w", err), "")
	}
	from := proof.Sources{Search: client}
	if server != "" {
		if from.Prometheus, err = promql.New(server); err != nil {
			return cli.BadInput(fmt.Errorf("dashboards: %w", err), "")
		}
	}
	note := newNotes(stderr)
	report, err := check(ctx, from, ledger, last, note.say)
	note.end()
	if err != nil {
		return err
	}
	write := report.WriteTable
	if as == "json" {
		write = report.WriteJSON
	}
	if err := write(stdout); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if broken := report.Broken(); len(broken) > 0 {
		first := broken[0]
		return &cli.Failure{Code: cli.False, Err: fmt.Errorf("dashboards: %d checks do not hold, the first: %s as in %s", len(broken), first.ID, first.Form)}
	}
	return nil
}

// check executes all panels over the time of a ledger's run, or over the last while.
func check(ctx context.Context, from proof.Sources, ledger string, last time.Duration, progress func(string)) (report proof.Report, err error) {
	// What is still on its way would be in one answer and not yet in the next.
	const settled = 10 * time.Second
	now := time.Now().Add(-settled)
	report.Scope = dashboards.Scope{From: now.Add(-last), To: now}.Aligned()
	var truth *dashboards.Truth
	if ledger != "" {
		progress("reading the ledger and its documents")
		account, err := arrival.Audit{Search: from.Search, Ledger: ledger}.Run(ctx)
		if err != nil {
			return report, ledgerError(err)
		}
		report.Scope, truth = arrival.Scope(account, nil, time.Time{}), account.Truth
	}
	report.Checks, err = proof.All(ctx, from, report.Scope, truth, progress)
	if err != nil {
		return report, &cli.Failure{Code: cli.Undone, Err: fmt.Errorf("dashboards: %w", err), Next: cli.Hint(err)}
	}
	return report, nil
}
