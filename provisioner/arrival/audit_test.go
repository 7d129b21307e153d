package arrival

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/ledger"
)

// said is what an account says, in plain values.
type said struct {
	Attempts, Sent, Answered, NeverSent, Documents, Delivered, Wrong uint64
	Lost, Indeterminate, Unconfirmed, Duplicated, Same, Distinct     []uint64
	Corrupted                                                        map[string][]uint64
	Extra, Unexpected, NoSeq, Beyond                                 uint64
	UnexpectedSeqs, BeyondSeqs                                       []uint64
}

func says(a *Account) said {
	s := said{
		Attempts: a.Attempts, Sent: a.Sent, Answered: a.Answered, NeverSent: a.NeverSent, Documents: a.Documents,
		Delivered: a.Delivered, Wrong: a.Wrong,
		Lost: list(a.Lost), Indeterminate: list(a.Indeterminate), Unconfirmed: list(a.Unconfirmed),
		Duplicated: list(a.Duplicated.Attempts), Same: list(a.Duplicated.SameEvent), Distinct: list(a.Duplicated.Distinct),
		Extra: a.Duplicated.Extra, Unexpected: a.Unexpected.Documents, NoSeq: a.Unexpected.NoSeq, Beyond: a.Beyond.Documents,
		UnexpectedSeqs: list(a.Unexpected.Seqs), BeyondSeqs: list(a.Beyond.Seqs),
	}
	for field, seqs := range a.Corrupted.Fields {
		if s.Corrupted == nil {
			s.Corrupted = map[string][]uint64{}
		}
		s.Corrupted[field] = list(seqs)
	}
	return s
}

func list(s Seqs) []uint64 {
	var out []uint64
	s.each(func(seq uint64) bool { out = append(out, seq); return true })
	return out
}

func audit(t *testing.T, a Audit) said {
	t.Helper()
	acc, err := a.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return says(acc)
}

// healthy is what is said of n attempts that all arrived.
func healthy(n uint64) said {
	return said{Attempts: n, Sent: n, Answered: n, Documents: n, Delivered: n}
}

