package arrival

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/ledger"
)

// spoiled is a run of which it is known what was done to each attempt, and what has
// to be said of it.
type spoiled struct {
	sent   []ledger.Attempt
	docs   []doc
	logged []uint64 // numbers with a line in the application's log
	want   said
	hops   struct{ app, behind, handled []uint64 }
	places map[uint64]uint64 // duplicated attempts: backing indices
}

// deed is what can be done to an attempt. Most of the time nothing is.
type deed struct {
	name  string
	spoil func(t *rapid.T, s *spoiled, a *ledger.Attempt)
}

func deeds() []deed {
	return []deed{
		{"delivered", func(_ *rapid.T, s *spoiled, a *ledger.Attempt) { s.deliver(*a) }},
		{"lost in the application", func(_ *rapid.T, s *spoiled, a *ledger.Attempt) {
			s.lose(a.Seq)
			s.hops.app = append(s.hops.app, a.Seq)
		}},
		{"lost behind it", func(_ *rapid.T, s *spoiled, a *ledger.Attempt) {
			s.lose(a.Seq)
			s.logged = append(s.logged, a.Seq)
			s.hops.behind = append(s.hops.behind, a.Seq)
		}},
		{"doubled", double},
		{"altered", alter},
		{"answered to nobody, and found", func(_ *rapid.T, s *spoiled, a *ledger.Attempt) {
			s.deliver(*a)
			s.unanswered(a)
			s.want.Unconfirmed = append(s.want.Unconfirmed, a.Seq)
		}},
		{"never answered, not found", func(t *rapid.T, s *spoiled, a *ledger.Attempt) {
			s.unanswered(a)
			s.want.Delivered--
			s.want.Documents--
			s.want.Indeterminate = append(s.want.Indeterminate, a.Seq)
			if rapid.Bool().Draw(t, "handled") {
				s.logged = append(s.logged, a.Seq)
				s.hops.handled = append(s.hops.handled, a.Seq)
			}
		}},
		{"never sent", func(t *rapid.T, s *spoiled, a *ledger.Attempt) {
			found := rapid.Bool().Draw(t, "found all the same")
			if found {
				s.docs = append(s.docs, line(*a))
				s.want.Unexpected++
				s.want.UnexpectedSeqs = append(s.want.UnexpectedSeqs, a.Seq)
			} else {
				s.want.Documents--
			}
			a.Outcome, a.Status = ledger.Dropped, 0
			s.want.Answered--
			s.want.Sent--
			s.want.NeverSent++
			s.want.Delivered--
		}},
		{"delivered, beside one that nobody sent", func(_ *rapid.T, s *spoiled, a *ledger.Attempt) {
			s.deliver(*a)
			s.docs = append(s.docs, line(attempt(1000+a.Seq)))
			s.want.Documents++
			s.want.Unexpected++
			s.want.UnexpectedSeqs = append(s.want.UnexpectedSeqs, 1000+a.Seq)
		}},
	}
}

func (s *spoiled) deliver(a ledger.Attempt) {
	s.docs = append(s.docs, line(a))
	s.logged = append(s.logged, a.Seq)
}

func (s *spoiled) lose(seq uint64) {
	s.want.Lost = append(s.want.Lost, seq)
	s.want.Delivered--
	s.want.Documents--
}

func (s *spoiled) unanswered(a *ledger.Attempt) {
	a.Outcome, a.Status = ledger.Timeout, 0
	s.want.Answered--
}

// double adds copies: the same line once more, lines of their own, or in another
// backing index.
func double(t *rapid.T, s *spoiled, a *ledger.Attempt) {
	s.deliver(*a)
	own, elsewhere := rapid.Bool().Draw(t, "own ids"), rapid.Bool().Draw(t, "other index")
	copies := rapid.Uint64Range(1, 3).Draw(t, "copies")
	for i := range copies {
		again := line(*a)
		if own {
			again = again.with(telemetry.FieldEventID, fmt.Sprintf("copy-%d-%d", a.Seq, i))
		}
		if elsewhere {
			again.index += "-2"
		}
		s.docs = append(s.docs, again)
	}
	s.places[a.Seq] = 1
	if elsewhere {
		s.places[a.Seq] = 2
	}
	if own {
		s.want.Distinct = append(s.want.Distinct, a.Seq)
	} else {
		s.want.Same = append(s.want.Same, a.Seq)
	}
	s.want.Duplicated = append(s.want.Duplicated, a.Seq)
	s.want.Extra += copies
	s.want.Documents += copies
	s.want.Delivered--
	s.want.Wrong++
}

