package ledger

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Attempts whose slots collide, or that lie far apart, are all kept and come in order.
func TestWindowKeepsWhatDoesNotFitItsSlots(t *testing.T) {
	w := newWindow()
	want := []uint64{1, 2, 3, minSlots + 1, maxSlots + 1, maxSlots + 2, 5*maxSlots + 1, 1<<64 - 1}
	for i := len(want) - 1; i >= 0; i-- {
		w.put(&Attempt{Seq: want[i]})
	}
	if diff := cmp.Diff(want, w.numbers()); diff != "" {
		t.Error(diff)
	}
	w.remove(maxSlots + 1)
	w.remove(1)
	w.remove(2)
	for _, row := range []struct {
		seq  uint64
		held bool
	}{{1, false}, {2, false}, {3, true}, {minSlots + 1, true}, {maxSlots + 1, false}, {maxSlots + 2, true}, {5*maxSlots + 1, true},
		{2*maxSlots + 1, false}, {1<<64 - 1, true}} {
		if a := w.find(row.seq); (a != nil) != row.held || a != nil && a.Seq != row.seq {
			t.Errorf("attempt %d: found %v, want held %v", row.seq, a, row.held)
		}
	}
}

// A window with few attempts stays small, and none is lost while it grows.
func TestWindowGrowsAsItMust(t *testing.T) {
	w := newWindow()
	for seq := uint64(1); seq <= 10*minSlots; seq++ {
		w.put(&Attempt{Seq: seq})
		w.remove(seq)
	}
	if len(w.slots) != minSlots {
		t.Errorf("%d slots for one attempt at a time, want %d", len(w.slots), minSlots)
	}
	for seq := uint64(1); seq <= 2*maxSlots; seq++ {
		w.put(&Attempt{Seq: seq})
	}
	if held := len(w.numbers()); held != 2*maxSlots || len(w.slots) != maxSlots {
		t.Errorf("%d held in %d slots, want %d in %d", held, len(w.slots), 2*maxSlots, maxSlots)
	}
}
