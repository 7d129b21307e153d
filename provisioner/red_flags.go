package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/elastic"
)

const redUsage = `Usage: provisioner red -ledger FILE -es URL [-prometheus URL] [flags]

Holds the usual sources of RED metrics (rate, errors, duration) against what
really happened in a load run, request by request: the access lines in
Elasticsearch, Metricbeat's documents, and Prometheus with classic and native
histograms. By route: what each shows, how far off that is and why, what it
costs. Each promise of a method is checked: counts are exact, percentiles lie
where the method's resolution says. docs/red.md explains every number.

  -ledger FILE       what loadgen wrote
  -app-log GLOB      the application's log files, which hold the exact durations;
                     without it they come from the documents in Elasticsearch
  -es URL            Elasticsearch, e.g. https://127.0.0.1:9200
  -ca FILE           certificate of the authority that signed its certificate
  -key-file FILE     API key that may read (reader.key)
  -index NAME        data stream of the access lines (` + telemetry.StreamAccess + `)
  -prometheus URL    Prometheus, e.g. http://127.0.0.1:9090
  -match MATCHERS    which application, where Prometheus scrapes several, as in
                     'job="demo-app"'
  -within 30s        how long to wait for what is missing, such as the first scrape
                     after the run
  -cpu PART=TIME     processor time that a part (filebeat, metricbeat,
                     elasticsearch, prometheus) spent for the run, as whoever ran it
                     has measured; may be given several times
  -advise            propose bounds of a classic histogram, from the durations of
                     this run, and prove what they would have said of it
  -advise-error 10%  largest error that the proposed bounds may promise
  -advise-series N   most series that they may cost in all (no limit)
  -o table|json      form of the report on standard output
  -json FILE         write the report as JSON, too
  -html FILE         write it as a web page with plots, complete in itself

Exit codes: 0 every promise is kept, 1 one is broken, 2 something could not be
measured, 64 usage.

Example:
  provisioner red -ledger run.ledger -app-log 'demo-app*.json' \
    -es https://127.0.0.1:9200 -ca ca.crt -key-file reader.key \
    -prometheus http://127.0.0.1:9090 -html red.html
`

// benchmark is one call of red.
type benchmark struct {
	ledger, appLog, index string
	es                    elastic.Config
	prometheus, matchers  string
	within                time.Duration
	cpu                   times
	advise                bool
	adviseError           float64
	adviseSeries          int
	format, json, html    string
}

func parseRED(args []string, stdout io.Writer) (*benchmark, error) {
	b := &benchmark{cpu: times{}}
	flags := flag.NewFlagSet("red", flag.ContinueOnError)
	flags.StringVar(&b.ledger, "ledger", "", "")
	flags.StringVar(&b.appLog, "app-log", "", "")
	flags.StringVar(&b.es.URL, "es", "", "")
	flags.StringVar(&b.es.CAFile, "ca", "", "")
	flags.StringVar(&b.es.KeyFile, "key-file", "", "")
	flags.StringVar(&b.index, "index", telemetry.StreamAccess, "")
	flags.StringVar(&b.prometheus, "prometheus", "", "")
	flags.StringVar(&b.matchers, "match", "", "")
	flags.DurationVar(&b.within, "within", 30*time.Second, "")
	flags.Var(b.cpu, "cpu", "")
	flags.BoolVar(&b.advise, "advise", false, "")
	percent := flags.String("advise-error", "10%", "")
	flags.IntVar(&b.adviseSeries, "advise-series", 0, "")
	flags.StringVar(&b.format, "o", "table", "")
	flags.StringVar(&b.json, "json", "", "")
	flags.StringVar(&b.html, "html", "", "")
	if err := parse(flags, redUsage, args, 0, stdout); err != nil {
		return nil, err
	}
	refuse := func(format string, args ...any) (*benchmark, error) {
		return nil, usageError("provisioner red -h", "red: "+format, args...)
	}
	if _, err := fmt.Sscanf(*percent, "%g%%", &b.adviseError); err != nil || !strings.HasSuffix(*percent, "%") || b.adviseError <= 0 || b.adviseError > 100 {
		return refuse("-advise-error %q: want a share above 0%% and up to 100%%", *percent)
	}
	b.adviseError /= 100
	if _, err := filepath.Match(b.appLog, ""); err != nil {
		return refuse("-app-log %q: not a pattern of file names", b.appLog)
	}
	switch {
	case b.ledger == "":
		return refuse("-ledger is missing")
	case b.es.URL == "" && b.prometheus == "":
		return refuse("there is nothing to hold against the truth: give -es, -prometheus or both")
	case b.es.URL == "" && b.appLog == "":
		return refuse("the exact durations are nowhere: give -app-log or -es")
	case b.format != "table" && b.format != "json":
		return refuse("-o %q: want table or json", b.format)
	case b.within < 0:
		return refuse("-within cannot be negative")
	case b.adviseSeries < 0:
		return refuse("-advise-series cannot be negative")
	}
	return b, nil
}

// times are durations by name: name=1.5s.
type times map[string]time.Duration

func (t times) String() string { return "" }

func (t times) Set(text string) error {
	name, value, ok := strings.Cut(text, "=")
	d, err := time.ParseDuration(value)
	if !ok || name == "" || err != nil || d < 0 {
		return errors.New("want a part and a time, as in filebeat=1.5s")
	}
	t[name] = d
	return nil
}
