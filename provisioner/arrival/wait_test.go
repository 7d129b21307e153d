package arrival

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/demo-app/telemetry"
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
				a := small(newNode(t, tt.late(lines(attempts(40)))...), path)
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
		n := newNode(t, lines(attempts(39))...)
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

func TestStreams(t *testing.T) {
	metric := func(at, visible time.Time) doc {
		return doc{visible: visible, fields: map[string]any{telemetry.FieldTimestamp: at.UTC().Format("2006-01-02T15:04:05.000Z")}}
	}
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		n := newNode(t)
		n.streams[telemetry.StreamPrometheus] = []doc{metric(begin, begin)}
		n.streams[telemetry.StreamsBeats] = []doc{metric(begin.Add(-time.Millisecond), begin), metric(begin.Add(9*time.Second), begin.Add(10*time.Second))}
		got, err := Streams(t.Context(), n, begin, 30*time.Second, silent)
		if err != nil {
			t.Fatal(err)
		}
		want := []StreamCheck{{telemetry.StreamPrometheus, 1}, {telemetry.StreamsSystem, 0}, {telemetry.StreamsBeats, 1}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("streams (-want +got):\n%s", diff)
		}
		if took := time.Since(begin); took != 30*time.Second {
			t.Errorf("gave up after %v", took)
		}
		if p := got[1].property(begin, 30*time.Second); p.Outcome != Fails {
			t.Errorf("an empty stream: %v", p)
		}
	})
}