func TestAudit(t *testing.T) {
	type world struct {
		attempts []ledger.Attempt
		docs     []doc
	}
	tests := []struct {
		name   string
		change func(w *world)
		want   func(s *said)
	}{
		{"everything arrived", func(*world) {}, func(*said) {}},
		{"the first is lost", func(w *world) { w.docs = w.docs[1:] },
			func(s *said) { s.Delivered, s.Documents, s.Lost = 39, 39, []uint64{1} }},
		{"the last is lost", func(w *world) { w.docs = w.docs[:39] },
			func(s *said) { s.Delivered, s.Documents, s.Lost = 39, 39, []uint64{40} }},
		{"a whole window is lost", func(w *world) { w.docs = slices.Delete(w.docs, 16, 32) }, func(s *said) {
			s.Delivered, s.Documents = 24, 24
			for seq := range uint64(16) {
				s.Lost = append(s.Lost, 17+seq)
			}
		}},
		{"a duplicate does not cancel the loss beside it", func(w *world) { w.docs[6] = w.docs[7] }, func(s *said) {
			s.Delivered, s.Wrong, s.Extra = 38, 1, 1
			s.Lost, s.Duplicated, s.Same = []uint64{7}, []uint64{8}, []uint64{8}
		}},
		{"copies with ids of their own are two lines", func(w *world) {
			w.docs = append(w.docs, w.docs[9].with(telemetry.FieldEventID, "another"))
		}, func(s *said) {
			s.Delivered, s.Documents, s.Wrong, s.Extra = 39, 41, 1, 1
			s.Duplicated, s.Distinct = []uint64{10}, []uint64{10}
		}},
		{"an altered copy is duplicated and corrupted, once wrong", func(w *world) {
			w.docs = append(w.docs, w.docs[9].with(telemetry.FieldEventID, "another").with(telemetry.FieldStatus, 500))
		}, func(s *said) {
			s.Delivered, s.Documents, s.Wrong, s.Extra = 39, 41, 1, 1
			s.Duplicated, s.Distinct = []uint64{10}, []uint64{10}
			s.Corrupted = map[string][]uint64{telemetry.FieldStatus: {10}}
		}},
		{"a status altered", func(w *world) { w.docs[0] = w.docs[0].with(telemetry.FieldStatus, 500) },
			func(s *said) {
				s.Delivered, s.Wrong, s.Corrupted = 39, 1, map[string][]uint64{telemetry.FieldStatus: {1}}
			}},
		{"a route missing", func(w *world) { w.docs[4] = w.docs[4].with(telemetry.FieldRoute, nil) },
			func(s *said) {
				s.Delivered, s.Wrong, s.Corrupted = 39, 1, map[string][]uint64{telemetry.FieldRoute: {5}}
			}},
		{"a method with two values", func(w *world) { w.docs[4] = w.docs[4].with(telemetry.FieldMethod, []any{"GET", "PUT"}) },
			func(s *said) {
				s.Delivered, s.Wrong, s.Corrupted = 39, 1, map[string][]uint64{telemetry.FieldMethod: {5}}
			}},
		{"the trace id of another attempt", func(w *world) {
			w.docs[4] = w.docs[4].with(telemetry.FieldTraceID, ledger.TraceID(runID, 6))
		}, func(s *said) {
			s.Delivered, s.Wrong, s.Corrupted = 39, 1, map[string][]uint64{telemetry.FieldTraceID: {5}}
		}},
		{"no duration", func(w *world) { w.docs[4] = w.docs[4].with(telemetry.FieldEventDuration, nil) },
			func(s *said) {
				s.Delivered, s.Wrong, s.Corrupted = 39, 1, map[string][]uint64{telemetry.FieldEventDuration: {5}}
			}},
		{"durations that cannot be", func(w *world) {
			w.docs[4] = w.docs[4].with(telemetry.FieldEventDuration, 0)
			w.docs[6] = w.docs[6].with(telemetry.FieldEventDuration, -7)
		}, func(s *said) {
			s.Delivered, s.Wrong, s.Corrupted = 38, 2, map[string][]uint64{telemetry.FieldEventDuration: {5, 7}}
		}},
		{"the shortest duration that can be", func(w *world) { w.docs[4] = w.docs[4].with(telemetry.FieldEventDuration, 1) }, func(*said) {}},
		{"the duration of an attempt never sent does not matter", func(w *world) {
			w.attempts[19].Outcome, w.attempts[19].Status = ledger.Refused, 0
			w.docs[19] = w.docs[19].with(telemetry.FieldEventDuration, nil)
		}, func(s *said) {
			s.Sent, s.Answered, s.NeverSent, s.Delivered, s.Unexpected, s.UnexpectedSeqs = 39, 39, 1, 39, 1, []uint64{20}
		}},
		{"a document beyond the ledger", func(w *world) { w.docs = append(w.docs, line(attempt(41))) },
			func(s *said) { s.Documents, s.Unexpected, s.UnexpectedSeqs = 41, 1, []uint64{41} }},
		{"a document without a number", func(w *world) {
			w.docs = append(w.docs, line(attempt(3)).with(telemetry.FieldRunSeq, nil))
		}, func(s *said) { s.Documents, s.Unexpected, s.NoSeq = 41, 1, 1 }},
		{"a number below one", func(w *world) {
			w.docs = append(w.docs, line(attempt(3)).with(telemetry.FieldRunSeq, 0), line(attempt(3)).with(telemetry.FieldRunSeq, -4))
		}, func(s *said) { s.Documents, s.Unexpected, s.NoSeq = 42, 2, 2 }},
		{"another run's documents do not matter", func(w *world) {
			w.docs = append(w.docs, line(attempt(3)).with(telemetry.FieldRunID, "other"), line(attempt(99)).with(telemetry.FieldRunID, "other"))
		}, func(*said) {}},
		{"no answer and no document is indeterminate", func(w *world) {
			w.attempts[19].Outcome, w.attempts[19].Status = ledger.Timeout, 0
			w.docs = slices.Delete(w.docs, 19, 20)
		}, func(s *said) { s.Delivered, s.Documents, s.Answered, s.Indeterminate = 39, 39, 39, []uint64{20} }},
		{"no answer but a document is delivered, and noted", func(w *world) {
			w.attempts[19].Outcome, w.attempts[19].Status = ledger.Reset, 0
		}, func(s *said) { s.Answered, s.Unconfirmed = 39, []uint64{20} }},
		{"no end recorded counts as no answer", func(w *world) {
			w.attempts[39].Outcome, w.attempts[39].Status = ledger.Unfinished, 0
		}, func(s *said) { s.Answered, s.Unconfirmed = 39, []uint64{40} }},
		{"never sent and not found is nothing to judge", func(w *world) {
			w.attempts[19].Outcome, w.attempts[19].Status = ledger.Dropped, 0
			w.docs = slices.Delete(w.docs, 19, 20)
		}, func(s *said) { s.Sent, s.Answered, s.NeverSent, s.Delivered, s.Documents = 39, 39, 1, 39, 39 }},
		{"never sent but found is unexpected", func(w *world) {
			w.attempts[19].Outcome, w.attempts[19].Status = ledger.Refused, 0
		}, func(s *said) {
			s.Sent, s.Answered, s.NeverSent, s.Delivered, s.Unexpected, s.UnexpectedSeqs = 39, 39, 1, 39, 1, []uint64{20}
		}},
		{"nothing arrived", func(w *world) { w.docs = nil }, func(s *said) {
			s.Delivered, s.Documents = 0, 0
			for seq := range uint64(40) {
				s.Lost = append(s.Lost, 1+seq)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := world{attempts: attempts(40)}
			w.docs = linesOf(w.attempts)
			tt.change(&w)
			want := healthy(40)
			tt.want(&want)
			got := audit(t, small(newNode(t, w.docs...), writeLedger(t, w.attempts)))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("account (-want +got):\n%s", diff)
			}
		})
	}
}

