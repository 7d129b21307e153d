package ledger

import (
	"fmt"
	"math"
	"time"

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

// encodeSend appends the line of an attempt that is about to leave.
func encodeSend(e *jx.Encoder, a Attempt) {
	encodeArrival(e, "s", a, true)
}

// encodeDrop appends the line of an arrival that is never sent.
func encodeDrop(e *jx.Encoder, a Attempt) {
	encodeArrival(e, "n", a, false)
}

func encodeArrival(e *jx.Encoder, key string, a Attempt, sent bool) {
	e.ObjStart()
	e.FieldStart(key)
	e.UInt64(a.Seq)
	e.FieldStart("at")
	e.Int64(int64(a.Scheduled))
	if sent {
		e.FieldStart("w")
		e.Int64(int64(a.Sent - a.Scheduled))
	}
	e.FieldStart("j")
	e.Str(a.Journey)
	e.FieldStart("m")
	e.Str(a.Method)
	e.FieldStart("r")
	e.Str(a.Route)
	if a.Expect != 0 {
		e.FieldStart("x")
		e.Int(a.Expect)
	}
	e.ObjEnd()
}

// encodeDone appends the line of an attempt that has ended.
func encodeDone(e *jx.Encoder, a Attempt) {
	e.ObjStart()
	e.FieldStart("d")
	e.UInt64(a.Seq)
	e.FieldStart("t")
	e.Int64(int64(a.Service))
	if a.Outcome == Answered {
		e.FieldStart("st")
		e.Int(a.Status)
	} else {
		e.FieldStart("o")
		e.Str(string(a.Outcome))
	}
	e.ObjEnd()
}

// line is any line but the header, as read. wait is Sent − Scheduled.
type line struct {
	kind    kind
	wait    time.Duration
	attempt Attempt
}

// lineDecoder turns lines into attempts. Names repeat in every line, so it keeps
// one copy of each.
type lineDecoder struct {
	dec   jx.Decoder
	names map[string]string
}

// maxNames bounds the kept names: a ledger has some dozens of routes.
const maxNames = 4096

func (d *lineDecoder) decode(text []byte) (line, error) {
	l := line{}
	d.dec.ResetBytes(text)
	err := d.dec.ObjBytes(func(dec *jx.Decoder, key []byte) error {
		var err error
		switch string(key) {
		case "s", "d", "n":
			if l.kind != 0 {
				return fmt.Errorf("a line of two kinds")
			}
			l.kind = kind(key[0])
			l.attempt.Seq, err = dec.UInt64()
		case "end":
			l.kind = trailerLine
			err = dec.Skip()
		case "at":
			l.attempt.Scheduled, err = nanoseconds(dec)
		case "w":
			l.wait, err = nanoseconds(dec)
		case "t":
			l.attempt.Service, err = nanoseconds(dec)
		case "j":
			l.attempt.Journey, err = d.name(dec)
		case "m":
			l.attempt.Method, err = d.name(dec)
		case "r":
			l.attempt.Route, err = d.name(dec)
		case "x":
			l.attempt.Expect, err = status(dec)
		case "st":
			l.attempt.Status, err = status(dec)
		case "o":
			var name string
			name, err = d.name(dec)
			l.attempt.Outcome = Outcome(name)
		default:
			err = dec.Skip()
		}
		return err
	})
	if err != nil {
		return line{}, err
	}
	switch {
	case l.kind == 0:
		return line{}, fmt.Errorf("a line of unknown kind")
	case l.kind != trailerLine && l.attempt.Seq == 0:
		return line{}, fmt.Errorf("an attempt without a number")
	case l.kind == doneLine && l.attempt.Outcome == "":
		l.attempt.Outcome = Answered
	case l.kind == doneLine:
		switch l.attempt.Outcome {
		case Answered, Timeout, Reset, Refused:
		default:
			return line{}, fmt.Errorf("unknown outcome %q", l.attempt.Outcome)
		}
	}
	return l, nil
}

func (d *lineDecoder) name(dec *jx.Decoder) (string, error) {
	raw, err := dec.StrBytes()
	if err != nil {
		return "", err
	}
	if kept, ok := d.names[string(raw)]; ok {
		return kept, nil
	}
	name := string(raw)
	if len(d.names) < maxNames {
		d.names[name] = name
	}
	return name, nil
}

// maxTime keeps the sum of two times of a line from overflowing.
const maxTime = math.MaxInt64 / 4

func nanoseconds(dec *jx.Decoder) (time.Duration, error) {
	n, err := dec.Int64()
	if err == nil && (n > maxTime || n < -maxTime) {
		err = fmt.Errorf("a time of %d ns", n)
	}
	return time.Duration(n), err
}

func status(dec *jx.Decoder) (int, error) {
	n, err := dec.Int()
	if err == nil && (n < 100 || n > 999) {
		err = fmt.Errorf("a status of %d", n)
	}
	return n, err
}
