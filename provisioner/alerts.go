package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"

	"plumbline/localweb"
	"plumbline/provisioner/alerts"
)

const alertsUsage = `Usage: provisioner alerts [flags]

Receives what Alertmanager sends to a webhook until it is stopped, and prints a
line for each alert that begins or ends.

  -addr HOST:PORT   where to listen (default 127.0.0.1:9095)

Addresses: POST /alerts takes notifications, GET /alerts returns the latest
changes as JSON, /healthz answers ok.

Example:
  provisioner alerts -addr 127.0.0.1:9095
`

func alertsCommand() command {
	return command{name: "alerts", summary: "print the alerts that Alertmanager sends", run: runAlerts}
}

func runAlerts(ctx context.Context, args []string, stdout, _ io.Writer) error {
	flags := flag.NewFlagSet("alerts", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:9095", "")
	if err := parse(flags, alertsUsage, args, 0, stdout); err != nil {
		return err
	}
	if _, _, err := net.SplitHostPort(*addr); err != nil {
		return usageError("provisioner alerts -h", "alerts: -addr %q is not HOST:PORT", *addr)
	}
	ln, err := listen(ctx, "alerts", *addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "alerts: listening on http://%s/alerts\n", ln.Addr())
	return localweb.Serve(ctx, ln, alerts.New(stdout))
}
