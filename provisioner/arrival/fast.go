package arrival

import (
	"context"
	"slices"
	"strings"
)

const (
	stretchSize = 1_000   // neighbouring numbers that are counted together
	stretches   = 2_000   // in one answer; Elasticsearch allows 65,536
	exact       = 1 << 53 // below it a double holds every whole number, and a sum of them is exact
)

// A Glance compares a run with Elasticsearch by counts alone. For every stretch of
// neighbouring numbers it has the documents' count, the sum of their numbers and the
// sum of the squares, and for every method, route and status their count.
//
// It sees a loss, a duplicate, and one that stands in for the other, and says in which
// stretch. It does not see losses and duplicates of one stretch and group whose
// numbers have the same count, sum and sum of squares, such as 1, 5 and 6 lost where
// 2, 3 and 7 are doubled; a document with another trace id or without its duration; nor
// fields of two documents that changed places. So no verdict rests on it.
type Glance struct {
	Run       string    `json:"run"`
	Attempts  uint64    `json:"attempts"` // in the ledger
	Sent      uint64    `json:"sent"`
	Answered  uint64    `json:"answered"`
	Documents uint64    `json:"documents"` // of the run
	Outside   uint64    `json:"outside"`   // of these, numbered as no attempt is
	Squares   uint64    `json:"squares"`   // the highest number up to which squares were compared
	Differ    []Stretch `json:"stretches"` // that are not as the ledger says
	Groups    []Group   `json:"groups"`    // likewise; nil if nobody asked

	ledger *Account // what the ledger alone says of the run
}

// Stretch is some neighbouring attempts and the documents numbered like them.
//
// One that differs and has as many documents as were sent, or fewer, lacks one.
type Stretch struct {
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
	Sent  uint64 `json:"sent"`
	Open  uint64 `json:"without_answer"` // of the sent
	Found uint64 `json:"documents"`
	Known bool   `json:"answered_complete"` // what is missing is just those without an answer
}

// Group is the documents of one method, route and status.
type Group struct {
	groupName
	Sent  uint64 `json:"answered"`
	Found uint64 `json:"documents"`
}

// groupName is "" for a field that is not there.
type groupName struct {
	Method string `json:"method"`
	Route  string `json:"route"`
	Status string `json:"status"`
}

// sums is what is compared of a stretch.
type sums struct {
	n            uint64
	sum, squares float64
}

func (s *sums) add(seq uint64) {
	s.n++
	s.sum += float64(seq)
	s.squares += float64(seq) * float64(seq)
}

// is reports that two agree as far as doubles can tell, up to the number last.
func (s sums) is(other sums, last uint64) bool {
	return s.n == other.n && s.sum == other.sum && (!squared(max(s.n, 1), last) || s.squares == other.squares)
}

// squared reports that the squares of n numbers up to last have an exact sum.
func squared(n, last uint64) bool { return float64(n)*float64(last)*float64(last) < exact }

// expected is what the ledger says of a stretch.
type expected struct{ sent, answered sums }

// glancer asks for the counts of one run.
type glancer struct {
	run   string
	roll  *roll
	width uint64
	parts []expected
	// The documents lack what groups are told by.
	ungrouped bool
}

func newGlancer(run string, r *roll, width uint64) *glancer {
	g := &glancer{run: run, roll: r, width: width, parts: make([]expected, (r.last+width-1)/width)}
	for seq := uint64(1); seq <= r.last; seq++ {
		c, i := r.at(seq)
		part := &g.parts[(seq-1)/width]
		switch r.kinds[c.place(i)].state {
		case answered:
			part.answered.add(seq)
			part.sent.add(seq)
		case unanswered:
			part.sent.add(seq)
		}
	}
	return g
}

// numbers compares the stretches, and returns those that differ and the number of
// documents in all.
func (g *glancer) numbers(ctx context.Context, ask ask) (differ []Stretch, documents uint64, err error) {
	for from := uint64(1); from <= g.roll.last; from += stretches * g.width {
		to := min(from+stretches*g.width-1, g.roll.last)
		found, err := g.sums(ctx, ask, from, to)
		if err != nil {
			return nil, 0, err
		}
		for first := from; first <= to; first += g.width {
			last := min(first+g.width-1, to)
			want, got := g.parts[(first-1)/g.width], found[first]
			documents += got.n
			if !got.is(want.sent, last) {
				differ = append(differ, Stretch{
					First: first, Last: last, Sent: want.sent.n, Open: want.sent.n - want.answered.n, Found: got.n,
					Known: got.is(want.answered, last),
				})
			}
		}
	}
	return differ, documents, nil
}

// groups compares the counts by method, route and status. Of an attempt whose
// answer nobody saw the status is not known, so of a run that has one they are not
// compared.
func (g *glancer) groups(ctx context.Context, ask ask) ([]Group, error) {
	counts := map[groupName]Group{}
	for seq := uint64(1); seq <= g.roll.last; seq++ {
		c, i := g.roll.at(seq)
		k := g.roll.kinds[c.place(i)]
		switch k.state {
		case unanswered:
			return nil, nil
		case answered:
			group := counts[groupName{k.method, k.route, k.status}]
			group.Sent++
			counts[groupName{k.method, k.route, k.status}] = group
		}
	}
	if err := g.found(ctx, ask, counts); err != nil {
		return nil, err
	}
	differ := []Group{}
	for name, group := range counts {
		if group.Sent != group.Found {
			group.groupName = name
			differ = append(differ, group)
		}
	}
	slices.SortFunc(differ, func(a, b Group) int {
		return strings.Compare(a.Route+" "+a.Method+" "+a.Status, b.Route+" "+b.Method+" "+b.Status)
	})
	return differ, nil
}
