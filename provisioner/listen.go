package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"

	"plumbline/cli"
)

// listen opens the address of a command that serves.
func listen(ctx context.Context, command, addr string) (net.Listener, error) {
	var config net.ListenConfig
	ln, err := config.Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, &cli.Failure{Code: cli.Undone, Err: fmt.Errorf("%s: %s is in use", command, addr),
			Next: "is one running already? stop it, or choose another port with -addr"}
	}
	if err != nil {
		return nil, &cli.Failure{Code: cli.Undone, Err: fmt.Errorf("%s: %w", command, err), Next: "choose another address with -addr"}
	}
	return ln, nil
}
