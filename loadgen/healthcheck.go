package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"plumbline/cli"
	"plumbline/health"
)

const healthcheckUsage = `loadgen healthcheck asks a run that has a console (run -listen) for its state.

Usage:
  loadgen healthcheck [flags]

Flags:
  -listen HOST:PORT   as given to the run (default 127.0.0.1:8089)
  -timeout D          how long the answer may take (default 3s)

Exit codes: 0 it answers; 1 it does not; 64 bad input.
`

func runHealthcheck(ctx context.Context, args []string, stdout io.Writer) error {
	fs := flag.NewFlagSet("healthcheck", flag.ContinueOnError)
	address := fs.String("listen", "127.0.0.1:8089", "")
	within := fs.Duration("timeout", health.DefaultTimeout, "")
	if helped, err := parse(fs, args, healthcheckUsage, stdout); helped || err != nil {
		return err
	}
	const hint = "loadgen healthcheck -h lists the flags"
	switch {
	case fs.NArg() > 0:
		return cli.BadInput(fmt.Errorf("unexpected argument %q", fs.Arg(0)), hint)
	case *within <= 0:
		return cli.BadInput(fmt.Errorf("-timeout %v: must be above 0", *within), hint)
	case *address == "":
		return cli.BadInput(errors.New("-listen is empty"), hint)
	}
	if err := checkListen(*address); err != nil {
		return err
	}
	return health.Ask(ctx, health.Question{URL: "http://" + health.Reachable(*address) + "/status", Within: *within,
		Next: "give the address of the run's console: -listen 127.0.0.1:8089"})
}
