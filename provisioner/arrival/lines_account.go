package arrival

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"plumbline/loadgen/lines"
)

// What became of a line in its documents, as bits of lineState.fates.
const (
	whole    = iota
	replaced // of a malformed line: only what is no text
	altered
	cut
	joinedUp
)

// Lines is what an account says of lines beyond what it says of requests.
//
// A well-formed line is delivered if one document holds it whole, a malformed
// one if one document holds it in whatever state: what no JSON can carry, no
// shipper can bring. Of the classes below, only those of well-formed lines are
// wrong, and these are Account.Corrupted too.
type Lines struct {
	Format    lines.Format  `json:"format"`
	Message   string        `json:"message_field"`
	Read      uint64        `json:"documents_read"`          // of the whole index
	OtherRuns uint64        `json:"documents_of_other_runs"` //
	Strange   uint64        `json:"documents_without_identity"`
	Pieces    uint64        `json:"pieces"` // documents that are a piece of a split line
	Classes   Classes       `json:"well_formed"`
	Malformed Classes       `json:"malformed"`
	Rejected  Seqs          `json:"rejected"` // malformed, written, not found
	Untold    Seqs          `json:"untold"`   // found by their fields, but no text tells of their content
	TooLate   Seqs          `json:"late"`
	Late      time.Duration `json:"late_after_ns,omitempty"`
	Kinds     []KindCount   `json:"kinds"`

	fields map[string]uint64 // documents with an identity in a field that is not Message
}

// Classes are lines that did not stay what they were.
type Classes struct {
	Altered Seqs `json:"altered"`
	Cut     Seqs `json:"cut"`    // a part is missing, everywhere
	Split   Seqs `json:"split"`  // whole, but in several documents
	Joined  Seqs `json:"joined"` // whole, but in one document with other lines
}

// KindCount says what became of the lines of a kind. Each sent one is in exactly
// one of the counts after Sent.
type KindCount struct {
	Kind     lines.Kind `json:"kind"`
	Sent     uint64     `json:"sent"`
	Whole    uint64     `json:"whole"`
	Replaced uint64     `json:"replaced"` // but for bytes that are no text
	Altered  uint64     `json:"altered"`
	Cut      uint64     `json:"cut"`
	Split    uint64     `json:"split"`
	Joined   uint64     `json:"joined"`
	Doubled  uint64     `json:"doubled"` // in several documents, whatever state
	Missing  uint64     `json:"missing"`
	Untold   uint64     `json:"untold"` // there, but no text tells of its content
}

func (l *Lines) elsewhere(field string) {
	if l.fields == nil {
		l.fields = map[string]uint64{}
	}
	l.fields[field]++
}

// close judges every line once all documents were taken.
func (c *lineCheck) close() {
	acc, kinds := c.account, map[lines.Kind]*KindCount{}
	for i := range c.lines {
		seq, l := uint64(i+1), &c.lines[i]
		switch l.state {
		case absent:
			continue
		case neverSent:
			acc.Attempts++
			acc.NeverSent++
			acc.neverSent.Add(seq)
			continue
		case answered:
			acc.Answered++
		}
		acc.Attempts++
		acc.Sent++
		k := kinds[l.kind]
		if k == nil {
			k = &KindCount{Kind: l.kind}
			kinds[l.kind] = k
		}
		k.Sent++
		c.judge(seq, l, k)
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		acc.Lines.Kinds = append(acc.Lines.Kinds, *kinds[kind])
	}
	slices.SortStableFunc(acc.Lines.Kinds, malformedLast)
	acc.Lines.Strange = c.pieces.Len()
	acc.Documents += acc.Lines.Pieces
}

func malformedLast(a, b KindCount) int {
	switch {
	case a.Kind.Malformed() == b.Kind.Malformed():
		return 0
	case b.Kind.Malformed():
		return -1
	}
	return 1
}

func (c *lineCheck) judge(seq uint64, l *lineState, k *KindCount) {
	acc, classes := c.account, &c.account.Lines.Classes
	malformed := l.kind.Malformed()
	if malformed {
		classes = &c.account.Lines.Malformed
	}
	if l.found == 0 {
		c.lookForBeginning(seq, l)
	}
	right := malformed && l.found == 1
	switch is := func(what int) bool { return l.fates&(1<<what) != 0 }; {
	case l.found == 0:
		c.missing(seq, l)
		k.Missing++
		return
	case l.found > 1:
		acc.Duplicated.Attempts.Add(seq)
		acc.Duplicated.Extra += uint64(l.found - 1)
		if len(acc.Duplicated.Cases) < maxCases {
			acc.Duplicated.Cases = append(acc.Duplicated.Cases, Duplicate{Seq: seq, Copies: uint64(l.found)})
		}
		k.Doubled++
		right = false
		if is(altered) {
			classes.Altered.Add(seq)
		}
		if is(cut) {
			classes.Cut.Add(seq)
			c.corrupt(seq, malformed, described(c.made(seq)), partText(c.parts[seq], len(c.made(seq))))
		}
	case is(altered):
		classes.Altered.Add(seq)
		k.Altered++
	case is(joinedUp):
		classes.Joined.Add(seq)
		k.Joined++
		c.corrupt(seq, malformed, "one document of its own", fmt.Sprintf("one document with line %d", c.joined[seq]))
	case is(cut):
		c.incomplete(seq, malformed, classes, k)
	case is(replaced):
		k.Replaced++
	case is(whole):
		k.Whole++
		right = true
	default: // what it says nobody knows
		k.Untold++
		right = true
	}
	if right {
		acc.Delivered++
		if l.state == unanswered {
			acc.Unconfirmed.Add(seq)
		}
	} else {
		acc.Wrong++
	}
}

// lookForBeginning finds a line that was cut before its identity.
func (c *lineCheck) lookForBeginning(seq uint64, l *lineState) {
	if n, ok := c.pieces.Beginning(c.made(seq)); ok {
		c.account.Documents++
		l.found, l.fates = 1, 1<<cut
		c.parts[seq] = part{0, n}
	}
}

func (c *lineCheck) missing(seq uint64, l *lineState) {
	switch {
	case l.state != answered:
		c.account.Indeterminate.Add(seq)
	case l.kind.Malformed():
		c.account.Lines.Rejected.Add(seq)
	default:
		c.account.Lost.Add(seq)
	}
}

// incomplete tells a line that was split, whose other pieces are there, from one
// that was cut.
func (c *lineCheck) incomplete(seq uint64, malformed bool, classes *Classes, k *KindCount) {
	part, want := c.parts[seq], c.made(seq)
	n, ok := 0, false
	if part.to > 0 { // else nobody knows where it stands
		n, ok = c.pieces.Complete(want, part.from, part.to)
	}
	if ok {
		c.account.Lines.Pieces += uint64(n)
		classes.Split.Add(seq)
		k.Split++
		c.corrupt(seq, malformed, "one document", fmt.Sprintf("%d documents, a piece in each", n+1))
		return
	}
	classes.Cut.Add(seq)
	k.Cut++
	c.corrupt(seq, malformed, described(want), partText(part, len(want)))
}

func (c *lineCheck) corrupt(seq uint64, malformed bool, expected, found string) {
	if !malformed {
		c.account.Corrupted.add(Mismatch{Seq: seq, Field: c.Message, Expected: expected, Found: found})
	}
}
