package ledger

import (
	"strconv"

	"github.com/go-faster/jx"
)

// headerLine is the first line: what the file is, then the run.
type headerLine struct {
	Ledger string `json:"ledger"`
	Format int    `json:"format"`
	Header
}

const product = "plumbline"

// kind is the key that opens a line.
type kind byte

const (
	sendLine    kind = 's'
	doneLine    kind = 'd'
	dropLine    kind = 'n'
	trailerLine kind = 'e'
)

// The pieces of which the writer builds lines and by which the quick way reads
// them. All starts have one length.
const (
	sendStart    = `{"s":`
	doneStart    = `{"d":`
	dropStart    = `{"n":`
	atKey        = `,"at":`
	waitKey      = `,"w":`
	serviceKey   = `,"t":`
	statusKey    = `,"st":`
	outcomeKey   = `,"o":"`
	statusEnd    = "}\n"
	outcomeEnd   = "\"}\n"
	journeyStart = `,"j":`
)

// step is what many attempts have in common: all that a line says after its numbers.
type step struct {
	journey, method, route string
	expect                 int
}

func (a *Attempt) step() step { return step{a.Journey, a.Method, a.Route, a.Expect} }

// appendTail appends the end of an arrival's line, from the journey on.
func appendTail(b []byte, s step) []byte {
	w := jx.Writer{Buf: b}
	w.RawStr(journeyStart)
	w.Str(s.journey)
	w.RawStr(`,"m":`)
	w.Str(s.method)
	w.RawStr(`,"r":`)
	w.Str(s.route)
	if s.expect != 0 {
		w.RawStr(`,"x":`)
		w.Int(s.expect)
	}
	w.RawStr("}\n")
	return w.Buf
}

// maxNames bounds what is kept of steps and names: a run has some dozens.
const maxNames = 4096

// encoder appends lines. It keeps the tails, which are most of a line and cost
// most of its time.
type encoder struct{ tails map[step][]byte }

// send appends the line of an attempt that is about to leave.
func (e *encoder) send(b []byte, a *Attempt) []byte {
	b = strconv.AppendUint(append(b, sendStart...), a.Seq, 10)
	b = strconv.AppendInt(append(b, atKey...), int64(a.Scheduled), 10)
	b = strconv.AppendInt(append(b, waitKey...), int64(a.Sent-a.Scheduled), 10)
	return e.tail(b, a.step())
}

// drop appends the line of an arrival that is never sent.
func (e *encoder) drop(b []byte, a *Attempt) []byte {
	b = strconv.AppendUint(append(b, dropStart...), a.Seq, 10)
	b = strconv.AppendInt(append(b, atKey...), int64(a.Scheduled), 10)
	return e.tail(b, a.step())
}

func (e *encoder) tail(b []byte, s step) []byte {
	if tail, ok := e.tails[s]; ok {
		return append(b, tail...)
	}
	start := len(b)
	b = appendTail(b, s)
	if len(e.tails) < maxNames {
		e.tails[s] = append([]byte(nil), b[start:]...)
	}
	return b
}

// done appends the line of an attempt that has ended.
func (e *encoder) done(b []byte, a *Attempt) []byte {
	b = strconv.AppendUint(append(b, doneStart...), a.Seq, 10)
	b = strconv.AppendInt(append(b, serviceKey...), int64(a.Service), 10)
	if a.Outcome != Answered {
		b = append(append(b, outcomeKey...), a.Outcome...) // Done has checked that it is a known one
		return append(b, outcomeEnd...)
	}
	b = strconv.AppendInt(append(b, statusKey...), int64(a.Status), 10)
	return append(b, statusEnd...)
}
