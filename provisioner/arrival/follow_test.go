package arrival

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
	"github.com/google/go-cmp/cmp"

	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/ledger"
)

// followed runs a follow on a node whose documents become searchable as the
// test says, beside a load that ends with the ledger appearing whole.
func followed(t *testing.T, docs func(begin time.Time) []doc, change func(*Follow, *node), load func(path string)) (*Followed, *node, time.Duration, error) {
	var (
		out  *Followed
		n    *node
		took time.Duration
		err  error
	)
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		n = newNode(t, docs(begin)...)
		f := Follow{
			Search: n, Lag: n, Index: stream, Ledger: filepath.Join(t.TempDir(), "ledger.zst"),
			Poll: 100 * time.Millisecond, Within: 30 * time.Second, Progress: silent,
		}
		if change != nil {
			change(&f, n)
		}
		go load(f.Ledger)
		out, err = f.Run(t.Context())
		took = time.Since(begin)
		synctest.Wait()
	})
	return out, n, took, err
}

// appear copies a finished ledger to where a load would write it.
func appear(t *testing.T, from string) func(string) {
	return func(path string) {
		time.Sleep(time.Second)
		text, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(path, text, 0o600)
		}
		if err != nil {
			t.Error(err)
		}
	}
}

// arriving is n documents stamped 10 ms apart from begin+2s, each searchable
// after lag.
func arriving(n uint64, lag time.Duration) func(time.Time) []doc {
	return func(begin time.Time) []doc {
		var docs []doc
		for _, a := range attempts(n) {
			at := begin.Add(2*time.Second + time.Duration(a.Seq)*10*time.Millisecond)
			stamp := func(after time.Duration) string { return at.Add(after).UTC().Format("2006-01-02T15:04:05.000Z") }
			d := line(a).with(telemetry.FieldTimestamp, stamp(0)).with(telemetry.FieldEventCreated, stamp(40*time.Millisecond)).
				with(telemetry.FieldEventIngested, stamp(70*time.Millisecond))
			d.visible = at.Add(lag)
			docs = append(docs, d)
		}
		return docs
	}
}

func TestFollow(t *testing.T) {
	path := writeLedger(t, attempts(300))
	out, n, took, err := followed(t, arriving(300, 250*time.Millisecond), nil, appear(t, path))
	if err != nil {
		t.Fatal(err)
	}
	if out.Run != runID || out.Lag.Count != 300 || out.Lag.Negative != 0 {
		t.Errorf("got %+v", out)
	}
	// A document is seen by the first poll after it is searchable.
	if l := out.Lag; l.Min < 250*time.Millisecond || l.Max > 350*time.Millisecond || l.P50 < l.Min || l.P99 > l.Max {
		t.Errorf("lag %+v, want 250 ms to 350 ms", l)
	}
	if took > 8*time.Second {
		t.Errorf("took %v", took)
	}
	if r := out.Refresh; r.Count != 300 || r.Min < 180*time.Millisecond || r.Max > 280*time.Millisecond {
		t.Errorf("lag of the refresh %+v, want 180 ms to 280 ms", r)
	}
	var sum int64
	hops := map[telemetry.Hop]map[int]int64{}
	for _, d := range n.streams[telemetry.StreamLag] {
		for _, hop := range telemetry.Hops() {
			for i := range len(telemetry.LagBounds()) + 1 {
				if n, is := d.fields[telemetry.FieldLagBucket(hop, i)].(int64); is {
					if hops[hop] == nil {
						hops[hop] = map[int]int64{}
					}
					hops[hop][i] += n
				}
			}
		}
		if d.fields[telemetry.FieldRunID] != runID {
			t.Errorf("lag document of run %v", d.fields[telemetry.FieldRunID])
		}
		sum += d.fields[telemetry.FieldLagCount].(int64)
	}
	if docs := int64(len(n.streams[telemetry.StreamLag])); sum != 300 || docs != out.Written || docs < 3 {
		t.Errorf("%d lag documents (%d said to be written) count %d arrivals, want 300", docs, out.Written, sum)
	}
	// 40 ms until it is read, 30 until it is indexed.
	if hops[telemetry.HopRead][1] != 300 || hops[telemetry.HopIndexed][1] != 300 {
		t.Errorf("buckets %v, want 300 lines read and indexed in 10 to 50 ms each", hops)
	}
	if s := hops[telemetry.HopSearchable]; s[3]+s[4] != 300 {
		t.Errorf("buckets %v, want 300 lines searchable after 180 to 280 ms", hops)
	}
}