// alter changes, doubles or takes away a field that the ledger knows.
func alter(t *rapid.T, s *spoiled, a *ledger.Attempt) {
	field := rapid.SampledFrom([]string{telemetry.FieldMethod, telemetry.FieldRoute, telemetry.FieldStatus, telemetry.FieldTraceID, telemetry.FieldEventDuration}).Draw(t, "field")
	values := map[string][]any{
		telemetry.FieldMethod:        {"PUT", nil, []any{"GET", "PUT"}},
		telemetry.FieldRoute:         {"/user", nil, []any{a.Route, "/x"}},
		telemetry.FieldStatus:        {599, nil, []any{a.Status, 599}},
		telemetry.FieldTraceID:       {ledger.TraceID(runID, a.Seq+1), nil, ledger.TraceID("other", a.Seq)},
		telemetry.FieldEventDuration: {0, nil, -1},
	}
	s.docs = append(s.docs, line(*a).with(field, rapid.SampledFrom(values[field]).Draw(t, "value")))
	s.logged = append(s.logged, a.Seq)
	if s.want.Corrupted == nil {
		s.want.Corrupted = map[string][]uint64{}
	}
	s.want.Corrupted[field] = append(s.want.Corrupted[field], a.Seq)
	s.want.Delivered--
	s.want.Wrong++
}

// spoil draws a run, and does something to some of its attempts.
func spoil(t *rapid.T) *spoiled {
	n := rapid.Uint64Range(1, 60).Draw(t, "attempts")
	s := &spoiled{sent: attempts(n), want: healthy(n), places: map[uint64]uint64{}}
	all := deeds()
	for i := range s.sent {
		which := 0
		if rapid.IntRange(0, 2).Draw(t, "spoiled") == 0 {
			which = rapid.IntRange(0, len(all)-1).Draw(t, "deed")
		}
		all[which].spoil(t, s, &s.sent[i])
	}
	slices.Sort(s.want.UnexpectedSeqs)
	s.docs = rapid.Permutation(s.docs).Draw(t, "order")
	return s
}

// Exactly what was done is said: which were lost and where, which are doubled and in
// how many indices, which fields of which are altered, and which nobody sent.
func TestExactlyWhatWasDoneIsSaid(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		s := spoil(rt)
		a := small(newNode(t, s.docs...), writeLedger(t, s.sent))
		a.page, a.part = rapid.IntRange(1, 20).Draw(rt, "page"), rapid.IntRange(1, 40).Draw(rt, "part")
		acc, err := a.Run(t.Context())
		if err != nil {
			rt.Fatal(err)
		}
		got := says(acc)
		if diff := cmp.Diff(s.want, got); diff != "" {
			rt.Errorf("account (-want +got):\n%s", diff)
		}
		if sum := got.Delivered + uint64(len(got.Lost)+len(got.Indeterminate)) + got.Wrong; sum != got.Sent {
			rt.Errorf("the classes sum up to %d of %d sent", sum, got.Sent)
		}
		places := map[uint64]uint64{}
		for _, c := range acc.Duplicated.Cases {
			places[c.Seq] = c.Indices
		}
		if diff := cmp.Diff(s.places, places); diff != "" {
			rt.Errorf("backing indices of duplicates (-want +got):\n%s", diff)
		}
		kept, want := s.hide(rt, acc)
		trace := Trace{Files: []string{s.log(t, dir)}, Search: kept, Fetch: kept, Kept: telemetry.StreamApp}
		if err := trace.Run(t.Context(), acc); err != nil {
			rt.Fatal(err)
		}
		h := acc.Hops
		for name, hop := range map[string][2][]uint64{
			"app": {s.hops.app, list(h.App)}, "behind": {s.hops.behind, list(h.Behind)}, "handled": {s.hops.handled, list(h.Handled)},
			"unread": {want[HopUnread], list(h.Unread)}, "refused": {want[HopRefused], list(h.Refused)}, "collided": {want[HopCollided], list(h.Collided)},
			"hidden": {want[HopHidden], list(h.Hidden)}, "shipper": {want[HopShipper], list(h.Shipper)},
		} {
			if !slices.Equal(hop[0], hop[1]) {
				rt.Errorf("hop %s: want %v, got %v", name, hop[0], hop[1])
			}
		}
	})
}

