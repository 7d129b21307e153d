package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"plumbline/cli"
	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/lines"
	"plumbline/localweb"
	"plumbline/provisioner/canary"
	"plumbline/provisioner/elastic"
)

const watchUsage = `Usage: provisioner watch -es URL [flags]

A canary: sends the service one small request after the other until it is stopped,
or writes one line after the other for a shipper, and looks for the line of each in
Elasticsearch. Tells on standard error when its verdict on the last hour changes,
and Prometheus how many lines were found, lost, doubled, late or altered.

  -target URL       demo-app (http://127.0.0.1:8000); it is asked for /version
  -lines FILE       instead: append lines to FILE, from which a shipper reads them
  -format NAME      of lines: ecs, logfmt, combined or plain (ecs)
  -rotate SIZE,N    of lines: put FILE aside at SIZE and keep N (10MiB,2)
  -message-field F  of lines: field that holds a line's text (message)

  -es URL           Elasticsearch, for example https://127.0.0.1:9200
  -ca FILE          PEM of the authority that signed its certificate
  -key-file FILE    one line id:api_key, mode 0600; the reader's key is enough
  -index NAME       data stream or pattern (` + telemetry.StreamAccess + `,
                    of lines ` + telemetry.StreamLines + `)

  -every DURATION   between probes (5s)
  -poll DURATION    between searches (1s): the resolution of the lag
  -late DURATION    a line that is not there by then is late (30s)
  -within DURATION  a line that was looked for so long in vain is lost (1m)
  -settle DURATION  how long duplicates of a line that was found are looked for (5m)
  -window DURATION  what the verdict is about (1h)
  -state FILE       keep all that is known in FILE, and go on from there after a
                    restart or a kill
  -addr HOST:PORT   where to listen (default 127.0.0.1:9096)

Addresses: /status tells the verdict with all counts as JSON, /metrics is for
Prometheus, /healthz answers ok.

Example:
  provisioner watch -es https://127.0.0.1:9200 -ca ca.crt -key-file secrets/reader.key \
    -state canary.json
`

func watchCommand() command {
	return command{name: "watch", summary: "a canary: look for the line of one probe after the other, for ever", run: runWatch}
}

// watch is what the flags of one say.
type watch struct {
	canary canary.Options
	es     elastic.Config
	addr   string

	lines, format, rotate string
}

func runWatch(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	w, err := parseWatch(args, stdout)
	if err != nil {
		return err
	}
	client, err := elastic.New(w.es)
	if err != nil {
		return cli.BadInput(fmt.Errorf("watch: %w", err), "")
	}
	if w.lines != "" {
		if err := w.openLines(); err != nil {
			return err
		}
		defer w.canary.Lines.Close()
	}
	ln, err := listen(ctx, "watch", w.addr)
	if err != nil {
		return err
	}
	w.canary.Search, w.canary.Said = client, prefixed{stderr}
	c, err := canary.New(w.canary)
	if err != nil {
		ln.Close()
		return cli.BadInput(fmt.Errorf("watch: %w", err), "")
	}
	fmt.Fprintf(stdout, "watch: listening on http://%s/status\n", ln.Addr())
	return errors.Join(w.serve(ctx, ln, c), c.Close())
}

// serve runs the canary and answers until ctx ends or the canary does.
func (w *watch) serve(ctx context.Context, ln net.Listener, c *canary.Canary) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() {
		defer stop()
		ended <- c.Run(ctx)
	}()
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", c.Metrics())
	mux.Handle("GET /status", c)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	err := localweb.Serve(ctx, ln, mux)
	stop()
	if broken := <-ended; broken != nil {
		return fmt.Errorf("watch: %w", broken)
	}
	return err
}

func parseWatch(args []string, stdout io.Writer) (*watch, error) {
	const hint = "provisioner watch -h"
	w := &watch{}
	o := &w.canary
	flags := flag.NewFlagSet("watch", flag.ContinueOnError)
	flags.StringVar(&o.Target, "target", "http://127.0.0.1:8000", "")
	flags.StringVar(&w.lines, "lines", "", "")
	flags.StringVar(&w.format, "format", string(lines.ECS), "")
	flags.StringVar(&w.rotate, "rotate", "10MiB,2", "")
	flags.StringVar(&o.Text, "message-field", telemetry.FieldMessage, "")
	flags.StringVar(&w.es.URL, "es", "", "")
	flags.StringVar(&w.es.CAFile, "ca", "", "")
	flags.StringVar(&w.es.KeyFile, "key-file", "", "")
	flags.StringVar(&o.Index, "index", "", "")
	flags.DurationVar(&o.Every, "every", 5*time.Second, "")
	flags.DurationVar(&o.Poll, "poll", time.Second, "")
	flags.DurationVar(&o.Late, "late", 30*time.Second, "")
	flags.DurationVar(&o.Within, "within", time.Minute, "")
	flags.DurationVar(&o.Settle, "settle", 5*time.Minute, "")
	flags.DurationVar(&o.Window, "window", time.Hour, "")
	flags.StringVar(&o.State, "state", "", "")
	flags.StringVar(&w.addr, "addr", "127.0.0.1:9096", "")
	if err := parse(flags, watchUsage, args, 0, stdout); err != nil {
		return nil, err
	}
	target, err := url.Parse(o.Target)
	_, _, bad := net.SplitHostPort(w.addr)
	set := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { set[f.Name] = true })
	switch {
	case w.es.URL == "":
		return nil, usageError(hint, "watch: -es is missing")
	case err != nil || target.Host == "" || target.Scheme != "http" && target.Scheme != "https" || target.User != nil:
		return nil, usageError(hint, "watch: -target is not a URL of scheme http or https, without a password")
	case set["lines"] && set["target"]:
		return nil, usageError(hint, "watch: -target and -lines: want one of them")
	case w.lines == "" && (set["lines"] || set["format"] || set["rotate"] || set["message-field"]):
		return nil, usageError(hint, "watch: -format, -rotate and -message-field are of -lines FILE, which is missing")
	case bad != nil:
		return nil, usageError(hint, "watch: -addr %q is not HOST:PORT", w.addr)
	}
	if err := o.Validate(); err != nil {
		return nil, usageError(hint, "watch: %v", err)
	}
	if o.Target = strings.TrimRight(o.Target, "/"); o.Index == "" {
		o.Index = telemetry.StreamAccess
		if w.lines != "" {
			o.Index = telemetry.StreamLines
		}
	}
	return w, nil
}

// openLines opens the file to write lines to.
func (w *watch) openLines() error {
	const hint = "provisioner watch -h"
	var err error
	if w.canary.Format, err = lines.ParseFormat(w.format); err != nil {
		return usageError(hint, "watch: -format: %v", err)
	}
	rotation, err := lines.ParseRotation(w.rotate, string(lines.Rename))
	if err != nil {
		return usageError(hint, "watch: -rotate: %v", err)
	}
	if w.canary.Lines, err = lines.OpenFile(w.lines, rotation); err != nil {
		return cli.BadInput(fmt.Errorf("watch: -lines: %w", err), "")
	}
	return nil
}

// prefixed writes lines with the command's name before them.
type prefixed struct{ to io.Writer }

func (p prefixed) Write(line []byte) (int, error) {
	_, err := fmt.Fprintf(p.to, "watch: %s", line)
	return len(line), err
}
