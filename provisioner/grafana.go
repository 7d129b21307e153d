package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"time"

	"plumbline/cli"
	"plumbline/provisioner/elastic"
	"plumbline/provisioner/grafana"
)

const grafanaUsage = `Usage: provisioner grafana -grafana URL -password-file FILE -prometheus URL [flags]

Gives a Grafana the stack's data sources and its RED dashboard, and has it ask each
data source. It can be run again at any time: what is there is renewed.

  -grafana URL          address of Grafana (http://127.0.0.1:3000)
  -grafana-ca FILE      PEM of the authority that signed its certificate
  -user NAME            an administrator (admin)
  -password-file FILE   file with the administrator's password
  -prometheus URL       Prometheus, as Grafana reaches it
  -es URL               Elasticsearch, as Grafana reaches it: an exemplar then leads to
                        the access line of its trace
  -ca FILE              PEM of the authority that signed its certificate
  -key-file FILE        one line id:api_key; the reader's key is enough
  -within DURATION      how long to wait for Grafana (60s)

Example:
  provisioner grafana -password-file grafana.password -prometheus http://prometheus:9090 \
    -es https://elasticsearch:9200 -ca ca.crt -key-file secrets/reader.key
`

func grafanaCommand() command {
	return command{name: "grafana", summary: "give a Grafana the data sources and the RED dashboard", run: runGrafana}
}

func runGrafana(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var s grafana.Setup
	flags := flag.NewFlagSet("grafana", flag.ContinueOnError)
	flags.StringVar(&s.URL, "grafana", "http://127.0.0.1:3000", "")
	flags.StringVar(&s.Config.CAFile, "grafana-ca", "", "")
	flags.StringVar(&s.User, "user", "admin", "")
	flags.StringVar(&s.PasswordFile, "password-file", "", "")
	flags.StringVar(&s.Prometheus, "prometheus", "", "")
	flags.StringVar(&s.Elasticsearch.URL, "es", "", "")
	flags.StringVar(&s.Elasticsearch.CAFile, "ca", "", "")
	flags.StringVar(&s.Elasticsearch.KeyFile, "key-file", "", "")
	flags.DurationVar(&s.Within, "within", time.Minute, "")
	if err := parse(flags, grafanaUsage, args, 0, stdout); err != nil {
		return err
	}
	const hint = "provisioner grafana -h"
	switch {
	case s.PasswordFile == "":
		return usageError(hint, "grafana: -password-file is missing")
	case s.Prometheus == "":
		return usageError(hint, "grafana: -prometheus is missing")
	case s.Within <= 0:
		return usageError(hint, "grafana: -within %v: want more than zero", s.Within)
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