// hide draws what Elasticsearch has of the attempts that have a line and no
// document, and returns at which hop each is lost.
func (s *spoiled) hide(t *rapid.T, acc *Account) (attic, map[Hop][]uint64) {
	kept, want, last := attic{run: runID, texts: []string{}, stored: map[string]string{}}, map[Hop][]uint64{}, -1
	missing := func(seq uint64) bool { return acc.Lost.Has(seq) || acc.Indeterminate.Has(seq) }
	for i, seq := range s.logged {
		if !missing(seq) {
			last = i
		}
	}
	for i, seq := range s.logged {
		if !missing(seq) {
			continue
		}
		hop, id := HopShipper, documentID("api", fmt.Sprintf("e%d", seq))
		switch rapid.IntRange(0, 4).Draw(t, "kept") {
		case 1:
			hop, kept.texts = HopRefused, append(kept.texts, fmt.Sprintf(`{"run":{"id":%q,"seq":%d}}`, runID, seq))
		case 2:
			hop, kept.stored[id] = HopCollided, fmt.Sprintf(`{"run":{"id":%q,"seq":%d}}`, runID, seq+1)
		case 3:
			hop, kept.stored[id] = HopHidden, fmt.Sprintf(`{"run":{"id":%q,"seq":%d}}`, runID, seq)
		default:
			if i > last {
				hop = HopUnread
			}
		}
		want[hop] = append(want[hop], seq)
	}
	for _, seqs := range want {
		slices.Sort(seqs)
	}
	return kept, want
}

// log writes the application's log of a run.
func (s *spoiled) log(t *testing.T, dir string) string {
	t.Helper()
	var text []byte
	for _, seq := range s.logged {
		line, err := json.Marshal(object{"run": object{"id": runID, "seq": seq}, "service": object{"name": "api"}, "event": object{"id": fmt.Sprintf("e%d", seq)}})
		if err != nil {
			t.Fatal(err)
		}
		text = append(append(text, line...), '\n')
	}
	path := filepath.Join(dir, "app.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A glance finds fault with nothing that the audit finds in order, whatever the
// stretches; and a run of which something is lost and nothing doubled is never alike.
func TestAGlanceIsRightInWhatItSees(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := spoil(rt)
		a := small(newNode(t, s.docs...), writeLedger(t, s.sent))
		a.width = rapid.Uint64Range(1, 80).Draw(rt, "width")
		g, err := a.Glance(t.Context(), 0, silent)
		if err != nil {
			rt.Fatal(err)
		}
		w := s.want
		healthy := len(w.Lost)+len(w.Indeterminate)+len(w.Duplicated)+len(w.Corrupted) == 0 && w.Unexpected == 0
		if healthy && !g.alike() {
			rt.Errorf("a healthy run: %s", g.differences())
		}
		if len(w.Lost) > 0 && w.Extra+w.Unexpected == 0 && g.alike() {
			rt.Errorf("%d lost, and nothing was seen", len(w.Lost))
		}
		if g.Documents != w.Documents {
			rt.Errorf("%d documents, want %d", g.Documents, w.Documents)
		}
	})
}

// What becomes searchable within patience is delivered, what comes later is lost.
func TestDelaysAreTold(t *testing.T) {
	const within = 30 * time.Second
	path := writeLedger(t, attempts(40))
	rapid.Check(t, func(rt *rapid.T) {
		delays := rapid.SliceOfN(rapid.SampledFrom([]time.Duration{0, 0, 0, 0, time.Second, 29 * time.Second, 31 * time.Second, time.Hour}), 40, 40).Draw(rt, "delays")
		synctest.Test(t, func(t *testing.T) {
			docs, want := linesOf(attempts(40)), healthy(40)
			for i, delay := range delays {
				docs[i].visible = time.Now().Add(delay)
				if delay > within {
					want.Lost = append(want.Lost, uint64(i+1))
					want.Delivered--
					want.Documents--
				}
			}
			acc, err := small(newNode(t, docs...), path).Wait(t.Context(), Patience{Within: within}, silent)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, says(acc)); diff != "" {
				t.Errorf("account (-want +got):\n%s", diff)
			}
		})
	})
}
