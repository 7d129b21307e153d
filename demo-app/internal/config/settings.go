package config

import (
	"strings"
	"time"

	"plumbline/demo-app/internal/jobs"
	"plumbline/demo-app/internal/store"
)

// Setting is one thing that an operator may set.
type Setting struct {
	Name    string // the flag's, without its dash
	Flag    string // "" : what is all secret has no place on a command line
	Env     string // "" : flag only
	Default string
	Meaning string
	Secret  bool // may hold a secret: Env_FILE may name a file that holds it
}

// row is a setting, the commands that take it, and where its value goes.
type row struct {
	Setting
	of  []Command
	set func(value string) error
}

// rows returns the settings of every command, filling c when they are set. This
// is the one list that flags, environment, help and README follow.
func rows(c *Config) []row {
	const hour = time.Hour
	serve, work, check := []Command{Serve}, []Command{Serve, Worker}, []Command{Healthcheck}
	return []row{
		{setting("addr", "127.0.0.1:8000", "address of the API; port 0 picks a free one"), []Command{Serve, Healthcheck}, address(&c.Addr)},
		{setting("probe-addr", "127.0.0.1:8002", "address of a worker's /healthz, /readyz and /metrics, or off"), []Command{Worker}, off(&c.ProbeAddr, address)},
		{setting("admin-addr", "127.0.0.1:8001", "address of the admin port, on loopback, or off"), serve, off(&c.AdminAddr, loopback)},
		{secret("admin-token", "token that the admin port asks for, 16 characters or more; without one the port stays closed"), serve, token(&c.AdminToken)},

		{setting("service-name", "icat-demo-api", "service.name in every line"), work, name(&c.Service)},
		{setting("environment", "demo", "service.environment in every line"), work, name(&c.Environment)},
		{setting("service-node-name", "", "service.node.name in every line; by default host name and port"), work, off(&c.Node, name)},
		{setting("log-level", "info", "debug, info, warn or error; access lines are always written"), work, level(&c.Level)},
		{setting("log-file", "", "file for the lines instead of standard output; when it holds 20 MiB it becomes FILE.1, and so on to FILE.4"), work, text(&c.LogFile)},

		{secretive("database-url", Memory, "catalogue and queue: :memory:, a SQLite file, or mariadb://USER:PASSWORD@HOST:PORT/NAME"), work, url(&c.DatabaseURL, store.CheckURL)},
		{setting("pool", "8", "connections to the database"), work, whole(&c.Pool, 1, 1000)},
		{setting("seed", "1", "seed of the made-up facility"), work, seed(&c.Seed)},
		{setting("scale", "small", "size of the facility: small or full"), work, scale(&c.Scale)},

		{setting("icat-url", "", "icat.server that is the catalogue instead of a database, such as https://HOST:8181/icat"), work, icatURL(&c.ICAT.URL)},
		{setting("icat-username", "", "account at the icat.server"), work, text(&c.ICAT.Username)},
		{secret("icat-password", "its password"), work, anyPassword(&c.ICAT.Password)},
		{setting("icat-authenticator-name", "simple", "mnemonic of its authenticator; anon needs no account"), work, name(&c.ICAT.Authenticator)},
		{setting("icat-check-cert", "true", "whether to check the icat.server's certificate"), work, truth(&c.ICAT.CheckCert)},
		{setting("icat-ca-file", "", "PEM file of the authorities that vouch for the icat.server"), work, authorities(&c.ICAT.CAFile)},

		{secretive("redis-url", "", "sessions, cache and queue in Redis: redis://:PASSWORD@HOST:PORT/0, or off"), work, redisURL(&c.RedisURL)},
		{setting("session-lifetime", "2h", "how long a session lasts from its last refresh"), serve, duration(&c.SessionLifetime, time.Second, 30*24*hour)},
		{setting("cache", "on", "whether answers of the catalogue are cached: on or off"), serve, truth(&c.Cache)},
		{setting("cache-ttl", "5s", "how long a cached answer is good"), serve, duration(&c.CacheTTL, time.Millisecond, hour)},

		{secretive("smtp-url", "", "mail server of notifications: smtp://USER:PASSWORD@HOST:PORT?from=ADDRESS; without one they are logged"), work, url(&c.SMTPURL, jobs.CheckURL)},
		{setting("workers", "1", "download workers in this process; 0 leaves the work to demo-app worker"), work, whole(&c.Workers, 0, 64)},

		{setting("max-in-flight", "256", "requests being answered at a time; 0 for no limit"), serve, whole(&c.MaxInFlight, 0, 100_000)},
		{setting("max-wait", "100ms", "how long a request beyond these waits for its turn before it is refused"), serve, duration(&c.MaxWait, 0, 10*time.Second)},
		{setting("request-timeout", "10s", "how long the catalogue may take for a request"), serve, duration(&c.RequestTimeout, time.Millisecond, 5*time.Minute)},
		{setting("drain-timeout", "10s", "how long requests and downloads under way may take to end"), work, duration(&c.DrainTimeout, time.Millisecond, 10*time.Minute)},

		{flagOnly("live", "false", "ask whether the process lives, not whether it is ready"), check, truth(&c.Live)},
		{flagOnly("timeout", "3s", "how long the answer may take"), check, duration(&c.CheckTimeout, time.Millisecond, 5*time.Minute)},
	}
}

func setting(name, def, meaning string) Setting {
	return Setting{Name: name, Flag: "-" + name, Env: variable(name), Default: def, Meaning: meaning}
}

// flagOnly is for names that would be somebody else's as a variable.
func flagOnly(name, def, meaning string) Setting {
	return Setting{Name: name, Flag: "-" + name, Default: def, Meaning: meaning}
}

// secretive is a URL that may hold a password.
func secretive(name, def, meaning string) Setting {
	s := setting(name, def, meaning)
	s.Secret = true
	return s
}

func secret(name, meaning string) Setting {
	return Setting{Name: name, Env: variable(name), Meaning: meaning, Secret: true}
}

func variable(name string) string { return strings.ToUpper(strings.ReplaceAll(name, "-", "_")) }
