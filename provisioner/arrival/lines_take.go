package arrival

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/lines"
	"plumbline/provisioner/arrival/fate"
)

// take holds one document against the lines that it tells of.
func (c *lineCheck) take(d *document) {
	l := c.account.Lines
	l.Read++
	fields, err := fate.ParseJSON(d.source)
	if err != nil {
		c.unreadable = fmt.Errorf("read a document of %s: %w", d.index, err)
		return
	}
	text := []byte(fields[c.Message])
	found := lines.Identities(text, c.account.Run)
	if len(found) > 0 {
		c.takeText(found, text, fields)
		return
	}
	run, seq := fields[telemetry.FieldRunID], fields[telemetry.FieldRunSeq]
	switch {
	case run == c.account.Run:
		c.takeFields(seq, fields)
	case run != "":
		l.OtherRuns++
	default:
		c.pieces.Add(text)
		c.lookElsewhere(fields)
	}
}

// takeText takes a document whose text is a line or has lines in it.
func (c *lineCheck) takeText(found []lines.Identity, text []byte, fields fate.Fields) {
	ours := slices.DeleteFunc(found, func(id lines.Identity) bool { return id.Run != c.account.Run })
	if len(ours) == 0 {
		c.account.Lines.OtherRuns++
		return
	}
	c.account.Documents++
	for i, id := range ours {
		if !c.count(id.Seq, strconv.FormatUint(id.Seq, 10)) {
			continue
		}
		c.stamp(id.Seq, fields)
		want, kind := c.made(id.Seq), c.lines[id.Seq-1].kind
		f := fate.Of(want, text)
		if kind.Malformed() {
			f = fate.OfMalformed(want, text)
		}
		if f.Fate == fate.Longer && len(ours) > 1 {
			c.joined[id.Seq] = ours[(i+1)%len(ours)].Seq
		}
		c.note(id.Seq, f, len(ours) > 1, want, text)
	}
}

// note takes what became of a line in one document.
func (c *lineCheck) note(seq uint64, f fate.Finding, joined bool, want, got []byte) {
	what := altered
	switch {
	case f.Fate == fate.Whole:
		what = whole
	case f.Fate == fate.Replaced:
		what = replaced
	case f.Fate == fate.Longer && joined:
		what = joinedUp
	case f.Fate == fate.Cut:
		what = cut
		c.parts[seq] = part{f.From, f.To}
	}
	c.lines[seq-1].fates |= 1 << what
	if what == altered && !c.lines[seq-1].kind.Malformed() {
		expected, found := differing(f, want, got)
		c.account.Corrupted.add(Mismatch{Seq: seq, Field: c.Message, Expected: expected, Found: found})
	}
}

// takeFields takes a document that has the identity in fields: the shipper took
// the line apart, so its own fields must all be there.
func (c *lineCheck) takeFields(number string, fields fate.Fields) {
	c.account.Documents++
	seq, ok := wholeNumber(number)
	if !ok {
		c.account.Unexpected.add(0, number, "its number is not one whole number")
		return
	}
	if !c.count(seq, number) {
		return
	}
	c.stamp(seq, fields)
	c.noteFields(seq, fields)
}

// noteFields takes what became of a line that was taken apart.
func (c *lineCheck) noteFields(seq uint64, fields fate.Fields) {
	own, err := c.fieldsOf(seq)
	if own == nil && err == nil {
		c.account.Lines.Untold.Add(seq)
		return
	}
	l := &c.lines[seq-1]
	differ := fate.Differ(own, fields)
	switch {
	case err != nil: // a malformed line that somebody has read all the same
		l.fates |= 1 << altered
	case len(differ) == 0:
		l.fates |= 1 << whole
	case !l.kind.Malformed():
		l.fates |= 1 << altered
		for _, d := range differ {
			want, got := []byte(d.Want), []byte(d.Got)
			expected, found := differing(fate.Of(want, got), want, got)
			c.account.Corrupted.add(Mismatch{Seq: seq, Field: d.Field, Expected: expected, Found: found})
		}
	case slices.ContainsFunc(differ, beyondRepair):
		l.fates |= 1 << altered
	default:
		l.fates |= 1 << replaced
	}
}

