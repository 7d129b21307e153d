package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"plumbline/cli"
	"plumbline/health"
)

// healthcheck asks a running fake for its version, over TLS.
func healthcheck(ctx context.Context, args []string, stdout io.Writer) error {
	const hint = "icatfake -h shows the flags and an example"
	fs := flag.NewFlagSet("healthcheck", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	addr := fs.String("addr", "127.0.0.1:8181", "")
	ca := fs.String("ca", "", "")
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return err
	case err != nil:
		return cli.BadInput(err, hint)
	case fs.NArg() > 0:
		return cli.BadInput(fmt.Errorf("unexpected argument %q", fs.Arg(0)), hint)
	case *ca == "":
		return cli.BadInput(errors.New("-ca is missing"), hint)
	}
	pem, err := os.ReadFile(*ca)
	if err != nil { // it writes the file before it answers
		return &cli.Failure{Code: cli.False, Err: fmt.Errorf("healthcheck: %w", err)}
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return cli.BadInput(fmt.Errorf("-ca %s: holds no PEM certificate", *ca), hint)
	}
	return health.Ask(ctx, health.Question{URL: "https://" + health.Reachable(*addr) + "/icat/version", TLS: &tls.Config{RootCAs: roots}})
}
