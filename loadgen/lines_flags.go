package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"time"

	"plumbline/cli"
	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/lines"
	"plumbline/loadgen/pace"
)

const linesUsage = `loadgen lines writes log lines that can be told apart, at a pace that does not
wait for the shipper, and records each in the ledger before it is written.

Usage:
  loadgen lines -out FILE|-|tcp://HOST:PORT|udp://HOST:PORT -ledger FILE [flags]

Where to:
  -out FILE           appended to; made if it does not exist
  -out -              standard output; the report goes to standard error
  -out tcp://…        a line each; refused, not delayed, while there is no connection
  -out udp://…        a datagram each
  -rotate SIZE[,KEEP] put FILE aside at this size, as FILE.1, FILE.2, …; keep only
                      so many of these (default all)
  -rotate-style S     rename: FILE becomes FILE.1; truncate: FILE is copied to
                      FILE.1 and emptied (default rename)
  -timeout D          of a connection, of a write to a socket, and at the end of a
                      run for an output that takes nothing (default 5s)
What:
  -format F           ecs (JSON), logfmt, combined (access log), plain (default ecs)
  -size N|N-M         bytes of a line with its newline, without its stack trace,
                      1 to 1048576, by UDP 60000 (default 400-1200)
  -multiline RATIO    lines with a stack trace of 3 to 30 lines: 0 (none) to 1 (all)
  -unicode RATIO      lines with text in many scripts
  -malformed RATIO    lines that are truncated, not UTF-8, with NUL, binary, or
                      128 KiB long (by UDP 60000 bytes); their kinds are in the ledger
When:
  -rate N             lines per second, 0.001 to 1000000 (default 1000)
  -duration D         how long lines are written: 20s, 5m, 1h (default 20s)
  -pace SHAPE         how the rate changes (default constant); see below
The record:
  -ledger FILE        where it goes; the file must not exist yet
  -seed N             the same seed makes the same lines (default 1)
  -run-id ID          1 to 64 of A-Z a-z 0-9 . _ - (default made from the time)
  -o table|json       the report (default table)

Shapes:
` + pace.Usage + `
A line carries run.id and run.seq; its time stamp is when it was due.

Examples, each shipper configured as docs/lines.md shows:
  loadgen lines -out app.log -rotate 10MiB,5 -ledger run.ledger          # Filebeat
  loadgen lines -out tcp://127.0.0.1:5170 -ledger run.ledger             # Fluent Bit
  loadgen lines -out - -format logfmt -ledger run.ledger | vector -c v.yaml
`

// linesSettings are the flags of loadgen lines, checked.
type linesSettings struct {
	out             string
	socket, address string // "tcp" or "udp", and host:port; "" for a file or standard output
	rotation        lines.Rotation
	content         lines.Content
	pace            pace.Pace
	ledger          string
	timeout         time.Duration
	output          string
}

const standardOutput = "-"