// wholeNumber reads 7, or 7.0, as some shippers write all numbers.
func wholeNumber(text string) (uint64, bool) {
	n, ok := natural([]byte(strings.TrimSuffix(text, ".0")))
	return uint64(n), ok
}

// beyondRepair reports a difference in more than what is no text.
func beyondRepair(d fate.Difference) bool {
	f := fate.OfMalformed([]byte(d.Want), []byte(d.Got)).Fate
	return f != fate.Whole && f != fate.Replaced
}

// fieldsOf are a line's own fields by the names that parsers of its format give
// them; nil where every parser gives others. Its time stamp is not among them:
// a shipper may as well put its own.
func (c *lineCheck) fieldsOf(seq uint64) (fate.Fields, error) {
	var own fate.Fields
	var err error
	switch c.content.Format {
	case lines.ECS:
		own, err = fate.ParseJSON(c.made(seq))
		delete(own, telemetry.FieldTimestamp)
	case lines.Logfmt:
		own, err = fate.ParseLogfmt(c.made(seq))
		delete(own, "ts")
	}
	return own, err
}

// count takes note of a document with the identity of a line, and reports false
// if that line was not sent.
func (c *lineCheck) count(seq uint64, text string) bool {
	acc := c.account
	beyond := seq == 0 || seq > uint64(len(c.lines))
	if beyond || c.lines[seq-1].state == absent {
		if acc.Truncated {
			acc.Beyond.add(seq, text, "the ledger was cut off before it")
		} else {
			acc.Unexpected.add(seq, text, notInLedger)
		}
		return false
	}
	if c.lines[seq-1].state == neverSent {
		acc.Unexpected.add(seq, text, "the ledger says it was never sent")
		return false
	}
	c.lines[seq-1].found++
	return true
}

// stamp measures how long a line took until the time that a document tells.
func (c *lineCheck) stamp(seq uint64, fields fate.Fields) {
	due := c.due(seq)
	if at, ok := instantOf(fields[telemetry.FieldTimestamp]); ok {
		c.account.extend(at.UTC())
	}
	read, ingested := c.readAt(due, fields), time.Time{}
	if at, ok := instantOf(fields[telemetry.FieldEventIngested]); ok {
		ingested = at
	}
	c.account.way.add(due, read, ingested)
	came := read
	if c.Time == "" && !ingested.IsZero() {
		came = ingested
	}
	switch {
	case came.IsZero():
		c.account.NoReadTime++
	case c.Late > 0 && came.Sub(due) > c.Late:
		c.account.Lines.TooLate.Add(seq)
	}
}

// readAt is when the shipper had the line; zero if no field tells it.
func (c *lineCheck) readAt(due time.Time, fields fate.Fields) time.Time {
	names := []string{telemetry.FieldEventCreated, telemetry.FieldTimestamp}
	if c.Time != "" {
		names = []string{c.Time}
	}
	for _, name := range names {
		at, ok := instantOf(fields[name])
		if !ok {
			continue
		}
		if name == telemetry.FieldTimestamp && c.ownTime(due, at) {
			break // the line's own, which says nothing of its way
		}
		return at
	}
	return time.Time{}
}

// ownTime reports a time that was read from the line, as finely as its format
// and a date's mapping have it.
func (c *lineCheck) ownTime(due, at time.Time) bool {
	if c.content.Format == lines.Combined {
		return at.Equal(due.Truncate(time.Second))
	}
	return at.Equal(due) || at.Equal(due.Truncate(time.Millisecond))
}

// instantOf reads a date as Elasticsearch takes it by default: RFC 3339 or
// milliseconds since 1970.
func instantOf(text string) (time.Time, bool) {
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return at, true
	}
	ms, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(ms) || math.Abs(ms) > 1e14 {
		return time.Time{}, false
	}
	return time.UnixMicro(int64(ms * 1000)), true
}

// lookElsewhere remembers the fields in which an identity stands although it is
// not the one that was named: then the wrong one was named.
func (c *lineCheck) lookElsewhere(fields fate.Fields) {
	for name, value := range fields {
		for _, id := range lines.Identities([]byte(value), c.account.Run) {
			if id.Run == c.account.Run {
				c.account.Lines.elsewhere(name)
				break
			}
		}
	}
}