// Whatever is late, no poll reads again what an earlier one has read.
func TestFollowReadsEachDocumentOnce(t *testing.T) {
	for _, row := range []struct {
		proves string
		change func(docs []doc) []doc
		max    time.Duration // lag is at least so much
		most   int           // documents read
	}{
		{"one is late", func(docs []doc) []doc {
			docs[99].visible = docs[99].visible.Add(15 * time.Second)
			return docs
		}, 15 * time.Second, 2000},
		{"a batch is behind its successors", func(docs []doc) []doc {
			for i := range docs[500:700] {
				docs[500+i].visible = docs[900].visible
			}
			return docs
		}, 3 * time.Second, 2000},
		{"more gaps than are asked for at once: the rest is read again", func(docs []doc) []doc {
			for i := 0; i < 520; i += 2 {
				docs[i].visible = docs[560].visible
			}
			return docs
		}, 3 * time.Second, 10_000},
	} {
		t.Run(row.proves, func(t *testing.T) {
			path := writeLedger(t, attempts(2000))
			var read int
			out, _, _, err := followed(t, func(begin time.Time) []doc { return row.change(arriving(2000, 0)(begin)) }, func(_ *Follow, n *node) {
				n.spoil = func(_ string, answer []byte) []byte {
					p := newPageDecoder(nil)
					if _, err := p.decode(answer, followLayout(), func(*document) { read++ }); err != nil {
						t.Error(err)
					}
					return answer
				}
			}, appear(t, path))
			if err != nil {
				t.Fatal(err)
			}
			if out.Lag.Count != 2000 || out.Lag.Max < row.max {
				t.Errorf("lag %+v, want that of 2000, up to %v at least", out.Lag, row.max)
			}
			if read < 2000 || read > row.most {
				t.Errorf("read %d hits for 2000 documents", read)
			}
		})
	}
}

// A number that is no attempt's holds nothing up, and however many documents there
// are when the watch begins, each is known afterwards.
func TestFollowGoesPastAllItHasSeen(t *testing.T) {
	w := &follower{seen: roaring64.New(), gaps: roaring64.New(), floor: 1, out: &Followed{Run: runID}}
	w.seen.AddRange(1, 3*maxAhead)
	w.seen.AddRange(3*maxAhead+5, 3*maxAhead+9)
	w.advance()
	if w.floor != 3*maxAhead {
		t.Errorf("the floor is %d, want %d", w.floor, 3*maxAhead)
	}
	w.moved = time.Now().Add(-time.Minute)
	w.advance()
	if w.floor != 3*maxAhead+5 || w.gaps.GetCardinality() != 5 {
		t.Errorf("the floor is %d, behind %v; want %d behind five missing", w.floor, w.gaps, 3*maxAhead+5)
	}
	w.advance()
	w.seen.Add(1e15)
	w.moved = time.Now().Add(-time.Minute)
	w.advance()
	if w.floor != 3*maxAhead+9 || w.gaps.GetCardinality() != 5 {
		t.Errorf("the floor is %d, with %d gaps; want %d with five", w.floor, w.gaps.GetCardinality(), 3*maxAhead+9)
	}
	if diff := cmp.Diff(all(term(telemetry.FieldRunID, runID), from(w.floor)), w.unseen()); diff != "" {
		t.Errorf("it asks for (-want +got):\n%s", diff)
	}
}

func TestFollowShowsClocksThatDiffer(t *testing.T) {
	out, _, _, err := followed(t, arriving(50, -500*time.Millisecond), nil, appear(t, writeLedger(t, attempts(50))))
	if err != nil {
		t.Fatal(err)
	}
	if out.Lag.Negative != 50 || out.Lag.Min > -400*time.Millisecond || out.Lag.P99 != 0 {
		t.Errorf("lag %+v, want 50 negative ones", out.Lag)
	}
}

