package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"plumbline/demo-app/internal/admin"
	"plumbline/demo-app/internal/cache"
	"plumbline/demo-app/internal/config"
	"plumbline/demo-app/internal/fault"
	"plumbline/demo-app/internal/limit"
	"plumbline/demo-app/internal/rest"
	"plumbline/demo-app/telemetry"
)

// drainNotice is how long the server goes on after it has said that it is not
// ready, closing each connection with its next answer.
const drainNotice = 300 * time.Millisecond

// serve answers requests until ctx ends, then drains: not ready, finish what is
// in flight, stop.
func serve(ctx context.Context, c config.Config, stdout, stderr io.Writer) (err error) {
	listener, err := listen(ctx, c.Addr, "-addr")
	if err != nil {
		return err
	}
	defer listener.Close() // a second close does no harm
	c.Node = cmp.Or(c.Node, node(listener))
	p, err := assemble(ctx, c, stdout, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close(ctx)) }()

	faults := fault.New(fault.Options{Registerer: p.metrics.Registry, Hang: c.RequestTimeout, Expired: func(r fault.Rule) {
		e := p.log.Did(telemetry.LevelInfo, telemetry.Action{Name: "fault-expired"})
		e.Dict("labels", e.CreateDict().Str("rule", r.ID)).Msg("fault is over")
	}})
	kept := p.cache()
	server := rest.New(rest.Options{
		Catalogue: p.catalogue, Authority: p.authority(), Log: p.log, Version: version(), Metrics: p.metrics, Tracing: p.tracing, Backend: p.backend,
		Cache: kept, OtherRules: p.upstream != nil, Downloads: p.submissions(), Faults: faults, RequestTimeout: c.RequestTimeout, Dependencies: p.dependencies,
		Limit: limit.New(limit.Options{Max: c.MaxInFlight, Wait: c.MaxWait, Registerer: p.metrics.Registry}),
	})

	operated, err := p.operate(ctx, server, faults, kept)
	if err != nil {
		return err
	}
	// What a last request adds to the queue stays there for the next start.
	working, finish := context.WithCancel(ctx)
	defer finish()
	worked := make(chan error, 1)
	go func() {
		if c.Workers == 0 {
			worked <- nil
			return
		}
		worked <- p.downloads.Run(working)
	}()

	err = answer(ctx, c, server, listener, p.log)
	finish()
	return errors.Join(err, <-worked, operated())
}

// answer runs the API until ctx ends and then to its orderly end.
func answer(ctx context.Context, c config.Config, server *rest.Server, listener net.Listener, log *telemetry.Log) error {
	web := server.HTTP()
	served := make(chan error, 1)
	go func() { served <- web.Serve(listener) }()
	at(log, listener, "listening")

	select {
	case err := <-served:
		return fmt.Errorf("serve %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	log.Info().Msg("draining")
	server.Drain()
	time.Sleep(drainNotice)
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.DrainTimeout)
	defer cancel()
	if err := web.Shutdown(limit); err != nil {
		err = errors.Join(fmt.Errorf("drain: requests still in flight after %s: %w", c.DrainTimeout, err), web.Close())
		server.Wait() // Close has cancelled them; they still owe their access lines
		return err
	}
	log.Info().Msg("stopped")
	return nil
}

// operate opens the admin port, if there is to be one, and returns what closes
// it.
func (p *assembly) operate(ctx context.Context, server *rest.Server, faults *fault.Switch, kept *cache.Cache) (end func() error, err error) {
	if !p.config.Admin() {
		p.log.Info().Msg("admin port closed: it needs ADMIN_TOKEN or ADMIN_TOKEN_FILE")
		return func() error { return nil }, nil
	}
	listener, err := listen(ctx, p.config.AdminAddr, "-admin-addr")
	if err != nil {
		return nil, err
	}
	pressure := &fault.Pressure{}
	o := admin.Options{
		Token: p.config.AdminToken.Reveal(), Registerer: p.metrics.Registry, Settings: p.config.Values(), Routes: server.Routes(),
		// A log of its own: no level hides a change.
		Log:    telemetry.NewLog(p.lines, p.service, telemetry.LevelInfo),
		Faults: faults, Pressure: pressure, Level: p.log.Level, SetLevel: p.log.SetLevel, FlushQueue: p.downloads.Flush,
	}
	if kept != nil {
		o.FlushCache = kept.Flush
	}
	if p.store != nil {
		o.Pool = fault.NewPool(p.config.Pool, p.store.SetPool)
	}
	shut := p.beside(admin.New(o).HTTP(), listener, "admin port open")
	return func() error {
		pressure.End()
		faults.Clear()
		return shut()
	}, nil
}
