package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"plumbline/cli"
	"plumbline/loadgen/console"
	"plumbline/localweb"
)

// errConsole is why a run that somebody ended from the console was cancelled.
var errConsole = errors.New("stopped from the console")

// checkListen wants an address that says who can reach it.
func checkListen(address string) error {
	const hint = "for example: -listen 127.0.0.1:8089; with 0.0.0.0:8089 everybody who reaches this machine can steer the run"
	if address == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return cli.BadInput(fmt.Errorf("-listen %q: is not host:port", address), hint)
	}
	if host == "" {
		return cli.BadInput(fmt.Errorf("-listen %q: has no host", address), hint)
	}
	return nil
}

// listen opens the console's address; nil for none.
func listen(ctx context.Context, address string) (net.Listener, error) {
	if address == "" {
		return nil, nil
	}
	var config net.ListenConfig
	ln, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, &cli.Failure{Code: cli.Undone, Err: fmt.Errorf("console: %w", err), Next: "name another -listen address, or leave it out"}
	}
	return ln, nil
}

// announce tells where the console is and, if so, that others reach it too.
func announce(ln net.Listener, stderr io.Writer) {
	open := ""
	if !localweb.Loopback(ln.Addr().String()) {
		open = "  open to whoever reaches this machine"
	}
	fmt.Fprintf(stderr, "console: http://%s/%s\n", ln.Addr(), open)
}

// serveConsole answers until ctx is done. That it cannot does not end the run:
// the load is what counts.
func serveConsole(ctx context.Context, ln net.Listener, o console.Options, stderr io.Writer) {
	if err := localweb.Serve(ctx, ln, console.New(o)); err != nil {
		fmt.Fprintf(stderr, "console: %v; the run goes on without it\n", err)
	}
}

// beside runs what accompanies a run until the returned function is called, also
// while a stopped run drains.
func beside(ctx context.Context, companions ...func(context.Context)) (end func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var group sync.WaitGroup
	for _, accompany := range companions {
		group.Go(func() { accompany(ctx) })
	}
	return func() {
		cancel()
		group.Wait()
	}
}
