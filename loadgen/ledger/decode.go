package ledger

import (
	"bytes"
	"fmt"
	"math"
	"time"

	"github.com/go-faster/jx"
)

// line is any line but the header, as read. wait is Sent − Scheduled.
type line struct {
	kind    kind
	wait    time.Duration
	attempt Attempt
}

// decoder turns lines into attempts. A line just as this package writes it goes
// the quick way; any other JSON, or one that is wrong, goes through the parser,
// which alone finds errors.
type decoder struct {
	json  jx.Decoder
	names map[string]string // names repeat in every line: one copy of each
	steps map[string]step   // by tail
}

func newDecoder() decoder {
	return decoder{names: map[string]string{}, steps: map[string]step{}}
}

func (d *decoder) decode(text []byte, l *line) error {
	if d.quick(text, l) {
		return nil
	}
	*l = line{}
	if err := d.parse(text, l); err != nil {
		return err
	}
	if l.kind == sendLine || l.kind == dropLine {
		d.learn(text, l.attempt.step())
	}
	return nil
}

// learn keeps the meaning of a line's tail, but only of one that says nothing
// else than its step: then it means the same in every line.
func (d *decoder) learn(text []byte, s step) {
	start := bytes.Index(text, []byte(journeyStart))
	if start < 0 || len(d.steps) >= maxNames {
		return
	}
	if tail := appendTail(nil, s); bytes.Equal(text[start:], tail) {
		d.steps[string(tail)] = s
	}
}

// quick reads a line without the parser. It reports false for any that is not
// just as the writer writes it; l is then undefined.
func (d *decoder) quick(text []byte, l *line) bool {
	if len(text) <= len(sendStart) {
		return false
	}
	*l = line{kind: kind(text[2])}
	a := &l.attempt
	seq, rest, ok := digits(text[len(sendStart):])
	if !ok || seq == 0 {
		return false
	}
	a.Seq = uint64(seq)
	switch string(text[:len(sendStart)]) {
	case sendStart:
		if a.Scheduled, rest, ok = timeAfter(atKey, rest); !ok {
			return false
		}
		if l.wait, rest, ok = timeAfter(waitKey, rest); !ok {
			return false
		}
		return d.knownStep(rest, a)
	case dropStart:
		if a.Scheduled, rest, ok = timeAfter(atKey, rest); !ok {
			return false
		}
		return d.knownStep(rest, a)
	case doneStart:
		if a.Service, rest, ok = timeAfter(serviceKey, rest); !ok {
			return false
		}
		return quickOutcome(rest, a)
	default:
		return false
	}
}

func (d *decoder) knownStep(tail []byte, a *Attempt) bool {
	s, ok := d.steps[string(tail)]
	a.Journey, a.Method, a.Route, a.Expect = s.journey, s.method, s.route, s.expect
	return ok
}

// quickOutcome reads the status of an answer; other outcomes are rare.
func quickOutcome(rest []byte, a *Attempt) bool {
	if !bytes.HasPrefix(rest, []byte(statusKey)) {
		return false
	}
	n, rest, ok := digits(rest[len(statusKey):])
	a.Status, a.Outcome = int(n), Answered
	return ok && n >= 100 && n <= 999 && string(rest) == statusEnd
}

func timeAfter(key string, b []byte) (time.Duration, []byte, bool) {
	if len(b) < len(key) || string(b[:len(key)]) != key {
		return 0, nil, false
	}
	n, rest, ok := digits(b[len(key):])
	return time.Duration(n), rest, ok
}

// maxDigits keeps a number within 64 bits and below maxTime.
const maxDigits = 18

// digits reads a number as JSON wants it: no sign here, no leading zeros.
func digits(b []byte) (n int64, rest []byte, ok bool) {
	i := 0
	for i < len(b) && b[i]-'0' <= 9 {
		n = n*10 + int64(b[i]-'0')
		if i++; i > maxDigits {
			return 0, nil, false
		}
	}
	return n, b[i:], i == 1 || i > 1 && b[0] != '0'
}

// parse reads any line.
func (d *decoder) parse(text []byte, l *line) error {
	d.json.ResetBytes(text)
	err := d.json.ObjBytes(func(dec *jx.Decoder, key []byte) error {
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
		return err
	}
	return l.check()
}

func (l *line) check() error {
	switch {
	case l.kind == 0:
		return fmt.Errorf("a line of unknown kind")
	case l.kind != trailerLine && l.attempt.Seq == 0:
		return fmt.Errorf("an attempt without a number")
	case l.kind == doneLine && l.attempt.Outcome == "":
		l.attempt.Outcome = Answered
	case l.kind == doneLine:
		switch l.attempt.Outcome {
		case Answered, Timeout, Reset, Refused:
		default:
			return fmt.Errorf("unknown outcome %q", l.attempt.Outcome)
		}
	}
	return nil
}

func (d *decoder) name(dec *jx.Decoder) (string, error) {
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
