package arrival

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"plumbline/loadgen/ledger"
)

const (
	stretches = 2_000   // in one answer; Elasticsearch allows 65,536
	exact     = 1 << 53 // below it a double holds every whole number, and a sum of them is exact
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

// alike reports that two are the same as far as doubles can tell, up to the number last.
func alike(a, b ledger.Sums, last uint64) bool {
	return a.N == b.N && a.Sum == b.Sum && (!squared(max(a.N, 1), last) || a.Squares == b.Squares)
}

// squared reports that the squares of n numbers up to last have an exact sum.
func squared(n, last uint64) bool { return float64(n)*float64(last)*float64(last) < exact }

// glancer asks for the counts of one run.
type glancer struct {
	run string
	*ledger.Outline
	// The documents lack what groups are told by.
	ungrouped bool
}

// numbers compares the stretches, and returns those that differ and the number of
// documents in all.
func (g *glancer) numbers(ctx context.Context, ask ask) (differ []Stretch, documents uint64, err error) {
	for from := uint64(1); from <= g.Last; from += stretches * g.Width {
		to := min(from+stretches*g.Width-1, g.Last)
		found, err := g.sums(ctx, ask, from, to)
		if err != nil {
			return nil, 0, err
		}
		for first := from; first <= to; first += g.Width {
			last := min(first+g.Width-1, to)
			want, got := g.Stretches[(first-1)/g.Width], found[first]
			documents += got.N
			if !alike(got, want.Sent, last) {
				differ = append(differ, Stretch{
					First: first, Last: last, Sent: want.Sent.N, Open: want.Sent.N - want.Answered.N, Found: got.N,
					Known: alike(got, want.Answered, last),
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
	for _, s := range g.Stretches {
		if s.Sent.N > s.Answered.N {
			return nil, nil
		}
	}
	counts := map[groupName]Group{}
	for _, of := range g.Outline.Groups {
		counts[groupName{of.Method, of.Route, strconv.Itoa(of.Status)}] = Group{Sent: of.Count}
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
