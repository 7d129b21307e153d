package ledger

import (
	"maps"
	"slices"
)

// A short run is often opened, a long one has many in flight.
const (
	minSlots = 1 << 6
	maxSlots = 1 << 13
)

// window holds the attempts that have begun and are not handed out yet. They
// come nearly in order, so that an attempt has its slot by its number; one whose
// slot is taken, because an attempt long before it is still open, goes to the map.
// Whatever numbers a file holds, memory follows the count of attempts.
type window struct {
	slots []Attempt           // a power of two of them; a number of 0 marks a free one
	far   map[uint64]*Attempt // in use only once there are maxSlots
}

func newWindow() window {
	return window{slots: make([]Attempt, minSlots), far: map[uint64]*Attempt{}}
}

func (w *window) slot(seq uint64) *Attempt { return &w.slots[seq&uint64(len(w.slots)-1)] }

// find returns the attempt to read or change, nil if it is not held.
func (w *window) find(seq uint64) *Attempt {
	if a := w.slot(seq); a.Seq == seq {
		return a
	}
	if len(w.far) == 0 {
		return nil
	}
	return w.far[seq]
}

// put adds an attempt that is not held yet.
func (w *window) put(a *Attempt) {
	slot := w.slot(a.Seq)
	for slot.Seq != 0 && len(w.slots) < maxSlots {
		w.grow()
		slot = w.slot(a.Seq)
	}
	if slot.Seq == 0 {
		*slot = *a
		return
	}
	far := *a
	w.far[a.Seq] = &far
}

// grow doubles the slots: who had one each has one each again.
func (w *window) grow() {
	old := w.slots
	w.slots = make([]Attempt, 2*len(old))
	for i := range old {
		if old[i].Seq != 0 {
			*w.slot(old[i].Seq) = old[i]
		}
	}
}

// remove forgets an attempt that find has found.
func (w *window) remove(seq uint64) {
	if a := w.slot(seq); a.Seq == seq {
		a.Seq = 0
		return
	}
	delete(w.far, seq)
}

// numbers returns those of all that are held, in order.
func (w *window) numbers() []uint64 {
	all := slices.Collect(maps.Keys(w.far))
	for i := range w.slots {
		if w.slots[i].Seq != 0 {
			all = append(all, w.slots[i].Seq)
		}
	}
	slices.Sort(all)
	return all
}
