// Package lines makes log lines that carry the identity of a load run and
// writes them where a shipper picks them up: to a file that rotates, to a pipe,
// or to a TCP or UDP socket. With it, any shipper can be held to account, since
// each line is in the run's ledger before it is written.
//
// A line is told by run.id and run.seq. What it looks like follows from the
// seed and the number alone, so that two runs with one seed differ only in
// their identity and their times. Its time stamp is the moment at which it was
// due: a shipper's delay, measured from there, leaves nothing out.
//
// In the ledger a line has the method LINE, the format as its route, and its
// kind (whole, stack trace, one of the malformed) as its journey. A write that
// returned stands as answered with status 200, since no answer is without one;
// what a failed write means for a line says type Result.
package lines

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Format is how a line is laid out. The identity stands where the parsers of
// common shippers keep it.
type Format string

const (
	ECS      Format = "ecs"      // a JSON object in the Elastic Common Schema, in one physical line
	Logfmt   Format = "logfmt"   // key=value, in one physical line
	Combined Format = "combined" // an access line of Apache or nginx; the identity is in the request's query
	Plain    Format = "plain"    // time, level, logger, text; the identity ends the first physical line
)

// ParseFormat reads the name of a format.
func ParseFormat(text string) (Format, error) {
	switch f := Format(text); f {
	case ECS, Logfmt, Combined, Plain:
		return f, nil
	}
	return "", fmt.Errorf("unknown format %q; known: ecs, logfmt, combined, plain", text)
}

// Limits of what a line may hold, in bytes.
const (
	MaxSize     = 1 << 20 // with its newline, without its stack trace
	MaxDatagram = 65_507  // what UDP carries over IPv4
	MaxUDPSize  = 60_000  // leaves room for a stack trace in a datagram
	OverlongTCP = 128 << 10
	leastText   = 24 // of a message, however small the line was asked to be
)

// Size is how long lines are: at least Min and at most Max bytes with the
// newline, evenly spread. A format's own parts set a lower bound, and a stack
// trace comes on top.
type Size struct{ Min, Max int }

// ParseSize reads "600" or "200-1200", in bytes.
func ParseSize(text string) (Size, error) {
	low, high, both := strings.Cut(text, "-")
	if !both {
		high = low
	}
	s := Size{}
	var wrong [2]error
	s.Min, wrong[0] = strconv.Atoi(low)
	s.Max, wrong[1] = strconv.Atoi(high)
	switch {
	case errors.Join(wrong[:]...) != nil || low == "":
		return Size{}, fmt.Errorf("%q is not a number of bytes, nor two with a dash between", text)
	case s.Min < 1 || s.Max > MaxSize:
		return Size{}, fmt.Errorf("%s: must be 1 to %d bytes", text, MaxSize)
	case s.Min > s.Max:
		return Size{}, fmt.Errorf("%s: the first is larger than the second", text)
	}
	return s, nil
}

// Content says what lines look like.
type Content struct {
	RunID     string
	Seed      uint64
	Format    Format
	Size      Size
	Multiline float64 // share of lines with a stack trace of 3 to 30 lines, 0 to 1
	Unicode   float64 // share of lines with text in many scripts
	Malformed float64 // share of lines that are malformed; the two others are shares of the rest
	Overlong  int     // bytes of an overlong line
}

// Validate reports content that cannot be made.
func (c Content) Validate() error {
	for _, share := range []struct {
		name  string
		value float64
	}{{"multiline", c.Multiline}, {"unicode", c.Unicode}, {"malformed", c.Malformed}} {
		if math.IsNaN(share.value) || share.value < 0 || share.value > 1 {
			return fmt.Errorf("%s %v: must be 0 (none) to 1 (all)", share.name, share.value)
		}
	}
	if c.Multiline > 0 && c.Format == Combined {
		return fmt.Errorf("multiline %v: an access log in the combined format has no stack traces", c.Multiline)
	}
	return nil
}

// Kind is what is special about a line.
type Kind string

const (
	Whole        Kind = "whole"
	Unicode      Kind = "unicode"
	StackTrace   Kind = "stack trace"
	UnicodeStack Kind = "unicode stack trace"

	// The malformed.
	Truncated   Kind = "truncated"     // the end is missing; of a plain line, whose identity ends it, the beginning
	InvalidUTF8 Kind = "invalid utf-8" // bytes in the text that are none
	NUL         Kind = "nul"           // zero bytes in the text
	Binary      Kind = "binary"        // the identity as text, then anything but a newline
	Overlong    Kind = "overlong"      // well-formed, but longer than most shippers take
)

func malformedKinds() []Kind { return []Kind{Truncated, InvalidUTF8, NUL, Binary, Overlong} }

// Malformed reports whether a parser of the format may refuse the line.
func (k Kind) Malformed() bool {
	switch k {
	case Truncated, InvalidUTF8, NUL, Binary, Overlong:
		return true
	}
	return false
}
