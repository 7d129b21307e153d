package arrival

import (
	"fmt"
	"strings"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
)

// cells is into how many pieces a lane is cut at most.
const cells = 400

// lane is a station on the way of a run's attempts: how many came so far, and
// which ended or went wrong here.
type lane struct {
	Name   string
	Source string // by what it is known; "" if it is not
	Came   uint64
	Ended  uint64
	Kind   string // ended or wrong: what happened here
	Said   string // of those
	Pieces []piece
}

// piece is a stretch of neighbouring cells of one kind, in thousandths of a lane.
type piece struct {
	Left, Width float64
	Kind        string // ok, ended, wrong, gone (ended before), unknown
}

// lanes follows the attempts from the load generator to a search. What nobody
// looked at is a lane without a source.
func (r *Report) lanes() []lane {
	a := r.Account
	if a == nil || a.Last == 0 {
		return nil
	}
	if a.Lines != nil {
		missing := union(a.Lost, a.Indeterminate, a.Lines.Rejected)
		w := newCourse(a.Last)
		return []lane{
			w.lane("written", "ledger", a.Sent, Seqs{}, "", "ended"),
			w.lane("found by a search", "every document of the run", a.Sent-missing.Len(), missing, "not found", "ended"),
			w.lane("once and whole", "compared byte by byte", a.Delivered, union(a.Duplicated.Attempts, a.Corrupted.Attempts), "doubled or altered", "wrong"),
		}
	}
	w := newCourse(a.Last)
	list := []lane{w.lane("sent", "ledger", a.Sent, a.neverSent, "never sent", "ended")}
	if c := r.Counters; c != nil && c.Missing == "" && !c.Several {
		list = append(list, w.counted(c))
	}
	came := a.Sent
	next := func(name, source string, ended Seqs, said, kind string) {
		if kind == "ended" {
			came -= ended.Len()
		}
		list = append(list, w.lane(name, source, came, ended, said, kind))
	}
	if h := a.Hops; h != nil {
		unwritten := difference(union(h.App, a.Indeterminate), h.Handled)
		next("written by the application", things(uint64(h.Files), "log file"), unwritten, "no line", "ended")
		next("read by the shipper", "where lines stand that arrived", h.Unread, "not read yet", "ended")
		next("stored", "ids, and what was kept as text", union(h.Refused, h.Collided, h.Shipper), h.storedText(), "ended")
		next("found by a search", "every document of the run", h.Hidden, "stored and not found", "ended")
	} else {
		for _, name := range []string{"written by the application", "read by the shipper", "stored"} {
			list = append(list, w.unknown(name))
		}
		next("found by a search", "every document of the run", union(a.Lost, a.Indeterminate), "not found: -app-log tells at which hop", "ended")
	}
	next("once and as sent", "ledger and documents, field by field", union(a.Duplicated.Attempts, a.Corrupted.Attempts), "doubled or altered", "wrong")
	list[len(list)-1].Came = a.Delivered
	return list
}

func (h *Hops) storedText() string {
	return fmt.Sprintf("%s refused, %s taken for copies, %s without a trace", count(h.Refused.Len()), count(h.Collided.Len()), count(h.Shipper.Len()))
}

func difference(s, without Seqs) Seqs {
	rest := union(s)
	if without.set != nil {
		rest.set.AndNot(without.set)
	}
	return rest
}

// course draws lanes: each shows in grey what ended in one before it.
type course struct {
	last uint64
	gone *roaring64.Bitmap
}

func newCourse(last uint64) *course { return &course{last, roaring64.New()} }

func (w *course) lane(name, source string, came uint64, ended Seqs, said, kind string) lane {
	l := lane{Name: name, Source: source, Came: came, Ended: ended.Len(), Kind: kind, Said: said}
	if !strings.Contains(said, ",") { // it does not count by itself
		l.Said = count(l.Ended) + " " + said
	}
	n := min(w.last, cells)
	for i := range n {
		first, end := 1+i*w.last/n, 1+(i+1)*w.last/n
		of := "ok"
		switch gone := within(w.gone, first, end); {
		case within(ended.set, first, end) > 0:
			of = kind
		case gone == end-first:
			of = "gone"
		}
		left, right := 1000*float64(i)/float64(n), 1000*float64(i+1)/float64(n)
		if p := len(l.Pieces) - 1; p >= 0 && l.Pieces[p].Kind == of {
			l.Pieces[p].Width = right - l.Pieces[p].Left
		} else {
			l.Pieces = append(l.Pieces, piece{left, right - left, of})
		}
	}
	if kind == "ended" && ended.set != nil {
		w.gone.Or(ended.set)
	}
	return l
}

// counted is what the application counted itself. Which attempts it has not
// counted, a counter cannot say.
func (w *course) counted(c *Counters) lane {
	l := lane{Name: "counted by the application", Source: "its own counters", Came: c.Counted - min(c.Counted, c.Others), Pieces: []piece{{0, 1000, "ok"}}}
	if len(c.Differs) > 0 {
		l.Kind, l.Ended, l.Said, l.Pieces[0].Kind = "wrong", uint64(len(c.Differs)), things(uint64(len(c.Differs)), "route")+" and statuses differ", "unknown"
	}
	return l
}

func (w *course) unknown(name string) lane {
	return lane{Name: name, Pieces: []piece{{0, 1000, "unknown"}}}
}

// within counts the members of a set from first to before end.
func within(set *roaring64.Bitmap, first, end uint64) uint64 {
	if set == nil || set.IsEmpty() {
		return 0
	}
	return set.Rank(end-1) - set.Rank(first-1)
}
