package fate

import (
	"bytes"
	"hash/maphash"
	"maps"
	"slices"
)

// leastChunk is the length in bytes from which a piece may begin and end
// anywhere in a line, as where a shipper's buffer was full. Shorter ones end
// where a line does: without this bound, all of their lengths would be tried.
const leastChunk = 512

// Pieces are texts that arrived without an identity: what a shipper may have
// split off lines. They take some bytes each, whatever their length.
type Pieces struct {
	seed    maphash.Seed
	texts   map[mark]int // how often
	lengths map[int]bool // of chunks
	count   uint64
}

// mark stands for a text.
type mark struct {
	length int
	hash   uint64
}

// NewPieces returns none.
func NewPieces() *Pieces {
	return &Pieces{seed: maphash.MakeSeed(), texts: map[mark]int{}, lengths: map[int]bool{}}
}

// Add takes note of a text.
func (p *Pieces) Add(text []byte) {
	text = unended(text)
	p.texts[p.mark(text)]++
	p.count++
	if len(text) >= leastChunk {
		p.lengths[len(text)] = true
	}
}

// Len is how many are left.
func (p *Pieces) Len() uint64 { return p.count }

func (p *Pieces) mark(text []byte) mark { return mark{len(text), maphash.Bytes(p.seed, text)} }

// Complete looks for pieces that together with the part from..to make up the
// whole line, takes them, and says how many they are. Without all of them it
// takes none. White space between two pieces may be missing.
func (p *Pieces) Complete(line []byte, from, to int) (n int, ok bool) {
	chunks, used := p.chunks(), map[mark]int{}
	if !p.cover(line[:from], chunks, used) || !p.cover(line[to:], chunks, used) {
		return 0, false
	}
	for m, times := range used {
		n += times
		p.take(m, times)
	}
	return n, n > 0
}

// Beginning takes a piece with which the line begins and says how long it is:
// the rest may have been cut, and with it the identity.
func (p *Pieces) Beginning(line []byte) (length int, ok bool) {
	m, ok := p.next(line, p.chunks(), nil)
	if ok {
		p.take(m, 1)
	}
	return m.length, ok
}

func (p *Pieces) take(m mark, times int) {
	if p.texts[m] -= times; p.texts[m] == 0 {
		delete(p.texts, m)
	}
	p.count -= uint64(times)
}

// chunks are the lengths of pieces that may begin and end anywhere, the longest first.
func (p *Pieces) chunks() []int {
	lengths := slices.Sorted(maps.Keys(p.lengths))
	slices.Reverse(lengths)
	return lengths
}

func (p *Pieces) cover(line []byte, chunks []int, used map[mark]int) bool {
	for len(line) > 0 {
		m, ok := p.next(line, chunks, used)
		switch {
		case ok:
			used[m]++
			line = line[m.length:]
		case bytes.IndexByte([]byte(" \t\r\n"), line[0]) >= 0:
			line = line[1:]
		default:
			return false
		}
	}
	return true
}

// next finds a piece with which the text begins: all of it, a physical line of
// it, or a chunk.
func (p *Pieces) next(text []byte, chunks []int, used map[mark]int) (mark, bool) {
	try := func(length int) (mark, bool) {
		if length < 1 || length > len(text) {
			return mark{}, false
		}
		m := p.mark(text[:length])
		return m, p.texts[m] > used[m]
	}
	if m, ok := try(len(text)); ok {
		return m, true
	}
	if m, ok := try(bytes.IndexByte(text, '\n')); ok {
		return m, true
	}
	for _, length := range chunks {
		if m, ok := try(length); ok {
			return m, true
		}
	}
	return mark{}, false
}
