package arrival

import (
	"errors"
	"fmt"
	"strconv"

	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/ledger"
)

// state is what the ledger says of an attempt, and whether a document of it
// was found to differ.
type state uint8

const (
	absent     state = iota // not in the ledger
	answered                // the client saw the answer, so the line was or will be written
	unanswered              // sent, but what became of it is not known
	neverSent               // the application cannot have seen it
	stateMask  = 1<<2 - 1
	differs    = 1 << 2
)

func stateOf(a ledger.Attempt) state {
	switch {
	case a.NeverSent():
		return neverSent
	case a.Outcome == ledger.Answered:
		return answered
	}
	return unanswered
}

// expectation is an attempt in eight bytes.
type expectation struct {
	method, route uint16 // index into window.names
	status        uint16
	state         state
}

// window is a stretch of neighbouring attempts, first to last, against which
// documents are counted.
type window struct {
	first, last uint64
	want        []expectation
	found       []uint32 // documents, per attempt
	names       []string
	known       map[string]uint16
	journeys    journeys
}

func newWindow(first uint64, size int) *window {
	return &window{
		first: first, last: first - 1,
		want: make([]expectation, 0, size), found: make([]uint32, size),
		known: make(map[string]uint16), journeys: make(journeys),
	}
}

func (w *window) name(s string) (uint16, error) {
	if i, ok := w.known[s]; ok {
		return i, nil
	}
	if len(w.names) > 1<<16-1 {
		return 0, errors.New("more than 65,536 methods and routes")
	}
	w.known[s] = uint16(len(w.names))
	w.names = append(w.names, s)
	return w.known[s], nil
}

// expect adds the next attempt; numbers left out between are absent.
func (w *window) expect(a ledger.Attempt) error {
	for w.last+1 < a.Seq {
		w.want = append(w.want, expectation{})
		w.last++
	}
	e := expectation{status: uint16(a.Status), state: stateOf(a)}
	var err error
	if e.method, err = w.name(a.Method); err != nil {
		return err
	}
	if e.route, err = w.name(a.Route); err != nil {
		return err
	}
	w.want = append(w.want, e)
	w.last = a.Seq
	w.journeys.add(a)
	return nil
}

// split cuts the attempts of a ledger into windows of at most size numbers.
// It returns the ledger's own end: io.EOF, or why it could not be read on.
func split(r *ledger.Reader, size int, emit func(*window) error) error {
	w := newWindow(1, size)
	for {
		a, end := r.Next()
		if end != nil {
			if len(w.want) > 0 {
				if err := emit(w); err != nil {
					return err
				}
			}
			return end
		}
		// A torn ledger may miss numbers, but never as many as fit in here.
		if a.Seq > w.last+uint64(size) {
			return fmt.Errorf("ledger: attempt %d follows %d", a.Seq, w.last)
		}
		for a.Seq >= w.first+uint64(size) {
			for len(w.want) < size {
				w.want = append(w.want, expectation{})
				w.last++
			}
			if err := emit(w); err != nil {
				return err
			}
			w = newWindow(w.last+1, size)
		}
		if err := w.expect(a); err != nil {
			return fmt.Errorf("ledger: attempt %d: %w", a.Seq, err)
		}
	}
}

// take counts one document of the window and compares it with its attempt.
func (w *window) take(d *document, acc *Account) {
	acc.stamp(d)
	seq := d.seq()
	if seq < w.first || seq > w.last {
		acc.Unexpected.add(0, string(d.values[colSeq]), "its number is not one whole number")
		return
	}
	i := seq - w.first
	e := &w.want[i]
	w.found[i]++
	if s := e.state & stateMask; s == absent || s == neverSent {
		return
	}
	check := func(field string, want string, got []byte) {
		if want == string(got) { // does not allocate
			return
		}
		e.state |= differs
		acc.Corrupted.add(Mismatch{Seq: seq, Field: field, Expected: want, Found: string(got)})
	}
	check(telemetry.FieldMethod, w.names[e.method], d.values[colMethod])
	check(telemetry.FieldRoute, w.names[e.route], d.values[colRoute])
	if e.state&stateMask == answered {
		check(telemetry.FieldStatus, strconv.Itoa(int(e.status)), d.values[colStatus])
	} else if n, err := strconv.ParseUint(string(d.values[colStatus]), 10, 16); err == nil {
		e.status = uint16(n) // nobody else knows it
	}
	check(telemetry.FieldTraceID, ledger.TraceID(acc.Run, seq), d.values[colTrace])
	if took, ok := d.duration(); ok && took > 0 {
		acc.Truth.Duration(w.routeOf(d, e), int(e.status), took)
	} else {
		e.state |= differs
		acc.Corrupted.add(Mismatch{Seq: seq, Field: telemetry.FieldEventDuration, Expected: "nanoseconds above 0", Found: d.durationText()})
	}
}

// routeOf is the document's route, without a copy if it is the expected one.
func (w *window) routeOf(d *document, e *expectation) string {
	if route := w.names[e.route]; route == string(d.values[colRoute]) {
		return route
	}
	return string(d.values[colRoute])
}

// close judges every attempt of the window once all its documents were taken.
func (w *window) close(acc *Account) {
	acc.Last = max(acc.Last, w.last)
	acc.journeys.merge(w.journeys)
	for i, e := range w.want {
		seq, n := w.first+uint64(i), w.found[i]
		if e.state != absent {
			acc.Attempts++
		}
		switch e.state & stateMask {
		case absent, neverSent:
			w.closeUnsent(acc, seq, e, n)
			continue
		case answered:
			acc.Answered++
		}
		acc.Sent++
		if n > 0 || e.state&stateMask == answered {
			acc.asked[Kind{w.names[e.route], int(e.status)}]++
		}
		if n > 0 {
			acc.Truth.Request(w.names[e.route], int(e.status))
		}
		switch {
		case n == 0 && e.state == answered:
			acc.Lost.Add(seq)
		case n == 0:
			acc.Indeterminate.Add(seq)
		case n > 1:
			acc.Duplicated.Attempts.Add(seq)
			acc.Duplicated.Extra += uint64(n - 1)
			acc.Wrong++
		case e.state&differs != 0:
			acc.Wrong++
		default:
			acc.Delivered++
			if e.state == unanswered {
				acc.Unconfirmed.Add(seq)
			}
		}
	}
}

func (w *window) closeUnsent(acc *Account, seq uint64, e expectation, n uint32) {
	strays, reason := &acc.gaps, notInLedger
	if e.state == neverSent {
		acc.NeverSent++
		acc.neverSent.Add(seq)
		strays, reason = &acc.Unexpected, "the ledger says it was never sent"
	}
	for range n {
		strays.add(seq, strconv.FormatUint(seq, 10), reason)
	}
}

// notInLedger is why a document is a stray.
const notInLedger = "the ledger has no such attempt"
