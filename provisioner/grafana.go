package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"plumbline/cli"
	"plumbline/provisioner/elastic"
	"plumbline/provisioner/grafana"
)

const grafanaUsage = `Usage: provisioner grafana -grafana URL -password-file FILE -prometheus URL [flags]
       provisioner grafana pull -grafana URL -password-file FILE [flags] UID

Gives a Grafana the stack's data sources, alert rules and dashboards, and has it ask
each data source. It can be run again at any time: what is there and right is left
alone, what is not is mended, what comes from a file there is only compared.

pull shows in what a dashboard there differs from ours, as a patch of ours.

  -grafana URL          address of Grafana (http://127.0.0.1:3000)
  -grafana-ca FILE      PEM of the authority that signed its certificate
  -user NAME            an administrator (admin); to pull, a viewer will do
  -password-file FILE   file with that user's password
  -within DURATION      how long to wait for Grafana (60s)

  -prometheus URL       Prometheus, as Grafana reaches it
  -es URL               Elasticsearch, as Grafana reaches it: an exemplar then leads to
                        the access line of its trace
  -ca FILE              PEM of the authority that signed its certificate
  -key-file FILE        one line id:api_key; the reader's key is enough

  -out FILE             with pull: write the dashboard there, in the form of ours

Exit codes: 0 done; with pull, no difference. 1 a difference. 2 not done. 64 usage.

Example:
  provisioner grafana -password-file grafana.password -prometheus http://prometheus:9090 \
    -es https://elasticsearch:9200 -ca ca.crt -key-file secrets/reader.key
  provisioner grafana pull -password-file grafana.password plumbline-red
`

func grafanaCommand() command {
	return command{name: "grafana", summary: "give a Grafana data sources, alert rules and dashboards", run: runGrafana}
}

// grafanaCall is one call of grafana.
type grafanaCall struct {
	setup grafana.Setup
	pull  bool
	uid   string // of the dashboard to pull
	out   string
}

func readGrafana(args []string, stdout io.Writer) (grafanaCall, error) {
	var c grafanaCall
	flags := flag.NewFlagSet("grafana", flag.ContinueOnError)
	flags.StringVar(&c.setup.URL, "grafana", "http://127.0.0.1:3000", "")
	flags.StringVar(&c.setup.Config.CAFile, "grafana-ca", "", "")
	flags.StringVar(&c.setup.User, "user", "admin", "")
	flags.StringVar(&c.setup.PasswordFile, "password-file", "", "")
	flags.DurationVar(&c.setup.Within, "within", time.Minute, "")
	flags.StringVar(&c.setup.Prometheus, "prometheus", "", "")
	flags.StringVar(&c.setup.Elasticsearch.URL, "es", "", "")
	flags.StringVar(&c.setup.Elasticsearch.CAFile, "ca", "", "")
	flags.StringVar(&c.setup.Elasticsearch.KeyFile, "key-file", "", "")
	flags.StringVar(&c.out, "out", "", "")
	positional := 0
	if c.pull = len(args) > 0 && args[0] == "pull"; c.pull {
		args, positional = args[1:], 1
	}
	if err := parse(flags, grafanaUsage, args, positional, stdout); err != nil {
		return c, err
	}
	c.uid = flags.Arg(0)
	const hint = "provisioner grafana -h"
	switch {
	case c.setup.PasswordFile == "":
		return c, usageError(hint, "grafana: -password-file is missing")
	case c.setup.Within <= 0:
		return c, usageError(hint, "grafana: -within %v: want more than zero", c.setup.Within)
	case c.pull && c.uid == "":
		return c, usageError(hint, "grafana: pull: which dashboard? want its uid, as plumbline-red")
	case !c.pull && c.setup.Prometheus == "":
		return c, usageError(hint, "grafana: -prometheus is missing")
	case !c.pull && c.out != "":
		return c, usageError(hint, "grafana: -out %s: only pull writes a file", c.out)
	}
	return c, nil
}

func runGrafana(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	c, err := readGrafana(args, stdout)
	if err != nil {
		return err
	}
	if c.pull {
		return c.difference(ctx, stdout)
	}
	steps, err := c.setup.Steps()
	if err != nil {
		return cli.BadInput(fmt.Errorf("grafana: %w", err), "")
	}
	done, err := elastic.RunSteps(ctx, steps, stderr, isTerminal(stderr))
	if err != nil {
		return &cli.Failure{Code: cli.Undone, Err: fmt.Errorf("grafana: %w", err), Next: cli.Hint(err)}
	}
	fmt.Fprintln(stdout, done[len(done)-1].Note)
	return nil
}

// difference pulls a dashboard and prints in what it differs from ours.
func (c grafanaCall) difference(ctx context.Context, stdout io.Writer) error {
	client, err := grafana.New(c.setup.Config)
	if err != nil {
		return cli.BadInput(fmt.Errorf("grafana: %w", err), "")
	}
	ctx, cancel := context.WithTimeout(ctx, c.setup.Within)
	defer cancel()
	there, err := client.Pull(ctx, c.uid)
	if err != nil {
		return &cli.Failure{Code: cli.Undone, Err: fmt.Errorf("grafana: %w", err), Next: cli.Hint(err)}
	}
	if c.out != "" {
		if err := os.WriteFile(c.out, there, 0o644); err != nil {
			return fmt.Errorf("grafana: write dashboard: %w", err)
		}
	}
	patch, err := grafana.Difference(c.uid, there)
	switch {
	case err != nil:
		return cli.BadInput(fmt.Errorf("grafana: %w", err), "")
	case len(patch) == 0:
		fmt.Fprintln(stdout, c.uid+": no difference")
		return nil
	}
	if _, err := stdout.Write(patch); err != nil {
		return err
	}
	return &cli.Failure{Code: cli.False} // the patch says it
}
