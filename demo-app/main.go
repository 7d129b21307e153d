// Demo-app is a demo ICAT API: the service under observation. It serves the
// made-up catalogue of a light source, or that of a real icat.server, and
// writes down each request it answers, so that a load generator and a verifier
// can account for every one.
//
// # A tour of the repository
//
// The top level is the architecture, in the order in which a request travels:
//
//   - [plumbline/demo-app] answers requests and writes one access line for each.
//     icat holds the words of the catalogue, facility makes it up from a seed,
//     telemetry holds the words of what is observed, client speaks the API. Those
//     are shared with the components below; what is under internal is not.
//   - loadgen sends requests at a steady rate and keeps a ledger of what it sent.
//   - beats ships the lines and the metrics to Elasticsearch; elasticsearch is
//     the server itself, with its templates and roles.
//   - provisioner prepares Elasticsearch and then compares the ledger with what
//     arrived there, request by request.
//   - dashboards are Go values, drawn by the built-in board.
//   - stack starts all of it in order on one machine, and stops it.
//
// # A tour of this component
//
// A request enters [plumbline/demo-app/internal/rest], which reads its identity
// from traceparent and baggage, takes a place among those in flight
// (internal/limit), suffers what fault is set for its route (internal/fault),
// asks internal/session who is logged in, and then, if internal/cache has no
// answer, the catalogue: [plumbline/demo-app/internal/store] turns filters into
// SQL, [plumbline/demo-app/internal/upstream] into questions to an icat.server.
// When the answer has left, one access line goes to standard output and one
// observation into the RED histogram.
//
// Downloads are prepared in the background by internal/jobs, here or in a
// process of its own (demo-app worker). What an operator can set before the
// start is internal/config, what afterwards internal/admin.
//
// main.go picks the command, assembly.go makes what it works with, serve.go and
// worker.go run it to an orderly end.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"plumbline/cli"
	"plumbline/demo-app/internal/config"
)

func main() {
	limitMemory(memlimit.FromCgroup)
	os.Exit(cli.Main("demo-app", run))
}

// run does what the command line asks for until ctx ends. Standard output gets
// lines of JSON only.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	c, err := config.Read(args, os.LookupEnv, stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return err
	}
	switch c.Command {
	case config.Healthcheck:
		return c.Healthy(ctx)
	case config.Worker:
		return work(ctx, c, stdout, stderr)
	default:
		return serve(ctx, c, stdout, stderr)
	}
}

// heapShare is what the collector may let the heap grow to, of what the container
// may have. SQLite's memory and the program itself are beside it.
const heapShare = 0.8

// limitMemory has the collector work harder rather than let the container's limit
// end the process. GOMEMLIMIT wins over it. Where there is no container, or none
// that can be read, the collector is left as it is.
func limitMemory(container memlimit.Provider) {
	_, _ = memlimit.Set(memlimit.WithProvider(container), memlimit.WithRatio(heapShare))
}

// version is the module's version as the Go toolchain recorded it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

// node tells this process from others of the service, on its host too: by the
// port that it listens on, or by its number if it listens to nobody.
func node(listener net.Listener) string {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	if listener == nil {
		return fmt.Sprintf("%s-%d", host, os.Getpid())
	}
	return fmt.Sprintf("%s:%d", host, listener.Addr().(*net.TCPAddr).Port)
}