// What was found in place of a duration is said as it stands in the document.
func TestDurationFound(t *testing.T) {
	for found, value := range map[string]any{"": nil, "0": 0, "-7": -7} {
		docs := linesOf(attempts(4))
		docs[2] = docs[2].with(telemetry.FieldEventDuration, value)
		acc, err := small(newNode(t, docs...), writeLedger(t, attempts(4))).Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := []Mismatch{{Seq: 3, Field: telemetry.FieldEventDuration, Expected: "nanoseconds above 0", Found: found}}
		if diff := cmp.Diff(want, acc.Corrupted.Cases); diff != "" {
			t.Errorf("%v: cases (-want +got):\n%s", value, diff)
		}
	}
}

// Whatever call it is that fails, there is no account.
func TestAuditWithoutElasticsearch(t *testing.T) {
	docs := append(linesOf(attempts(40)), line(attempt(7)))
	path := writeLedger(t, attempts(40))
	intact := newNode(t, docs...)
	if _, err := small(intact, path).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	down := errors.New("connection refused")
	for call := 1; call <= intact.calls; call++ {
		n := newNode(t, docs...)
		n.fail = func(at int, _ string) error {
			if at == call {
				return down
			}
			return nil
		}
		if acc, err := small(n, path).Run(t.Context()); !errors.Is(err, down) || acc != nil {
			t.Errorf("call %d of %d fails: got account %v, error %v", call, intact.calls, acc, err)
		}
	}
}

// An answer of a part of the shards would make losses out of nothing, and let a second
// value pass.
func TestAuditRefusesPartialAnswers(t *testing.T) {
	path := writeLedger(t, attempts(40))
	for which, name := range []string{"the question whether values are single", "the count", "a page"} {
		for old, spoiled := range map[string]string{
			`"timed_out":false`: `"timed_out":true`,
			`"failed":0`:        `"failed":1`,
			`"hits":[`:          `"hits":[[`,
		} {
			n, answers := newNode(t, linesOf(attempts(40))...), 0
			n.spoil = func(_ string, answer []byte) []byte {
				if answers++; answers <= which {
					return answer
				}
				return bytes.Replace(answer, []byte(old), []byte(spoiled), 1)
			}
			if _, err := small(n, path).Run(t.Context()); err == nil {
				t.Errorf("%s: %s: no error", name, spoiled)
			}
		}
	}
}

// Documents that the view has and no slice gives would count as lost.
func TestAuditReadsWhatTheViewCounts(t *testing.T) {
	n := newNode(t, linesOf(attempts(40))...)
	left := 0
	n.spoil = func(_ string, answer []byte) []byte {
		before, _, isPage := bytes.Cut(answer, []byte(`,{"_index"`))
		if isPage && left == 0 {
			left++
			return append(before, "]},\"timed_out\":false}"...)
		}
		return answer
	}
	var uneven *UnevenError
	if _, err := small(n, writeLedger(t, attempts(40))).Run(t.Context()); !errors.As(err, &uneven) || uneven.Documents != 40 || uneven.Read >= 40 {
		t.Errorf("got %v, want an error about 40 documents of which fewer were read", err)
	}
}

func TestAuditLedger(t *testing.T) {
	path := writeLedger(t, attempts(40))
	docs := append(linesOf(attempts(40)), line(attempt(41)), line(attempt(42)))
	t.Run("torn", func(t *testing.T) {
		_, err := small(newNode(t, docs...), tear(t, path)).Run(t.Context())
		var torn *ledger.TruncatedError
		if !errors.As(err, &torn) || torn.LastSeq != 40 {
			t.Errorf("got %v", err)
		}
	})
	t.Run("torn, judged as far as it goes", func(t *testing.T) {
		a := small(newNode(t, docs...), tear(t, path))
		a.Partial = true
		want := healthy(40)
		want.Documents, want.Beyond, want.BeyondSeqs = 42, 2, []uint64{41, 42}
		if diff := cmp.Diff(want, audit(t, a)); diff != "" {
			t.Errorf("account (-want +got):\n%s", diff)
		}
	})
	t.Run("of another run", func(t *testing.T) {
		a := small(newNode(t, docs...), path)
		a.RunID = "other"
		var other *OtherRunError
		if _, err := a.Run(t.Context()); !errors.As(err, &other) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("of a stack without documents", func(t *testing.T) {
		n := newNode(t)
		delete(n.streams, stream)
		got := audit(t, small(n, path))
		if got.Documents != 0 || len(got.Lost) != 40 {
			t.Errorf("got %d documents, %d lost", got.Documents, len(got.Lost))
		}
	})
}

func TestAuditClosesItsView(t *testing.T) {
	n := newNode(t, linesOf(attempts(40))...)
	audit(t, small(n, writeLedger(t, attempts(40))))
	if len(n.views) != 0 {
		t.Errorf("%d views left open", len(n.views))
	}
}
