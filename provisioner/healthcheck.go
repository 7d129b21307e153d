package main

import (
	"context"
	"flag"
	"io"
	"net"

	"plumbline/health"
)

const healthcheckUsage = `Usage: provisioner healthcheck [flags]

Asks a running board whether it is ready: it answers, and can read
Elasticsearch.

  -addr HOST:PORT   where the board listens (default 127.0.0.1:5602)
  -live             ask only whether the process lives
  -timeout D        how long the answer may take (default 3s)

Exit codes: 0 it is well, 1 it is not, 64 usage.

Example:
  provisioner healthcheck -addr 127.0.0.1:5602
`

func healthcheckCommand() command {
	return command{name: "healthcheck", summary: "ask a running board whether it is well", run: runHealthcheck}
}

func runHealthcheck(ctx context.Context, args []string, stdout, _ io.Writer) error {
	const hint = "provisioner healthcheck -h"
	flags := flag.NewFlagSet("healthcheck", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:5602", "")
	live := flags.Bool("live", false, "")
	within := flags.Duration("timeout", health.DefaultTimeout, "")
	if err := parse(flags, healthcheckUsage, args, 0, stdout); err != nil {
		return err
	}
	if _, _, err := net.SplitHostPort(*addr); err != nil {
		return usageError(hint, "healthcheck: -addr %q is not HOST:PORT", *addr)
	}
	if *within <= 0 {
		return usageError(hint, "healthcheck: -timeout %v: want more than zero", *within)
	}
	path := "/readyz"
	if *live {
		path = "/healthz"
	}
	return health.Ask(ctx, health.Question{URL: "http://" + health.Reachable(*addr) + path, Within: *within, Next: "name the board's address with -addr"})
}
