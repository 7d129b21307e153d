package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"
	"strconv"

	"plumbline/cli"
	"plumbline/demo-app/facility"
	"plumbline/demo-app/internal/store"
	"plumbline/demo-app/telemetry"
)

const usage = `Usage: demo-app [flags]

Serves the demo ICAT API until it is interrupted. Standard output is one line of
JSON for each request and event; everything else goes to standard error.

  -addr HOST:PORT      address to listen on; port 0 picks a free one (127.0.0.1:8000)
  -database FILE       SQLite file of the catalogue, or :memory: (:memory:)
  -seed N              seed of the made-up facility (1)
  -scale small|full    size of the facility (small)
  -service-name NAME   service.name in every line (icat-demo-api)
  -environment NAME    service.environment in every line (demo)
  -log-level LEVEL     debug, info, warn or error; access lines are always written (info)

Example:
  demo-app -addr 127.0.0.1:8000 >> demo-app.json &
  curl http://127.0.0.1:8000/icat/Karen482
`

type options struct {
	addr        string
	database    string
	seed        uint64
	scale       facility.Scale
	service     string
	environment string
	level       telemetry.Level
}

// parse reads the flags and refuses all bad values at once.
func parse(args []string, stdout io.Writer) (options, error) {
	fs := flag.NewFlagSet("demo-app", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // errors are printed once, by exitCode
	addr := fs.String("addr", "127.0.0.1:8000", "")
	database := fs.String("database", store.Memory, "")
	seed := fs.String("seed", "1", "")
	scale := fs.String("scale", "small", "")
	service := fs.String("service-name", "icat-demo-api", "")
	environment := fs.String("environment", "demo", "")
	level := fs.String("log-level", "info", "")
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return options{}, err
	case err != nil:
		return options{}, badInput(err)
	}

	o := options{addr: *addr, database: *database, service: *service, environment: *environment}
	var bad []error
	check := func(name, value string, err error) {
		if err != nil {
			bad = append(bad, fmt.Errorf("-%s %q: %w", name, value, err))
		}
	}
	var err error
	_, port, err := net.SplitHostPort(o.addr)
	if err == nil {
		if _, err = strconv.ParseUint(port, 10, 16); err != nil {
			err = errors.New("port is not a number from 0 to 65535")
		}
	} else {
		err = errors.New("not of the form host:port")
	}
	check("addr", *addr, err)
	if o.database == "" {
		check("database", "", errors.New("name a file or "+store.Memory+" for none"))
	}
	if o.seed, err = strconv.ParseUint(*seed, 10, 64); err != nil {
		check("seed", *seed, errors.New("not a whole number from 0"))
	}
	o.scale, err = facility.ParseScale(*scale)
	check("scale", *scale, err)
	check("service-name", o.service, name(o.service))
	check("environment", o.environment, name(o.environment))
	o.level, err = telemetry.ParseLevel(*level)
	check("log-level", *level, err)
	if fs.NArg() > 0 {
		bad = append(bad, fmt.Errorf("unexpected argument %q", fs.Arg(0)))
	}
	if bad != nil {
		return options{}, badInput(errors.Join(bad...))
	}
	return o, nil
}

func name(s string) error {
	if !telemetry.SaneID(s) {
		return errors.New("not 1 to 64 of A-Z a-z 0-9 . _ -")
	}
	return nil
}

func badInput(err error) error {
	return cli.BadInput(err, "demo-app -h shows the flags and an example")
}

// version is the module's version as the Go toolchain recorded it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

func hostname() string {
	if h, err := os.Hostname(); err == nil {
		return h
	}
	return "localhost"
}
