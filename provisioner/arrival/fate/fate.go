// Package fate says what became of a log line on its way through a shipper, by
// the line that was written and the text or the fields that arrived: whole,
// cut, altered, longer than it was, or spread over several documents.
//
// Whose line a document is, and what a verdict makes of it, is package
// arrival's.
package fate

import (
	"bytes"
	"unicode/utf8"
)

// Fate is what became of one line in one document.
type Fate uint8

const (
	Whole    Fate = iota // byte for byte
	Replaced             // but for bytes that no JSON text can carry, or that are no text
	Cut                  // a part of it
	Longer               // whole, with something before or after it
	Altered              // anything else
)

// Finding is a fate with its place.
type Finding struct {
	Fate
	From, To int // of Cut: the bytes of the line that are there; of Longer: the line's place in what arrived
	At       int // of Altered: the first byte that differs
}

// Of holds what arrived against the line, both without the newline at the end;
// that a shipper left one in is nothing.
func Of(want, got []byte) Finding {
	if bytes.Equal(want, got) {
		return Finding{Fate: Whole}
	}
	got = unended(got)
	if bytes.Equal(want, got) {
		return Finding{Fate: Whole}
	}
	// A cut within a character leaves a piece of one.
	part := bytes.Trim(got, string(replacement()))
	if i := bytes.Index(want, part); i >= 0 && len(part) > 0 {
		return Finding{Fate: Cut, From: i, To: i + len(part)}
	}
	if i := bytes.Index(got, want); i >= 0 {
		return Finding{Fate: Longer, From: i, To: i + len(want)}
	}
	return Finding{Fate: Altered, At: parting(want, got)}
}

// OfMalformed does the same for a line that is not all text: the rest is
// compared only where all of it does not agree. A part found in this way has no
// place.
func OfMalformed(want, got []byte) Finding {
	exact := Of(want, got)
	if exact.Fate != Altered {
		return exact
	}
	switch f := Of(legible(want), legible(got)); f.Fate {
	case Whole:
		return Finding{Fate: Replaced}
	case Altered:
		return exact
	default:
		return Finding{Fate: f.Fate}
	}
}

func unended(text []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
}

func replacement() []byte { return []byte("\ufffd") }

// parting is where two texts part: the start of the first character that differs.
func parting(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	for n > 0 && n < len(a) && !utf8.RuneStart(a[n]) {
		n--
	}
	return n
}

// legible is what every reader understands alike: printable ASCII, but for the
// two characters that are put in place of what is not.
func legible(text []byte) []byte {
	kept := make([]byte, 0, len(text))
	for _, c := range text {
		if ' ' < c && c <= '~' && c != '?' {
			kept = append(kept, c)
		}
	}
	return kept
}
