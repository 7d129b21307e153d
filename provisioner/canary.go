package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"plumbline/cli"
	"plumbline/localweb"
	"plumbline/provisioner/canary"
	"plumbline/provisioner/elastic"
)

const canaryUsage = `Usage: provisioner canary -es URL [flags]

Asks the service one small request after the other until it is stopped, looks for
the line of each in Elasticsearch, and tells Prometheus how many are lost.

  -target URL       demo-app (http://127.0.0.1:8000); it is asked for /version
  -es URL           Elasticsearch, for example https://127.0.0.1:9200
  -ca FILE          PEM of the authority that signed its certificate
  -key-file FILE    one line id:api_key, mode 0600; the reader's key is enough
  -every DURATION   between requests (5s)
  -within DURATION  how soon a line has to be found (1m)
  -addr HOST:PORT   where to listen (default 127.0.0.1:9096)

Addresses: /metrics is for Prometheus, /healthz answers ok.

Example:
  provisioner canary -es https://127.0.0.1:9200 -ca ca.crt -key-file secrets/reader.key
`

func canaryCommand() command {
	return command{name: "canary", summary: "look for the line of one request after the other, for ever", run: runCanary}
}

func runCanary(ctx context.Context, args []string, stdout, _ io.Writer) error {
	const hint = "provisioner canary -h"
	flags := flag.NewFlagSet("canary", flag.ContinueOnError)
	target := flags.String("target", "http://127.0.0.1:8000", "")
	every := flags.Duration("every", 5*time.Second, "")
	within := flags.Duration("within", time.Minute, "")
	addr := flags.String("addr", "127.0.0.1:9096", "")
	var config elastic.Config
	flags.StringVar(&config.URL, "es", "", "")
	flags.StringVar(&config.CAFile, "ca", "", "")
	flags.StringVar(&config.KeyFile, "key-file", "", "")
	if err := parse(flags, canaryUsage, args, 0, stdout); err != nil {
		return err
	}
	u, err := url.Parse(*target)
	switch _, _, bad := net.SplitHostPort(*addr); {
	case config.URL == "":
		return usageError(hint, "canary: -es is missing")
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil:
		return usageError(hint, "canary: -target is not a URL of scheme http or https, without a password")
	case *every < 100*time.Millisecond:
		return usageError(hint, "canary: -every %v: want at least 100ms", *every)
	case *within <= 0:
		return usageError(hint, "canary: -within %v: want more than zero", *within)
	case bad != nil:
		return usageError(hint, "canary: -addr %q is not HOST:PORT", *addr)
	}
	client, err := elastic.New(config)
	if err != nil {
		return cli.BadInput(fmt.Errorf("canary: %w", err), "")
	}
	ln, err := listen(ctx, "canary", *addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "canary: listening on http://%s/metrics\n", ln.Addr())
	c := canary.New(canary.Options{Target: strings.TrimRight(*target, "/"), Search: client, Every: *every, Within: *within})
	go c.Run(ctx)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", c.Metrics())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	return localweb.Serve(ctx, ln, mux)
}
