package main

import (
	"context"
	"errors"
	"io"

	"plumbline/demo-app/internal/config"
	"plumbline/demo-app/internal/rest"
)

// work prepares downloads that a server has queued, until ctx ends. Beside it,
// the probes and metrics of this process are served.
func work(ctx context.Context, c config.Config, stdout, stderr io.Writer) (err error) {
	p, err := assemble(ctx, c, stdout, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close(ctx)) }()
	end, err := p.probe(ctx)
	if err != nil {
		return err
	}
	p.log.Info().Msg("working")
	err = p.downloads.Run(ctx)
	p.log.Info().Msg("stopped")
	return errors.Join(err, end())
}

// probe serves what a worker can be asked, if it is to, and returns what ends
// that.
func (p *assembly) probe(ctx context.Context) (end func() error, err error) {
	if p.config.ProbeAddr == "" {
		return func() error { return nil }, nil
	}
	listener, err := listen(ctx, p.config.ProbeAddr, "-probe-addr")
	if err != nil {
		return nil, err
	}
	probes := rest.NewProbes(rest.Options{
		Catalogue: p.catalogue, Log: p.log, Version: version(), Metrics: p.metrics, Tracing: p.tracing, Backend: p.backend, Dependencies: p.dependencies,
	})
	return p.beside(probes.HTTP(), listener, "probes open"), nil
}
