package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"

	"plumbline/cli"
	"plumbline/dashboards"
	"plumbline/dashboards/board"
	"plumbline/localweb"
	"plumbline/provisioner/elastic"
	"plumbline/provisioner/freshness"
)

const boardUsage = `Usage: provisioner board -es URL [flags]

Serves the dashboards as a web page until it is stopped. It reads
Elasticsearch with a key of its own; the browser never sees it.

  -addr HOST:PORT   where to listen (default 127.0.0.1:5602)
  -host NAME        a name under which it may be asked for too, beside localhost
                    and its addresses
  -es URL           Elasticsearch, for example https://127.0.0.1:9200
  -ca FILE          PEM of the authority that signed its certificate
  -key-file FILE    one line id:api_key, mode 0600; the reader's key is enough

Addresses: / is the page, /api/dashboards and /api/dashboards/red?from=now-15m
the data that it draws, /api/runs the recent load runs, /healthz answers ok,
/metrics how new the newest document of each data stream is, for Prometheus.

Example:
  provisioner board -es https://127.0.0.1:9200 -ca ca.crt -key-file secrets/reader.key
`

func boardCommand() command {
	return command{name: "board", summary: "serve the dashboards as a web page", run: runBoard}
}

func runBoard(ctx context.Context, args []string, stdout, _ io.Writer) error {
	const hint = "provisioner board -h"
	flags := flag.NewFlagSet("board", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:5602", "")
	host := flags.String("host", "", "")
	var config elastic.Config
	flags.StringVar(&config.URL, "es", "", "")
	flags.StringVar(&config.CAFile, "ca", "", "")
	flags.StringVar(&config.KeyFile, "key-file", "", "")
	if err := parse(flags, boardUsage, args, 0, stdout); err != nil {
		return err
	}
	if config.URL == "" {
		return usageError(hint, "board: -es is missing")
	}
	bound, _, err := net.SplitHostPort(*addr)
	if err != nil {
		return usageError(hint, "board: -addr %q is not HOST:PORT", *addr)
	}
	client, err := elastic.New(config)
	if err != nil {
		return cli.BadInput(fmt.Errorf("board: %w", err), "")
	}
	ln, err := listen(ctx, "board", *addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "board: listening on http://%s/\n", ln.Addr())
	mux := http.NewServeMux()
	mux.Handle("/", board.New(board.Options{
		Host:       cmp.Or(*host, bound),
		Searcher:   client,
		Absent:     func(err error) bool { return errors.Is(err, &elastic.Error{Status: http.StatusNotFound}) },
		Dashboards: dashboards.All(),
	}))
	mux.Handle("GET /metrics", freshness.Metrics(client)) // beside the board's guard: a scraper may know this host by any name
	return localweb.Serve(ctx, ln, mux)
}
