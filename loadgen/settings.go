package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"time"

	"plumbline/cli"
	"plumbline/demo-app/facility"
	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/pace"
)

const runUsage = `loadgen run sends requests at an even rate, whatever the target answers, and
records each in the ledger before it leaves.

Usage:
  loadgen run -ledger FILE [flags]

Flags:
  -target URL         base address of the API (default http://127.0.0.1:8000)
  -rate N             requests per second, 0.001 to 1000000 (default 200)
  -duration D         how long requests are sent: 20s, 5m, 1h (default 20s)
  -ledger FILE        where the record goes; the file must not exist yet
  -seed N             of the facility and the journeys; give the API's (default 1)
  -scale small|full   size of the facility; give the API's (default small)
  -run-id ID          1 to 64 of A-Z a-z 0-9 . _ - (default made from the time)
  -timeout D          limit of a single request (default 10s)
  -max-in-flight N    arrivals beyond this many open requests are recorded as
                      dropped, not delayed (default 1024)
  -o table|json       the report on standard output (default table)

A signal (Ctrl-C) ends the schedule, waits for the requests in flight, and
closes the ledger; a second one ends the program at once.

Example:
  loadgen run -rate 500 -duration 1m -ledger run.ledger -o json > report.json
`

// settings are the flags of loadgen run, checked.
type settings struct {
	target      *url.URL
	pace        pace.Constant
	scale       facility.Scale
	seed        uint64
	ledger      string
	runID       string
	timeout     time.Duration
	maxInFlight int
	output      string
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
	scale := fs.String("scale", "small", "")
	fs.Float64Var(&s.pace.Rate, "rate", 200, "")
	fs.DurationVar(&s.pace.Duration, "duration", 20*time.Second, "")
	fs.StringVar(&s.ledger, "ledger", "", "")
	fs.Uint64Var(&s.seed, "seed", 1, "")
	fs.StringVar(&s.runID, "run-id", "", "")
	fs.DurationVar(&s.timeout, "timeout", 10*time.Second, "")
	fs.IntVar(&s.maxInFlight, "max-in-flight", 1024, "")
	fs.StringVar(&s.output, "o", "table", "")
	if helped, err := parse(fs, args, runUsage, stdout); helped || err != nil {
		return nil, err
	}
	var err error
	if s.target, err = parseTarget(*target); err != nil {
		return nil, cli.BadInput(fmt.Errorf("-target %q: %v", *target, err), "give a base address such as http://127.0.0.1:8000")
	}
	if s.scale, err = facility.ParseScale(*scale); err != nil {
		return nil, cli.BadInput(fmt.Errorf("-scale: %v", err), "use the scale that the API was started with")
	}
	if err := s.pace.Validate(); err != nil {
		return nil, cli.BadInput(fmt.Errorf("-%v", err), "for example: -rate 200 -duration 20s")
	}
	if s.runID == "" {
		s.runID = newRunID(time.Now())
	}
	switch {
	case fs.NArg() > 0:
		return nil, cli.BadInput(fmt.Errorf("unexpected argument %q", fs.Arg(0)), "loadgen run -h lists the flags")
	case s.ledger == "":
		return nil, cli.BadInput(errors.New("-ledger is missing"), "name a file that does not exist yet: -ledger run.ledger")
	case !telemetry.SaneID(s.runID):
		return nil, cli.BadInput(fmt.Errorf("-run-id %q: not 1 to 64 of A-Z a-z 0-9 . _ -", s.runID), "leave -run-id out to have one made")
	case s.timeout <= 0 || s.timeout > maxTimeout:
		return nil, cli.BadInput(fmt.Errorf("-timeout %v: must be above 0 and at most %v", s.timeout, maxTimeout), "for example: -timeout 10s")
	case s.maxInFlight < 1 || s.maxInFlight > maxInFlight:
		return nil, cli.BadInput(fmt.Errorf("-max-in-flight %d: must be 1 to %d", s.maxInFlight, maxInFlight), "for example: -max-in-flight 1024")
	}
	return s, checkFormat(s.output)
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