// parseLines returns nil settings if help was asked for and given.
func parseLines(args []string, stdout io.Writer) (*linesSettings, error) {
	s := &linesSettings{}
	fs := flag.NewFlagSet("lines", flag.ContinueOnError)
	fs.StringVar(&s.out, "out", "", "")
	rotate := fs.String("rotate", "", "")
	style := fs.String("rotate-style", string(lines.Rename), "")
	fs.DurationVar(&s.timeout, "timeout", 5*time.Second, "")
	format := fs.String("format", string(lines.ECS), "")
	size := fs.String("size", "400-1200", "")
	fs.Float64Var(&s.content.Multiline, "multiline", 0, "")
	fs.Float64Var(&s.content.Unicode, "unicode", 0, "")
	fs.Float64Var(&s.content.Malformed, "malformed", 0, "")
	var base pace.Constant
	fs.Float64Var(&base.Rate, "rate", 1000, "")
	fs.DurationVar(&base.Duration, "duration", 20*time.Second, "")
	shape := fs.String("pace", "", "")
	fs.StringVar(&s.ledger, "ledger", "", "")
	fs.Uint64Var(&s.content.Seed, "seed", 1, "")
	fs.StringVar(&s.content.RunID, "run-id", "", "")
	fs.StringVar(&s.output, "o", "table", "")
	if helped, err := parse(fs, args, linesUsage, stdout); helped || err != nil {
		return nil, err
	}
	if fs.NArg() > 0 {
		return nil, cli.BadInput(fmt.Errorf("unexpected argument %q", fs.Arg(0)), "loadgen lines -h lists the flags")
	}
	var err error
	if s.pace, err = choosePace(fs, *shape, base, s.content.Seed); err != nil {
		return nil, err
	}
	if err := s.checkContent(*format, *size); err != nil {
		return nil, err
	}
	if err := s.checkOut(*rotate, *style); err != nil {
		return nil, err
	}
	switch {
	case s.ledger == "":
		return nil, cli.BadInput(errors.New("-ledger is missing"), "name a file that does not exist yet: -ledger run.ledger")
	case filepath.Clean(s.ledger) == filepath.Clean(s.out):
		return nil, cli.BadInput(fmt.Errorf("-ledger %s: that is where the lines go", s.ledger), "name another file: -ledger run.ledger")
	case s.timeout <= 0 || s.timeout > maxTimeout:
		return nil, cli.BadInput(fmt.Errorf("-timeout %v: must be above 0 and at most %v", s.timeout, maxTimeout), "for example: -timeout 5s")
	}
	return s, checkFormat(s.output)
}

func (s *linesSettings) checkContent(format, size string) error {
	c := &s.content
	if c.RunID == "" {
		c.RunID = newRunID(time.Now())
	}
	var err error
	if !telemetry.SaneID(c.RunID) {
		return cli.BadInput(fmt.Errorf("-run-id %q: not 1 to 64 of A-Z a-z 0-9 . _ -", c.RunID), "leave -run-id out to have one made")
	}
	if c.Format, err = lines.ParseFormat(format); err != nil {
		return cli.BadInput(fmt.Errorf("-format: %w", err), "for example: -format ecs")
	}
	if c.Size, err = lines.ParseSize(size); err != nil {
		return cli.BadInput(fmt.Errorf("-size: %w", err), "for example: -size 600, or -size 200-1200")
	}
	c.Overlong = lines.OverlongTCP
	if err := c.Validate(); err != nil {
		return cli.BadInput(fmt.Errorf("-%w", err), "for example: -multiline 0.05 -unicode 0.1 -malformed 0.01")
	}
	return nil
}

func (s *linesSettings) checkOut(rotate, style string) error {
	const hint = "for example: -out app.log, -out -, -out tcp://127.0.0.1:5170"
	if s.out == "" {
		return cli.BadInput(errors.New("-out is missing"), hint)
	}
	var err error
	if s.rotation, err = lines.ParseRotation(rotate, style); err != nil {
		return cli.BadInput(fmt.Errorf("-rotate: %w", err), "for example: -rotate 10MiB,5 -rotate-style rename")
	}
	if u, err := url.Parse(s.out); err == nil && u.Host != "" {
		port, _ := strconv.Atoi(u.Port())
		if u.Scheme != "tcp" && u.Scheme != "udp" || u.Hostname() == "" || port < 1 || port > 65535 || u.Path != "" || u.User != nil || u.RawQuery != "" {
			return cli.BadInput(fmt.Errorf("-out %s: not tcp://HOST:PORT or udp://HOST:PORT", s.out), hint)
		}
		s.socket, s.address = u.Scheme, net.JoinHostPort(u.Hostname(), u.Port())
	}
	if s.rotation.Size > 0 && (s.socket != "" || s.out == standardOutput) {
		return cli.BadInput(errors.New("-rotate: only a file can be rotated"), "leave -rotate out, or give -out a file")
	}
	if s.socket != "udp" {
		return nil
	}
	s.content.Overlong = lines.MaxUDPSize
	if s.content.Size.Max > lines.MaxUDPSize {
		return cli.BadInput(fmt.Errorf("-size: by UDP a line has at most %d bytes", lines.MaxUDPSize), "for example: -size 200-1200")
	}
	return nil
}
