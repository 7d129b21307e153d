package main

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"plumbline/cli"
	"plumbline/demo-app/facility"
	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/attack"
	"plumbline/loadgen/journey"
	"plumbline/loadgen/pace"
	"plumbline/loadgen/report"
	"plumbline/loadgen/truth"
)

const runUsage = `loadgen run sends requests by a schedule, whatever the target answers, and
records each in the ledger before it leaves.

Usage:
  loadgen run -ledger FILE [flags]

Flags:
  -target URL         base address of the API (default http://127.0.0.1:8000)
  -rate N             requests per second, 0.001 to 1000000 (default 200)
  -duration D         how long requests are sent: 20s, 5m, 1h (default 20s)
  -pace SHAPE         how the rate goes, see below (default constant)
  -closed N           for comparison, the closed model: N users, each of whom waits
                      for an answer before asking again. It hides what a slow
                      target does to users: while it is slow it is asked less
  -journey NAME,...   these journeys alone; loadgen journeys show lists them
  -journeys FILE      journeys that a YAML file defines, beside the built-in ones
  -think T            how long people look at an answer before they ask again:
                      0, 1.5s or lognormal(median=2.8s), of which nine in ten
                      are 1 to 8 seconds. The default is 0: in a short run those
                      who think do not come to the end of their visits. The rate
                      is the schedule's all the same: more people visit at once
  -ledger FILE        where the record goes; the file must not exist yet
  -seed N             of the facility and the journeys; give the API's (default 1)
  -scale small|full   size of the facility; give the API's (default small)
  -run-id ID          1 to 64 of A-Z a-z 0-9 . _ - (default made from the time)
  -protocol NAME      auto, http1, h2c (HTTP/2 without TLS) or http (as auto, but
                      always over Go's own client) (default auto)
  -ca FILE            certificates (PEM) to trust for https instead of the system's
  -get PATH           ask for this path alone, without a session, and expect 200
  -timeout D          limit of a single request (default 10s)
  -max-in-flight N    arrivals beyond this many open requests are recorded as
                      dropped, not delayed (default 1024)
  -o table|json       the report on standard output (default table)
  -html FILE          the report as a web page with plots, complete in itself; what
                      the file held is replaced
  -es URL             tell Elasticsearch of the run, each second and at its end, as in
                      https://127.0.0.1:9200; the documents go to
                      ` + telemetry.StreamLoad + `
  -es-ca FILE         certificate of the authority that signed Elasticsearch's
  -es-key-file FILE   API key that may add to that stream (loadgen.key)
  -listen HOST:PORT   a page to watch and steer the run, /status and /metrics there,
                      as in 127.0.0.1:8089; by default there is none
  -fail-if CONDITION  exit code 1 if it is true at the end, as in 'p99>250ms' or
                      'errors>1%'; may be given several times, see below

Shapes of -pace:
` + pace.Usage + `
Conditions of -fail-if are a metric, one of > >= < <= and a limit:
  p50 p90 p95 p99 p99.9 max mean   latency from the schedule, a duration: p99>250ms
  service.p99 and the like         from the sending of the request
  errors unexpected dropped        a count, or a share of all arrivals: errors>1%
                                   errors: unexpected answers and those that never came
  rate                             requests sent per second: rate<199

A signal (Ctrl-C) ends the schedule, waits for the requests in flight, and
closes the ledger; a second one ends the program at once.

Example:
  loadgen run -rate 500 -duration 1m -ledger run.ledger -o json > report.json
`

// settings are the flags of loadgen run, checked.
type settings struct {
	target      *url.URL
	protocol    attack.Protocol
	roots       *x509.CertPool
	get         string
	pace        pace.Pace
	closed      int // users of the closed model; 0 for the open one
	journeys    []journey.Journey
	think       journey.Think
	scale       facility.Scale
	seed        uint64
	ledger      string
	runID       string
	timeout     time.Duration
	maxInFlight int
	output      string
	thresholds  []report.Threshold
	html        string      // file of the page; "" for none
	listen      string      // address of the console; "" for none
	store       truth.Store // that is told of the run; nil for none
}

const (
	maxTimeout  = time.Hour
	maxInFlight = 1_000_000
)

