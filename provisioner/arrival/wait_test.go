package arrival

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/loadgen/ledger"
)

func silent(string) {}

func TestWait(t *testing.T) {
	patience := Patience{Within: 30 * time.Second, Settle: 2 * time.Second}
	after := func(d doc, wait time.Duration) doc {
		d.visible = time.Now().Add(wait)
		return d
	}
	tests := []struct {
		name    string
		late    func(docs []doc) []doc
		want    func(s *said)
		atLeast time.Duration
		atMost  time.Duration
	}{
		{"all there: only the settling is waited for", func(docs []doc) []doc { return docs },
			func(*said) {}, 2 * time.Second, 2 * time.Second},
		{"late ones are waited for", func(docs []doc) []doc {
			docs[3] = after(docs[3], 10*time.Second)
			docs[39] = after(docs[39], 20*time.Second)
			return docs
		}, func(*said) {}, 22 * time.Second, 23 * time.Second},
		{"later than patience is lost", func(docs []doc) []doc {
			docs[39] = after(docs[39], 31*time.Second)
			return docs
		}, func(s *said) { s.Delivered, s.Documents, s.Lost = 39, 39, []uint64{40} }, 30 * time.Second, 30 * time.Second},
		{"a duplicate that comes while settling is seen", func(docs []doc) []doc {
			return append(docs, after(docs[7], time.Second))
		}, func(s *said) {
			s.Delivered, s.Documents, s.Wrong, s.Extra = 39, 41, 1, 1
			s.Duplicated, s.Same = []uint64{8}, []uint64{8}
		}, 2 * time.Second, 2 * time.Second},
		{"a duplicate in the count does not end the wait for a loss", func(docs []doc) []doc {
			docs[39] = after(docs[39], 10*time.Second)
			return append(docs, docs[7])
		}, func(s *said) {
			s.Delivered, s.Documents, s.Wrong, s.Extra = 39, 41, 1, 1
			s.Duplicated, s.Same = []uint64{8}, []uint64{8}
		}, 12 * time.Second, 13 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := writeLedger(t, attempts(40))
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				a := small(newNode(t, tt.late(linesOf(attempts(40)))...), path)
				acc, err := a.Wait(t.Context(), patience, silent)
				if err != nil {
					t.Fatal(err)
				}
				want := healthy(40)
				tt.want(&want)
				if diff := cmp.Diff(want, says(acc)); diff != "" {
					t.Errorf("account (-want +got):\n%s", diff)
				}
				if took := time.Since(begin); took < tt.atLeast || took > tt.atMost {
					t.Errorf("took %v, want %v to %v", took, tt.atLeast, tt.atMost)
				}
			})
		})
	}
}

func TestWaitEndsWhenElasticsearchDoes(t *testing.T) {
	path := writeLedger(t, attempts(40))
	synctest.Test(t, func(t *testing.T) {
		down := errors.New("connection refused")
		n := newNode(t, linesOf(attempts(39))...)
		begin := time.Now()
		n.fail = func(int, string) error {
			if time.Since(begin) > 5*time.Second {
				return down
			}
			return nil
		}
		acc, err := small(n, path).Wait(t.Context(), Patience{Within: time.Minute}, silent)
		if !errors.Is(err, down) || acc != nil {
			t.Errorf("got account %v, error %v", acc, err)
		}
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	path := writeLedger(t, attempts(40))
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if _, err := small(newNode(t), path).Wait(ctx, Patience{Within: time.Minute}, silent); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

// Whether an attempt without an answer reached the application shows only when
// its line arrives, and that may be after the client gave up.
func TestWaitForWhatHasNoAnswer(t *testing.T) {
	const never = time.Hour
	sent := attempts(40)
	sent[19].Outcome, sent[19].Status = ledger.Timeout, 0
	path := writeLedger(t, sent)
	tests := []struct {
		name          string
		lines         map[int]time.Duration // when they become searchable; the others are
		again         time.Duration         // a copy of the first, if above 0
		delivered     uint64
		indeterminate []uint64
		took          time.Duration // to the next poll
		audits        int
	}{
		{"all there: only the settling is waited for", nil, 0, 40, nil, 2 * time.Second, 1},
		{"its line is waited for", map[int]time.Duration{20: 10 * time.Second}, 0, 40, nil, 12 * time.Second, 1},
		{"no audit while a count shows that one is missing", map[int]time.Duration{20: 20 * time.Second, 40: 10 * time.Second}, 0, 40, nil, 22 * time.Second, 1},
		{"it never comes", map[int]time.Duration{20: never}, 0, 39, []uint64{20}, 32 * time.Second, 1},
		{"a duplicate in the count does not end the wait", map[int]time.Duration{20: 20 * time.Second}, 10 * time.Second, 39, nil, 22 * time.Second, 1},
		{"it never comes, but a duplicate after patience does", map[int]time.Duration{20: never}, 31 * time.Second, 38, []uint64{20}, 32 * time.Second, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				docs := linesOf(attempts(40))
				if tt.again > 0 {
					again := docs[0]
					again.visible = begin.Add(tt.again)
					docs = append(docs, again)
				}
				for seq, after := range tt.lines {
					docs[seq-1].visible = begin.Add(after)
				}
				n, audits := newNode(t, docs...), 0
				n.fail = func(_ int, op string) error {
					if op == "open" {
						audits++
					}
					return nil
				}
				acc, err := small(n, path).Wait(t.Context(), Patience{Within: 30 * time.Second, Settle: 2 * time.Second}, silent)
				if err != nil {
					t.Fatal(err)
				}
				if acc.Delivered != tt.delivered || !slices.Equal(list(acc.Indeterminate), tt.indeterminate) {
					t.Errorf("%d delivered, %v indeterminate; want %d, %v", acc.Delivered, list(acc.Indeterminate), tt.delivered, tt.indeterminate)
				}
				if took := time.Since(begin); took < tt.took || took > tt.took+poll {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				if audits != tt.audits {
					t.Errorf("%d audits, want %d", audits, tt.audits)
				}
			})
		})
	}
}

func TestWaitingSaysWhatIsMissing(t *testing.T) {
	sent := attempts(40)
	sent[19].Outcome, sent[19].Status = ledger.Timeout, 0
	path := writeLedger(t, sent)
	for name, row := range map[string]struct {
		docs []doc
		n    uint64
		want string
	}{
		"an answered one":         {linesOf(attempts(40))[1:], 39, "39 of 40 attempts found, missing 1, 3s left"},
		"one without an answer":   {slices.Delete(linesOf(attempts(40)), 19, 20), 39, "39 of 40 attempts found, without an answer 20, 3s left"},
		"only the count is known": {linesOf(attempts(40))[1:], 40, "40 documents searchable, 40 attempts sent, 3s left"},
	} {
		acc, err := small(newNode(t, row.docs...), path).Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := (seen{documents: row.n}).waiting(acc, 3*time.Second); got != row.want {
			t.Errorf("%s: %q, want %q", name, got, row.want)
		}
	}
}
