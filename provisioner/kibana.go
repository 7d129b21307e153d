package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"plumbline/cli"
	"plumbline/dashboards/kibana/savedobject"
	rendered "plumbline/dashboards/rendered/kibana"
	"plumbline/provisioner/elastic"
	"plumbline/provisioner/kibana"
)

const kibanaUsage = `Usage: provisioner kibana -password-file FILE [flags]
       provisioner kibana pull -dashboard ID -password-file FILE [flags]

Brings the stack's dashboards, data views, saved searches and alert rules into a
Kibana (8.19 or 9) and sees that they are there as they were sent. It can be run
again at any time: what is as it should be is left alone, what is missing or was
changed in Kibana is put back. Actions that somebody gave to an alert rule stay.

pull shows what somebody has changed in a dashboard, as a difference to what is
sent: exit code 0 if there is none, 1 if there is one.

  -kibana URL           address of Kibana, with its base path (http://127.0.0.1:5601)
  -kibana-ca FILE       PEM of the authority that signed its certificate
  -user NAME            who may change saved objects and rules there (elastic)
  -password-file FILE   file with the password
  -key-file FILE        instead of both: one line id:api_key
  -space ID             space to fill; it is made if it is not there (default)
  -objects FILE         other saved objects than the stack's, a line of JSON each
  -alerts=false         no alert rules
  -within DURATION      how long to wait for Kibana (3m)

  -dashboard ID         pull: which one
  -out FILE             pull: write it and what it refers to there, for -objects

Example:
  provisioner kibana -password-file .plumbline/run/secrets/elastic.password
`

func kibanaCommand() command {
	return command{name: "kibana", summary: "bring the dashboards and alert rules into a Kibana", run: runKibana}
}

// kibanaFlags are those of both ways to call the command.
type kibanaFlags struct {
	kibana.Setup
	objects        string
	alerts         bool
	dashboard, out string // pull
}

const kibanaHint = "provisioner kibana -h"

func runKibana(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	pull := len(args) > 0 && args[0] == "pull"
	if pull {
		args = args[1:]
	}
	f, err := parseKibana(args, pull, stdout)
	if err != nil {
		return err
	}
	if pull {
		return pullDashboard(ctx, f, stdout)
	}
	steps, err := f.Steps()
	if err != nil {
		return cli.BadInput(fmt.Errorf("kibana: %w", err), cli.Hint(err))
	}
	done, err := elastic.RunSteps(ctx, steps, stderr, isTerminal(stderr))
	if err != nil {
		return kibanaFailure(err)
	}
	fmt.Fprintln(stdout, done[len(done)-1].Note)
	return nil
}

func parseKibana(args []string, pull bool, stdout io.Writer) (*kibanaFlags, error) {
	var f kibanaFlags
	flags := flag.NewFlagSet("kibana", flag.ContinueOnError)
	flags.StringVar(&f.URL, "kibana", "http://127.0.0.1:5601", "")
	flags.StringVar(&f.CAFile, "kibana-ca", "", "")
	flags.StringVar(&f.User, "user", "elastic", "")
	flags.StringVar(&f.PasswordFile, "password-file", "", "")
	flags.StringVar(&f.KeyFile, "key-file", "", "")
	flags.StringVar(&f.Space, "space", "", "")
	flags.StringVar(&f.objects, "objects", "", "")
	flags.DurationVar(&f.Within, "within", 3*time.Minute, "")
	if pull {
		flags.StringVar(&f.dashboard, "dashboard", "", "")
		flags.StringVar(&f.out, "out", "", "")
	} else {
		flags.BoolVar(&f.alerts, "alerts", true, "")
	}
	if err := parse(flags, kibanaUsage, args, 0, stdout); err != nil {
		return nil, err
	}
	switch {
	case f.PasswordFile == "" && f.KeyFile == "":
		return nil, usageError(kibanaHint, "kibana: -password-file or -key-file is missing")
	case pull && f.dashboard == "":
		return nil, usageError(kibanaHint, "kibana pull: -dashboard is missing")
	case f.Within <= 0:
		return nil, usageError(kibanaHint, "kibana: -within %v: want more than zero", f.Within)
	}
	f.Objects = rendered.Objects
	if f.objects != "" {
		var err error
		if f.Objects, err = os.ReadFile(f.objects); err != nil {
			return nil, cli.BadInput(fmt.Errorf("kibana: saved objects: %w", err), "")
		}
	}
	if f.alerts {
		f.Rules = kibana.Rules()
	}
	return &f, nil
}

// pullDashboard prints how a dashboard differs from what is sent.
func pullDashboard(ctx context.Context, f *kibanaFlags, stdout io.Writer) error {
	sent, _, err := savedobject.Parse(f.Objects)
	if err != nil {
		return cli.BadInput(fmt.Errorf("kibana: saved objects: %w", err), "")
	}
	client, err := kibana.New(f.Config)
	if err != nil {
		return cli.BadInput(fmt.Errorf("kibana: %w", err), cli.Hint(err))
	}
	pulled, err := client.Pull(ctx, f.dashboard)
	if err != nil {
		return kibanaFailure(err)
	}
	if f.out != "" {
		text, err := savedobject.Encode(pulled)
		if err != nil {
			return kibanaFailure(err)
		}
		if err := os.WriteFile(f.out, text, 0o644); err != nil {
			return kibanaFailure(err)
		}
	}
	diff, err := kibana.Difference(sent, pulled)
	if err != nil {
		return kibanaFailure(err)
	}
	if diff == "" {
		fmt.Fprintf(stdout, "dashboard %s is as it is sent\n", f.dashboard)
		return nil
	}
	fmt.Fprint(stdout, diff)
	return &cli.Failure{Code: cli.False}
}

// kibanaFailure is for what could not be done; several errors stay several lines.
func kibanaFailure(err error) error {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		return &cli.Failure{Code: cli.Undone, Err: err, Next: cli.Hint(err)}
	}
	return &cli.Failure{Code: cli.Undone, Err: fmt.Errorf("kibana: %w", err), Next: cli.Hint(err)}
}
