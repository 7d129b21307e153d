package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"plumbline/cli"
	"plumbline/loadgen/ledger"
	"plumbline/loadgen/ledger/export"
)

// showSettings are the flags of loadgen ledger show, checked.
type showSettings struct {
	path        string
	first, last uint64
	outcomes    []string // empty for all
	route       string   // pattern; "" for all
	unexpected  bool
	limit       uint64 // 0 for none
	follow      bool
	output      string
}

func parseShow(args []string, stdout io.Writer) (*showSettings, error) {
	s := &showSettings{}
	fs := flag.NewFlagSet("ledger", flag.ContinueOnError)
	seq := fs.String("seq", "1-", "")
	outcome := fs.String("outcome", "", "")
	fs.StringVar(&s.route, "route", "", "")
	fs.BoolVar(&s.unexpected, "unexpected", false, "")
	fs.Uint64Var(&s.limit, "limit", 0, "")
	fs.BoolVar(&s.follow, "f", false, "")
	fs.StringVar(&s.output, "o", "table", "")
	files, err := parseFiles(fs, "show", 1, args, stdout)
	if files == nil || err != nil {
		return nil, err
	}
	s.path = files[0]
	if s.first, s.last, err = parseSeq(*seq); err != nil {
		return nil, cli.BadInput(fmt.Errorf("-seq %q: %v", *seq, err), "for example: -seq 17, -seq 100-199 or -seq 100-")
	}
	if *outcome != "" {
		s.outcomes = strings.Split(*outcome, ",")
	}
	for _, o := range s.outcomes {
		switch ledger.Outcome(o) {
		case ledger.Answered, ledger.Timeout, ledger.Reset, ledger.Refused, ledger.Dropped, ledger.Unfinished:
		default:
			return nil, cli.BadInput(fmt.Errorf("-outcome %q: no such outcome", o), "use one or more of answered,timeout,reset,refused,dropped,open")
		}
	}
	if _, err := path.Match(s.route, ""); err != nil {
		return nil, cli.BadInput(fmt.Errorf("-route %q: %v", s.route, err), "for example: -route '/investigations/*'")
	}
	return s, checkFormat(s.output)
}

// parseSeq reads N, N-M or N-.
func parseSeq(text string) (first, last uint64, err error) {
	from, to, isRange := strings.Cut(text, "-")
	if first, err = strconv.ParseUint(from, 10, 64); err != nil || first == 0 {
		return 0, 0, errors.New("no number from 1 on")
	}
	if !isRange {
		return first, first, nil
	}
	if to == "" {
		return first, math.MaxUint64, nil
	}
	if last, err = strconv.ParseUint(to, 10, 64); err != nil || last < first {
		return 0, 0, errors.New("does not end with a number from the first on")
	}
	return first, last, nil
}

func (s *showSettings) wants(a ledger.Attempt) bool {
	if a.Seq < s.first || s.unexpected && !a.Unexpected() || len(s.outcomes) > 0 && !slices.Contains(s.outcomes, string(a.Outcome)) {
		return false
	}
	matches, _ := path.Match(s.route, a.Route) // the pattern was checked
	return s.route == "" || s.route == a.Route || matches
}

// runShow is the command loadgen ledger show.
func runShow(ctx context.Context, args []string, stdout io.Writer) error {
	s, err := parseShow(args, stdout)
	if s == nil || err != nil {
		return err
	}
	r, err := s.open(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil // was told to stop waiting for the header
		}
		return unreadable(err)
	}
	defer r.Close()
	out := bufio.NewWriterSize(stdout, 64<<10)
	show := lineWriter(out)
	if s.output == "json" {
		show = jsonWriter(out, r.Header)
	}
	for shown := uint64(0); s.limit == 0 || shown < s.limit; {
		a, err := r.Next()
		if err != nil {
			if flushed := out.Flush(); flushed != nil || err == io.EOF || ctx.Err() != nil {
				return flushed
			}
			return unreadable(err)
		}
		if a.Seq > s.last {
			break
		}
		if !s.wants(a) {
			continue
		}
		if err := show(a); err != nil {
			return err
		}
		shown++
		if s.follow { // a reader waits for it
			if err := out.Flush(); err != nil {
				return err
			}
		}
	}
	return out.Flush()
}

func (s *showSettings) open(ctx context.Context) (*ledger.Reader, error) {
	if s.follow {
		return ledger.Follow(ctx, s.path)
	}
	return ledger.Open(s.path)
}

func jsonWriter(w io.Writer, h ledger.Header) func(ledger.Attempt) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return func(a ledger.Attempt) error { return e.Encode(export.NewRow(h, a)) }
}

// lineWriter writes a line an attempt below a line that names the columns. The
// names that may hold blanks come last.
func lineWriter(w io.Writer) func(ledger.Attempt) error {
	const form = "%9v %12v %9v %11v %11v  %-8v %-8v %-6v %-28v %v\n"
	begun := false
	return func(a ledger.Attempt) error {
		if !begun {
			begun = true
			if _, err := fmt.Fprintf(w, form, "seq", "due/s", "late/ms", "service/ms", "latency/ms", "outcome", "status", "method", "route", "journey"); err != nil {
				return err
			}
		}
		late, service, latency := "-", "-", "-"
		if a.Outcome != ledger.Dropped {
			late = milliseconds(a.Sent - a.Scheduled)
		}
		if a.Outcome != ledger.Dropped && a.Outcome != ledger.Unfinished {
			service, latency = milliseconds(a.Service), milliseconds(a.Latency)
		}
		_, err := fmt.Fprintf(w, form, a.Seq, fmt.Sprintf("%.6f", a.Scheduled.Seconds()), late, service, latency, a.Outcome, statusOf(a), a.Method, a.Route, a.Journey)
		return err
	}
}

func milliseconds(d time.Duration) string { return strconv.FormatFloat(float64(d)/1e6, 'f', 3, 64) }

// statusOf is 200, or 500!=200 for one that was not expected.
func statusOf(a ledger.Attempt) string {
	switch {
	case a.Status == 0:
		return "-"
	case a.Unexpected():
		return fmt.Sprintf("%d!=%d", a.Status, a.Expect)
	default:
		return strconv.Itoa(a.Status)
	}
}
