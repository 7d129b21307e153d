package arrival

import (
	"fmt"
	"testing"

	"plumbline/loadgen/ledger"
)

// Attempts beyond the first chunk, and of more kinds than a byte can name, are known
// by what the ledger says of them.
func TestRoll(t *testing.T) {
	r := &roll{kinds: make([]kind, 1), places: map[kind]uint16{}, journeys: journeys{}}
	route := func(seq uint64) string { return fmt.Sprintf("/r%d", seq%300) }
	const last = chunkSize + 400
	for seq := uint64(1); seq <= last; seq++ {
		if seq == chunkSize {
			continue // a torn ledger may lack one
		}
		if err := r.expect(ledger.Attempt{Seq: seq, Method: "GET", Route: route(seq), Status: 200, Outcome: ledger.Answered}); err != nil {
			t.Fatal(err)
		}
	}
	for seq := uint64(1); seq <= last; seq++ {
		c, i := r.at(seq)
		want := kind{answered, "GET", route(seq), "200"}
		if seq == chunkSize {
			want = kind{}
		}
		if got := r.kinds[c.place(i)]; got != want {
			t.Fatalf("attempt %d is %+v, want %+v", seq, got, want)
		}
	}
	c, i := r.at(last)
	c.found.set(i)
	if c, i := r.at(last - chunkSize); c.found.has(i) || len(r.chunks) != 2 {
		t.Errorf("an attempt of another chunk was found, of %d", len(r.chunks))
	}
}
