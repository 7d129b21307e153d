package arrival

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
	"github.com/dustin/go-humanize"
)

// Seqs is a set of attempt numbers. A long run of neighbours costs a few
// bytes and the worst case about two bytes per number. The zero value is empty.
type Seqs struct{ set *roaring64.Bitmap }

// Range is the attempts from First to Last, both included.
type Range struct{ First, Last uint64 }

// Add puts one number into the set.
func (s *Seqs) Add(seq uint64) {
	if s.set == nil {
		s.set = roaring64.New()
	}
	s.set.Add(seq)
}

// Len is how many numbers are in the set.
func (s Seqs) Len() uint64 {
	if s.set == nil {
		return 0
	}
	return s.set.GetCardinality()
}

// Has reports whether seq is in the set.
func (s Seqs) Has(seq uint64) bool { return s.set != nil && s.set.Contains(seq) }

// Ranges calls yield for each range of neighbours, ascending, until it
// returns false.
func (s Seqs) Ranges(yield func(Range) bool) {
	if s.set == nil || s.set.IsEmpty() {
		return
	}
	it := s.set.Iterator()
	r := Range{First: it.Next()}
	r.Last = r.First
	for it.HasNext() {
		seq := it.Next()
		if seq == r.Last+1 {
			r.Last = seq
			continue
		}
		if !yield(r) {
			return
		}
		r = Range{seq, seq}
	}
	yield(r)
}

// each calls yield for every number, ascending, until it returns false.
func (s Seqs) each(yield func(uint64) bool) {
	if s.set == nil {
		return
	}
	for it := s.set.Iterator(); it.HasNext(); {
		if !yield(it.Next()) {
			return
		}
	}
}

// String writes a range as "7" or, with its size, "12-40 (29)".
func (r Range) String() string {
	if r.First == r.Last {
		return fmt.Sprint(r.First)
	}
	return fmt.Sprintf("%d-%d (%s)", r.First, r.Last, humanize.Comma(int64(r.Last-r.First+1)))
}

// MarshalJSON writes a range as [first, last].
func (r Range) MarshalJSON() ([]byte, error) { return json.Marshal([2]uint64{r.First, r.Last}) }

// Text lists at most limit ranges and says how many it left out.
func (s Seqs) Text(limit int) string {
	var shown []string
	more := 0
	for r := range s.Ranges {
		if len(shown) < limit {
			shown = append(shown, r.String())
		} else {
			more++
		}
	}
	text := strings.Join(shown, ", ")
	if more > 0 {
		text += fmt.Sprintf(" and %s more ranges", humanize.Comma(int64(more)))
	}
	return text
}

// MarshalJSON writes {"count": n, "ranges": [[first, last], …]}, complete.
func (s Seqs) MarshalJSON() ([]byte, error) {
	ranges := []Range{}
	for r := range s.Ranges {
		ranges = append(ranges, r)
	}
	return json.Marshal(struct {
		Count  uint64  `json:"count"`
		Ranges []Range `json:"ranges"`
	}{s.Len(), ranges})
}
