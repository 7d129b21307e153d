package arrival

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
	"github.com/dustin/go-humanize"

	"plumbline/dashboards"
	"plumbline/demo-app/telemetry"
)

const (
	followPage  = 5_000
	gapAfter    = 2 * time.Second // a number missing for so long is asked for once a second only
	maxGaps     = 256             // ranges of missing numbers asked for at once
	maxAhead    = 1 << 20         // numbers: what is so far ahead of all others is no attempt's
	lagInterval = time.Second     // one lag document each
)

// Creator adds documents. It is *elastic.Client, or the node of the tests.
type Creator interface {
	Create(ctx context.Context, stream string, doc any) error
}

// A Follow watches a run while its load goes on, and measures how long its
// documents take to become searchable: from @timestamp until a search first
// finds them. The clock of this machine is held against the application's.
type Follow struct {
	Search   Searcher
	Lag      Creator       // takes one lag document per second; nil to write none
	Index    string        // "" = as in an Audit
	Ledger   string        // path; the file may not exist yet
	Names    Names         // as in an Audit
	RunID    string        // wait for the ledger of this run; "" = any
	Poll     time.Duration // between two searches: the resolution of what is measured
	Within   time.Duration // patience: for the ledger to appear, to grow (more at a slow rate), and after its end for the last documents
	Progress Progress
}

// Followed is what a Follow saw.
type Followed struct {
	Run        string        `json:"run"`
	Lag        Lag           `json:"lag"`         // @timestamp to searchable
	Refresh    Lag           `json:"refresh_lag"` // event.ingested to searchable
	Earlier    int64         `json:"earlier"`     // documents that were searchable before the watch began: their lag is not known
	Resolution time.Duration `json:"resolution_ns"`
	Polls      uint64        `json:"polls"`
	Written    int64         `json:"lag_documents"`
	WriteError string        `json:"write_error,omitempty"` // why lag documents are missing
	FirstLag   time.Time     `json:"-"`                     // @timestamp of the first lag document
	LastLag    time.Time     `json:"-"`

	docs []dashboards.LagDoc
}

// Tell adds the lag documents to what is known of the run.
func (f *Followed) Tell(truth *dashboards.Truth) {
	for _, doc := range f.docs {
		truth.Lag(doc)
	}
}

// follower is a Follow under way.
type follower struct {
	Follow
	out      *Followed
	pages    *pageDecoder
	began    bool // the first poll is over
	seen     *roaring64.Bitmap
	floor    uint64 // every number below was seen or is a gap
	moved    time.Time
	gaps     *roaring64.Bitmap
	total    *lags
	refresh  *lags
	interval *lags
	buckets  map[string]int64 // of the interval, by field
}

// Run waits for the ledger, follows its run, and returns when the load is over
// and every answered attempt was seen, or when patience ends. A ledger that
// never appears is an error; one that stops growing without its trailer is
// left to the audit.
func (f Follow) Run(ctx context.Context) (*Followed, error) {
	book := &growing{path: f.Ledger}
	if err := f.await(ctx, book); err != nil {
		return nil, err
	}
	if f.Index == "" {
		f.Index = book.index
	}
	w := &follower{
		Follow: f, out: &Followed{Run: book.run, Resolution: f.Poll}, pages: newPageDecoder(f.Names),
		seen: roaring64.New(), gaps: roaring64.New(), floor: 1, moved: time.Now(), total: newLags(), refresh: newLags(), interval: newLags(), buckets: noBuckets(),
	}
	err := w.loop(ctx, book)
	w.out.Lag, w.out.Refresh = w.total.lag(), w.refresh.lag()
	return w.out, err
}

func (f Follow) await(ctx context.Context, book *growing) error {
	for end := time.Now().Add(f.Within); ; {
		err := book.open()
		if err == nil && (f.RunID == "" || f.RunID == book.run) {
			return nil
		}
		late := time.Now().After(end)
		switch {
		case err == nil && late:
			return &OtherRunError{Path: f.Ledger, Run: book.run, Want: f.RunID}
		case late, err != nil && !errors.Is(err, fs.ErrNotExist) && !torn(err):
			return err
		}
		f.Progress("waiting for the ledger " + f.Ledger)
		if err := sleep(ctx, f.Poll); err != nil {
			return err
		}
	}
}

func (w *follower) loop(ctx context.Context, book *growing) error {
	tick := time.NewTicker(w.Poll)
	defer tick.Stop()
	second := time.NewTicker(lagInterval)
	defer second.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
			if err := w.poll(ctx, w.unseen()); err != nil {
				return err
			}
			w.began = true
			w.advance()
		case <-second.C:
			if err := w.pollGaps(ctx); err != nil {
				return err
			}
			w.write(ctx)
			if err := book.look(); err != nil {
				return err
			}
			w.Progress(w.progress(book))
		}
		if book.answered != nil && w.sawAll(book.answered) || time.Since(book.grew) > book.patience(w.Within) {
			w.write(ctx)
			return nil
		}
	}
}

