package main

import (
	"cmp"
	"errors"
	"flag"
	"io"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/arrival"
)

const verifyUsage = `Usage: provisioner verify -es URL -ledger FILE [flags]

Compares every attempt of a load run's ledger with the documents in
Elasticsearch, by identity, and says what was delivered, lost, duplicated,
corrupted or unexpected. Compares what loadgen itself told Elasticsearch of the
run, if it did. Then looks for the metrics of the run, executes the panels of all
dashboards and holds them against the same truth.

Of a ledger that 'loadgen lines' wrote, it makes every line again and compares
it with the documents that a shipper made of it, byte by byte: which were
altered, cut, split over several documents or joined with others.

  -ledger FILE      what loadgen wrote
  -run ID           refuse the ledger of any other run
  -es URL           Elasticsearch, e.g. https://127.0.0.1:9200
  -ca FILE          certificate of the authority that signed its certificate
  -key-file FILE    API key that may read (reader.key)
  -index NAME       data stream or pattern (` + telemetry.StreamAccess + `,
                    of lines ` + telemetry.StreamLines + `)
  -within 30s       how long to wait for what is missing
  -settle 2s        how long to watch for duplicates once all is found
  -follow           start before or with the load: wait for the ledger to appear
                    and measure how long documents take to become searchable
  -poll 100ms       with -follow: how often to look, which is the resolution
  -lag-key-file F   with -follow: API key that may write what was measured to
                    ` + telemetry.StreamLag + ` and what became of the run to
                    ` + telemetry.StreamVerdict + ` (provisioner.key)
  -app-log GLOB     the application's log files: tell at which hop each of the
                    missing was lost, and by what that is known
  -shipper URL      with -app-log: Filebeat's monitoring address, for what it
                    counted, e.g. http://127.0.0.1:5066
  -run-field F, -seq-field F
                    of requests: fields that hold the run and the attempt's number,
                    if they are not called run.id and run.seq; likewise -id-field
                    (event.id), -trace-field, -method-field, -route-field,
                    -status-field, -duration-field, -read-field (event.created).
                    One that documents do not have is "-", and is not compared
  -message-field F  of lines: field that holds the line's text (message)
  -time-field F     of lines: field with the time at which a line had come so far
                    (the first of event.ingested, event.created, @timestamp)
  -late-after D     judge, too, whether each came within D: of lines from when it was
                    due until that time, of requests from the line's own time until
                    Elasticsearch took it (event.ingested). 0: not judged
  -depth fast       compare counts only, which is much quicker and has
                    a blind spot, which is printed: arrival alone, no duplicates
                    waited for, and never a verdict (full)
  -check LIST       what to judge: arrival,panels,metrics (all; of lines arrival)
  -allow-indeterminate N
                    attempts without answer and document that are tolerated (0)
  -allow-unsent N   planned requests that never left the load generator and are
                    tolerated (0); a load that ended early is not
  -allow-rejected N malformed lines that were written, did not arrive and are
                    tolerated (0)
  -partial          judge a ledger that was cut off, as far as it goes
  -o table|json     form of the report on standard output
  -json FILE        write the report as JSON, too (verdict.schema.json says how)
  -junit FILE       write the report as JUnit XML, too: a case for each property
  -markdown FILE    write the report as Markdown, too, for a pull request
  -html FILE        write the report as a page, too, with a lane for each hop

Exit codes: 0 all holds, 1 it does not, 2 could not be measured, 64 usage.

Example:
  provisioner verify -es https://127.0.0.1:9200 -ca ca.crt -key-file reader.key \
    -ledger ledger.zst -junit verdict.xml
  provisioner verify -es https://127.0.0.1:9200 -ca ca.crt -key-file reader.key \
    -ledger lines.ledger -index 'app-logs-*' -message-field event.original
`

