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

const grafanaHint = "provisioner grafana -h"

// reachGrafana are the flags that say where Grafana is.
func reachGrafana(flags *flag.FlagSet, c *grafana.Config, within *time.Duration) {
	flags.StringVar(&c.URL, "grafana", "http://127.0.0.1:3000", "")
	flags.StringVar(&c.CAFile, "grafana-ca", "", "")
	flags.StringVar(&c.User, "user", "admin", "")
	flags.StringVar(&c.PasswordFile, "password-file", "", "")
	flags.DurationVar(within, "within", time.Minute, "")
}

func checkGrafana(c grafana.Config, within time.Duration) error {
	switch {
	case c.PasswordFile == "":
		return usageError(grafanaHint, "grafana: -password-file is missing")
	case within <= 0:
		return usageError(grafanaHint, "grafana: -within %v: want more than zero", within)
	}
	return nil
}

func runGrafana(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) > 0 && args[0] == "pull" {
		return pullGrafana(ctx, args[1:], stdout)
	}
	var s grafana.Setup
	flags := flag.NewFlagSet("grafana", flag.ContinueOnError)
	reachGrafana(flags, &s.Config, &s.Within)
	flags.StringVar(&s.Prometheus, "prometheus", "", "")
	flags.StringVar(&s.Elasticsearch.URL, "es", "", "")
	flags.StringVar(&s.Elasticsearch.CAFile, "ca", "", "")
	flags.StringVar(&s.Elasticsearch.KeyFile, "key-file", "", "")
	if err := parse(flags, grafanaUsage, args, 0, stdout); err != nil {
		return err
	}
	if err := checkGrafana(s.Config, s.Within); err != nil {
		return err
	}
	if s.Prometheus == "" {
		return usageError(grafanaHint, "grafana: -prometheus is missing")
	}
	steps, err := s.Steps()
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

func pullGrafana(ctx context.Context, args []string, stdout io.Writer) error {
	var (
		config grafana.Config
		within time.Duration
	)
	flags := flag.NewFlagSet("grafana", flag.ContinueOnError)
	reachGrafana(flags, &config, &within)
	out := flags.String("out", "", "")
	if err := parse(flags, grafanaUsage, args, 1, stdout); err != nil {
		return err
	}
	if err := checkGrafana(config, within); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return usageError(grafanaHint, "grafana: pull: which dashboard? want its uid, as plumbline-red")
	}
	client, err := grafana.New(config)
	if err != nil {
		return cli.BadInput(fmt.Errorf("grafana: %w", err), "")
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	there, err := client.Pull(ctx, flags.Arg(0))
	if err != nil {
		return &cli.Failure{Code: cli.Undone, Err: fmt.Errorf("grafana: %w", err), Next: cli.Hint(err)}
	}
	if *out != "" {
		if err := os.WriteFile(*out, there, 0o644); err != nil {
			return fmt.Errorf("grafana: write dashboard: %w", err)
		}
	}
	patch, err := grafana.Difference(flags.Arg(0), there)
	if err != nil {
		return cli.BadInput(fmt.Errorf("grafana: %w", err), "")
	}
	if len(patch) > 0 {
		if _, err := stdout.Write(patch); err != nil {
			return err
		}
		return &cli.Failure{Code: cli.False} // the patch says it
	}
	fmt.Fprintln(stdout, flags.Arg(0)+": no difference")
	return nil
}
