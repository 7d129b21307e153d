// Package apitest looks at the API from outside, as strangers do: a fuzzer that
// reads its document, and a client written from that document alone. It also
// serves the whole API inside a test, for whoever needs one.
package apitest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/internal/cache"
	"plumbline/demo-app/internal/jobs"
	"plumbline/demo-app/internal/rest"
	"plumbline/demo-app/internal/session"
	"plumbline/demo-app/internal/store"
	"plumbline/demo-app/telemetry"
)

// API is the API of the small facility, all of it in this process.
type API struct {
	URL string

	web       *http.Server
	served    chan error
	endWorker context.CancelFunc
	worked    chan error
	cache     *cache.Cache
	catalogue *store.Store
	lines     *telemetry.Lines
}

// Serve starts the API on a free port of this machine; its lines go to out.
// Close ends it.
func Serve(ctx context.Context, out io.Writer) (*API, error) {
	catalogue, err := store.Open(ctx, store.Options{URL: store.Memory, Facility: facility.New(1, facility.Small())})
	if err != nil {
		return nil, err
	}
	a := &API{catalogue: catalogue, lines: telemetry.NewLines(out), cache: cache.NewMemory(cache.Options{}), served: make(chan error, 1), worked: make(chan error, 1)}
	log := telemetry.NewLog(a.lines, telemetry.Service{Name: "icat-demo-api", Version: "test"}, telemetry.LevelInfo)
	metrics := telemetry.NewMetrics("test", "test")
	downloads, err := jobs.New(jobs.Options{
		Queue: jobs.NewSQLQueue(catalogue.DB(), false), Catalogue: catalogue, Notifier: jobs.LogNotifier{}, Log: log, Registerer: metrics.Registry,
	})
	if err != nil {
		return nil, errors.Join(err, catalogue.Close())
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listen: %w", err), catalogue.Close())
	}
	a.web = rest.New(rest.Options{
		Catalogue: catalogue, Authority: session.NewAuthority(catalogue.CheckPassword, session.NewMemory(session.Options{})),
		Cache: a.cache, Downloads: downloads, Log: log, Version: "test", Metrics: metrics,
	}).HTTP()
	a.URL = "http://" + listener.Addr().String()
	worker, end := context.WithCancel(context.WithoutCancel(ctx))
	a.endWorker = end
	go func() { a.worked <- downloads.Run(worker) }()
	go func() { a.served <- a.web.Serve(listener) }()
	return a, nil
}

// Close ends the API when everything that was asked is answered.
func (a *API) Close() error {
	err := a.web.Shutdown(context.Background())
	if served := <-a.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	a.endWorker()
	return errors.Join(err, <-a.worked, a.cache.Close(), a.catalogue.Close(), a.lines.Close())
}