func TestFollowGivesUp(t *testing.T) {
	t.Run("without a ledger", func(t *testing.T) {
		_, _, took, err := followed(t, arriving(5, 0), nil, func(string) {})
		if !errors.Is(err, fs.ErrNotExist) || took < 30*time.Second || took > 31*time.Second {
			t.Errorf("after %v: %v", took, err)
		}
	})
	t.Run("on a ledger that stopped growing", func(t *testing.T) {
		out, _, took, err := followed(t, arriving(50, 0), nil, appear(t, tear(t, writeLedger(t, attempts(50)))))
		if err != nil || out.Lag.Count != 50 || took < 30*time.Second || took > 35*time.Second {
			t.Errorf("after %v: %+v, %v", took, out, err)
		}
	})
	t.Run("on a document that never comes", func(t *testing.T) {
		out, _, took, err := followed(t, arriving(49, 0), nil, appear(t, writeLedger(t, attempts(50))))
		if err != nil || out.Lag.Count != 49 || took < 30*time.Second || took > 36*time.Second {
			t.Errorf("after %v: %+v, %v", took, out, err)
		}
	})
	t.Run("on the ledger of another run", func(t *testing.T) {
		_, _, _, err := followed(t, arriving(50, 0), func(f *Follow, _ *node) { f.RunID = "other" }, appear(t, writeLedger(t, attempts(50))))
		var other *OtherRunError
		if !errors.As(err, &other) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("on something that is not a ledger", func(t *testing.T) {
		_, _, took, err := followed(t, arriving(5, 0), nil, func(path string) {
			if err := os.WriteFile(path, []byte("hello, this is text"), 0o600); err != nil {
				t.Error(err)
			}
		})
		var not *ledger.NotLedgerError
		if !errors.As(err, &not) || took > time.Second {
			t.Errorf("after %v: %v", took, err)
		}
	})
	t.Run("when elasticsearch is down", func(t *testing.T) {
		down := errors.New("connection refused")
		_, _, _, err := followed(t, arriving(50, 0), func(_ *Follow, n *node) {
			n.fail = func(call int, _ string) error {
				if call > 10 {
					return down
				}
				return nil
			}
		}, appear(t, writeLedger(t, attempts(50))))
		if !errors.Is(err, down) {
			t.Errorf("got %v", err)
		}
	})
}

// Below one request in Within, a ledger at rest is not one whose load died.
func TestFollowWaitsFromOneRequestToTheNext(t *testing.T) {
	apart := func(d []doc) func(time.Time) []doc {
		return func(begin time.Time) []doc {
			d[0].visible, d[1].visible = begin.Add(2*time.Second), begin.Add(51*time.Second)
			return d
		}
	}
	const rate = 0.02
	torn := tear(t, writeRun(t, rate, attempts(1), ledger.Trailer{Planned: 2}))
	whole := writeRun(t, rate, attempts(2), ledger.Trailer{Planned: 2})
	t.Run("the second comes", func(t *testing.T) {
		out, _, took, err := followed(t, apart(linesOf(attempts(2))), nil, func(path string) {
			appear(t, torn)(path)
			time.Sleep(49 * time.Second)
			appear(t, whole)(path)
		})
		if err != nil || out.Lag.Count != 2 || took > 55*time.Second {
			t.Errorf("after %v: %+v, %v", took, out, err)
		}
	})
	t.Run("the load died", func(t *testing.T) {
		out, _, took, err := followed(t, apart(linesOf(attempts(2))), nil, appear(t, torn))
		if err != nil || out.Lag.Count != 2 || took < 160*time.Second || took > 165*time.Second {
			t.Errorf("after %v: %+v, %v", took, out, err)
		}
	})
}

func TestPatienceForGrowth(t *testing.T) {
	for name, row := range map[string]struct {
		rate           float64
		lasts, patient time.Duration
	}{
		"patience is longer than any pause":  {200, time.Hour, 30 * time.Second},
		"a few intervals":                    {0.02, time.Hour, 160 * time.Second},
		"but not more than the load lasts":   {0.02, time.Minute, 70 * time.Second},
		"a rate too small for time.Duration": {1e-300, time.Hour, time.Hour + 10*time.Second},
		"a rate that is not known":           {0, time.Hour, 30 * time.Second},
	} {
		g := &growing{pause: pause(ledger.Header{Rate: row.rate, Duration: row.lasts})}
		if got := g.patience(30 * time.Second); got != row.patient {
			t.Errorf("%s: %v, want %v", name, got, row.patient)
		}
		g.answered = roaring64.New()
		if got := g.patience(30 * time.Second); got != 30*time.Second {
			t.Errorf("%s: %v after the ledger's end", name, got)
		}
	}
}

func TestFollowGoesOnWhenLagCannotBeWritten(t *testing.T) {
	out, _, _, err := followed(t, arriving(50, 0), func(_ *Follow, n *node) {
		n.fail = func(_ int, op string) error {
			if op == "create" {
				return errors.New("403 Forbidden")
			}
			return nil
		}
	}, appear(t, writeLedger(t, attempts(50))))
	if err != nil || out.Lag.Count != 50 || out.Written != 0 {
		t.Fatalf("got %+v, %v", out, err)
	}
	if p := out.property(""); p.Outcome != Unmeasured {
		t.Errorf("property %+v", p)
	}
}

// Of documents that were there before the watch began nobody knows since when.
func TestFollowDoesNotInventLags(t *testing.T) {
	out, n, _, err := followed(t, func(time.Time) []doc { return linesOf(attempts(50)) }, nil, appear(t, writeLedger(t, attempts(50))))
	if err != nil || out.Earlier != 50 || out.Lag.Count != 0 || len(n.streams[telemetry.StreamLag]) != 0 {
		t.Errorf("got %+v, %v", out, err)
	}
	if p := out.property(""); p.Outcome != Unmeasured {
		t.Errorf("property %+v", p)
	}
}