func parseVerify(args []string, stdout io.Writer) (*verification, error) {
	v := &verification{}
	flags := flag.NewFlagSet("verify", flag.ContinueOnError)
	flags.StringVar(&v.audit.Ledger, "ledger", "", "")
	flags.StringVar(&v.audit.RunID, "run", "", "")
	flags.StringVar(&v.audit.Index, "index", "", "")
	flags.BoolVar(&v.audit.Partial, "partial", false, "")
	flags.StringVar(&v.es.URL, "es", "", "")
	flags.StringVar(&v.es.CAFile, "ca", "", "")
	flags.StringVar(&v.es.KeyFile, "key-file", "", "")
	flags.DurationVar(&v.patience.Within, "within", 30*time.Second, "")
	flags.DurationVar(&v.patience.Settle, "settle", 2*time.Second, "")
	flags.StringVar(&v.appLog, "app-log", "", "")
	flags.StringVar(&v.shipper, "shipper", "", "")
	flags.BoolVar(&v.follow, "follow", false, "")
	flags.DurationVar(&v.poll, "poll", 100*time.Millisecond, "")
	flags.StringVar(&v.lagKey, "lag-key-file", "", "")
	flags.StringVar(&v.depth, "depth", "full", "")
	flags.Uint64Var(&v.allow, "allow-indeterminate", 0, "")
	flags.Uint64Var(&v.allowUnsent, "allow-unsent", 0, "")
	flags.StringVar(&v.format, "o", "table", "")
	flags.StringVar(&v.json, "json", "", "")
	flags.StringVar(&v.junit, "junit", "", "")
	flags.StringVar(&v.markdown, "markdown", "", "")
	flags.StringVar(&v.html, "html", "", "")
	flags.Uint64Var(&v.allowRejected, "allow-rejected", 0, "")
	flags.StringVar(&v.audit.Lines.Message, "message-field", "", "")
	flags.StringVar(&v.audit.Lines.Time, "time-field", "", "")
	flags.DurationVar(&v.audit.Lines.Late, "late-after", 0, "")
	v.audit.Names = arrival.Names{}
	for word, of := range arrival.Nameable() {
		flags.Func(word+"-field", "", func(theirs string) error {
			if theirs == "" || theirs == arrival.NoField && !of.Optional {
				return errors.New("want the name of a field")
			}
			v.audit.Names[of.Field] = theirs
			return nil
		})
	}
	check := flags.String("check", "", "")
	if err := parse(flags, verifyUsage, args, 0, stdout); err != nil {
		return nil, err
	}
	refuse := func(format string, args ...any) (*verification, error) {
		return nil, usageError("provisioner verify -h", "verify: "+format, args...)
	}
	v.chosen = *check != ""
	for _, name := range strings.Split(cmp.Or(*check, "arrival,panels,metrics"), ",") {
		switch name {
		case "arrival": // always: the others need its truth
		case "panels":
			v.panels = true
		case "metrics":
			v.metrics = true
		default:
			return refuse("-check %q: want arrival, panels or metrics", name)
		}
	}
	if _, err := filepath.Match(v.appLog, ""); err != nil {
		return refuse("-app-log %q: not a pattern of file names", v.appLog)
	}
	if u, err := url.Parse(v.shipper); err != nil || v.shipper != "" && (u.Scheme != "http" || u.Host == "" || u.User != nil) {
		return refuse("-shipper is not a URL of scheme http without a password")
	}
	if len(v.audit.Names) > 0 {
		if v.appLog != "" || v.chosen && (v.panels || v.metrics) {
			return refuse("with fields of other names there are neither panels nor metrics nor demo-app's log: leave -app-log and these of -check out")
		}
		v.panels, v.metrics = false, false
	}
	switch {
	case v.es.URL == "":
		return refuse("-es is missing")
	case v.audit.Ledger == "":
		return refuse("-ledger is missing")
	case v.format != "table" && v.format != "json":
		return refuse("-o %q: want table or json", v.format)
	case v.depth != "full" && v.depth != "fast":
		return refuse("-depth %q: want full or fast", v.depth)
	case v.depth == "fast" && (v.follow || v.appLog != "" || v.chosen && (v.panels || v.metrics)):
		return refuse("-depth fast counts documents and nothing else: leave -follow, -app-log, and panels and metrics in -check out")
	case v.patience.Within < 0 || v.patience.Settle < 0 || v.audit.Lines.Late < 0:
		return refuse("-within, -settle and -late-after cannot be negative")
	case v.shipper != "" && v.appLog == "":
		return refuse("-shipper needs -app-log")
	case v.poll < time.Millisecond:
		return refuse("-poll %v: want 1ms or more", v.poll)
	case v.lagKey != "" && !v.follow:
		return refuse("-lag-key-file needs -follow")
	}
	return v, nil
}
