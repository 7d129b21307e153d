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

// growing is a ledger that may still be written.
type growing struct {
	path     string
	run      string
	size     int64
	grew     time.Time // when it last grew
	read     int64     // its size when it was last read through
	answered *roaring64.Bitmap
}

// open reads the header.
func (g *growing) open() error {
	book, err := ledger.Open(g.path)
	if err != nil {
		return err
	}
	defer book.Close()
	g.run, g.grew = book.Header.RunID, time.Now()
	return nil
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
