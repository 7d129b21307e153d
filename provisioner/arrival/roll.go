package arrival

import (
	"errors"
	"fmt"
	"strconv"

	"plumbline/loadgen/ledger"
)

// state is what the ledger says of an attempt.
type state uint8

const (
	absent     state = iota // not in the ledger
	answered                // the client saw the answer, so the line was or will be written
	unanswered              // sent, but what became of it is not known
	neverSent               // the application cannot have seen it
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

// kind is what many attempts have in common: all that is expected of their
// documents but the trace id, which follows from the number.
type kind struct {
	state         state
	method, route string
	status        string // "" if nobody saw an answer
}

// maxKinds is how many kinds a run may have.
const maxKinds = 1 << 16

// chunkSize is how many neighbouring attempts stand together.
const chunkSize = 1 << 16

// chunk is what is known of so many attempts: eleven bits each.
type chunk struct {
	kind                  [chunkSize]uint8  // the lower half of its place in roll.kinds
	high                  *[chunkSize]uint8 // the upper half; nil while all are 0
	found, again, differs bits
}

type bits [chunkSize / 64]uint64

func (b *bits) has(i uint64) bool { return b[i/64]&(1<<(i%64)) != 0 }
func (b *bits) set(i uint64)      { b[i/64] |= 1 << (i % 64) }

// roll is every attempt of a run by number, and what was found of it. It takes
// a byte and a half for each, so that documents can be compared in whatever
// order they come.
type roll struct {
	last     uint64 // highest number in the ledger
	kinds    []kind // the first is that of numbers the ledger does not have
	places   map[kind]uint16
	chunks   []*chunk
	journeys journeys
}

// maxGap is more numbers than a torn ledger can miss.
const maxGap = 1 << 20

// readRoll reads a ledger, and returns how it ended: io.EOF, or why it could not
// be read on.
func readRoll(book *ledger.Reader) (*roll, error) {
	r := &roll{kinds: make([]kind, 1), places: make(map[kind]uint16), journeys: journeys{}}
	for {
		a, end := book.Next()
		if end != nil {
			return r, end
		}
		if a.Seq > r.last+maxGap {
			return r, fmt.Errorf("ledger: attempt %d follows %d", a.Seq, r.last)
		}
		if err := r.expect(a); err != nil {
			return r, fmt.Errorf("ledger: attempt %d: %w", a.Seq, err)
		}
	}
}

// expect adds the next attempt.
func (r *roll) expect(a ledger.Attempt) error {
	k := kind{state: stateOf(a), method: a.Method, route: a.Route}
	if k.state == answered {
		k.status = strconv.Itoa(a.Status)
	}
	place, ok := r.place(k)
	if !ok {
		return errors.New("more than 65,535 combinations of method, route and status")
	}
	r.last = a.Seq
	c, i := r.at(a.Seq)
	c.put(i, place)
	r.journeys.add(a)
	return nil
}

// place is where a kind stands; false if there is no room for it.
func (r *roll) place(k kind) (uint16, bool) {
	if at, ok := r.places[k]; ok {
		return at, true
	}
	if len(r.kinds) == maxKinds {
		return 0, false
	}
	at := uint16(len(r.kinds))
	r.places[k] = at
	r.kinds = append(r.kinds, k)
	return at, true
}

// at is the chunk of a number that is at most last, and its place in there.
func (r *roll) at(seq uint64) (*chunk, uint64) {
	n := (seq - 1) / chunkSize
	for uint64(len(r.chunks)) <= n {
		r.chunks = append(r.chunks, new(chunk))
	}
	return r.chunks[n], (seq - 1) % chunkSize
}

func (c *chunk) put(i uint64, place uint16) {
	c.kind[i] = uint8(place)
	if c.high == nil && place > 0xff {
		c.high = new([chunkSize]uint8)
	}
	if c.high != nil {
		c.high[i] = uint8(place >> 8)
	}
}

func (c *chunk) place(i uint64) uint16 {
	place := uint16(c.kind[i])
	if c.high != nil {
		place |= uint16(c.high[i]) << 8
	}
	return place
}

// close judges every attempt once all documents were taken.
func (r *roll) close(acc *Account) {
	acc.Last, acc.journeys = r.last, r.journeys
	for seq := uint64(1); seq <= r.last; seq++ {
		c, i := r.at(seq)
		k := &r.kinds[c.place(i)]
		switch k.state {
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
		found := c.found.has(i)
		status, _ := strconv.Atoi(k.status) // "" is 0, which nobody knows better
		if found {
			acc.Truth.Request(k.route, status)
		}
		if found || k.state == answered {
			acc.asked[Kind{k.route, status}]++
		}
		switch {
		case !found && k.state == answered:
			acc.Lost.Add(seq)
		case !found:
			acc.Indeterminate.Add(seq)
		case c.again.has(i):
			acc.Duplicated.Attempts.Add(seq)
			acc.Wrong++
		case c.differs.has(i):
			acc.Wrong++
		default:
			acc.Delivered++
			if k.state == unanswered {
				acc.Unconfirmed.Add(seq)
			}
		}
	}
}
