// Command icatfake runs the fake icat.server, so that demo-app can be watched
// with its catalogue in another process. What the fake is, and what it is not,
// package plumbline/demo-app/internal/upstream/icatfake says.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"plumbline/cli"
	"plumbline/demo-app/facility"
	"plumbline/demo-app/internal/store"
	"plumbline/demo-app/internal/upstream/icatfake"
)

func main() { os.Exit(cli.Main("icatfake", run)) }

// drain is how long requests under way may take to end.
const drain = 3 * time.Second

// run serves the fake until ctx ends. Standard output tells how to reach it and
// has one line for each request.
func run(ctx context.Context, args []string, stdout, _ io.Writer) (err error) {
	if len(args) > 0 && args[0] == "healthcheck" {
		return healthcheck(ctx, args[1:], stdout)
	}
	o, err := parse(args, stdout)
	if err != nil {
		return err
	}
	s, err := store.Open(ctx, store.Options{URL: store.Memory, Facility: facility.New(o.seed, o.scale)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	l, err := net.Listen("tcp", o.addr)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	defer l.Close() // the server has closed it, unless there was none
	if !o.plain {
		certificate, err := selfSigned(o.addr, o.caOut)
		if err != nil {
			return err
		}
		l = tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}})
	}
	fmt.Fprint(stdout, welcome(o, l.Addr().String()))
	server := &http.Server{
		Handler:           watch(stdout, icatfake.New(icatfake.Options{Store: s})),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0), // of clients that do not trust the certificate
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if server.Shutdown(within) != nil {
		return server.Close()
	}
	return nil
}

// welcome tells where the fake is and what to type next.
func welcome(o options, addr string) string {
	scheme, curl, check := "https", "curl --cacert "+o.caOut, "ICAT_CA_FILE="+o.caOut
	switch {
	case o.plain:
		scheme, curl, check = "http", "curl", ""
	case o.caOut == "":
		curl, check = "curl --insecure", "ICAT_CHECK_CERT=false"
	}
	if check != "" {
		check += " "
	}
	url := scheme + "://" + addr + "/icat"
	return fmt.Sprintf(`fake icat.server %s of the %s facility, seed %d, at %s

Serve its catalogue:
  ICAT_URL=%s ICAT_USERNAME=%s ICAT_PASSWORD=%s %sdemo-app

Or ask it yourself:
  %s %s/version
  %s %s/session -d 'json={"plugin":"simple","credentials":[{"username":"%s"},{"password":"%s"}]}'

Requests:
`, icatfake.Version, o.scale.Name, o.seed, url, url, facility.RootName, facility.Password, check, curl, url, curl, url, facility.KarenName, facility.Password)
}
