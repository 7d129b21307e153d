package arrival

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/ledger"
	"plumbline/loadgen/lines"
	"plumbline/provisioner/arrival/fate"
)

// LineReading says how to read documents that a shipper made of lines.
type LineReading struct {
	Message string        // field that holds the line's text; "" = message
	Time    string        // field that says when the line had come so far; "" = the first there is of event.ingested, event.created, @timestamp
	Late    time.Duration // from due until then, beyond which a line is late; 0 = not judged
}

// lineRun is a ledger of lines. Their documents look as each shipper likes: the
// identity may stand in a text that no query finds, and a piece of a line has
// none. So all documents of the index are read, whose lines they may be is told
// by their text, and each is held against its line, made anew.
type lineRun struct {
	LineReading
	content lines.Content
}

func (lineRun) index() string { return telemetry.StreamLines }

func (lineRun) searched(string) object { return everything() }

func (r lineRun) compare(ctx context.Context, p *pass, book *ledger.Reader) error {
	c := &lineCheck{
		lineRun: r, account: p.account, maker: lines.NewMaker(r.content), pieces: fate.NewPieces(), parts: map[uint64]part{}, joined: map[uint64]uint64{},
	}
	if c.Message == "" {
		c.Message = telemetry.FieldMessage
	}
	c.account.Lines = &Lines{Format: r.content.Format, Message: c.Message, Late: r.Late}
	if err := p.ended(book, c.expect(book)); err != nil {
		return err
	}
	p.page = r.pageSize(p.page)
	if err := p.readAll(ctx, everything(), lineLayout(), c.take); err != nil {
		return err
	}
	if c.unreadable != nil {
		return c.unreadable
	}
	c.close()
	return nil
}

// pageSize keeps an answer of the longest lines at a dozen megabytes or so.
func (r lineRun) pageSize(usual int) int {
	const answer = 16 << 20
	longest := r.content.Size.Max
	if r.content.Malformed > 0 {
		longest = max(longest, r.content.Overlong)
	}
	return max(1, min(usual, answer/(2*longest))) // JSON escapes, and fields beside the text
}

// lineState is what the ledger says of one line, and what was found of it.
type lineState struct {
	due   time.Duration
	kind  lines.Kind
	state state
	found uint32 // documents with its identity
	fates uint8  // of these, as bits
}

// part is what was found of a line of which a part is missing.
type part struct{ from, to int }

// lineCheck is one comparison: some dozen bytes for each line of the run.
type lineCheck struct {
	lineRun
	account    *Account
	maker      *lines.Maker
	lines      []lineState // by number, from 1
	text       []byte      // of the line made last
	pieces     *fate.Pieces
	parts      map[uint64]part
	joined     map[uint64]uint64 // lines by number, to one that is in the same document
	unreadable error
}

// expect reads the ledger and returns its end.
func (c *lineCheck) expect(book *ledger.Reader) error {
	const gap = 1 << 20 // more numbers than a torn ledger can miss
	for {
		a, end := book.Next()
		if end != nil {
			c.account.Last = uint64(len(c.lines))
			return end
		}
		if a.Seq < 1 || a.Seq > uint64(len(c.lines))+gap {
			return fmt.Errorf("ledger: line %d follows %d", a.Seq, len(c.lines))
		}
		for uint64(len(c.lines)) < a.Seq {
			c.lines = append(c.lines, lineState{})
		}
		c.lines[a.Seq-1] = lineState{due: a.Scheduled, kind: lines.Kind(a.Journey), state: stateOf(a)}
	}
}

// made is a line as it was written, without its newline, until the next call.
func (c *lineCheck) made(seq uint64) []byte {
	c.text, _ = c.maker.Append(c.text[:0], seq, c.due(seq))
	return bytes.TrimSuffix(c.text, []byte("\n"))
}

func (c *lineCheck) due(seq uint64) time.Time {
	return c.account.Header.Started.Add(c.lines[seq-1].due)
}
