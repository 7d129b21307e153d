package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"plumbline/cli"
	"plumbline/demo-app/icat"
	"plumbline/demo-app/telemetry"
)

// listen opens a port; setting is what chose it.
func listen(ctx context.Context, addr, setting string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, &cli.Failure{Code: cli.Undone, Err: fmt.Errorf("listen on %s: %w", addr, err),
			Next: "stop what uses the port, or choose another with " + setting + " 127.0.0.1:8100"}
	}
	return listener, nil
}

// at says in a line where a port is open.
func at(log *telemetry.Log, listener net.Listener, message string) {
	if e := log.Info(); e != nil {
		addr := listener.Addr().(*net.TCPAddr)
		e.Dict("server", e.CreateDict().Str("address", addr.IP.String()).Int("port", addr.Port)).Msg(message)
	}
}

// beside serves what is not the main work of the process, and returns what ends
// that. Should it end by itself, the main work goes on and a line says so.
func (p *assembly) beside(web *http.Server, listener net.Listener, message string) (end func() error) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			telemetry.Failure(p.log.Error(), telemetry.Identity{}, string(icat.Internal), "net/http", err.Error(), nil).Msg("a port closed by itself")
		}
	}()
	at(p.log, listener, message)
	return func() error {
		defer func() { <-ended }()
		return web.Close()
	}
}
