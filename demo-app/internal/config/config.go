// Package config is what an operator may set of demo-app: by flag, by
// environment variable and, for what may hold a secret, by a file. It checks
// everything at once, OTEL_* variables and what addresses mean to who will open
// them included, and asks nobody. It prints the help. Acting on it all is main's.
//
// A flag wins over the environment, the environment over the default. A flag's
// variable has its name in capitals, with underscores for dashes: -log-level is
// LOG_LEVEL. An empty variable counts as absent. Where X may hold a secret,
// X_FILE names a file that holds X.
package config

import (
	"fmt"
	"strings"
	"time"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/telemetry"
)

// Command is what the program is asked to be.
type Command string

// The commands; Serve is the one of a command line that names none.
const (
	Serve       Command = "serve"
	Worker      Command = "worker"
	Healthcheck Command = "healthcheck"
)

// Memory as the DatabaseURL is a database that ends with the process.
const Memory = ":memory:"

// Config is a command line with its environment, checked. What a command does
// not take has its default.
type Config struct {
	Command Command

	Addr      string // host:port of the API
	ProbeAddr string // host:port of a worker's probes and metrics; "" for none
	AdminAddr string // host:port on loopback; "" for no admin port

	AdminToken Secret // unset: no admin port either

	Service     string // service.name of every line
	Environment string // service.environment of every line
	Node        string // service.node.name of every line; "" for one made of host and port
	Level       telemetry.Level
	LogFile     string // "" for standard output

	DatabaseURL Secret // ":memory:", a file, or mariadb://user:password@host:port/name
	Pool        int    // connections to the database
	Seed        uint64
	Scale       facility.Scale

	ICAT ICAT // its URL unset: the catalogue is the database

	RedisURL        Secret // unset: sessions and cache in the process
	SessionLifetime time.Duration
	Cache           bool
	CacheTTL        time.Duration

	SMTPURL Secret // unset: notifications are logged
	Workers int    // download workers in this process

	MaxInFlight    int           // requests being answered; 0 for no limit
	MaxWait        time.Duration // for a turn, when as many are
	RequestTimeout time.Duration
	DrainTimeout   time.Duration

	Live         bool          // healthcheck: ask whether it lives, not whether it is ready
	CheckTimeout time.Duration // of a healthcheck

	values []Value
}

// ICAT is the server behind the API in upstream mode.
type ICAT struct {
	URL           string
	Username      string
	Password      Secret
	Authenticator string // mnemonic of the authenticator, for instance simple
	CheckCert     bool
	CAFile        string // PEM file of the authorities to trust instead of the system's; "" for those
}

// Admin reports whether the admin port is to be opened. Without a token nobody
// could use it.
func (c Config) Admin() bool { return c.AdminAddr != "" && c.AdminToken.IsSet() }

// Value is one setting in effect, fit to be shown: secrets are left out.
type Value struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	From  string `json:"from"` // flag, environment, file or default
}

// Values returns the settings of the command, in the order of the help.
func (c Config) Values() []Value { return c.values }

// String is Values on one line, for the log.
func (c Config) String() string {
	var b strings.Builder
	b.WriteString(string(c.Command))
	for _, v := range c.values {
		if strings.ContainsAny(v.Value, " \"=") || v.Value == "" {
			fmt.Fprintf(&b, " %s=%q", v.Name, v.Value)
		} else {
			fmt.Fprintf(&b, " %s=%s", v.Name, v.Value)
		}
	}
	return b.String()
}
