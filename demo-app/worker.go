package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"

	"plumbline/demo-app/internal/config"
	"plumbline/demo-app/internal/rest"
)

// work prepares downloads that a server has queued, until ctx ends. Beside it,
// the probes and metrics of this process are served.
func work(ctx context.Context, c config.Config, stdout, stderr io.Writer) (err error) {
	var listener net.Listener // nil: it cannot be asked
	if c.ProbeAddr != "" {
		if listener, err = listen(ctx, c.ProbeAddr, "-probe-addr"); err != nil {
			return err
		}
		defer listener.Close() // a second close does no harm
	}
	c.Node = cmp.Or(c.Node, node(listener))
	p, err := assemble(ctx, c, stdout, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close(ctx)) }()
	end := p.probe(listener)
	p.log.Info().Msg("working")
	err = p.downloads.Run(ctx)
	p.log.Info().Msg("stopped")
	return errors.Join(err, end())
}

// probe serves what a worker can be asked, if it can, and returns what ends
// that.
func (p *assembly) probe(listener net.Listener) (end func() error) {
	if listener == nil {
		return func() error { return nil }
	}
	probes := rest.NewProbes(rest.Options{
		Catalogue: p.catalogue, Log: p.log, Version: version(), Metrics: p.metrics, Tracing: p.tracing, Backend: p.backend, Dependencies: p.dependencies,
	})
	return p.beside(probes.HTTP(), listener, "probes open")
}