// parseSettings returns nil settings if help was asked for and given.
func parseSettings(args []string, stdout io.Writer) (*settings, error) {
	s := &settings{}
	fs := flag.NewFlagSet("run", flag.ContinueOnError)
	target := fs.String("target", "http://127.0.0.1:8000", "")
	protocol := fs.String("protocol", string(attack.Auto), "")
	ca := fs.String("ca", "", "")
	scale := fs.String("scale", "small", "")
	fs.StringVar(&s.get, "get", "", "")
	rate := fs.Float64("rate", 200, "")
	duration := fs.Duration("duration", 20*time.Second, "")
	shape := fs.String("pace", "constant", "")
	fs.IntVar(&s.closed, "closed", 0, "")
	names := fs.String("journey", "", "")
	defined := fs.String("journeys", "", "")
	think := fs.String("think", "0", "")
	fs.StringVar(&s.ledger, "ledger", "", "")
	fs.Uint64Var(&s.seed, "seed", 1, "")
	fs.StringVar(&s.runID, "run-id", "", "")
	fs.DurationVar(&s.timeout, "timeout", 10*time.Second, "")
	fs.IntVar(&s.maxInFlight, "max-in-flight", 1024, "")
	fs.StringVar(&s.output, "o", "table", "")
	fs.StringVar(&s.listen, "listen", "", "")
	fs.StringVar(&s.html, "html", "", "")
	es := fs.String("es", "", "")
	esCA := fs.String("es-ca", "", "")
	esKey := fs.String("es-key-file", "", "")
	var failIf conditions
	fs.Var(&failIf, "fail-if", "")
	if helped, err := parse(fs, args, runUsage, stdout); helped || err != nil {
		return nil, err
	}
	var err error
	if s.target, err = parseTarget(*target); err != nil {
		return nil, cli.BadInput(fmt.Errorf("-target %q: %v", *target, err), "give a base address such as http://127.0.0.1:8000")
	}
	if s.protocol, err = attack.ParseProtocol(*protocol); err != nil {
		return nil, cli.BadInput(fmt.Errorf("-protocol: %v", err), "use auto, http1, h2c or http")
	}
	if s.roots, err = readRoots(*ca); err != nil {
		return nil, cli.BadInput(fmt.Errorf("-ca: %v", err), "name a file of certificates in PEM")
	}
	if s.scale, err = facility.ParseScale(*scale); err != nil {
		return nil, cli.BadInput(fmt.Errorf("-scale: %v", err), "use the scale that the API was started with")
	}
	if s.pace, err = choosePace(fs, *shape, pace.Constant{Rate: *rate, Duration: *duration}, s.seed); err != nil {
		return nil, err
	}
	if err := checkClosed(fs, s.closed); err != nil {
		return nil, err
	}
	if err := checkListen(s.listen); err != nil {
		return nil, err
	}
	if err := checkGet(fs, s.get); err != nil {
		return nil, err
	}
	if s.store, err = chooseStore(*es, *esCA, *esKey); err != nil {
		return nil, err
	}
	if s.thresholds, err = failIf.parse(); err != nil {
		return nil, err
	}
	if s.journeys, err = chooseJourneys(*names, *defined); err != nil {
		return nil, err
	}
	if s.think, err = journey.ParseThink(*think); err != nil {
		return nil, cli.BadInput(fmt.Errorf("-%v", err), "for example: -think 'lognormal(median=2.8s)'")
	}
	if s.runID == "" {
		s.runID = newRunID(time.Now())
	}
	switch {
	case fs.NArg() > 0:
		return nil, cli.BadInput(fmt.Errorf("unexpected argument %q", fs.Arg(0)), "loadgen run -h lists the flags")
	case s.ledger == "":
		return nil, cli.BadInput(errors.New("-ledger is missing"), "name a file that does not exist yet: -ledger run.ledger")
	case s.protocol == attack.H2C && s.target.Scheme == "https":
		return nil, cli.BadInput(errors.New("-protocol h2c: the target is https"), "with TLS, -protocol auto speaks HTTP/2 if the target does")
	case *ca != "" && s.target.Scheme != "https":
		return nil, cli.BadInput(errors.New("-ca: the target is not https"), "leave -ca out, or give an https:// target")
	case s.get != "" && !strings.HasPrefix(s.get, "/"):
		return nil, cli.BadInput(fmt.Errorf("-get %q: must begin with /", s.get), "for example: -get /readyz")
	case !telemetry.SaneID(s.runID):
		return nil, cli.BadInput(fmt.Errorf("-run-id %q: not 1 to 64 of A-Z a-z 0-9 . _ -", s.runID), "leave -run-id out to have one made")
	case s.timeout <= 0 || s.timeout > maxTimeout:
		return nil, cli.BadInput(fmt.Errorf("-timeout %v: must be above 0 and at most %v", s.timeout, maxTimeout), "for example: -timeout 10s")
	case s.maxInFlight < 1 || s.maxInFlight > maxInFlight:
		return nil, cli.BadInput(fmt.Errorf("-max-in-flight %d: must be 1 to %d", s.maxInFlight, maxInFlight), "for example: -max-in-flight 1024")
	}
	return s, checkFormat(s.output)
}

// readRoots returns nil, the system's authorities, for no file.
func readRoots(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate", path)
	}
	return roots, nil
}

func parseTarget(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		var e *url.Error
		if errors.As(err, &e) {
			err = e.Err
		}
		return nil, err
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("must begin with http:// or https://")
	case u.Hostname() == "":
		return nil, errors.New("has no host")
	case u.User != nil:
		return nil, errors.New("must not hold a user or password")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("must not hold a query or fragment")
	}
	return u, nil
}

// newRunID makes an id that sorts by time: 20260102T150405Z-1a2b3c.
func newRunID(now time.Time) string {
	var random [3]byte
	_, _ = rand.Read(random[:]) // never fails
	return now.UTC().Format("20060102T150405Z") + "-" + hex.EncodeToString(random[:])
}