// unseen asks for what was not seen yet. By the floor alone, all that came after a
// number that is still missing would be read again with each poll.
func (w *follower) unseen() object {
	of := term(telemetry.FieldRunID, w.out.Run)
	if w.seen.IsEmpty() || w.seen.Maximum() < w.floor || w.seen.Maximum()-w.floor > maxAhead {
		return all(of, from(w.floor))
	}
	next := w.seen.Maximum() + 1
	missing := roaring64.New()
	missing.AddRange(w.floor, next)
	missing.AndNot(w.seen)
	var ranges []object
	for r := range (Seqs{missing}).Ranges {
		if len(ranges) == maxGaps {
			next = r.First
			break
		}
		ranges = append(ranges, between(r.First, r.Last))
	}
	return all(of, oneOf(append(ranges, from(next))))
}

// poll takes note of every document that matches and was not seen before.
func (w *follower) poll(ctx context.Context, query object) error {
	body := newSearch(followPage, followLayout(), query)
	for {
		answer, err := w.Search.Search(ctx, w.Index, encode(body))
		if Missing(err) {
			return nil
		} else if err != nil {
			return err
		}
		now := time.Now()
		w.out.Polls++
		got, err := w.pages.decode(answer, followLayout(), func(d *document) {
			seq := d.seq()
			at, dated := d.time(colTimestamp)
			switch {
			case seq == 0 || !w.seen.CheckedAdd(seq) || !dated:
			case !w.began:
				w.out.Earlier++
			default:
				w.take(d, at, now)
			}
		})
		if err != nil || got.hits < followPage {
			return err
		}
		body.SearchAfter = got.last
	}
}

// advance lifts the floor over what was seen. A number that stays missing
// while later ones arrive becomes a gap, so that one lost document does not
// make every poll read all that came after it.
func (w *follower) advance() {
	start := w.floor
	for w.seen.Contains(w.floor) {
		w.floor++
	}
	if w.floor == start && !w.seen.IsEmpty() && w.seen.Maximum() > w.floor && time.Since(w.moved) > gapAfter {
		later := w.seen.Iterator()
		later.AdvanceIfNeeded(w.floor)
		if next := later.PeekNext(); next-w.floor <= maxAhead {
			w.gaps.AddRange(w.floor, next)
			w.floor = next
		}
	}
	if w.floor != start || w.seen.IsEmpty() || w.seen.Maximum() < w.floor {
		w.moved = time.Now()
	}
}

func (w *follower) pollGaps(ctx context.Context) error {
	w.gaps.AndNot(w.seen)
	var ranges []object
	for r := range (Seqs{w.gaps}).Ranges {
		if ranges = append(ranges, between(r.First, r.Last)); len(ranges) == maxGaps {
			break
		}
	}
	if len(ranges) == 0 {
		return nil
	}
	return w.poll(ctx, all(term(telemetry.FieldRunID, w.out.Run), oneOf(ranges)))
}

func (w *follower) sawAll(answered *roaring64.Bitmap) bool {
	return w.seen.AndCardinality(answered) == answered.GetCardinality()
}

// write adds the lag document of the interval that ends now. A document that
// cannot be written is a fact for the report and does not end the watch.
func (w *follower) write(ctx context.Context) {
	sum := w.interval.lag()
	w.interval.reset()
	buckets := w.buckets
	w.buckets = noBuckets()
	if w.Lag == nil || sum.Count == 0 {
		return
	}
	now := time.Now().UTC()
	doc := map[string]any{
		telemetry.FieldTimestamp: now.Format("2006-01-02T15:04:05.000Z"),
		telemetry.FieldRunID:     w.out.Run,
		telemetry.FieldLagCount:  sum.Count,
		telemetry.FieldLagP50:    sum.P50.Nanoseconds(),
		telemetry.FieldLagP95:    sum.P95.Nanoseconds(),
		telemetry.FieldLagP99:    sum.P99.Nanoseconds(),
		telemetry.FieldLagMax:    max(sum.Max, 0).Nanoseconds(),
	}
	for field, n := range buckets {
		doc[field] = n
	}
	if err := w.Lag.Create(ctx, telemetry.StreamLag, doc); err != nil {
		if w.out.WriteError == "" {
			w.out.WriteError = err.Error()
		}
		return
	}
	if w.out.Written++; w.out.Written == 1 {
		w.out.FirstLag = now
	}
	w.out.LastLag = now
	w.out.docs = append(w.out.docs, dashboards.LagDoc{Count: sum.Count, P50: sum.P50, P95: sum.P95, P99: sum.P99, Max: max(sum.Max, 0), Buckets: buckets})
}

func (w *follower) progress(book *growing) string {
	text := fmt.Sprintf("%s searchable", humanize.Comma(int64(w.seen.GetCardinality())))
	if book.answered != nil {
		text += fmt.Sprintf(" of %s", humanize.Comma(int64(book.answered.GetCardinality())))
	}
	sum := w.total.lag()
	return text + fmt.Sprintf(", lag p50 %v, max %v", sum.P50.Round(time.Millisecond), sum.Max.Round(time.Millisecond))
}
