package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/redis/go-redis/v9"

	"plumbline/cli"
	"plumbline/demo-app/facility"
	"plumbline/demo-app/internal/cache"
	"plumbline/demo-app/internal/config"
	"plumbline/demo-app/internal/jobs"
	"plumbline/demo-app/internal/logfile"
	"plumbline/demo-app/internal/rest"
	"plumbline/demo-app/internal/session"
	"plumbline/demo-app/internal/store"
	"plumbline/demo-app/internal/upstream"
	"plumbline/demo-app/telemetry"
	"plumbline/demo-app/telemetry/spans"
)

// closing is how long each part may take to end after the requests have.
const closing = 5 * time.Second

// assembly is what a server or a worker works with. Close ends its parts, the last
// made first.
type assembly struct {
	config  config.Config
	stderr  io.Writer // for what is asked to be there, spans on the console
	lines   *telemetry.Lines
	service telemetry.Service
	log     *telemetry.Log
	metrics *telemetry.Metrics
	tracing *telemetry.Tracing

	backend   string // what the catalogue runs on
	catalogue rest.Catalogue
	reader    jobs.Catalogue // for work that has no user's session at hand
	store     *store.Store   // nil in upstream mode with a queue in Redis
	upstream  *upstream.ICAT // nil unless in upstream mode
	redis     *redis.Client  // nil without one
	downloads *jobs.Service

	// dependencies are what readiness asks for besides the catalogue.
	dependencies []rest.Dependency
	closers      []func(context.Context) error
}

// assemble makes the parts that c asks for. On an error nothing is left open.
func assemble(ctx context.Context, c config.Config, stdout, stderr io.Writer) (*assembly, error) {
	p := &assembly{config: c, stderr: stderr}
	if c.LogFile != "" {
		file, err := logfile.Open(c.LogFile)
		if err != nil {
			return nil, cli.BadInput(err, "name another file with LOG_FILE, or none")
		}
		p.closers = append(p.closers, func(context.Context) error { return file.Close() })
		stdout = file
	}
	p.lines = telemetry.NewLines(stdout)
	p.closers = append(p.closers, func(context.Context) error { return p.lines.Close() })
	p.service = telemetry.Service{Name: c.Service, Version: version(), Environment: c.Environment, Node: c.Node}
	p.log = telemetry.NewLog(p.lines, p.service, c.Level)
	p.metrics = telemetry.NewMetrics(version(), runtime.Version())
	p.lines.Register(p.metrics.Registry)
	for _, step := range []func(context.Context) error{p.openTracing, p.openRedis, p.openCatalogue, p.openDownloads} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, p.Close(ctx))
		}
	}
	return p, nil
}

// Close ends the parts in the reverse order of their making, whether ctx has
// ended or not.
func (p *assembly) Close(ctx context.Context) error {
	var failed []error
	for _, end := range slices.Backward(p.closers) {
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
		failed = append(failed, end(limit))
		cancel()
	}
	p.closers = nil
	return errors.Join(failed...)
}

func (p *assembly) openTracing(ctx context.Context) (err error) {
	p.tracing, err = spans.New(ctx, spans.Options{Service: p.service, Getenv: os.Getenv, Log: p.log, Console: p.stderr})
	if err != nil {
		return cli.BadInput(err, "unset what is wrong, or set OTEL_SDK_DISABLED=true")
	}
	p.closers = append(p.closers, p.tracing.Shutdown)
	return nil
}

func (p *assembly) openRedis(context.Context) (err error) {
	if !p.config.RedisURL.IsSet() {
		return nil
	}
	if p.redis, err = cache.Connect(p.config.RedisURL.Reveal()); err != nil {
		return cli.BadInput(err, "set REDIS_URL or REDIS_URL_FILE")
	}
	p.closers = append(p.closers, func(context.Context) error { return p.redis.Close() })
	p.dependencies = append(p.dependencies, rest.Dependency{Name: "redis", Ping: func(ctx context.Context) error { return cache.Usable(ctx, p.redis) }})
	return nil
}

