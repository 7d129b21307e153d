package arrival

import (
	"errors"
	"io"
	"os"
	"time"

	"github.com/RoaringBitmap/roaring/v2/roaring64"

	"plumbline/loadgen/ledger"
)

// quiet is how long a ledger must not have grown before it is read to see
// whether it has its trailer. A running load writes every second, so the file
// is read through once, at its end, and not over and over.
const quiet = 1500 * time.Millisecond

// A living load leaves its ledger as it is between two requests, and while it
// waits for the last answers.
const (
	intervals  = 3                // between requests, that a load may be late by
	lastAnswer = 10 * time.Second // loadgen's usual limit of a request; the ledger does not say it
)

// growing is a ledger that may still be written.
type growing struct {
	path     string
	run      string
	index    string // where its documents usually are
	size     int64
	grew     time.Time     // when it last grew
	read     int64         // its size when it was last read through
	pause    time.Duration // for which a living load may not write
	answered *roaring64.Bitmap
}

// open reads the header.
func (g *growing) open() error {
	book, err := ledger.Open(g.path)
	if err != nil {
		return err
	}
	defer book.Close()
	of, err := subjectOf(book.Header, LineReading{})
	if err != nil {
		return err
	}
	g.run, g.index, g.grew, g.pause = book.Header.RunID, of.index(), time.Now(), pause(book.Header)
	return nil
}

func pause(h ledger.Header) time.Duration {
	if h.Rate <= 0 {
		return lastAnswer
	}
	// No load pauses for longer than it lasts; and so a tiny rate does not overflow.
	return time.Duration(min(intervals/h.Rate*float64(time.Second), float64(h.Duration))) + lastAnswer
}

// patience is how long to wait for growth, and after the ledger's end for documents.
func (g *growing) patience(within time.Duration) time.Duration {
	if g.answered != nil {
		return within
	}
	return max(within, g.pause)
}

// look takes note of growth, and once the file has come to rest reads which
// attempts were answered. A ledger without its trailer stays a growing one.
func (g *growing) look() error {
	if g.answered != nil {
		return nil
	}
	info, err := os.Stat(g.path)
	if err != nil {
		return err
	}
	if info.Size() != g.size {
		g.size, g.grew = info.Size(), time.Now()
		return nil
	}
	if time.Since(g.grew) < quiet || g.read == g.size {
		return nil
	}
	g.read = g.size
	book, err := ledger.Open(g.path)
	if err != nil {
		return err
	}
	defer book.Close()
	answered := roaring64.New()
	for {
		a, err := book.Next()
		switch {
		case err == nil && a.Outcome == ledger.Answered:
			answered.Add(a.Seq)
		case err == io.EOF:
			g.answered, g.grew = answered, time.Now()
			return nil
		case torn(err):
			return nil
		case err != nil:
			return err
		}
	}
}

// torn reports a ledger that ends without its trailer.
func torn(err error) bool {
	var t *ledger.TruncatedError
	return errors.As(err, &t)
}
