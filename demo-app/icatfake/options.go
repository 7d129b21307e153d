package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"strconv"

	"plumbline/cli"
	"plumbline/demo-app/facility"
	"plumbline/localweb"
)

const usage = `Usage: icatfake [flags]
       icatfake healthcheck [-addr HOST:PORT] -ca FILE

Runs a FAKE icat.server until it is interrupted: the part of icat.server's REST
interface that demo-app uses, over the made-up facility. It refuses what it does
not know, keeps nothing when it ends, and has never been compared with a live
icat.server. Never let it stand in for one.

A real icat.server is reached by https only. So is this one, with a certificate
of its own that ends with the process.

  -addr HOST:PORT    address to listen on; port 0 picks a free one (127.0.0.1:8181)
  -ca-out FILE       write the certificate there, as PEM, for those who check it
  -plain             plain http, on the loopback interface only
  -seed N            seed of the made-up facility (1)
  -scale small|full  size of the facility (small)

The health check asks a running one for its version; FILE is its -ca-out.

Example:
  icatfake -ca-out icatfake.pem &
  ICAT_URL=https://127.0.0.1:8181 ICAT_USERNAME=root ICAT_PASSWORD=icat-demo \
    ICAT_CA_FILE=icatfake.pem demo-app
`

type options struct {
	addr  string
	caOut string
	plain bool
	seed  uint64
	scale facility.Scale
}

// parse reads the flags and refuses all bad values at once.
func parse(args []string, stdout io.Writer) (options, error) {
	const hint = "icatfake -h shows the flags and an example"
	fs := flag.NewFlagSet("icatfake", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // errors are printed once, by cli.Report
	addr := fs.String("addr", "127.0.0.1:8181", "")
	caOut := fs.String("ca-out", "", "")
	plain := fs.Bool("plain", false, "")
	seed := fs.String("seed", "1", "")
	scale := fs.String("scale", "small", "")
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return options{}, err
	case err != nil:
		return options{}, cli.BadInput(err, hint)
	}
	o := options{addr: *addr, caOut: *caOut, plain: *plain}
	var bad []error
	_, port, err := net.SplitHostPort(o.addr)
	if _, portErr := strconv.ParseUint(port, 10, 16); err != nil || portErr != nil {
		bad = append(bad, fmt.Errorf("-addr %q: not of the form host:port", o.addr))
	} else if o.plain && !localweb.Loopback(o.addr) {
		bad = append(bad, fmt.Errorf("-addr %q: with -plain only a loopback address; others would see passwords go by", o.addr))
	}
	if o.plain && o.caOut != "" {
		bad = append(bad, errors.New("-ca-out and -plain: plain http has no certificate"))
	}
	if o.seed, err = strconv.ParseUint(*seed, 10, 64); err != nil {
		bad = append(bad, fmt.Errorf("-seed %q: not a whole number from 0", *seed))
	}
	if o.scale, err = facility.ParseScale(*scale); err != nil {
		bad = append(bad, fmt.Errorf("-scale %q: %w", *scale, err))
	}
	if fs.NArg() > 0 {
		bad = append(bad, fmt.Errorf("unexpected argument %q", fs.Arg(0)))
	}
	if bad != nil {
		return options{}, cli.BadInput(errors.Join(bad...), hint)
	}
	return o, nil
}