// openCatalogue opens the database, or turns to the icat.server. The database
// is also where jobs wait unless there is a Redis, so upstream mode without one
// has an empty database in memory.
func (p *assembly) openCatalogue(ctx context.Context) error {
	c := p.config
	if c.ICAT.URL == "" {
		return p.openStore(ctx, facility.New(c.Seed, c.Scale))
	}
	u, err := upstream.New(upstream.Options{
		URL: c.ICAT.URL, Username: c.ICAT.Username, Password: c.ICAT.Password.Reveal(), Authenticator: c.ICAT.Authenticator,
		CheckCert: c.ICAT.CheckCert, CAFile: c.ICAT.CAFile, CallTimeout: c.RequestTimeout, Log: p.log, Operation: p.metrics.Operation,
	})
	if err != nil {
		return cli.BadInput(err, "set ICAT_URL to something like https://host:8181/icat")
	}
	p.closers = append(p.closers, u.Close)
	p.backend, p.catalogue, p.upstream, p.reader = "icat", u, u, u.AsAccount()
	if p.redis == nil {
		return p.openStore(ctx, nil)
	}
	return nil
}

func (p *assembly) openStore(ctx context.Context, f *facility.Facility) error {
	s, err := store.Open(ctx, store.Options{URL: p.config.DatabaseURL.Reveal(), Facility: f, SessionLifetime: p.config.SessionLifetime})
	if err != nil {
		return &cli.Failure{Code: cli.Undone, Err: err, Next: "name another database with DATABASE_URL, or use " + config.Memory}
	}
	p.closers = append(p.closers, func(context.Context) error { return s.Close() })
	s.SetPool(p.config.Pool)
	p.metrics.Registry.MustRegister(collectors.NewDBStatsCollector(s.DB(), string(s.Dialect())))
	p.store = s
	if p.catalogue == nil {
		p.backend, p.catalogue, p.reader = string(s.Dialect()), s, s
	}
	return nil
}

func (p *assembly) openDownloads(context.Context) error {
	var queue jobs.Queue
	if p.redis != nil {
		queue = jobs.NewRedisQueue(p.redis)
	} else {
		queue = jobs.NewSQLQueue(p.store.DB(), p.store.Dialect() == store.MariaDB)
	}
	var notifier jobs.Notifier = jobs.LogNotifier{}
	if p.config.SMTPURL.IsSet() {
		mailer, err := jobs.NewMailer(p.config.SMTPURL.Reveal(), nil)
		if err != nil {
			return cli.BadInput(err, "set SMTP_URL to something like smtp://user:password@host:587?from=icat@example.org")
		}
		notifier = mailer
	}
	var err error
	p.downloads, err = jobs.New(jobs.Options{
		Queue: queue, Catalogue: p.reader, Notifier: notifier, Log: p.log, Registerer: p.metrics.Registry,
		Workers: p.config.Workers, Drain: p.config.DrainTimeout,
	})
	if err != nil {
		return fmt.Errorf("open download queue: %w", err)
	}
	return nil
}

// submissions are the downloads as the API offers them.
func (p *assembly) submissions() rest.Downloads {
	if p.upstream != nil {
		return guardedDownloads{p.downloads, p.upstream}
	}
	return p.downloads
}

// authority says who is logged in: the icat.server, or this service's own
// sessions over the passwords of the catalogue.
func (p *assembly) authority() rest.Authority {
	if p.upstream != nil {
		return p.upstream
	}
	o := session.Options{Lifetime: p.config.SessionLifetime, Metrics: p.metrics.Registry}
	var keeper session.Keeper
	if p.redis != nil {
		keeper = session.NewRedis(p.redis, o)
	} else {
		keeper = session.NewMemory(o)
	}
	return session.NewAuthority(p.store.CheckPassword, keeper)
}

// cache returns the read cache, nil when there is to be none.
func (p *assembly) cache() *cache.Cache {
	if !p.config.Cache {
		return nil
	}
	o := cache.Options{Lifetime: p.config.CacheTTL, Deadline: p.config.RequestTimeout, Metrics: prometheus.Registerer(p.metrics.Registry)}
	var c *cache.Cache
	if p.redis != nil {
		c = cache.NewRedis(p.redis, o)
	} else {
		c = cache.NewMemory(o)
	}
	p.closers = append(p.closers, func(context.Context) error { return c.Close() })
	return c
}
