// Demo-app is a demo ICAT API: the service under observation. It serves the
// made-up catalogue of a light source and writes down each request it answers,
// so that a load generator and a verifier can account for every one.
//
// # A tour of the repository
//
// The top level is the architecture, in the order in which a request travels:
//
//   - [plumbline/demo-app] answers requests and writes one access line for each.
//     icat holds the words of the catalogue, facility makes it up from a seed,
//     telemetry holds the words of what is observed. Those three are shared with
//     the components below; what is under internal is not.
//   - loadgen sends requests at a steady rate and keeps a ledger of what it sent.
//   - beats ships the lines and the metrics to Elasticsearch; elasticsearch is
//     the server itself, with its templates and roles.
//   - provisioner prepares Elasticsearch and then compares the ledger with what
//     arrived there, request by request.
//   - dashboards are Go values, drawn by the built-in board.
//   - stack starts all of it in order on one machine, and stops it.
//
// # A tour of this component
//
// A request enters [plumbline/demo-app/internal/rest], which reads its identity
// from traceparent and baggage, finds the route, checks the session (kept by
// internal/cache), and asks [plumbline/demo-app/internal/store], which turns
// filters into SQL. When the answer has left, one access line goes to standard
// output and one observation into the RED histogram.
//
// This file wires them: flags, listening, and an orderly end.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"plumbline/cli"
	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
	"plumbline/demo-app/internal/cache"
	"plumbline/demo-app/internal/rest"
	"plumbline/demo-app/internal/store"
	"plumbline/demo-app/telemetry"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(cli.Report(os.Stderr, "demo-app", run(ctx, os.Args[1:], os.Stdout, os.Stderr)))
}

// How long an orderly end may take.
const (
	// drainNotice is how long the server goes on after it has said that it is not
	// ready, closing each connection with its next answer.
	drainNotice  = 300 * time.Millisecond
	drainTimeout = 15 * time.Second
)

// run serves until ctx ends. Standard output gets lines of JSON only.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	o, err := parse(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	lines := telemetry.NewLines(stdout)
	defer func() { err = errors.Join(err, lines.Close()) }()
	log := telemetry.NewLog(lines, telemetry.Service{Name: o.service, Version: version(), Environment: o.environment, Node: hostname()}, o.level)

	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.addr)
	if err != nil {
		return &cli.Failure{Code: cli.Undone, Err: fmt.Errorf("listen on %s: %w", o.addr, err), Next: "stop what uses the port, or choose another with -addr 127.0.0.1:8100"}
	}
	defer listener.Close() // a second close does no harm
	catalogue, err := store.Open(ctx, o.database, facility.New(o.seed, o.scale))
	if err != nil {
		return &cli.Failure{Code: cli.Undone, Err: err, Next: "name another file with -database, or use -database " + store.Memory}
	}
	defer func() { err = errors.Join(err, catalogue.Close()) }()

	server := rest.New(rest.Options{Store: catalogue, Sessions: cache.NewSessions(icat.SessionLifetime), Log: log, Version: version()})
	return serve(ctx, server, listener, log)
}

// serve answers requests until ctx ends, then drains: not ready, finish what is
// in flight, stop.
func serve(ctx context.Context, server *rest.Server, listener net.Listener, log *telemetry.Log) error {
	web := server.HTTP()
	served := make(chan error, 1)
	go func() { served <- web.Serve(listener) }()
	addr := listener.Addr().(*net.TCPAddr)
	e := log.Info()
	e.Dict("server", e.CreateDict().Str("address", addr.IP.String()).Int("port", addr.Port)).Msg("listening")

	select {
	case err := <-served:
		return fmt.Errorf("serve %s: %w", addr, err)
	case <-ctx.Done():
	}
	log.Info().Msg("draining")
	server.Drain()
	time.Sleep(drainNotice)
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if err := web.Shutdown(limit); err != nil {
		err = errors.Join(fmt.Errorf("drain: requests still in flight after %s: %w", drainTimeout, err), web.Close())
		server.Wait() // Close has cancelled them; they still owe their access lines
		return err
	}
	log.Info().Msg("stopped")
	return nil
}
